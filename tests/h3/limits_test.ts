import assert from "node:assert/strict";
import type { H3Counters, H3Options } from "../../h3/engine.ts";
import { Fields, type Limits } from "../../semantics/mod.ts";
import {
  data,
  frame,
  frameHeader,
  GET,
  goaway,
  headers,
  join,
  OK,
  POST,
  settings,
} from "../support/h3_frames.ts";
import { cutTest, h3Client, H3Peer, h3Server } from "../support/h3_peer.ts";

const REQUEST = { method: "GET", scheme: "https", authority: "a.example", path: "/", fields: new Fields() };
const NOTHING = new Fields();

function limited(limits: Partial<Limits>, options: Partial<H3Options> = {}): H3Peer {
  return h3Server({ ...options, limits });
}

/** Checks that the connection ended for a limit: code, reason string and counter. */
function expectLimit(
  peer: H3Peer,
  reason: string,
  counter: keyof H3Counters,
  code: "H3_EXCESSIVE_LOAD" | "H3_MISSING_SETTINGS" = "H3_EXCESSIVE_LOAD",
): void {
  peer.expectClose(code);
  assert.equal(peer.closed!.reason, reason);
  assert(peer.engine.counters[counter] > 0, counter);
  assert.equal(peer.engine.endReason, "limit");
  assert.equal(peer.of("closed")[0]!.error!.rule, `limit:${reason}`);
}

cutTest("maxHeaderListBytes: 431, then the connection beyond the grace [limit:header_list_bytes]", (cut) => {
  const large = (bytes: number) => headers([...GET, "x-large", "~".repeat(bytes)]);
  const peer = h3Server({ limits: { maxHeaderListBytes: 1000 } }, cut).send(0, large(1200));
  assert.deepEqual(peer.expectAlive().sections(0), [[":status", "431", "content-length", "0"]]);
  assert(peer.fins.has(0));
  assert.equal(peer.stops.get(0), 0x107);
  assert.equal(peer.of("request").length, 0);
  assert.equal(peer.engine.counters.headerListBytes, 1);
  const far = h3Server({ limits: { maxHeaderListBytes: 1000 } }, cut).send(0, large(2500));
  expectLimit(far, "header_list_bytes", "headerListBytes");
  // A length alone is enough: nothing of it is kept.
  expectLimit(h3Server({}, cut).send(0, frameHeader(1, 1n << 61n)), "header_list_bytes", "headerListBytes");
});

Deno.test("maxHeaderFields: 431 [limit:header_fields]", () => {
  const many = Array.from({ length: 50 }, (_, i) => [`x-${i}`, "1"]).flat();
  const peer = limited({ maxHeaderFields: 20 }).send(0, headers([...GET, ...many]), true);
  assert.deepEqual(peer.expectAlive().sections(0)[0]!.slice(0, 2), [":status", "431"]);
  assert.equal(peer.engine.counters.headerFields, 1);
  const client = h3Client({ limits: { maxHeaderFields: 20 } });
  client.engine.sendRequest(REQUEST, true);
  client.send(0, headers([...OK, ...many]));
  assert.equal(client.expectAlive().of("aborted")[0]!.error.code, "H3_EXCESSIVE_LOAD");
});

Deno.test("maxConcurrentStreams: H3_REQUEST_REJECTED [limit:concurrent_streams]", () => {
  const peer = limited({ maxConcurrentStreams: 3 });
  for (let id = 0; id < 20; id += 4) peer.send(id, headers(GET), true);
  assert.deepEqual(peer.expectAlive().of("request").map(({ id }) => id), [0, 4, 8]);
  assert.equal(peer.resets.get(12), 0x10b);
  assert.equal(peer.engine.counters.concurrentStreams, 2);
  peer.engine.sendResponse(0, { status: 204, fields: NOTHING }, true);
  peer.pump().send(20, headers(GET), true);
  assert.equal(peer.of("request").length, 4);
});

Deno.test("peerResets: resets of unanswered requests empty the budget, in one count with stops [limit:peer_resets]", () => {
  const peer = limited({ peerResetBurst: 10, peerResetsPerSecond: 1 });
  let id = 0;
  for (let i = 0; i < 10; i++, id += 4) peer.send(id, headers(GET), true).stop(id).reset(id);
  peer.expectAlive();
  assert.equal(peer.engine.counters.peerResets, 10);
  peer.wait(1000);
  peer.send(id, headers(GET)).reset(id); // one was refilled
  id += 4;
  peer.expectAlive().reset(id); // never even had a head
  expectLimit(peer, "peer_resets", "peerResets");
});

Deno.test("peerResets: what was answered costs nothing", () => {
  const peer = limited({ peerResetBurst: 2, peerResetsPerSecond: 0 });
  for (let id = 0; id < 80; id += 4) {
    peer.send(id, headers(GET), true);
    peer.engine.sendResponse(id, { status: 200, fields: NOTHING }, false);
    peer.pump().stop(id);
  }
  assert.equal(peer.expectAlive().engine.counters.peerResets, 0);
  assert.equal(peer.engine.openExchanges, 0);
});

Deno.test("errorResets: errors that make this end reset empty a budget of their own [limit:error_resets]", () => {
  const peer = limited({ errorResetBurst: 5, errorResetsPerSecond: 0 });
  for (let id = 0; id < 20; id += 4) peer.send(id, headers([...GET, "X", "1"]), true);
  peer.expectAlive().send(20, headers([...GET, "X", "1"]), true);
  expectLimit(peer, "error_resets", "errorResets");
});

Deno.test("glitches: ignored frames, streams and repeated control frames [limit:glitches]", () => {
  const attacks: readonly ((peer: H3Peer, i: number) => void)[] = [
    (peer) => peer.control(frame(0x21)),
    (peer) => peer.send(0, frame(0x40, [1])),
    (peer, i) => peer.send(peer.uni(3 + i), [0x21]),
    (peer) => peer.control(frame(0xf0700, [0, 0x75, 0x3d, 0x31])),
    (peer) => peer.control(frame(13, [5])),
    (peer) => peer.control(goaway(0)),
    (peer) => peer.control(frame(12)),
  ];
  for (const attack of attacks) {
    const peer = limited({ glitchBurst: 20, glitchesPerSecond: 0 });
    for (let i = 0; i < 20; i++) attack(peer, i);
    peer.expectAlive();
    attack(peer, 20);
    expectLimit(peer, "glitches", "glitches");
  }
});

Deno.test("maxSettingsEntries and maxSettingsBytes [limit:settings_entries] [limit:settings_bytes]", () => {
  const entries = Array.from({ length: 33 }, (_, i) => [0x1000 + i, 1]).flat();
  const many = new H3Peer({ role: "server" }).send(2, join(0, settings(...entries)));
  expectLimit(many, "settings_entries", "settingsEntries");
  const long = new H3Peer({ role: "server" }).send(2, join(0, frameHeader(4, 8193)));
  expectLimit(long, "settings_bytes", "settingsBytes");
});

Deno.test("maxPriorityUpdateBytes [limit:priority_update_bytes]", () => {
  expectLimit(h3Server().control(frameHeader(0xf0700, 257)), "priority_update_bytes", "priorityUpdateBytes");
});

Deno.test("maxEmptyDataFrames, in a row [limit:empty_data]", () => {
  const peer = limited({ maxEmptyDataFrames: 10 }).send(0, headers(POST));
  for (let i = 0; i < 30; i++) peer.send(0, join(data(""), data(""), data("x")));
  peer.expectAlive().send(0, join(...Array.from({ length: 11 }, () => data(""))));
  expectLimit(peer, "empty_data", "emptyData");
});

Deno.test("smallDataBudgetBytes: unread small pieces end the exchange, reading refunds [limit:small_data]", () => {
  const deaf = limited({}).send(0, headers(POST));
  for (let i = 0; i < 100; i++) deaf.send(0, data("x"));
  assert.equal(deaf.expectAlive().engine.wantsData(0), false, "the driver was told to stop long before");
  deaf.send(0, data("x"));
  deaf.expectStreamError(0, "H3_EXCESSIVE_LOAD");
  assert.equal(deaf.engine.counters.smallData, 1);
  const reader = limited({}).send(0, headers(POST));
  for (let i = 0; i < 2000; i++) {
    reader.send(0, data("x"));
    reader.engine.consume(0, 1);
  }
  assert(reader.expectAlive().engine.wantsData(0));
});

Deno.test("maxInterimResponses [limit:interim_responses]", () => {
  const peer = h3Client();
  peer.engine.sendRequest(REQUEST, true);
  for (let i = 0; i < 5; i++) peer.send(0, headers([":status", "103"]));
  assert.equal(peer.of("aborted").length, 0);
  peer.send(0, headers([":status", "103"]));
  assert.equal(peer.expectAlive().of("aborted")[0]!.error.rule, "limit:interim_responses");
  assert.equal(peer.engine.counters.interimResponses, 1);
});

Deno.test("maxUnidentifiedStreams [limit:unidentified_streams]", () => {
  const peer = limited({ maxUnidentifiedStreams: 5 });
  for (let n = 3; n < 8; n++) peer.engine.peerOpened(peer.uni(n), 0);
  peer.pump().expectAlive();
  peer.engine.peerOpened(peer.uni(8), 0);
  expectLimit(peer.pump(), "unidentified_streams", "unidentifiedStreams");
});

Deno.test("stream ids that skip too many end the connection [limit:skipped_streams]", () => {
  expectLimit(h3Server().send(4 * 1001, headers(GET)), "skipped_streams", "skippedStreams");
  expectLimit(h3Server().send(4 * 5000 + 2, [0x21]), "skipped_streams", "skippedStreams");
  h3Server().send(4 * 999, headers(GET)).expectAlive();
});

Deno.test("maxQueuedFrames: control frames that nobody reads [limit:queued_frames]", () => {
  const peer = h3Client({ limits: { maxQueuedFrames: 50 } });
  peer.isReading = false;
  peer.engine.sendRequest(REQUEST, false);
  for (let i = 0; i < 60 && !peer.engine.isClosed; i++) {
    peer.engine.setPriority(0, { urgency: i % 8, incremental: false });
    peer.pump();
  }
  expectLimit(peer, "queued_frames", "queuedFrames");
});

Deno.test("handshakeTimeoutMs: SETTINGS never come [limit:handshake_timeout]", () => {
  for (const role of ["server", "client"] as const) {
    const silent = new H3Peer({ role }).wait(9999).expectAlive().wait(1);
    expectLimit(silent, "handshake_timeout", "handshakeTimeout", "H3_MISSING_SETTINGS");
    const begun = new H3Peer({ role });
    begun.send(begun.uni(0), [0, 4]).wait(10_000);
    expectLimit(begun, "handshake_timeout", "handshakeTimeout", "H3_MISSING_SETTINGS");
  }
});

Deno.test("headTimeoutMs: requests that never come whole, also silent ones [limit:head_timeout]", () => {
  const peer = h3Server();
  peer.engine.peerOpened(0, 0);
  peer.send(4, [0x01]).send(8, [0x01, 0x20, 0, 0]).send(12, frame(0x21));
  peer.wait(10_000).send(4, [0x20]); // a trickle buys no time
  peer.send(16, headers(GET), true);
  peer.wait(19_999);
  assert.equal(peer.resets.size, 0);
  peer.wait(1).expectAlive();
  assert.deepEqual([...peer.resets], [[0, 0x10b], [4, 0x10b], [8, 0x10b], [12, 0x10b]]);
  assert.equal(peer.engine.counters.headTimeout, 4);
  assert.equal(peer.engine.openExchanges, 1);
});

Deno.test("headTimeoutMs: trailers that were begun, and responses [limit:head_timeout]", () => {
  const peer = limited({ minDataRate: 0 }).send(0, join(headers(POST), frameHeader(1, 10), [0]));
  peer.wait(30_000).expectStreamError(0, "H3_REQUEST_REJECTED");
  const client = h3Client();
  client.engine.sendRequest(REQUEST, true);
  client.pump().wait(3_600_000); // a server may take its time
  client.send(0, frameHeader(1, 10)).wait(29_999);
  assert.equal(client.of("aborted").length, 0);
  client.wait(1);
  assert.equal(client.of("aborted")[0]!.error.rule, "limit:head_timeout");
});

Deno.test("streamTypeTimeoutMs: each silent stream has its own deadline [limit:stream_type_timeout]", () => {
  const peer = h3Server();
  peer.engine.peerOpened(peer.uni(3), 0);
  peer.wait(10_000).send(peer.uni(4), [0x40]);
  peer.wait(20_000);
  assert.deepEqual([...peer.stops], [[peer.uni(3), 0x103]]);
  peer.wait(10_000).expectAlive();
  assert.deepEqual([...peer.stops.keys()], [peer.uni(3), peer.uni(4)]);
  assert.equal(peer.engine.counters.streamTypeTimeout, 2);
});

Deno.test("idleTimeoutMs: an idle server ends in order [limit:idle_timeout]", () => {
  const peer = h3Server({ goawayNoticeMs: 10, lingerMs: 20 }).wait(100_000).send(0, headers(GET), true);
  peer.engine.sendResponse(0, { status: 204, fields: NOTHING }, true);
  peer.pump().wait(129_999);
  assert(!peer.engine.isGoingAway);
  peer.wait(1);
  assert(peer.engine.isGoingAway);
  peer.wait(30).expectClose("H3_NO_ERROR");
  assert.equal(peer.engine.counters.idleTimeout, 1);
  const busy = h3Server({ limits: { minDataRate: 0 } }).send(0, headers(GET), true).wait(500_000);
  assert(!busy.engine.isGoingAway);
  assert.equal(h3Client().wait(500_000).engine.isGoingAway, false);
});

Deno.test("minDataRate: a request body that trickles [limit:data_rate]", () => {
  const peer = h3Server().send(0, headers(POST));
  for (let i = 0; i < 4; i++) peer.wait(1000).send(0, data(200));
  peer.wait(999);
  assert.equal(peer.resets.size, 0);
  peer.wait(1).expectStreamError(0, "H3_EXCESSIVE_LOAD");
  assert.equal(peer.of("aborted")[0]!.error.rule, "limit:data_rate");
  const quick = h3Server().send(0, headers(POST));
  for (let i = 0; i < 20; i++) quick.wait(4000).send(0, data(1500)).engine.consume(0, 1500);
  assert.equal(quick.expectAlive().resets.size, 0);
});

Deno.test("minDataRate: it is no fault of the peer while the application does not read", () => {
  const peer = h3Server({ maxUnreadBytes: 1000 }).send(0, join(headers(POST), data(1000)));
  peer.wait(60_000).expectAlive();
  assert.equal(peer.resets.size, 0);
  peer.engine.consume(0, 1000);
  peer.wait(4999);
  assert.equal(peer.resets.size, 0);
  peer.wait(1).expectStreamError(0, "H3_EXCESSIVE_LOAD");
});

Deno.test("minDataRate: tunnels, exempt exchanges and clients are left alone", () => {
  const tunnel = h3Server().send(0, headers([":method", "CONNECT", ":authority", "b.example:1"]));
  tunnel.engine.sendResponse(0, { status: 200, fields: NOTHING }, false);
  assert.equal(tunnel.pump().wait(60_000).resets.size, 0);
  const exempt = h3Server().send(0, headers(POST));
  exempt.engine.allowSlow(0);
  assert.equal(exempt.wait(60_000).resets.size, 0);
  const client = h3Client();
  client.engine.sendRequest(REQUEST, true);
  client.send(0, headers(OK)).wait(60_000);
  assert.equal(client.of("aborted").length, 0);
});

Deno.test("minDataRate: a response that is not read, during it and after its end [limit:data_rate]", () => {
  // 24,000 bytes at 240 a second may take 100 s, and 5 s of grace: it is looked at every 5 s.
  const start = (end: boolean, bytes: number) => {
    const peer = h3Server({ limits: { idleTimeoutMs: 10_000_000 } }).send(0, headers(GET), true);
    peer.isReading = false;
    peer.engine.sendResponse(0, { status: 200, fields: NOTHING }, false);
    peer.engine.sendBody(0, new Uint8Array(bytes), end);
    return peer.pump();
  };
  const slow = start(false, 24_000).wait(104_999);
  assert.equal(slow.resets.size, 0);
  slow.wait(5001);
  assert.equal(slow.resets.get(0), 0x107);
  assert.equal(slow.of("aborted")[0]!.error.rule, "limit:data_rate");
  const draining = start(true, 24_000);
  assert.equal(draining.of("done").length, 1);
  draining.wait(110_000);
  assert.equal(draining.resets.get(0), 0x107);
  assert.equal(draining.engine.counters.dataRate, 1);
  const steady = start(true, 800_000);
  while (steady.unread.length > 0) {
    steady.wait(60_000);
    const { stream, data } = steady.unread.shift()!;
    steady.engine.written(stream, data);
    steady.pump();
  }
  assert.equal(steady.expectAlive().resets.size, 0);
});

Deno.test("idleTimeoutMs: a connection is not idle while the end of a response is read", () => {
  const peer = h3Server({ limits: { idleTimeoutMs: 10_000 } }).send(0, headers(GET), true);
  peer.isReading = false;
  peer.engine.sendResponse(0, { status: 200, fields: NOTHING }, false);
  peer.engine.sendBody(0, new Uint8Array(10_000), true);
  peer.pump();
  assert.equal(peer.of("done").length, 1);
  assert.equal(peer.wait(30_000).engine.counters.idleTimeout, 0);
  peer.readAll().wait(9999);
  assert.equal(peer.engine.counters.idleTimeout, 0);
  assert.equal(peer.wait(1).engine.counters.idleTimeout, 1);
});

Deno.test("H3Connection with every limit at its smallest does not throw", () => {
  const names: (keyof Limits)[] = [
    "maxConcurrentStreams",
    "maxHeaderListBytes",
    "maxHeaderFields",
    "headerListGrace",
    "glitchBurst",
    "maxSettingsEntries",
    "maxSettingsBytes",
    "maxEmptyDataFrames",
    "smallDataBudgetBytes",
    "maxSendBufferBytes",
    "qpackTableBytes",
    "qpackBlockedStreams",
    "maxQueuedFrames",
    "maxUnidentifiedStreams",
  ];
  for (const name of names) {
    const peer = new H3Peer({ role: "server", limits: { [name]: 0 } });
    peer.send(2, join(0, settings(1, 1)));
    peer.send(0, join(headers(POST), data(""), data("x"), frame(0x21)), true);
    peer.wait(1000);
    assert.equal(peer.engine.counters.internalErrors, 0);
  }
});
