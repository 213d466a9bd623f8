import assert from "node:assert/strict";
import { H3Connection, type H3Options } from "../../h3/engine.ts";
import { CAUSES, H3ErrorCode } from "../../h3/errors.ts";
import { type AbortCause, Fields } from "../../semantics/mod.ts";
import { data, GET, headers, join, OK, POST } from "../support/h3_frames.ts";
import { cutTest, h3Client, H3Peer, h3Server } from "../support/h3_peer.ts";

const REQUEST = { method: "POST", scheme: "https", authority: "a.example", path: "/", fields: new Fields() };
const NOTHING = new Fields();

Deno.test("abort sends the code of its cause, where codes can be sent", () => {
  for (const [cause, name] of Object.entries(CAUSES)) {
    const peer = h3Server().send(0, headers(POST));
    peer.engine.abort(0, "both", cause as AbortCause);
    peer.pump().expectStreamError(0, name);
    const [aborted] = peer.of("aborted");
    assert.deepEqual([aborted!.side, aborted!.error.initiator, aborted!.error.code], ["both", "user", name]);
    assert.equal(peer.engine.openExchanges, 0);
  }
});

Deno.test("abort ends one half and leaves the other", () => {
  const peer = h3Server().send(0, join(headers(POST), data("x")));
  peer.engine.abort(0, "read", "unneeded");
  peer.pump();
  assert.equal(peer.stops.get(0), 0x100);
  peer.send(0, data("dropped"));
  peer.engine.sendResponse(0, { status: 200, fields: NOTHING }, true);
  peer.pump();
  assert.deepEqual(peer.events.map(({ type }) => type), ["settings", "request", "body", "aborted", "done"]);
  const client = h3Client();
  client.engine.sendRequest(REQUEST, false);
  client.engine.abort(0, "write", "cancelled");
  client.pump();
  assert.equal(client.resets.get(0), 0x10c);
  client.send(0, join(headers(OK), data("still")), true);
  assert.equal(client.of("body").length, 1);
  assert.equal(client.engine.openExchanges, 0);
});

cutTest("resets and stops of the peer arrive with their codes and their verdict", (cut) => {
  const server = h3Server({}, cut).send(0, join(headers(POST), data("x"))).reset(0, "H3_CONNECT_ERROR");
  const [read] = server.of("aborted");
  assert.deepEqual([read!.side, read!.error.code, read!.error.initiator], [
    "read",
    "H3_CONNECT_ERROR",
    "remote",
  ]);
  assert.equal(server.engine.openExchanges, 1);
  server.engine.sendResponse(0, { status: 500, fields: NOTHING }, true); // it may still answer
  assert.equal(server.pump().engine.openExchanges, 0);

  const client = h3Client({}, cut);
  client.engine.sendRequest(REQUEST, false);
  client.pump().reset(0, "H3_REQUEST_REJECTED");
  const [both] = client.of("aborted");
  assert.deepEqual([both!.side, both!.error.retry, both!.error.wireCode], ["both", "refused", 0x10b]);
  assert.equal(client.resets.get(0), 0x10c);

  const stopped = h3Client({}, cut);
  stopped.engine.sendRequest(REQUEST, false);
  stopped.engine.sendBody(0, new Uint8Array(20), false);
  stopped.pump().stop(0, "H3_NO_ERROR");
  assert.equal(stopped.of("aborted")[0]!.side, "write");
  assert.equal(stopped.resets.get(0), 0x100);
  stopped.send(0, headers(OK), true);
  assert.equal(stopped.of("response").length, 1);

  const unknown = h3Client({}, cut);
  unknown.engine.sendRequest(REQUEST, true);
  unknown.pump().engine.receiveReset(0, undefined, 0);
  assert.equal(unknown.pump().of("aborted")[0]!.error.code, "H3_NO_CODE");
});

/** What the peer of an engine without exact codes gets to see of an abort: a server or a client that reads it. */
function readBy(role: "client" | "server", sender: H3Peer): H3Peer {
  const reader = new H3Peer({ role }).handshake();
  if (role === "client") reader.engine.sendRequest({ ...REQUEST, method: "GET" }, true);
  reader.pump().send(0, sender.wrote.get(0) ?? [], sender.fins.has(0));
  return reader;
}

const BODIES: readonly (readonly [string, readonly string[]])[] = [
  ["with a declared length", ["content-length", "1000"]],
  ["with a declared length that is met but for the end", ["content-length", "100"]],
  ["without a declared length", []],
];

for (const [what, fields] of BODIES) {
  Deno.test(`an aborted message ${what} is never taken for whole without exact codes`, () => {
    const server = h3Server({ exactStreamErrors: false }).send(0, headers(GET), true);
    server.engine.sendResponse(0, { status: 200, fields: new Fields([...fields]) }, false);
    server.engine.sendBody(0, new Uint8Array(100), false);
    server.engine.abort(0, "both", "internal");
    server.pump().expectAlive();
    assert.equal(server.resets.size, 0);
    assert(server.fins.has(0));
    const client = readBy("client", server).expectAlive();
    assert.equal(client.of("aborted")[0]!.error.code, "H3_MESSAGE_ERROR");
    assert(client.of("body").every(({ end }) => !end));

    const sender = h3Client({ exactStreamErrors: false });
    sender.engine.sendRequest({ ...REQUEST, fields: new Fields([...fields]) }, false);
    sender.engine.sendBody(0, new Uint8Array(100), false);
    sender.pump().engine.abort(0, "both", "cancelled");
    sender.pump();
    const reader = readBy("server", sender).expectAlive();
    assert.equal(reader.resets.get(0), H3ErrorCode.H3_MESSAGE_ERROR);
  });
}

Deno.test("an abort before anything was sent ends without a message", () => {
  const server = h3Server({ exactStreamErrors: false }).send(0, headers(GET), true);
  server.engine.sendResponse(0, { status: 103, fields: NOTHING }, false);
  server.engine.abort(0, "both", "internal");
  server.pump();
  assert.equal(server.engine.counters.poisoned, 0);
  assert.equal(readBy("client", server).of("aborted")[0]!.error.code, "H3_MESSAGE_ERROR");
});

Deno.test("a refusal without exact codes is a status, since FIN proves nothing", () => {
  const server = h3Server({ exactStreamErrors: false, limits: { maxConcurrentStreams: 1 } });
  server.send(0, headers(POST)).send(4, headers(GET), true);
  server.engine.abort(0, "both", "refused");
  server.pump().expectAlive();
  assert.equal(server.sections(0)[0]![1], "503");
  assert.equal(server.sections(4)[0]![1], "503");
  assert.equal(server.resets.size, 0);
  const malformed = h3Server({ exactStreamErrors: false }).send(0, headers([...GET, "X", "1"]), true);
  assert.equal(malformed.sections(0)[0]![1], "400");
  assert(malformed.fins.has(0));
});

Deno.test("the strict ladder closes the connection with the exact code instead of poisoning [9114-4.1.1:cancelled]", () => {
  const server = h3Server({ exactStreamErrors: false, abortLadder: "strict" }).send(0, headers(GET), true);
  server.engine.sendResponse(0, { status: 200, fields: NOTHING }, false);
  server.engine.sendBody(0, new Uint8Array(10), false);
  server.engine.abort(0, "both", "internal");
  server.pump().expectClose("H3_INTERNAL_ERROR");
  const unsent = h3Server({ exactStreamErrors: false, abortLadder: "strict" }).send(0, headers(GET), true);
  unsent.engine.abort(0, "both", "internal");
  unsent.pump().expectAlive(); // FIN without a head is no message
});

Deno.test("an abort that the peer does not read closes the connection [limit:abort_timeout]", () => {
  const server = h3Server({ exactStreamErrors: false, abortTimeoutMs: 3000, limits: { minDataRate: 0 } });
  server.send(0, headers(GET), true);
  server.isReading = false;
  server.engine.sendResponse(0, { status: 200, fields: NOTHING }, false);
  server.engine.sendBody(0, new Uint8Array(500_000), false);
  server.pump();
  server.engine.abort(0, "both", "calm");
  server.pump();
  const written = server.wrote.get(0)!.length;
  assert(written < 140_000, "what was queued is dropped");
  server.wait(2999).expectAlive();
  server.wait(1).expectClose("H3_EXCESSIVE_LOAD");
  assert.equal(server.closed!.reason, "abort_timeout");
  assert.equal(server.engine.counters.abortTimeout, 1);
});

Deno.test("an abort always falls on a frame boundary", () => {
  for (let size = 1; size < 400_000; size = size * 3 + 1) {
    const server = h3Server({ exactStreamErrors: false }).send(0, headers(GET), true);
    server.isReading = false;
    server.engine.sendResponse(0, { status: 200, fields: NOTHING }, false);
    server.engine.sendBody(0, new Uint8Array(size), false);
    server.pump();
    server.engine.abort(0, "write", "cancelled");
    server.pump().frames(0); // throws for a frame that is not whole
    for (const command of server.commands) {
      if (command.type !== "write" || command.stream !== 0) continue;
      const alone = new H3Peer({ role: "client" });
      alone.wrote.set(0, [...command.data]);
      alone.frames(0);
    }
  }
});

Deno.test("in a tunnel an abort is FIN: no HEADERS may stand there [9114-4.4]", () => {
  const options: Partial<H3Options> = { exactStreamErrors: false };
  const server = h3Server(options).send(0, headers([":method", "CONNECT", ":authority", "b.example:1"]));
  server.engine.sendResponse(0, { status: 200, fields: NOTHING }, false);
  server.engine.sendBody(0, Uint8Array.of(1), false);
  server.engine.abort(0, "both", "connect");
  server.pump().expectAlive();
  assert.deepEqual(server.frames(0).map(({ type }) => type), [1, 0]);
  assert(server.fins.has(0));
});

Deno.test("verbs on what is over are ignored", () => {
  const engine = new H3Connection({ role: "server", now: 0 });
  engine.abort(0, "both", "internal");
  engine.consume(0, 5);
  engine.setPriority(0, { urgency: 1, incremental: false });
  engine.sendTrailers(0, NOTHING);
  assert.equal(engine.sendDatagram(0, new Uint8Array(1)), false);
  engine.close();
  engine.close();
  engine.shutdown();
  engine.receive(0, Uint8Array.of(1), false, 0);
  engine.tick(1e9);
  assert.deepEqual(engine.take(), [{ type: "closed" }]);
  assert.deepEqual(engine.outbox(), [{ type: "close", code: 0x100, reason: "" }]);
  assert.deepEqual(engine.outbox(), []);
});

Deno.test("a stop that comes before the request gives the exchange up unseen", () => {
  const peer = h3Server().stop(0);
  assert.equal(peer.stops.get(0), 0x10c);
  peer.send(0, headers(GET), true);
  assert.equal(peer.expectAlive().of("request").length, 0);
  assert.equal(peer.engine.openExchanges, 0);
});
