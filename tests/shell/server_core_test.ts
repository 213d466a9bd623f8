import assert from "node:assert/strict";
import { ConnectionError, Fields, StreamError } from "../../semantics/mod.ts";
import type { EngineEvent, RequestEvent } from "../../semantics/events.ts";
import { ServerCore } from "../../shell/server_core.ts";
import type { ExchangeHandler, Handler, ServerExchange } from "../../shell/server_exchange.ts";
import { ReceivedBody } from "../../semantics/received_body.ts";
import { settle } from "../support/virtual_clock.ts";
import { FakeHost } from "./fake_engine.ts";

function arrived(text: string, end: boolean): ReceivedBody {
  return new ReceivedBody(0, new TextEncoder().encode(text), 0, text.length, end);
}

function makeCore(handler: Handler | ExchangeHandler, sendDate = false) {
  const host = new FakeHost();
  const errors: unknown[] = [];
  const core = new ServerCore({
    engine: host.engine,
    connection: host.connection,
    clock: host.clock,
    wake: () => host.wake(),
    handler,
    onError: (error) => void errors.push(error),
    sendDate,
  });
  return { core, engine: host.engine, errors };
}

function request(
  id: number,
  init: { method?: string; end?: boolean; authority?: string } = {},
): RequestEvent {
  const { method = "GET", end = true, authority = "a.example" } = init;
  return {
    type: "request",
    id,
    end,
    head: { method, scheme: "https", authority, path: "/", fields: new Fields() },
  };
}

const reset = (): StreamError => new StreamError("H3_REQUEST_CANCELLED", "reset", { initiator: "remote" });

/** A handler that keeps its exchanges. */
function keeper(): { exchanges: ServerExchange[]; handler: ExchangeHandler } {
  const exchanges: ServerExchange[] = [];
  return { exchanges, handler: { exchange: (exchange) => void exchanges.push(exchange) } };
}

Deno.test("ServerCore gives a text to the engine in the call of reply, head and body", () => {
  const { core, engine } = makeCore({
    exchange(exchange): void {
      exchange.reply(200, { a: "b" }, "text");
      assert.deepEqual(engine.calls, [
        ["response", 4, 200, ["a", "b", "content-length", "4"], false],
        ["body", 4, "text", true],
      ]);
    },
  });
  core.receive([request(4)]);
  assert.equal(engine.calls.length, 2);
  core.receive([{ type: "done", id: 4 }]);
  assert.equal(core.openCount, 0);
});

Deno.test("ServerCore asks the clock once for the responses of a turn, and again for later ones", () => {
  const { now } = Date;
  const times = [
    Date.UTC(2026, 0, 1, 12, 0, 0),
    Date.UTC(2026, 0, 1, 12, 0, 7),
    Date.UTC(2026, 0, 1, 12, 0, 9),
  ];
  let asked = 0;
  Date.now = () => times[asked++]!;
  try {
    const late: ServerExchange[] = [];
    const { core, engine } = makeCore({
      exchange: (exchange) => void (exchange.id === 8 ? late.push(exchange) : exchange.reply(200, {}, null)),
    }, true);
    core.receive([request(0), request(4), request(8)]);
    late[0]!.reply(200, {}, null);
    core.receive([request(12)]);
    const dates = engine.calls.map((call) => [call[1], (call[3] as string[]).at(-1)]);
    assert.deepEqual(dates, [
      [0, "Thu, 01 Jan 2026 12:00:00 GMT"],
      [4, "Thu, 01 Jan 2026 12:00:00 GMT"],
      [8, "Thu, 01 Jan 2026 12:00:07 GMT"],
      [12, "Thu, 01 Jan 2026 12:00:09 GMT"],
    ]);
  } finally {
    Date.now = now;
  }
});

Deno.test("ServerCore begins handlers after the last event of a turn", async () => {
  const texts: string[] = [];
  const { core } = makeCore({ exchange: async (exchange) => void texts.push(await exchange.text()) });
  const data = new TextEncoder().encode("all here");
  core.receive([request(0, { method: "POST", end: false }), new ReceivedBody(0, data, 0, data.length, true)]);
  data.fill(0);
  await settle();
  assert.deepEqual(texts, ["all here"]);
});

Deno.test("ServerExchange keeps its response when only the request was cut off", async () => {
  const { exchanges, handler } = keeper();
  const { core, engine } = makeCore(handler);
  core.receive([request(0, { method: "POST", end: false })]);
  const [exchange] = exchanges;
  const text = exchange!.text();
  core.receive([{ type: "aborted", id: 0, side: "read", error: reset() }]);
  await assert.rejects(text, StreamError);
  assert.equal(exchange!.signal.aborted, false);
  exchange!.reply(200, {}, "partial");
  assert.deepEqual(engine.calls.at(-1), ["body", 0, "partial", true]);
  core.receive([{ type: "done", id: 0 }]);
  assert.equal(core.openCount, 0);
  const untouched = makeCore(handler);
  untouched.core.receive([request(0, { method: "POST", end: false })]);
  untouched.core.receive([{ type: "aborted", id: 0, side: "read", error: reset() }]);
  await assert.rejects(exchanges[1]!.bytes(), StreamError);
});

Deno.test("ServerExchange still reads its request when only the response was cut off", async () => {
  const { exchanges, handler } = keeper();
  const { core } = makeCore(handler);
  core.receive([request(0, { method: "POST", end: false })]);
  const [exchange] = exchanges;
  const { signal } = exchange!;
  let cancelled: unknown;
  const body = new ReadableStream<Uint8Array>({ cancel: (reason) => void (cancelled = reason) });
  const sent = exchange!.reply(200, {}, body);
  const text = exchange!.text();
  const error = reset();
  core.receive([{ type: "aborted", id: 0, side: "write", error }]);
  await assert.rejects(sent, error);
  assert.deepEqual([signal.aborted, signal.reason, cancelled], [true, error, error]);
  core.receive([arrived("rest", true)]);
  assert.equal(await text, "rest");
  core.receive([{ type: "aborted", id: 0, side: "both", error }]);
  assert.equal(core.openCount, 0);
});

Deno.test("ServerExchange.early says whether a request came as early data [8470-5]", () => {
  const { exchanges, handler } = keeper();
  makeCore(handler).core.receive([{ ...request(0), early: true }, request(4)]);
  assert.deepEqual(exchanges.map(({ early, protocol }) => [early, protocol]), [[true, "h3"], [false, "h3"]]);
});

Deno.test("ServerExchange says that the rest of a request is not needed once it has answered", () => {
  const { core, engine } = makeCore({ exchange: (exchange) => void exchange.reply(413) });
  core.receive([request(0, { method: "POST", end: false })]);
  assert.deepEqual(engine.calls, [
    ["response", 0, 413, ["content-length", "0"], true],
    ["abort", 0, "read", "unneeded"],
  ]);
});

Deno.test("ServerCore answers 400 where the platform has no URL for the request", () => {
  const { core, engine } = makeCore(() => new Response("never"));
  core.receive([request(0, { authority: "a b" })]);
  assert.equal((engine.calls[0] as unknown[])[2], 400);
});

Deno.test("ServerCore cuts everything off when the connection ends", async () => {
  const { exchanges, handler } = keeper();
  const { core, errors } = makeCore(handler);
  core.receive([request(0), request(4), request(8)]);
  const reasons = exchanges.map(({ signal }) =>
    new Promise((resolve) => {
      signal.onabort = () => resolve(signal.reason);
    })
  );
  core.receive([{
    type: "closed",
    error: new ConnectionError("H3_NO_ERROR", "over", { initiator: "remote" }),
  }]);
  for (const reason of await Promise.all(reasons)) assert(reason instanceof ConnectionError);
  assert.deepEqual([core.openCount, errors], [0, []]);
  for (const exchange of exchanges) await assert.rejects(exchange.reply(200), ConnectionError);
});

Deno.test("ServerCore does not take a client that left for a failed handler", async () => {
  const { core, errors } = makeCore({ exchange: async (exchange) => void await exchange.bytes() });
  core.receive([request(0, { method: "POST", end: false })]);
  core.receive([{ type: "aborted", id: 0, side: "both", error: reset() }]);
  await settle();
  assert.deepEqual([errors, core.runningCount], [[], 0]);
});

Deno.test("ServerCore ignores events of exchanges that are forgotten", () => {
  const { core } = makeCore({ exchange: (exchange) => exchange.abort() });
  core.receive([request(0)]);
  const late: EngineEvent[] = [
    arrived("a", false),
    { type: "trailers", id: 0, fields: new Fields() },
    { type: "drain", id: 0 },
    { type: "priority", id: 0, priority: { urgency: 1, incremental: false } },
    { type: "done", id: 0 },
    { type: "aborted", id: 0, side: "both", error: reset() },
  ];
  core.receive(late);
  assert.equal(core.openCount, 0);
});

Deno.test("ServerExchange refuses a response that the client will not take, without reading its source", async () => {
  const { exchanges, handler } = keeper();
  const { core, engine, errors } = makeCore(handler);
  core.receive([request(0, { method: "POST", end: false })]);
  const error = reset();
  core.receive([{ type: "aborted", id: 0, side: "write", error }]);
  let cancelled: unknown;
  const body = new ReadableStream<Uint8Array>({ cancel: (reason) => void (cancelled = reason) });
  await assert.rejects(exchanges[0]!.reply(200, {}, body), error);
  await settle();
  assert.equal(cancelled, error);
  assert.equal(exchanges[0]!.signal.aborted, true);
  assert.deepEqual([engine.calls, errors], [[], []]);
});
