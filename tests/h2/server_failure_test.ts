import assert from "node:assert/strict";
import type { ServerExchange } from "../../h2/mod.ts";
import { StreamError } from "../../semantics/mod.ts";
import { settle } from "../support/virtual_clock.ts";
import { countedBody, makeEnds, until } from "./ends.ts";

const URL_OF = "https://example.com";

Deno.test("ServerExchange.signal aborts on a reset, and late comers find it aborted", async () => {
  const exchanges: ServerExchange[] = [];
  const reasons: unknown[] = [];
  await using ends = makeEnds({
    exchange(exchange): void {
      exchanges.push(exchange);
      if (exchange.path === "/early") {
        exchange.signal.addEventListener("abort", () => reasons.push(exchange.signal.reason));
      }
    },
  });
  const early = ends.client.request({ url: `${URL_OF}/early` });
  const late = ends.client.request({ url: `${URL_OF}/late` });
  await until(() => exchanges.length === 2);
  assert.equal(exchanges[0]!.signal.aborted, false);
  early.abort();
  late.abort();
  await until(() => reasons.length === 1);
  const [reason] = reasons;
  assert(reason instanceof StreamError);
  assert.deepEqual([reason.code, reason.initiator], ["CANCEL", "remote"]);
  assert(exchanges[1]!.signal.aborted);
  await assert.rejects(exchanges[1]!.reply(200, {}, "too late"), StreamError);
  await assert.rejects(early.response, { code: "cancelled" });
  assert.equal(ends.server.openExchanges, 0);
});

Deno.test("ServerExchange.signal aborts when the connection is lost", async () => {
  let signal: AbortSignal | undefined;
  await using ends = makeEnds({ exchange: (exchange) => void (signal = exchange.signal) });
  const { response } = ends.client.request({ url: URL_OF });
  await until(() => signal !== undefined);
  ends.link.reset();
  await until(() => signal!.aborted);
  await assert.rejects(response);
  await ends.server.closed;
  assert(ends.server.error !== undefined);
});

Deno.test("ServerExchange.signal does not abort after a good end", async () => {
  let signal: AbortSignal | undefined;
  await using ends = makeEnds({
    exchange(exchange): void {
      signal = exchange.signal;
      exchange.reply(200, {}, "fine");
    },
  });
  const exchange = ends.client.request({ url: URL_OF });
  await (await exchange.response).text();
  await exchange.closed;
  await settle();
  assert.equal(signal!.aborted, false);
});

Deno.test("serve answers a failed handler with 500, and onError is told", async () => {
  const error = new Error("handler");
  const handlers = [
    (): Response => {
      throw error;
    },
    () => Promise.reject(error),
    {
      exchange(): void {
        throw error;
      },
    },
    { exchange: () => Promise.reject(error) },
  ];
  for (const handler of handlers) {
    await using ends = makeEnds(handler);
    const exchange = ends.client.request({ url: URL_OF });
    assert.equal((await exchange.response).status, 500);
    assert.deepEqual(ends.errors, [error]);
    await exchange.closed;
    assert.equal(ends.server.openExchanges, 0);
  }
});

Deno.test("serve sends what onError gives, and survives one that throws", async () => {
  for (const isThrowing of [false, true]) {
    await using ends = makeEnds(() => Promise.reject(new Error("handler")), {
      server: {
        onError(): Response {
          if (isThrowing) throw new Error("hook");
          return new Response("sorry", { status: 503 });
        },
      },
    });
    const response = await ends.client.request({ url: URL_OF }).response;
    assert.equal(response.status, isThrowing ? 500 : 503);
    assert.equal(await response.text(), isThrowing ? "" : "sorry");
  }
});

Deno.test("serve resets what a handler leaves half sent, and the connection goes on", async () => {
  const error = new Error("disk");
  await using ends = makeEnds((request) => {
    if (new URL(request.url).pathname === "/good") return new Response("good");
    let pulls = 0;
    return new Response(
      new ReadableStream({
        pull(controller): void {
          if (pulls++ === 0) controller.enqueue(new Uint8Array(10));
          else controller.error(error);
        },
      }, { highWaterMark: 0 }),
    );
  });
  const exchange = ends.client.request({ url: URL_OF });
  const response = await exchange.response;
  assert.equal(response.status, 200);
  await assert.rejects(response.bytes(), { code: "INTERNAL_ERROR", initiator: "remote", retry: "unknown" });
  await assert.rejects(exchange.closed);
  assert.deepEqual(ends.errors, [error]);
  const good = await ends.client.request({ url: `${URL_OF}/good` }).response;
  assert.equal(await good.text(), "good");
});

Deno.test("serve resets a direct exchange whose handler fails after the head", async () => {
  await using ends = makeEnds({
    async exchange(exchange): Promise<void> {
      const { readable } = new TransformStream<Uint8Array, Uint8Array>();
      exchange.reply(200, {}, readable);
      await Promise.resolve();
      throw new Error("after the head");
    },
  });
  const response = await ends.client.request({ url: URL_OF }).response;
  await assert.rejects(response.bytes(), { code: "INTERNAL_ERROR" });
  assert.equal(ends.errors.length, 1);
});

Deno.test("serve answers 500 when a handler ends without a response", async () => {
  await using ends = makeEnds({ exchange: () => Promise.resolve() });
  assert.equal((await ends.client.request({ url: URL_OF }).response).status, 500);
  assert.match(String(ends.errors[0]), /without a response/);
  await using odd = makeEnds(() => "text" as never);
  assert.equal((await odd.client.request({ url: URL_OF }).response).status, 500);
});

Deno.test("serve prints errors of handlers unless told otherwise", async () => {
  const printed: unknown[][] = [];
  const { error } = console;
  console.error = (...values: unknown[]) => void printed.push(values);
  try {
    await using ends = makeEnds(() => Promise.reject(new Error("handler")), {
      server: { onError: undefined as never },
    });
    assert.equal((await ends.client.request({ url: URL_OF }).response).status, 500);
  } finally {
    console.error = error;
  }
  assert.match(String(printed[0]![1]), /handler/);
});

Deno.test("ServerExchange.abort resets with the code of its cause", async () => {
  const codes = { cancelled: "CANCEL", refused: "REFUSED_STREAM", calm: "ENHANCE_YOUR_CALM" } as const;
  await using ends = makeEnds({
    exchange: (exchange) => exchange.abort(exchange.path.slice(1) as keyof typeof codes),
  });
  for (const [cause, code] of Object.entries(codes)) {
    const { response } = ends.client.request({ url: `${URL_OF}/${cause}` });
    await assert.rejects(response, { code, retry: cause === "refused" ? "refused" : "unknown" });
  }
});

Deno.test("serve never begins a handler whose exchange was reset in the same turn", async () => {
  let begun = 0;
  await using ends = makeEnds({ exchange: () => void begun++ });
  await ends.client.ready;
  const exchange = ends.client.request({ url: URL_OF });
  exchange.abort();
  await assert.rejects(exchange.response);
  await settle();
  assert.equal(begun, 0);
});

Deno.test("ServerExchange.bytes gives up a request that is too large, and the response goes out", async () => {
  await using ends = makeEnds({
    async exchange(exchange): Promise<void> {
      try {
        await exchange.bytes({ maxBytes: 100_000 });
        await exchange.reply(200);
      } catch {
        await exchange.reply(413);
      }
    },
  });
  for (const [size, status] of [[100_000, 200], [100_001, 413], [30_000_000, 413]] as const) {
    const { readable } = countedBody(size);
    assert.equal(
      (await ends.client.request({ method: "POST", url: URL_OF, body: readable }).response).status,
      status,
    );
    const body = new Uint8Array(size);
    assert.equal((await ends.client.request({ method: "POST", url: URL_OF, body }).response).status, status);
  }
});
