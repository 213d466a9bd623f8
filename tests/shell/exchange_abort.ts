import assert from "node:assert/strict";
import type { ServerExchange } from "../../h3/mod.ts";
import { type AbortCause, StreamError } from "../../semantics/mod.ts";
import { countedBody, failingBody, until } from "../support/ends.ts";
import { settle } from "../support/virtual_clock.ts";
import { CODES, type Way } from "./way.ts";

const URL_OF = "https://example.com";

/** Tests of exchanges that end early, over any protocol. */
export function abortSuite({ test, makeEnds, ...way }: Way): void {
  test("ClientExchange is given up by its signal at any stage, and the server learns of it", async () => {
    const signals: AbortSignal[] = [];
    await using ends = makeEnds({
      exchange(exchange): void {
        signals.push(exchange.signal);
        if (exchange.path === "/body") exchange.reply(200, {}, countedBody(10_000_000).readable);
      },
    });
    const reason = new Error("stop");
    const head = new AbortController();
    const waiting = ends.client.request({ url: `${URL_OF}/head`, signal: head.signal });
    await until(() => signals.length === 1);
    head.abort(reason);
    await assert.rejects(waiting.response, reason);
    await until(() => signals[0]!.aborted);
    const body = new AbortController();
    const response = await ends.client.request({ url: `${URL_OF}/body`, signal: body.signal }).response;
    const bytes = response.bytes();
    body.abort(reason);
    await assert.rejects(bytes, reason);
    await until(() => signals[1]!.aborted);
    const cancelled = await ends.client.request({ url: `${URL_OF}/body` }).response;
    await cancelled.body!.cancel();
    await until(() => signals[2]!.aborted);
    assert.equal((signals[2]!.reason as StreamError).code, way.cancelCode);
    assert.equal(ends.client.openExchanges, 0);
    await until(() => ends.server.openExchanges === 0, "the end of all exchanges");
  });

  test("ClientExchange gives its request up when the source of the body fails", async () => {
    const errors: unknown[] = [];
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    await using ends = makeEnds({
      async exchange(exchange): Promise<void> {
        begin();
        await exchange.bytes().catch((error) => errors.push(error));
        exchange.reply(200);
      },
    });
    const error = new Error("disk");
    const body = failingBody(20_000, begun, error);
    await assert.rejects(ends.client.request({ method: "POST", url: URL_OF, body }).response, error);
    await until(() => errors.length === 1);
    assert(errors[0] instanceof StreamError);
  });

  test("ServerExchange.signal aborts on a reset, and late comers find it aborted", async () => {
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
    assert.deepEqual([reason.code, reason.initiator], [way.cancelCode, "remote"]);
    assert(exchanges[1]!.signal.aborted);
    await assert.rejects(exchanges[1]!.reply(200, {}, "too late"), StreamError);
    await assert.rejects(early.response, { code: "cancelled" });
    await until(() => ends.server.openExchanges === 0, "the end of all exchanges");
  });

  test("ServerExchange.signal aborts when the connection is lost", async () => {
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

  test("ServerExchange.signal does not abort after a good end", async () => {
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

  test("serve resets what a handler leaves half sent, and the connection goes on", async () => {
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
    await assert.rejects(response.bytes(), { code: way.failCode, initiator: "remote", retry: "unknown" });
    await assert.rejects(exchange.closed);
    assert.deepEqual(ends.errors, [error]);
    const good = await ends.client.request({ url: `${URL_OF}/good` }).response;
    assert.equal(await good.text(), "good");
  });

  test("serve resets a direct exchange whose handler fails after the head", async () => {
    await using ends = makeEnds({
      async exchange(exchange): Promise<void> {
        const { readable } = new TransformStream<Uint8Array, Uint8Array>();
        exchange.reply(200, {}, readable);
        await Promise.resolve();
        throw new Error("after the head");
      },
    });
    const response = await ends.client.request({ url: URL_OF }).response;
    await assert.rejects(response.bytes(), { code: way.failCode });
    assert.equal(ends.errors.length, 1);
  });

  test("serve drops and cancels the body of a response that has none [9110-6.4.1]", async () => {
    for (const [method, status] of [["HEAD", 200], ["GET", 204], ["GET", 304]] as const) {
      const { readable, state } = countedBody(1000);
      await using ends = makeEnds({
        exchange: (exchange) =>
          void exchange.reply(status, status === 200 ? { "content-length": "1000" } : {}, readable),
      });
      const exchange = ends.client.request({ method, url: URL_OF });
      const response = await exchange.response;
      assert.deepEqual([response.status, response.body], [status, null]);
      await exchange.closed;
      assert.equal(state.given, 0);
      assert(state.cancelled instanceof TypeError);
    }
  });

  test("serve ends an upload that the handler does not read, with the response whole", async () => {
    const { readable, state } = countedBody(50_000_000);
    await using ends = makeEnds({ exchange: (exchange) => void exchange.reply(413, {}, "too large") });
    const exchange = ends.client.request({ method: "POST", url: URL_OF, body: readable });
    const response = await exchange.response;
    assert.equal(response.status, 413);
    assert.equal(await response.text(), "too large");
    await exchange.closed;
    await until(() => state.cancelled !== undefined);
    assert(state.given < 2_000_000);
    await until(() => ends.server.openExchanges === 0, "the end of all exchanges");
  });

  if (way.isExact) {
    test("ServerExchange.abort resets with the code of its cause", async () => {
      await using ends = makeEnds({
        exchange: (exchange) => exchange.abort(exchange.path.slice(1) as AbortCause),
      });
      for (const [cause, code] of Object.entries(CODES[way.protocol])) {
        const { response } = ends.client.request({ url: `${URL_OF}/${cause}` });
        await assert.rejects(response, { code, retry: cause === "refused" ? "refused" : "unknown" });
      }
    });
  }

  test("serve never begins a handler whose exchange was reset in the same turn", async () => {
    let begun = 0;
    await using ends = makeEnds({ exchange: () => void begun++ });
    await ends.client.ready;
    const exchange = ends.client.request({ url: URL_OF });
    exchange.abort();
    await assert.rejects(exchange.response);
    await settle();
    assert.equal(begun, 0);
  });

  test("Client ends an exchange that was refused as refused [9113-8.7] [9114-4.1.1]", async () => {
    await using ends = makeEnds({ exchange: (exchange) => exchange.abort("refused") });
    if (!way.isExact) {
      // A status has to say it.
      assert.equal((await ends.client.request({ url: URL_OF }).response).status, 503);
      return;
    }
    await assert.rejects(ends.client.request({ url: URL_OF }).response, (error: unknown) => {
      assert(error instanceof StreamError);
      const { code, wireCode, retry, initiator } = error;
      const expected = way.protocol === "h2" ? ["REFUSED_STREAM", 7] : ["H3_REQUEST_REJECTED", 0x10b];
      assert.deepEqual([code, wireCode, retry, initiator], [...expected, "refused", "remote"]);
      return true;
    });
  });
}
