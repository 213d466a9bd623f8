import assert from "node:assert/strict";
import { H2ErrorCode } from "../../h2/errors.ts";
import type { H2Counters } from "../../h2/counters.ts";
import { Fields } from "../../semantics/mod.ts";
import {
  continuation,
  data,
  frame,
  FrameType,
  headersFrame,
  join,
  latin1,
  octets,
  ping,
  priorityFrame,
  priorityUpdate,
  rstStream,
  settings,
  windowUpdate,
} from "../support/h2_frames.ts";
import { engineTest, type PeerOptions, RawPeer } from "../support/h2_peer.ts";

const CALM = H2ErrorCode.ENHANCE_YOUR_CALM;
const MAX_WINDOW = 2 ** 31 - 1;

function repeat(count: number, make: (i: number) => Uint8Array): Uint8Array {
  return join(...Array.from({ length: count }, (_, i) => make(i)));
}

/** The connection ended with this code and reason word, and the counter says so. */
function assertEnded(peer: RawPeer, word: string, counter: keyof H2Counters, code: number = CALM): void {
  const goaways = peer.lines().filter((line) => line.startsWith("GOAWAY"));
  assert.equal(goaways.length, 1);
  assert.match(goaways[0]!, new RegExp(`^GOAWAY \\d+ ${code} ${word}$`));
  assert(peer.engine.counters[counter] > 0, counter);
  const closed = peer.events().at(-1)!;
  assert(closed.type === "closed" && closed.error?.rule === `limit:${word}`);
  assert.equal(peer.engine.openExchanges, 0);
  assert.equal(peer.engine.nextDeadline(), Infinity);
  assert.equal(peer.engine.counters.internalErrors, 0);
}

const get = (peer: RawPeer, stream: number) => peer.request(stream, { end: true });

engineTest("H2Connection ends a rapid reset (CVE-2023-44487) [limit:peer_resets]", (make) => {
  const peer = make({ limits: { peerResetBurst: 10, peerResetsPerSecond: 1 } });
  const wave = (from: number, count: number) =>
    repeat(count, (i) => join(get(peer, from + 2 * i), rstStream(from + 2 * i, 8)));
  peer.sends(wave(1, 10));
  assert.equal(peer.engine.isClosed, false);
  peer.now = 3000;
  peer.sends(wave(101, 3));
  assert.equal(peer.engine.isClosed, false);
  peer.sends(wave(201, 1));
  assertEnded(peer, "peer_resets", "peerResets");
});

engineTest(
  "H2Connection does not count resets of exchanges that were answered [limit:peer_resets]",
  (make) => {
    const peer = make({ limits: { peerResetBurst: 1, peerResetsPerSecond: 0 } });
    for (let stream = 1; stream < 41; stream += 2) {
      peer.sends(get(peer, stream));
      peer.engine.sendResponse(stream, { status: 200, fields: new Fields() }, false);
      peer.sends(rstStream(stream, 8));
    }
    assert.equal(peer.engine.isClosed, false);
  },
);

/** CVE-2025-8671: each of these makes a server reset the stream. */
const MADE_RESETS: Readonly<Record<string, (peer: RawPeer, stream: number) => Uint8Array>> = {
  "WINDOW_UPDATE of 0": (peer, stream) => join(get(peer, stream), windowUpdate(stream, 0)),
  "a window that overflows": (peer, stream) => join(get(peer, stream), windowUpdate(stream, MAX_WINDOW)),
  "HEADERS after the end": (peer, stream) => join(get(peer, stream), get(peer, stream)),
  "DATA after the end": (peer, stream) => join(get(peer, stream), data(stream, "x")),
  "PRIORITY of a wrong length": (peer, stream) =>
    join(get(peer, stream), frame(FrameType.PRIORITY, 0, stream, new Uint8Array(4))),
  "a malformed request": (peer, stream) => peer.headers(stream, [":method", "GET"], { end: true }),
  "a stream that depends on itself": (peer, stream) =>
    peer.request(stream, { end: true, priority: { dependsOn: stream, weight: 1 } }),
};

for (const [name, make] of Object.entries(MADE_RESETS)) {
  engineTest(`H2Connection ends resets made by ${name} (CVE-2025-8671) [limit:error_resets]`, (makePeer) => {
    const peer = makePeer({ limits: { errorResetBurst: 20, errorResetsPerSecond: 1 } });
    peer.sends(repeat(20, (i) => make(peer, 2 * i + 1)));
    assert.equal(peer.engine.isClosed, false);
    assert.equal(peer.engine.counters.errorResets, 20);
    assert.equal(peer.engine.openExchanges, 0);
    peer.sends(make(peer, 101));
    assertEnded(peer, "error_resets", "errorResets");
  });
}

engineTest(
  "H2Connection ends a flood of CONTINUATION (CVE-2024-27316 and kin) [limit:continuation_frames]",
  (make) => {
    for (const part of [new Uint8Array(0), new Uint8Array(1), new Uint8Array(50)]) {
      const peer = make();
      const open = headersFrame(1, peer.block(":method", "GET"), { open: true, end: true });
      peer.sends(open, repeat(8, () => continuation(1, part, { open: true })));
      assert.equal(peer.engine.isClosed, false);
      peer.sends(continuation(1, part, { open: true }));
      assertEnded(peer, "continuation_frames", "continuationFrames");
    }
  },
);

engineTest("H2Connection keeps no endless header block [limit:header_list_bytes]", (make) => {
  const peer = make({ limits: { maxHeaderListBytes: 10_000, maxContinuationFrames: 100 } });
  const part = new Uint8Array(5000);
  peer.sends(headersFrame(1, part, { open: true }), repeat(3, () => continuation(1, part, { open: true })));
  assert.equal(peer.engine.isClosed, false);
  peer.sends(continuation(1, part, { open: true }));
  assertEnded(peer, "header_list_bytes", "headerListBytes");
});

engineTest("H2Connection answers a head that is too large with 431 [limit:header_list_bytes]", (make) => {
  const peer = make({ limits: { maxHeaderListBytes: 1000 } });
  peer.sends(
    peer.request(1, { fields: ["x-big", "y".repeat(900)] }),
    data(1, "late", { end: true }),
    get(peer, 3),
  );
  const frames = peer.frames();
  assert.deepEqual(peer.sections(frames)[0], { stream: 1, flat: [":status", "431", "content-length", "0"] });
  assert.deepEqual(frames.map(({ name, stream }) => `${name} ${stream}`), ["HEADERS 1", "RST_STREAM 1"]);
  assert.deepEqual(peer.types(), ["request"], "the header table stays in step");
  assert.equal(peer.engine.counters.headerListBytes, 1);
});

engineTest("H2Connection ends a flood of heads that are too large [limit:glitches]", (make) => {
  const peer = make({ limits: { maxHeaderFields: 4, glitchBurst: 10, glitchesPerSecond: 0 } });
  const large = (i: number) => peer.request(2 * i + 1, { end: true, fields: ["x", ""] });
  peer.sends(repeat(10, large));
  assert.equal(peer.engine.isClosed, false);
  peer.frames();
  peer.sends(large(20));
  assertEnded(peer, "glitches", "glitches");
});

engineTest("H2Connection answers a head of too many fields with 431 [limit:header_fields]", (make) => {
  const peer = make({ limits: { maxHeaderFields: 10 } });
  peer.sends(peer.request(1, { end: true, fields: Array.from({ length: 40 }, () => "a") }));
  assert.deepEqual(peer.sections()[0]!.flat.slice(0, 2), [":status", "431"]);
  assert.equal(peer.engine.counters.headerFields, 1);
});

engineTest(
  "H2Connection ends an HPACK bomb (CVE-2016-1544, CVE-2019-9516) [limit:header_list_bytes]",
  (make) => {
    const peer = make();
    // A literal of 4000 octets that goes into the table.
    const literal = join(Uint8Array.of(0x40, 6), latin1("x-bomb"), Uint8Array.of(0x7f, 0xa1, 0x1e));
    const fields = join(peer.block(":method", "GET"), literal, latin1("z".repeat(4000)));
    // Each octet brings the long field back from the table.
    peer.sends(headersFrame(1, join(fields, new Uint8Array(10_000).fill(0xbe)), { end: true }));
    assertEnded(peer, "header_list_bytes", "headerListBytes");
  },
);

engineTest("H2Connection ends a flood of SETTINGS (CVE-2019-9515) [limit:unsent_acks]", (make) => {
  const peer = make({ limits: { maxUnsentAcks: 50 } });
  peer.sends(repeat(50, () => settings()));
  assert.equal(peer.engine.isClosed, false);
  peer.sends(settings());
  assertEnded(peer, "unsent_acks", "unsentAcks");
});

engineTest("H2Connection ends a flood of SETTINGS that it could answer [limit:glitches]", (make) => {
  const peer = make({ limits: { glitchBurst: 40, glitchesPerSecond: 0 } });
  for (let i = 0; i < 40; i++) {
    peer.sends(settings());
    peer.frames();
  }
  assert.equal(peer.engine.isClosed, false);
  peer.sends(settings());
  assertEnded(peer, "glitches", "glitches");
});

engineTest("H2Connection ends a flood of PING (CVE-2019-9512) [limit:unsent_acks]", (make) => {
  const peer = make();
  peer.sends(repeat(1000, () => ping()));
  assert.equal(peer.engine.isClosed, false);
  peer.sends(ping());
  assertEnded(peer, "unsent_acks", "unsentAcks");
});

engineTest(
  "H2Connection ends a flood of resets that nobody reads (CVE-2019-9514) [limit:queued_frames]",
  (make) => {
    const peer = make({ limits: { maxQueuedFrames: 30, errorResetBurst: 1000 } });
    const bad = (stream: number) =>
      join(peer.headers(stream, [":method", "GET"], { end: true }), priorityFrame(stream, 0));
    peer.sends(repeat(30, (i) => bad(2 * i + 1)));
    assert.equal(peer.engine.isClosed, false);
    peer.sends(bad(101));
    assertEnded(peer, "queued_frames", "queuedFrames");
  },
);

engineTest("H2Connection ends empty DATA that goes on and on (CVE-2019-9518) [limit:empty_data]", (make) => {
  const peer = make();
  peer.sends(peer.request(1, { method: "POST" }), repeat(100, () => data(1, "")));
  assert.equal(peer.engine.isClosed, false);
  peer.sends(data(1, "", { padding: 3 }));
  assertEnded(peer, "empty_data", "emptyData");
});

engineTest("H2Connection ends tiny DATA that nobody reads [limit:small_data]", (make) => {
  const peer = make({ limits: { smallDataBudgetBytes: 2550 } });
  peer.sends(peer.request(1, { method: "POST" }), repeat(10, () => data(1, "x")));
  assert.equal(peer.engine.isClosed, false);
  peer.sends(data(1, "x"), ping());
  peer.sends(ping());
  assertEnded(peer, "small_data", "smallData");
});

engineTest("H2Connection takes tiny DATA for ever when it is read [limit:small_data]", (make) => {
  const peer = make({ limits: { smallDataBudgetBytes: 2550 } });
  peer.sends(peer.request(1, { method: "POST" }));
  for (let i = 0; i < 200; i++) {
    peer.sends(data(1, "x"));
    peer.engine.consume(1, 1);
  }
  assert.equal(peer.engine.isClosed, false);
});

engineTest("H2Connection gives back no more of the budget than was spent [limit:small_data]", (make) => {
  const peer = make({ limits: { smallDataBudgetBytes: 2550 } });
  const post = (stream: number) =>
    join(peer.request(stream, { method: "POST" }), repeat(5, () => data(stream, "x")));
  peer.sends(post(1), post(3));
  for (let i = 0; i < 5; i++) peer.engine.consume(1, 1);
  peer.sends(repeat(5, () => data(3, "x")), ping());
  assert.equal(peer.engine.isClosed, false);
  peer.sends(data(3, "x"), ping());
  peer.sends(ping());
  assertEnded(peer, "small_data", "smallData");
});

engineTest("H2Connection gives the budget of tiny DATA back with the exchange [limit:small_data]", (make) => {
  const peer = make({ limits: { smallDataBudgetBytes: 2550, peerResetBurst: 1000 } });
  for (let stream = 1; stream < 201; stream += 2) {
    peer.sends(
      peer.request(stream, { method: "POST" }),
      repeat(5, () => data(stream, "x")),
      rstStream(stream, 8),
    );
  }
  assert.equal(peer.engine.isClosed, false);
});

engineTest("H2Connection ends a flood of odd frames [limit:glitches]", (make) => {
  const odd: ((i: number) => Uint8Array)[] = [
    () => frame(0xbe, 0, 0, latin1("?")),
    (i) => priorityFrame(2 * i + 1, 0),
    () => ping("nobody!!", true),
    () => frame(FrameType.ALTSVC, 0, 0, join(octets(0, 2), latin1("h3"))),
    () => priorityUpdate(1, "u=1"),
  ];
  for (const make1 of odd) {
    const peer = make({ limits: { glitchBurst: 30, glitchesPerSecond: 1 } });
    peer.sends(repeat(30, make1));
    assert.equal(peer.engine.isClosed, false);
    peer.now = 1000;
    peer.sends(make1(31));
    assert.equal(peer.engine.isClosed, false);
    peer.sends(make1(32));
    assertEnded(peer, "glitches", "glitches");
  }
});

engineTest(
  "H2Connection excuses what was on its way when it reset a stream, and no more [limit:glitches]",
  (make) => {
    const peer = make({ role: "client", limits: { glitchBurst: 5, glitchesPerSecond: 0 } });
    for (let i = 0; i < 50; i++) {
      const id = peer.engine.sendRequest(head(), true);
      peer.engine.abort(id, "both", "cancelled");
      peer.frames();
      peer.sends(
        peer.response(id),
        data(id, "late"),
        peer.headers(id, ["x-late", "1"], { end: true }),
        rstStream(id, 0),
      );
    }
    assert.equal(peer.engine.isClosed, false);
    assert.equal(peer.engine.counters.glitches, 0);
    peer.sends(repeat(5, () => rstStream(99, 0)));
    assert.equal(peer.engine.isClosed, false);
    peer.sends(rstStream(99, 0));
    assertEnded(peer, "glitches", "glitches");
  },
);

engineTest("H2Connection excuses a reset that crosses the end of the request [limit:glitches]", (make) => {
  const peer = make({ role: "client", limits: { glitchBurst: 5, glitchesPerSecond: 0 } });
  for (let i = 0; i < 50; i++) {
    const id = peer.engine.sendRequest(head(), true);
    peer.frames();
    peer.sends(peer.response(id, { end: true }), rstStream(id, 0));
  }
  assert.equal(peer.engine.counters.glitches, 0);
  peer.sends(repeat(6, () => rstStream(99, 0)));
  assertEnded(peer, "glitches", "glitches");
});

engineTest("H2Connection refuses a long SETTINGS [limit:settings_entries]", (make) => {
  const peer = make();
  peer.sends(settings(...Array.from({ length: 64 }, (_, i) => i % 2 === 0 ? 0xf000 : 1)));
  assert.equal(peer.engine.isClosed, false);
  peer.sends(settings(...Array.from({ length: 66 }, (_, i) => i % 2 === 0 ? 0xf000 : 1)));
  assertEnded(peer, "settings_entries", "settingsEntries");
});

engineTest("H2Connection refuses a long PRIORITY_UPDATE [limit:priority_update_bytes]", (make) => {
  const peer = make();
  peer.sends(priorityUpdate(1, "u=1" + " ".repeat(249)));
  assert.equal(peer.engine.isClosed, false);
  peer.sends(priorityUpdate(1, "u=1" + " ".repeat(250)));
  assertEnded(peer, "priority_update_bytes", "priorityUpdateBytes");
});

engineTest("H2Connection refuses streams above its limit and goes on [limit:concurrent_streams]", (make) => {
  const peer = make({ limits: { maxConcurrentStreams: 2 } });
  peer.sends(get(peer, 1), get(peer, 3), peer.request(5, { method: "POST" }), data(5, "late"));
  assert.deepEqual(peer.lines(), ["RST_STREAM 5 7"]);
  assert.equal(peer.engine.counters.concurrentStreams, 1);
  peer.engine.sendResponse(1, { status: 204, fields: new Fields() }, true);
  peer.sends(get(peer, 7));
  assert.deepEqual(peer.lines(), ["HEADERS 1 end"]);
  assert.equal(peer.engine.openExchanges, 2);
});

engineTest(
  "H2Connection as a client ends interim responses that go on and on [limit:interim_responses]",
  (make) => {
    const peer = make({ role: "client" });
    const id = peer.engine.sendRequest(head(), true);
    peer.sends(repeat(5, () => peer.response(id, { status: 103 })));
    assert.deepEqual(peer.events().map(({ type }) => type), Array(5).fill("interim"));
    peer.frames();
    peer.sends(peer.response(id, { status: 103 }));
    assert.deepEqual(peer.lines(), [`RST_STREAM ${id} 8`]);
    assert.equal(peer.engine.counters.interimResponses, 1);
  },
);

function head(): { method: string; scheme: string; authority: string; path: string; fields: Fields } {
  return { method: "GET", scheme: "https", authority: "a.example", path: "/", fields: new Fields() };
}

Deno.test("H2Connection holds no more than its windows, whatever comes [limit:queued_frames]", () => {
  const options: PeerOptions = { limits: { maxUnsentAcks: 100, maxQueuedFrames: 200 } };
  const peer = new RawPeer(options, "whole");
  peer.sends(peer.request(1, { method: "POST" }));
  for (let i = 0; i < 100; i++) peer.sends(ping(), windowUpdate(0, 1));
  assert(peer.engine.output().length < 200 * 17);
});
