import assert from "node:assert/strict";
import { H2Connection } from "../../h2/connection.ts";
import { H2ErrorCode } from "../../h2/errors.ts";
import type { AbortedEvent, EngineEvent } from "../../semantics/events.ts";
import { Fields } from "../../semantics/mod.ts";
import {
  data,
  describeFrame,
  frame,
  FrameType,
  goaway,
  latin1,
  ping,
  rstStream,
} from "../support/h2_frames.ts";
import { EnginePair, requestHead } from "../support/h2_pair.ts";
import { DELIVERIES, engineTest, type RawPeer } from "../support/h2_peer.ts";

const OK = { status: 200, fields: new Fields() };

function aborts(events: readonly EngineEvent[]): string[] {
  return events.filter((event): event is AbortedEvent => event.type === "aborted").map((
    { id, side, error },
  ) => `${id} ${side} ${error.code} ${error.initiator} ${error.retry}`);
}

const get = (peer: RawPeer, stream: number) => peer.request(stream, { end: true });

// ------------------------------------------------------------------ shutdown and GOAWAY

engineTest(
  "H2Connection of a server ends in two steps and refuses late requests [9113-6.8:refused]",
  (make) => {
    const peer = make();
    peer.sends(get(peer, 1));
    peer.engine.shutdown();
    const frames = peer.frames();
    assert.deepEqual(frames.map(describeFrame), ["GOAWAY 2147483647 0", "PING"]);
    // What was on its way is still served.
    peer.sends(get(peer, 3));
    peer.sends(frame(FrameType.PING, 1, 0, frames[1]!.payload));
    assert.deepEqual(peer.lines(), ["GOAWAY 3 0"]);
    peer.sends(get(peer, 5));
    assert.deepEqual(peer.lines(), ["RST_STREAM 5 7"]);
    assert.equal(peer.engine.isGoingAway, true);
    assert.deepEqual(peer.types(), ["request", "request"]);
    for (const id of [1, 3]) peer.engine.sendResponse(id, { status: 204, fields: new Fields() }, true);
    assert.equal(peer.engine.isClosed, true);
    assert.deepEqual(peer.types(), ["done", "done", "closed"]);
    assert.equal(peer.engine.nextDeadline(), Infinity);
  },
);

engineTest("H2Connection of a server says the final id at once when told twice [9113-6.8:growth]", (make) => {
  const peer = make();
  peer.sends(get(peer, 7));
  peer.engine.shutdown();
  peer.engine.shutdown();
  assert.deepEqual(peer.lines(), ["GOAWAY 2147483647 0", "PING", "GOAWAY 7 0"]);
  peer.engine.shutdown();
  assert.deepEqual(peer.lines(), []);
});

engineTest(
  "H2Connection of a client fails what a GOAWAY leaves out, and that alone [9113-6.8:refused]",
  (make) => {
    const peer = make({ role: "client" });
    for (let i = 0; i < 3; i++) peer.engine.sendRequest(requestHead(), true);
    peer.frames();
    peer.sends(goaway(2 ** 31 - 1, 0));
    assert.deepEqual(peer.events(), [{ type: "goingAway", unprocessed: [], wireCode: 0 }]);
    assert.equal(peer.engine.canOpen, false);
    assert.throws(() => peer.engine.sendRequest(requestHead(), true), RangeError);
    peer.sends(goaway(3, 0));
    const events = peer.events();
    assert.deepEqual(events[0], { type: "goingAway", unprocessed: [5], wireCode: 0 });
    assert.deepEqual(aborts(events), ["5 both GOAWAY remote refused"]);
    peer.sends(peer.response(1, { end: true }), peer.response(3, { end: true }));
    assert.deepEqual(peer.types(), ["response", "done", "response", "done", "closed"]);
    assert.deepEqual(peer.lines(), ["GOAWAY 0 0"]);
  },
);

engineTest("H2Connection refuses a GOAWAY whose id grows [9113-6.8:growth]", (make) => {
  const peer = make({ role: "client" });
  peer.engine.sendRequest(requestHead(), true);
  peer.sends(goaway(1, 0), goaway(3, 0));
  assert(peer.lines().at(-1)!.startsWith("GOAWAY 0 1"));
});

engineTest("H2Connection of a client ends once its exchanges have", (make) => {
  const peer = make({ role: "client" });
  const id = peer.engine.sendRequest(requestHead(), true);
  peer.engine.shutdown();
  assert.equal(peer.engine.canOpen, false);
  assert.deepEqual(peer.lines(), ["HEADERS 1 end", "GOAWAY 0 0"]);
  peer.sends(peer.response(id, { end: true }));
  assert.deepEqual(peer.types(), ["response", "done", "closed"]);
});

engineTest("H2Connection of a server waits for a client that announced its end", (make) => {
  const peer = make();
  peer.now = 500;
  peer.sends(goaway(0, 0), ping());
  assert.deepEqual(peer.lines(), ["PING ack"]);
  assert.equal(peer.engine.isGoingAway, true);
  assert.equal(peer.engine.nextDeadline(), 1500);
  peer.tick(1500);
  peer.tick(2500);
  assert.equal(peer.engine.isClosed, true);
  assert.equal(peer.engine.counters.idleTimeout, 0);
});

// ------------------------------------------------------------------ verdicts

Deno.test("H2Connection knows the fate of each request when the transport ends", () => {
  const client = new H2Connection({ role: "client", now: 0 });
  client.sendRequest(requestHead(), true);
  client.sendRequest(requestHead(), false);
  client.output();
  client.sendRequest(requestHead(), true);
  assert.deepEqual([1, 3, 5].map((id) => client.verdict(id)), ["unknown", "unknown", "unsent"]);
  client.receiveEnd(1);
  const events = client.take();
  assert.deepEqual(aborts(events), [
    "1 both closed remote unknown",
    "3 both closed remote unknown",
    "5 both closed remote unsent",
  ]);
  const closed = events.at(-1)!;
  assert(closed.type === "closed" && closed.error?.code === "closed");
});

engineTest(
  "H2Connection of a client trusts REFUSED_STREAM and no other reset [9113-6.8:refused]",
  (make) => {
    const peer = make({ role: "client" });
    for (let i = 0; i < 2; i++) peer.engine.sendRequest(requestHead(), true);
    peer.frames();
    peer.sends(rstStream(1, H2ErrorCode.REFUSED_STREAM), rstStream(3, 0xabcdef));
    assert.deepEqual(aborts(peer.events()), [
      "1 both REFUSED_STREAM remote refused",
      "3 both UNKNOWN_abcdef remote unknown",
    ]);
    assert.deepEqual(peer.lines(), [], "a reset is not answered with a reset");
  },
);

engineTest("H2Connection ends in order when the peer closes and nothing is open", (make) => {
  const peer = make();
  peer.engine.receiveEnd(5);
  assert.deepEqual(peer.events(), [{ type: "closed" }]);
  const cut = make();
  cut.sends(ping().subarray(0, 5));
  cut.engine.receiveEnd(5);
  const [closed] = cut.events();
  assert(closed?.type === "closed" && closed.error !== undefined, "a frame is cut off");
});

// ------------------------------------------------------------------ halves

engineTest("H2Connection of a server that answered early needs no more of the request", (make) => {
  const peer = make();
  peer.sends(peer.request(1, { method: "POST" }), data(1, "begin"));
  peer.engine.sendResponse(1, OK, false);
  peer.engine.sendBody(1, latin1("enough"), true);
  assert.deepEqual(peer.lines(), ["HEADERS 1", "DATA 1 6 end"]);
  const events = peer.events();
  assert.deepEqual(aborts(events), ["1 read NO_ERROR local unknown"]);
  assert.equal(events.at(-1)!.type, "done");
  peer.sends(data(1, "late".repeat(100)));
  assert.deepEqual(peer.lines(), ["RST_STREAM 1 0"]);
  peer.sends(data(1, "late".repeat(100)), peer.headers(1, ["x-late", "1"], { end: true }), get(peer, 3));
  assert.deepEqual(peer.lines(), []);
  assert.deepEqual(peer.types(), ["request"]);
});

engineTest("H2Connection of a server that answered early takes the end that was on its way", (make) => {
  const peer = make();
  peer.sends(peer.request(1, { method: "POST" }), peer.request(3, { method: "POST" }));
  for (const id of [1, 3]) peer.engine.sendResponse(id, { status: 204, fields: new Fields() }, true);
  peer.frames();
  peer.events();
  peer.engine.abort(1, "both", "cancelled");
  peer.sends(data(1, "rest", { end: true }));
  assert.deepEqual(peer.lines(), []);
  assert.equal(peer.engine.streamState(1), undefined);
  // Nothing more of the other: it is reset after a moment.
  peer.tick(999);
  assert.deepEqual(peer.lines(), []);
  peer.tick(1000);
  assert.deepEqual(peer.lines(), ["RST_STREAM 3 0"]);
  assert.deepEqual(peer.types(), []);
  assert.equal(peer.engine.openExchanges, 0);
  assert.equal(peer.engine.counters.exchangesDone, 2);
});

engineTest("H2Connection lets each half of a tunnel end by itself [9113-8.5:tunnel]", (make) => {
  const peer = make();
  peer.sends(peer.headers(1, [":method", "CONNECT", ":authority", "b.example:443"]));
  peer.engine.sendResponse(1, OK, false);
  peer.engine.sendBody(1, latin1("bye"), true);
  assert.deepEqual(peer.lines(), ["HEADERS 1", "DATA 1 3 end"]);
  assert.equal(peer.engine.streamState(1), "half-closed (local)");
  peer.sends(data(1, "still here", { end: true }));
  assert.deepEqual(peer.types(), ["request", "body", "done"]);
});

engineTest("H2Connection of a client takes an early answer and the reset behind it as a success", (make) => {
  const peer = make({ role: "client" });
  peer.engine.sendRequest(requestHead("POST"), false);
  peer.engine.sendBody(1, new Uint8Array(200_000), true);
  peer.frames();
  peer.sends(peer.response(1), data(1, "no", { end: true }), rstStream(1, 0));
  const events = peer.events();
  assert.deepEqual(events.map(({ type }) => type), ["response", "body", "aborted", "done"]);
  assert.deepEqual(aborts(events), ["1 write NO_ERROR remote unknown"]);
});

engineTest("H2Connection gives up the receiving half and finishes the other", (make) => {
  const peer = make();
  peer.sends(peer.request(1, { method: "POST" }), data(1, "some"));
  peer.engine.sendResponse(1, OK, false);
  peer.engine.abort(1, "read", "unneeded");
  peer.sends(data(1, "more"));
  peer.engine.sendBody(1, latin1("answer"), true);
  assert.deepEqual(peer.lines(), ["HEADERS 1", "DATA 1 6 end"]);
  const types = peer.types();
  assert.deepEqual(types, ["request", "body", "aborted", "done"]);
  peer.sends(data(1, "still more"));
  assert.deepEqual(peer.lines(), ["RST_STREAM 1 0"]);
  const other = make();
  other.sends(other.request(1, { method: "POST" }));
  other.engine.abort(1, "read", "cancelled");
  other.engine.sendResponse(1, OK, true);
  assert.deepEqual(other.lines(), ["HEADERS 1 end", "RST_STREAM 1 8"]);
});

engineTest("H2Connection resets with the code of the cause", (make) => {
  const codes = { cancelled: 8, refused: 7, internal: 2, unneeded: 0, calm: 11, connect: 10 } as const;
  for (const [cause, code] of Object.entries(codes)) {
    const peer = make();
    peer.sends(get(peer, 1));
    peer.engine.abort(1, "both", cause as keyof typeof codes);
    assert.deepEqual(peer.lines(), [`RST_STREAM 1 ${code}`]);
    assert.equal(peer.engine.openExchanges, 0);
    // Verbs on an exchange that is over do nothing.
    peer.engine.sendResponse(1, OK, false);
    assert.equal(peer.engine.sendBody(1, latin1("x"), true), true);
    peer.engine.sendTrailers(1, new Fields());
    peer.engine.consume(1, 10);
    peer.engine.abort(1, "both", "cancelled");
    assert.equal(peer.engine.hasOutput, false);
  }
});

for (const delivery of DELIVERIES) {
  Deno.test(`10,000 exchanges cancelled at every stage leave nothing in the engines (${delivery})`, () => {
    const limits = { peerResetBurst: 1e6, glitchBurst: 1e6, errorResetBurst: 1e6, maxQueuedFrames: 1e6 };
    const pair = new EnginePair({ delivery, client: { limits }, server: { limits } });
    const count = delivery === "whole" ? 10_000 : 1000;
    const body = new Uint8Array(300);
    for (let i = 0; i < count; i++) {
      const id = pair.client.sendRequest(requestHead("POST"), false);
      const stage = i % 10;
      const cancelClient = (side: "read" | "both" = "both") => pair.client.abort(id, side, "cancelled");
      const cancelServer = (side: "read" | "write" | "both" = "both") =>
        pair.server.abort(id, side, "internal");
      if (stage === 0) cancelClient();
      pair.client.sendBody(id, body, false);
      if (stage === 1) cancelClient();
      pair.run();
      if (stage === 2) cancelClient();
      if (stage === 3) cancelServer();
      pair.server.sendResponse(id, OK, false);
      if (stage === 4) cancelServer("write");
      pair.run();
      if (stage === 5) cancelClient();
      pair.server.sendBody(id, body, false);
      if (stage === 6) cancelServer("read");
      pair.client.sendBody(id, body, true);
      if (stage === 7) cancelClient("read");
      pair.run();
      if (stage === 8) cancelServer();
      pair.server.sendBody(id, body, true);
      pair.run();
      if (stage === 9) cancelClient();
      pair.run();
      pair.now++;
    }
    const events = [pair.clientEvents(), pair.serverEvents()];
    for (const engine of [pair.client, pair.server]) {
      assert.equal(engine.isClosed, false);
      assert.equal(engine.openExchanges, 0);
      assert.equal(engine.counters.internalErrors, 0);
      assert.equal(engine.hasOutput, false);
      const windows = engine.windows()!;
      assert.deepEqual([windows.queued, windows.unconsumed], [0, 0]);
    }
    // Every exchange that either shell knew ended exactly once.
    for (const list of events) {
      const ends = new Map<number, number>();
      const known = new Set<number>();
      for (const event of list) {
        if (event.type === "request") known.add(event.id);
        if (event.type === "done" || (event.type === "aborted" && event.side === "both")) {
          ends.set(event.id, (ends.get(event.id) ?? 0) + 1);
        }
      }
      for (const id of known) assert.equal(ends.get(id), 1, `exchange ${id}`);
      assert([...ends.values()].every((times) => times === 1));
    }
    // All windows are back, but for what is owed and was not worth a frame.
    assert(pair.server.windows()!.receive > 2 ** 21 - 1);
    pair.server.tick(pair.now + 130_000);
    assert(pair.client.nextDeadline() === Infinity);
  });
}
