import assert from "node:assert/strict";
import type { H3ErrorName } from "../../h3/engine.ts";
import { Fields } from "../../semantics/mod.ts";
import { frame, GET, goaway, headers, join, settings, varint } from "../support/h3_frames.ts";
import { cutTest, h3Client, H3Peer, h3Server } from "../support/h3_peer.ts";

/** What the control stream carries after SETTINGS, and the code that ends the connection. */
const REFUSED: readonly (readonly [string, "server" | "client" | "both", Uint8Array, H3ErrorName])[] = [
  ["DATA [9114-7.2.1]", "both", frame(0, [1]), "H3_FRAME_UNEXPECTED"],
  ["HEADERS [9114-7.2.2]", "both", headers(GET), "H3_FRAME_UNEXPECTED"],
  ["PUSH_PROMISE [9114-7.2.5]", "both", frame(5, [0]), "H3_FRAME_UNEXPECTED"],
  ["a second SETTINGS [9114-7.2.4]", "both", settings(), "H3_FRAME_UNEXPECTED"],
  ["h2 PRIORITY [9114-7.2.8]", "both", frame(2, [0]), "H3_FRAME_UNEXPECTED"],
  ["h2 PING [9114-7.2.8]", "both", frame(6), "H3_FRAME_UNEXPECTED"],
  ["h2 WINDOW_UPDATE [9114-7.2.8]", "both", frame(8), "H3_FRAME_UNEXPECTED"],
  ["h2 CONTINUATION [9114-7.2.8]", "both", frame(9), "H3_FRAME_UNEXPECTED"],
  ["MAX_PUSH_ID of a server [9114-7.2.7]", "client", frame(13, [1]), "H3_FRAME_UNEXPECTED"],
  ["PRIORITY_UPDATE of a server [9218-7.2:stream]", "client", frame(0xf0700, [0]), "H3_FRAME_UNEXPECTED"],
  ["CANCEL_PUSH of no push [9114-7.2.3:id]", "both", frame(3, [0]), "H3_ID_ERROR"],
  ["an empty CANCEL_PUSH [9114-7.1]", "both", frame(3), "H3_FRAME_ERROR"],
  ["an empty GOAWAY [9114-7.1]", "both", frame(7), "H3_FRAME_ERROR"],
  ["a GOAWAY with more than an id [9114-7.1]", "both", frame(7, [0, 0]), "H3_FRAME_ERROR"],
  ["a GOAWAY with part of an id [9114-7.1]", "both", frame(7, [0xc0, 0]), "H3_FRAME_ERROR"],
  ["a GOAWAY of nine octets [9114-7.1]", "both", frame(7, new Uint8Array(9)), "H3_FRAME_ERROR"],
  ["a long MAX_PUSH_ID [9114-7.1]", "server", frame(13, [1, 1]), "H3_FRAME_ERROR"],
  [
    "MAX_PUSH_ID that shrinks [9114-7.2.7:shrinking]",
    "server",
    join(frame(13, [5]), frame(13, [4])),
    "H3_ID_ERROR",
  ],
  ["an empty PRIORITY_UPDATE [9114-7.1]", "server", frame(0xf0700), "H3_FRAME_ERROR"],
  ["PRIORITY_UPDATE with part of an id [9114-7.1]", "server", frame(0xf0700, [0x40]), "H3_FRAME_ERROR"],
  ["PRIORITY_UPDATE of a server's stream [9218-7.2:id]", "server", frame(0xf0700, [1]), "H3_ID_ERROR"],
  ["PRIORITY_UPDATE of a push [9218-7.2:id]", "server", frame(0xf0701, [0]), "H3_ID_ERROR"],
  ["GOAWAY of a server's stream [9114-5.2:id]", "client", goaway(1), "H3_ID_ERROR"],
  ["GOAWAY of a unidirectional stream [9114-5.2:id]", "client", goaway(2), "H3_ID_ERROR"],
  ["GOAWAY of 2^62 - 1 [9114-5.2:id]", "client", goaway((1n << 62n) - 1n), "H3_ID_ERROR"],
  ["GOAWAY that grows [9114-5.2:growing]", "both", join(goaway(4), goaway(8)), "H3_ID_ERROR"],
  [
    "GOAWAY that grows by less than a float tells [9114-5.2:growing]",
    "both",
    join(goaway((1n << 62n) - 8n), goaway((1n << 62n) - 4n)),
    "H3_ID_ERROR",
  ],
  ["ORIGIN that ends within an entry [9412-2:syntax]", "client", frame(12, [0, 5, 0x61]), "H3_FRAME_ERROR"],
  ["ORIGIN that ends within a length [9412-2:syntax]", "client", frame(12, [0]), "H3_FRAME_ERROR"],
];

for (const [what, role, bytes, code] of REFUSED) {
  for (const side of role === "both" ? ["server", "client"] as const : [role]) {
    cutTest(`ControlStream of a ${side} refuses ${what}`, (cut) => {
      const peer = side === "server" ? h3Server({}, cut) : h3Client({}, cut);
      peer.control(bytes);
      peer.expectClose(code);
    });
  }
}

/** SETTINGS payloads that are refused. */
const BAD_SETTINGS: readonly (readonly [string, ArrayLike<number>, H3ErrorName])[] = [
  ["an id without a value [9114-7.1]", [0x06], "H3_FRAME_ERROR"],
  ["part of an id [9114-7.1]", [0x40], "H3_FRAME_ERROR"],
  ["part of a value [9114-7.1]", [0x06, 0x80, 0], "H3_FRAME_ERROR"],
  ["a setting twice [9114-7.2.4:duplicate]", [0x06, 1, 0x06, 1], "H3_SETTINGS_ERROR"],
  ["a reserved setting twice [9114-7.2.4:duplicate]", [0x21, 1, 0x21, 1], "H3_SETTINGS_ERROR"],
  ["ENABLE_CONNECT_PROTOCOL 2 [9220-3]", [0x08, 2], "H3_SETTINGS_ERROR"],
  ["H3_DATAGRAM 2 [9220-3]", [0x33, 2], "H3_SETTINGS_ERROR"],
  ...[0, 2, 3, 4, 5].map((id) => [`h2 setting ${id} [9114-7.2.4.1]`, [id, 0], "H3_SETTINGS_ERROR"] as const),
];

for (const [what, payload, code] of BAD_SETTINGS) {
  cutTest(`ControlStream refuses SETTINGS with ${what}`, (cut) => {
    const peer = new H3Peer({ role: "server" }, cut);
    peer.send(2, join(0, frame(4, payload)));
    peer.expectClose(code);
  });
}

cutTest("ControlStream takes SETTINGS, once, with unknown and reserved ones [9114-7.2.4]", (cut) => {
  const peer = new H3Peer({ role: "client" }, cut);
  peer.send(3, join(0, settings(1, 4096, 7, 16, 6, 9000, 8, 1, 0x33, 1, 0x21, 5, 0x4d44, 1n << 60n)));
  peer.expectAlive();
  const { peerSettings } = peer.engine;
  assert.equal(peerSettings.qpackTableBytes, 4096);
  assert.equal(peerSettings.qpackBlockedStreams, 16);
  assert.equal(peerSettings.maxFieldSectionBytes, 9000);
  assert(peerSettings.extendedConnect && peerSettings.datagrams);
  assert(peer.engine.isExtendedConnectEnabled);
  assert.deepEqual(peer.of("settings"), [{ type: "settings", first: true }]);
});

cutTest("ControlStream begins with SETTINGS or ends the connection [9114-6.2.1:settings]", (cut) => {
  for (const bytes of [goaway(0), frame(0x21), frame(13, [1]), headers(GET)]) {
    const peer = new H3Peer({ role: "server" }, cut);
    peer.send(2, join(0, bytes));
    peer.expectClose("H3_MISSING_SETTINGS");
  }
});

cutTest("ControlStream ignores frames of unknown and reserved types [9114-7.2.8]", (cut) => {
  const peer = h3Server({}, cut);
  peer.control(frame(0x21, [1, 2, 3]), frame(0x1f * 1000 + 0x21), frame(0x4242, new Uint8Array(20_000)));
  peer.control(frame((1n << 62n) - 1n, [1]), frame(13, [7]));
  peer.expectAlive();
  assert.equal(peer.engine.counters.unknownFrames, 4);
});

cutTest("ControlStream of a server ignores ORIGIN [9412-2:syntax]", (cut) => {
  h3Server({}, cut).control(frame(12, [0])).expectAlive();
});

cutTest("H3Connection ends with its critical streams [9114-6.2.1:closed]", (cut) => {
  for (const role of ["server", "client"] as const) {
    for (const n of [0, 1, 2]) {
      const byFin = new H3Peer({ role }, cut).handshake();
      byFin.send(byFin.uni(n), [], true);
      byFin.expectClose("H3_CLOSED_CRITICAL_STREAM");
      const byReset = new H3Peer({ role }, cut).handshake();
      byReset.reset(byReset.uni(n));
      byReset.expectClose("H3_CLOSED_CRITICAL_STREAM");
    }
    for (const token of [-1, -2, -3]) {
      const stopped = new H3Peer({ role }, cut).handshake();
      stopped.stop(token);
      stopped.expectClose("H3_CLOSED_CRITICAL_STREAM");
    }
  }
});

cutTest(
  "H3Connection refuses a second control, encoder or decoder stream [9114-6.2.1:one] [9204-4.2]",
  (cut) => {
    for (const type of [0, 2, 3]) {
      const peer = h3Server({}, cut);
      peer.send(peer.uni(7), [type]);
      peer.expectClose("H3_STREAM_CREATION_ERROR");
    }
  },
);

cutTest(
  "H3Connection answers push as a side that offers none [9114-4.6] [9114-6.2.2:client] [9114-6.2.2:push]",
  (cut) => {
    const server = h3Server({}, cut);
    server.send(server.uni(5), [1]);
    server.expectClose("H3_STREAM_CREATION_ERROR"); // 9114-6.2.2:client
    const client = h3Client({}, cut);
    client.send(client.uni(5), join(1, 0));
    client.expectClose("H3_ID_ERROR"); // 9114-6.2.2:push
    const promised = h3Client({}, cut);
    promised.engine.sendRequest(request(), true);
    promised.send(0, frame(5, join(0, [0, 0])));
    promised.expectClose("H3_ID_ERROR"); // 9114-4.6
    const empty = h3Client({}, cut);
    empty.engine.sendRequest(request(), true);
    empty.send(0, frame(5));
    empty.expectClose("H3_FRAME_ERROR");
  },
);

cutTest("H3Connection refuses bidirectional streams of a server [9114-6.1]", (cut) => {
  const silent = h3Client({}, cut);
  silent.engine.peerOpened(1, 0);
  silent.pump().expectClose("H3_STREAM_CREATION_ERROR");
  h3Client({}, cut).send(1, [0]).expectClose("H3_STREAM_CREATION_ERROR");
});

cutTest("UniStreams stops streams of unknown types and goes on [9114-6.2]", (cut) => {
  const peer = h3Server({}, cut);
  peer.send(peer.uni(3), join(varint(0x21), [1, 2, 3]), true);
  peer.send(peer.uni(4), join(varint(0x54), new Uint8Array(5000)));
  peer.send(peer.uni(5), join(varint((1n << 62n) - 1n)));
  peer.expectAlive();
  assert.deepEqual([...peer.stops.values()], [0x103, 0x103, 0x103]);
  assert.equal(peer.engine.counters.unknownStreams, 3);
  peer.send(peer.uni(4), new Uint8Array(100)); // late bytes are dropped
  peer.send(0, headers(GET), true);
  assert.equal(peer.expectAlive().of("request").length, 1);
});

cutTest("UniStreams puts up with streams that end before their type [9114-6.2]", (cut) => {
  const peer = h3Server({}, cut);
  peer.send(peer.uni(3), [], true);
  peer.send(peer.uni(4), [0x40], true);
  peer.reset(peer.uni(5)).reset(peer.uni(6), undefined);
  peer.expectAlive();
  assert.equal(peer.engine.nextDeadline(), 130_000);
});

Deno.test("UniStreams identifies streams at once: silent ones hold up nobody", () => {
  const peer = new H3Peer({ role: "server" });
  for (let n = 0; n < 50; n++) peer.engine.peerOpened(peer.uni(n), 0);
  for (let id = 0; id < 200; id += 4) peer.engine.peerOpened(id, 0);
  // The control stream is the last of them, and a request behind all the silent ones goes through.
  peer.send(peer.uni(49), join(0, settings()));
  peer.send(200, headers(GET), true);
  assert.deepEqual(peer.events.map((event) => event.type), ["settings", "request"]);
});

function request() {
  return { method: "GET", scheme: "https", authority: "a.example", path: "/", fields: new Fields() };
}
