import assert from "node:assert/strict";
import { H2Connection } from "../../h2/connection.ts";
import { Fields } from "../../semantics/mod.ts";
import type { TraceEvent } from "../../semantics/trace.ts";
import {
  continuation,
  data,
  describeFrame,
  frame,
  FrameType,
  headersFrame,
  join,
  latin1,
  octets,
  ping,
  preface,
  priorityUpdate,
  Setting,
  settings,
  settingsAck,
} from "../support/h2_frames.ts";
import { EnginePair, requestHead } from "../support/h2_pair.ts";
import { engineTest, type RawPeer } from "../support/h2_peer.ts";

const OK = { status: 200, fields: new Fields() };

const get = (peer: RawPeer, stream: number) => peer.request(stream, { end: true });

// ------------------------------------------------------------------ settings

engineTest("H2Connection says what it needs in its first SETTINGS", (make) => {
  const server = make({ raw: true, enableConnectProtocol: true, limits: { headerTableBytes: 100 } });
  const entries = (bytes: Uint8Array) => {
    const seen: Record<number, number> = {};
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let at = 0; at < bytes.length; at += 6) seen[view.getUint16(at)] = view.getUint32(at + 2);
    return seen;
  };
  assert.deepEqual(entries(server.frames()[0]!.payload), {
    1: 100,
    3: 100,
    4: 1_048_576,
    5: 16_384,
    6: 32_768,
    8: 1,
    9: 1,
  });
  const client = make({ raw: true, role: "client" });
  const frames = client.frames();
  assert.deepEqual(entries(frames[0]!.payload), { 2: 0, 4: 2_097_152, 5: 16_384, 6: 262_144, 9: 1 });
  assert.equal(describeFrame(frames[1]!), `WINDOW_UPDATE 0 ${16 * 2 ** 20 - 65_535}`);
});

Deno.test("H2Connection knows its deadlines from the start", () => {
  const server = new H2Connection({ role: "server", now: 100 });
  assert.equal(server.nextDeadline(), 10_100);
});

engineTest("H2Connection changes its settings while it runs [9113-6.5.2:window]", (make) => {
  const peer = make();
  peer.sends(peer.request(1, { method: "POST" }));
  peer.engine.updateSettings({ initialWindowBytes: 2_000_000, maxFrameBytes: 20_000 });
  assert.equal(peer.engine.windows(1)!.receive, 2_000_000, "what grows holds at once");
  peer.sends(data(1, new Uint8Array(20_000)));
  peer.engine.updateSettings({ initialWindowBytes: 10, maxFrameBytes: 16_384, maxConcurrentStreams: 1 });
  assert.equal(peer.engine.windows(1)!.receive, 1_980_000, "what shrinks waits for the acknowledgement");
  peer.sends(settingsAck, settingsAck);
  assert.equal(peer.engine.windows(1)!.receive, 10 - 20_000);
  assert.deepEqual(peer.lines(), ["SETTINGS 2", "SETTINGS 3"]);
  peer.sends(get(peer, 3), data(1, new Uint8Array(16_385)));
  assert.deepEqual(peer.lines(), ["RST_STREAM 3 7", "GOAWAY 1 6 9113-4.2:size"]);
  assert.throws(() => make().engine.updateSettings({ maxFrameBytes: 1 }), RangeError);
});

engineTest("H2Connection gives its table up when the peer says so [9113-6.5.2:frame]", (make) => {
  const peer = make();
  peer.sends(get(peer, 1), settings(Setting.HEADER_TABLE_SIZE, 0, Setting.HEADER_TABLE_SIZE, 100));
  peer.engine.sendResponse(1, { status: 200, fields: Fields.from({ "x-a": "b" }) }, true);
  const headers = peer.frames().find(({ name }) => name === "HEADERS")!;
  // Down to 0, then up to 100.
  assert.deepEqual([...headers.payload.subarray(0, 3)], [0x20, 0x3f, 0x45]);
});

engineTest("H2Connection refuses padding as long as the payload [9113-6.1:padding]", (make) => {
  const peer = make();
  peer.sends(
    peer.request(1, { method: "POST" }),
    frame(FrameType.DATA, 8, 1, join(octets(5, 1), latin1("four"))),
  );
  assert.deepEqual(peer.lines(), ["GOAWAY 1 1 9113-6.1:padding"]);
});

engineTest("H2Connection lets its own table be used once that is acknowledged", (make) => {
  const peer = make({ raw: true, limits: { headerTableBytes: 8192 } });
  const update = (block: Uint8Array) =>
    headersFrame(1, join(Uint8Array.of(0x3f, 0xe1, 0x3f), block), { end: true });
  peer.sends(preface, settings(), settingsAck);
  peer.sends(
    update(peer.block(":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", "/")),
  );
  assert.deepEqual(peer.types(), ["settings", "request"]);
});

engineTest("H2Connection of a client keeps to the peer's limit on streams [9113-5.1.2]", (make) => {
  const peer = make({ role: "client", raw: true, limits: { initialMaxSendStreams: 3 } });
  for (let i = 0; i < 3; i++) peer.engine.sendRequest(requestHead(), true);
  assert.throws(() => peer.engine.sendRequest(requestHead(), true), /the peer allows 3 and 3 are open/);
  peer.sends(settings(Setting.MAX_CONCURRENT_STREAMS, 4), settingsAck);
  assert.deepEqual(peer.types(), ["settings", "capacity"]);
  peer.engine.sendRequest(requestHead(), true);
  assert.equal(peer.engine.canOpen, false);
  peer.sends(peer.response(1, { end: true }));
  assert.deepEqual(peer.types(), ["response", "capacity", "done"]);
  assert.equal(peer.engine.maxSendStreams, 4);
});

engineTest("H2Connection keeps to the rules of ENABLE_CONNECT_PROTOCOL [8441-3:setting]", (make) => {
  const peer = make({ role: "client", settings: [Setting.ENABLE_CONNECT_PROTOCOL, 1] });
  assert.equal(peer.engine.isExtendedConnectEnabled, true);
  const id = peer.engine.sendRequest({ ...requestHead("CONNECT"), protocol: "websocket" }, false);
  assert.deepEqual(peer.sections()[0]!.flat.slice(0, 4), [":method", "CONNECT", ":scheme", "https"]);
  peer.sends(peer.response(id), data(id, "frame"));
  peer.engine.sendBody(id, latin1("back"), false);
  assert.deepEqual(peer.lines(), ["DATA 1 4"]);
  peer.sends(settings(Setting.ENABLE_CONNECT_PROTOCOL, 0));
  assert(peer.lines()[0]!.startsWith("GOAWAY 0 1"));
  const without = make({ role: "client" });
  assert.throws(
    () => without.engine.sendRequest({ ...requestHead("CONNECT"), protocol: "websocket" }, false),
    TypeError,
  );
  assert.equal(without.engine.openExchanges, 0);
});

engineTest("H2Connection refuses ENABLE_PUSH of a server [9113-6.5.2:push]", (make) => {
  const peer = make({ role: "client" });
  peer.sends(settings(Setting.ENABLE_PUSH, 1));
  assert.deepEqual(peer.lines(), ["GOAWAY 0 1 9113-6.5.2:push"]);
});

engineTest("H2Connection refuses a late change of NO_RFC7540_PRIORITIES [9218-2.1]", (make) => {
  const peer = make();
  peer.sends(settings(Setting.NO_RFC7540_PRIORITIES, 1));
  assert.deepEqual(peer.lines(), ["GOAWAY 0 1 9218-2.1"]);
  const bad = make({ raw: true });
  bad.sends(preface, settings(Setting.NO_RFC7540_PRIORITIES, 2));
  assert.equal(bad.lines().at(-1), "GOAWAY 0 1 9218-2.1");
});

engineTest("H2Connection refuses a first frame that is not SETTINGS [9113-3.4:settings]", (make) => {
  const peer = make({ raw: true });
  peer.sends(preface, ping());
  assert.equal(peer.lines().at(-1), "GOAWAY 0 1 9113-3.4:settings");
});

engineTest("H2Connection refuses frames that are too short for their type [9113-4.2:length]", (make) => {
  const short = [
    frame(FrameType.DATA, 8, 1),
    frame(FrameType.HEADERS, 0x2c, 1, new Uint8Array(5)),
    frame(FrameType.GOAWAY, 0, 0, new Uint8Array(7)),
    frame(FrameType.PRIORITY_UPDATE, 0, 0, new Uint8Array(3)),
  ];
  for (const bytes of short) {
    const peer = make();
    peer.sends(bytes);
    assert.deepEqual(peer.lines(), ["GOAWAY 0 6 9113-4.2:length"]);
  }
});

engineTest("H2Connection refuses PRIORITY_UPDATE on a stream [9218-7.1:stream]", (make) => {
  const peer = make();
  peer.sends(frame(FrameType.PRIORITY_UPDATE, 0, 1, new Uint8Array(4)));
  assert.deepEqual(peer.lines(), ["GOAWAY 0 1 9218-7.1:stream"]);
});

engineTest("H2Connection refuses PRIORITY_UPDATE for what is no request [9218-7.1:target]", (make) => {
  for (const stream of [0, 2]) {
    const peer = make();
    peer.sends(priorityUpdate(stream, "u=1"));
    assert.deepEqual(peer.lines(), ["GOAWAY 0 1 9218-7.1:target"]);
  }
});

engineTest("H2Connection refuses PRIORITY_UPDATE of a server [9218-7.1:sender]", (make) => {
  const peer = make({ role: "client" });
  peer.sends(priorityUpdate(1, "u=1"));
  assert.deepEqual(peer.lines(), ["GOAWAY 0 1 9218-7.1:sender"]);
});

engineTest("H2Connection splits a section that is longer than a frame [9113-6.10]", (make) => {
  const peer = make();
  peer.sends(get(peer, 1));
  const value = Array.from({ length: 50_000 }, (_, i) => String.fromCharCode(33 + (i * 31) % 90)).join("");
  peer.engine.sendResponse(1, { status: 200, fields: Fields.from({ "x-long": value }) }, true);
  const frames = peer.frames();
  assert(frames.length >= 3 && frames[0]!.name === "HEADERS" && frames[1]!.name === "CONTINUATION");
  assert(frames.every(({ payload }) => payload.length <= 16_384));
  assert.deepEqual(peer.sections(frames), [{ stream: 1, flat: [":status", "200", "x-long", value] }]);
});

// ------------------------------------------------------------------ other frames

Deno.test("H2Connection measures the round trip", () => {
  const pair = new EnginePair({ latencyMs: 7 });
  pair.run();
  pair.clientEvents();
  const token = pair.client.ping(pair.now);
  pair.run();
  assert.deepEqual(pair.clientEvents(), [{ type: "pong", token, rttMs: 14 }]);
});

Deno.test("H2Connection carries origins and alternative services", () => {
  const pair = new EnginePair();
  const id = pair.client.sendRequest(requestHead(), true);
  pair.run();
  pair.clientEvents();
  pair.server.sendOrigins(["https://a.example", "https://b.example:8443"]);
  pair.server.sendAltSvc("https://a.example", 'h3=":443"');
  pair.server.sendAltSvc(id, 'h3=":444"');
  pair.run();
  assert.deepEqual(pair.clientEvents(), [
    { type: "origins", origins: ["https://a.example", "https://b.example:8443"] },
    { type: "altSvc", id: 0, origin: "https://a.example", value: 'h3=":443"' },
    { type: "altSvc", id, origin: "", value: 'h3=":444"' },
  ]);
  assert.throws(() => pair.client.sendOrigins([]), TypeError);
});

engineTest("H2Connection ignores ORIGIN and ALTSVC where they do not belong", (make) => {
  const origin = join(octets(4, 2), latin1("http"));
  const peer = make();
  peer.sends(frame(FrameType.ORIGIN, 0, 0, origin), frame(FrameType.ALTSVC, 0, 0, origin), ping());
  assert.deepEqual(peer.lines(), ["PING ack"]);
  const client = make({ role: "client" });
  client.sends(
    frame(FrameType.ORIGIN, 0, 1, origin),
    frame(FrameType.ALTSVC, 0, 0, octets(0, 2)),
    frame(FrameType.ALTSVC, 0, 0, join(octets(99, 2), latin1("x"))),
    frame(FrameType.ALTSVC, 0, 9, octets(0, 2)),
    ping(),
  );
  assert.deepEqual(client.lines(), ["PING ack"]);
  assert.deepEqual(client.events(), []);
});

Deno.test("H2Connection greases by option, and peers ignore it", () => {
  const pair = new EnginePair({ client: { grease: true }, server: { grease: true } });
  pair.client.sendRequest(requestHead(), true);
  pair.run();
  assert.equal(pair.server.counters.unknownFrames, 1);
  assert.equal(pair.client.counters.unknownFrames, 1);
  assert.deepEqual(pair.serverEvents().map(({ type }) => type), ["settings", "request"]);
});

engineTest("H2Connection traces frames both ways, fields and states", (make) => {
  const seen: TraceEvent[] = [];
  const peer = make({ trace: (event) => seen.push(event) });
  peer.sends(get(peer, 1), ping(), frame(0xbe, 0, 0, latin1("grease")));
  peer.engine.sendResponse(1, OK, false);
  peer.engine.sendBody(1, latin1("hi"), true);
  peer.frames();
  const lines = seen.map((event) =>
    event.type === "frame"
      ? `${event.direction} ${event.name} ${event.stream} ${event.length}`
      : event.type === "fields"
      ? `${event.direction} ${event.flat.slice(0, 2).join(" ")}`
      : `${event.subject} ${event.state}`
  );
  const expected = [
    "out SETTINGS 0 30",
    "in SETTINGS 0 0",
    "out SETTINGS 0 0",
    "in :method GET",
    "stream open",
    "stream half-closed (remote)",
    "in PING 0 8",
    "in UNKNOWN 0 6",
    "out :status 200",
    "out DATA 1 2",
    "stream closed",
  ];
  let at = -1;
  for (const line of expected) {
    const next = lines.indexOf(line, at + 1);
    assert(next > at, `${line} in ${lines.join("; ")}`);
    at = next;
  }
  const first = seen.find((event) => event.type === "frame" && event.name === "SETTINGS")!;
  assert(first.type === "frame" && first.detail!.MAX_CONCURRENT_STREAMS === 100);
});

engineTest("H2Connection of a client refuses a push [9113-6.6]", (make) => {
  const peer = make({ role: "client" });
  peer.engine.sendRequest(requestHead(), true);
  peer.frames();
  peer.sends(frame(FrameType.PUSH_PROMISE, 4, 1, join(octets(2, 4), peer.block(":method", "GET"))));
  assert.deepEqual(peer.lines(), ["GOAWAY 0 1 9113-6.6"]);
});

engineTest("H2Connection of a client refuses streams that the server opens [9113-5.1.1]", (make) => {
  for (const stream of [2, 1]) {
    const peer = make({ role: "client" });
    peer.sends(peer.response(stream));
    assert(peer.lines()[0]!.startsWith("GOAWAY 0 1"));
  }
});

Deno.test("H2Connection throws for the mistakes of its caller and changes nothing", () => {
  const client = new H2Connection({ role: "client", now: 0 });
  client.output();
  assert.throws(() => client.sendResponse(1, OK, true), TypeError);
  assert.throws(() => client.sendRequest({ ...requestHead(), method: "BAD METHOD" }, true), TypeError);
  assert.throws(() => client.sendRequest(requestHead("GET", "/", { "x-a": "\n" }), true), TypeError);
  assert.equal(client.hasOutput, false);
  const id = client.sendRequest(requestHead("POST", "/", { "content-length": "2" }), false);
  assert.throws(() => client.sendBody(id, new Uint8Array(3), false), TypeError);
  assert.throws(() => new H2Connection({ role: "client", now: 0, maxFrameBytes: 5 }), RangeError);
  assert.throws(
    () => new H2Connection({ role: "server", now: 0 }).sendRequest(requestHead(), true),
    TypeError,
  );
  assert.equal(client.openExchanges, 1);
});

engineTest("H2Connection decodes a block whose stream it refuses, so that the next one is right", (make) => {
  const peer = make({ limits: { maxConcurrentStreams: 1 } });
  peer.sends(get(peer, 1));
  const block = peer.block(":method", "GET", ":scheme", "https", ":authority", "kept.example", ":path", "/x");
  peer.sends(
    headersFrame(3, block.subarray(0, 4), { open: true, end: true }),
    continuation(3, block.subarray(4)),
  );
  peer.engine.abort(1, "both", "cancelled");
  peer.sends(
    headersFrame(
      5,
      peer.block(":method", "GET", ":scheme", "https", ":authority", "kept.example", ":path", "/x"),
      { end: true },
    ),
  );
  const last = peer.events().at(-1)!;
  assert(last.type === "request" && last.head.authority === "kept.example");
});
