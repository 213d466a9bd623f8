import assert from "node:assert/strict";
import {
  ConnectionError,
  Fields,
  type RetryVerdict,
  StreamError,
  TransportError,
} from "../../semantics/mod.ts";
import { ClientCore } from "../../shell/client_core.ts";
import { ReceivedBody } from "../../semantics/received_body.ts";
import { settle } from "../support/virtual_clock.ts";
import { FakeHost } from "./fake_engine.ts";

const URL_OF = "https://a.example/";

function arrived(text: string, end: boolean): ReceivedBody {
  return new ReceivedBody(0, new TextEncoder().encode(text), 0, text.length, end);
}

function makeCore(maxQueuedRequests = 10) {
  const host = new FakeHost();
  const core = new ClientCore({
    engine: host.engine,
    connection: host.connection,
    clock: host.clock,
    wake: () => host.wake(),
    maxQueuedRequests,
    isExtendedConnectEnabled: () => true,
  });
  return { core, engine: host.engine };
}

const head = (status = 200) => ({ status, fields: new Fields() });
const reset = (retry: RetryVerdict = "unknown"): StreamError =>
  new StreamError("H3_REQUEST_CANCELLED", "reset", { initiator: "remote", retry });

Deno.test("ClientCore opens what waited when there is room, in order", () => {
  const { core, engine } = makeCore();
  engine.canOpen = false;
  for (const path of ["a", "b", "c"]) core.request({ url: URL_OF + path });
  assert.deepEqual([core.queuedCount, engine.calls.length], [3, 0]);
  engine.canOpen = true;
  core.receive([{ type: "capacity" }]);
  assert.deepEqual(engine.calls.map((call) => call[2]), ["/a", "/b", "/c"]);
  assert.deepEqual([core.queuedCount, core.openCount], [0, 3]);
});

Deno.test("ClientCore lets others pass an extended CONNECT that waits for the peer's SETTINGS", () => {
  const { core, engine } = makeCore();
  core.request({ method: "CONNECT", url: `${URL_OF}ws`, protocol: "websocket" });
  assert.equal(core.queuedCount, 1);
  const other = core.request({ url: `${URL_OF}other` });
  core.turn();
  assert.equal(other.isQueued, false);
  assert.deepEqual(engine.calls.map((call) => call[2]), ["/other"]);
  core.receive([{ type: "settings", first: true }]);
  assert.deepEqual(engine.calls.map((call) => call[2]), ["/other", "/ws"]);
});

Deno.test("ClientExchange keeps a response that is complete, whatever becomes of its request", async () => {
  const { core } = makeCore();
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
  const exchange = core.request({ method: "POST", url: URL_OF, body });
  core.receive([
    { type: "response", id: 0, head: head(413), end: false },
    arrived("too large", true),
    { type: "aborted", id: 0, side: "write", error: reset() },
  ]);
  assert.equal(await (await exchange.response).text(), "too large");
  await exchange.closed;
  await settle();
  assert.equal(cancelled, true);
  core.receive([{ type: "done", id: 0 }]);
  assert.equal(core.openCount, 0);
});

Deno.test("ClientExchange waits for the response after the peer took no more of the request", async () => {
  const { core } = makeCore();
  const body = new ReadableStream<Uint8Array>();
  const exchange = core.request({ method: "POST", url: URL_OF, body });
  core.receive([{ type: "aborted", id: 0, side: "write", error: reset() }]);
  core.receive([{ type: "response", id: 0, head: head(), end: true }, { type: "done", id: 0 }]);
  assert.equal((await exchange.response).status, 200);
  await exchange.closed;
});

Deno.test("ClientExchange fails with a response that was cut off", async () => {
  const { core } = makeCore();
  const exchange = core.request({ url: URL_OF });
  core.receive([
    { type: "response", id: 0, head: head(), end: false },
    arrived("abc", false),
  ]);
  const response = await exchange.response;
  core.receive([{ type: "aborted", id: 0, side: "both", error: reset() }]);
  await assert.rejects(response.bytes(), StreamError);
  await assert.rejects(response.trailers, StreamError);
  await assert.rejects(exchange.closed, StreamError);
});

Deno.test("ClientCore tells each exchange its own fate when the connection ends", async () => {
  const { core, engine } = makeCore();
  const verdicts: RetryVerdict[] = ["unknown", "refused", "unsent"];
  engine.verdict = (id?: number): RetryVerdict => verdicts[id!]!;
  const all = verdicts.map(() => core.request({ url: URL_OF }));
  engine.canOpen = false;
  const queued = core.request({ url: URL_OF });
  const cause = new TransportError("lost", "gone", { initiator: "remote" });
  core.end(cause);
  for (const [i, exchange] of all.entries()) {
    await assert.rejects(exchange.response, (error: unknown) => {
      assert(error instanceof TransportError);
      return error.retry === verdicts[i] && error.code === "lost";
    });
  }
  await assert.rejects(queued.response, { retry: "unsent", code: "lost" });
  await assert.rejects(core.request({ url: URL_OF }).response, { retry: "unsent" });
  await assert.rejects(core.ready, TransportError);
  assert.deepEqual([core.openCount, core.queuedCount], [0, 0]);
});

Deno.test("ClientCore fails what the peer did not work on as refused, and lets the rest go on", async () => {
  const { core } = makeCore();
  const [first, second] = [core.request({ url: URL_OF }), core.request({ url: URL_OF })];
  core.receive([{ type: "goingAway", unprocessed: [1], wireCode: 0x100 }]);
  await assert.rejects(second.response, (error: unknown) => {
    assert(error instanceof ConnectionError);
    return error.retry === "refused" && error.wireCode === 0x100;
  });
  core.receive([{ type: "response", id: 0, head: head(), end: true }, { type: "done", id: 0 }]);
  assert.equal((await first.response).status, 200);
});

Deno.test("ClientExchange rejects without anybody looking, and nothing is unhandled", async () => {
  const { core } = makeCore();
  const exchange = core.request({ method: "POST", url: URL_OF, body: new ReadableStream() });
  void exchange.closed;
  exchange.abort();
  core.request({ url: URL_OF, fields: { a: "b" } });
  core.end(undefined);
  await settle();
});

Deno.test("ClientExchange.priority is sent as a field, and changed by a frame [9218-7]", () => {
  const { core, engine } = makeCore();
  const exchange = core.request({ url: URL_OF, priority: { urgency: 1 } });
  assert.equal(exchange.request.fields.get("priority"), "u=1");
  assert.deepEqual(exchange.priority, { urgency: 1, incremental: false });
  exchange.priority = { urgency: 5, incremental: true };
  assert.deepEqual(engine.calls.at(-1), ["priority", 0, { urgency: 5, incremental: true }]);
});

Deno.test("ClientExchange gives the request up when the response was cut off alone", async () => {
  const { core, engine } = makeCore();
  const error = reset();
  const exchange = core.request({ method: "POST", url: URL_OF, body: new ReadableStream() });
  core.receive([{ type: "aborted", id: 0, side: "read", error }]);
  await assert.rejects(exchange.response, error);
  assert.deepEqual(engine.calls.at(-1), ["abort", 0, "both", "cancelled"]);
  assert.equal(core.openCount, 0);
});
