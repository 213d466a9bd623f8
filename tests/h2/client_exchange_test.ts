import assert from "node:assert/strict";
import type { ServerExchange } from "../../h2/mod.ts";
import { StreamError } from "../../semantics/mod.ts";
import { settle } from "../support/virtual_clock.ts";
import { countedBody, makeEnds, until } from "./ends.ts";

const URL_OF = "https://example.com";

Deno.test("ClientExchange is given up by its signal at any stage, and the server learns of it", async () => {
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
  assert.equal((signals[2]!.reason as StreamError).code, "CANCEL");
  assert.deepEqual([ends.client.openExchanges, ends.server.openExchanges], [0, 0]);
});

Deno.test("ClientExchange forgets its signal when it is over", async () => {
  await using ends = makeEnds({ exchange: (exchange) => void exchange.reply(200) });
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>): void => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>): void => {
    listeners--;
    remove(...args);
  };
  const exchange = ends.client.request({ url: URL_OF, signal });
  assert.equal(listeners, 1);
  await (await exchange.response).bytes();
  await exchange.closed;
  assert.equal(listeners, 0);
});

Deno.test("ClientExchange gives its request up when the source of the body fails", async () => {
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
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      if (pulls++ < 2) return controller.enqueue(new Uint8Array(10));
      await begun;
      controller.error(error);
    },
  }, { highWaterMark: 0 });
  await assert.rejects(ends.client.request({ method: "POST", url: URL_OF, body }).response, error);
  await until(() => errors.length === 1);
  assert(errors[0] instanceof StreamError);
});

Deno.test("ClientExchange holds its source back while the server does not read", async () => {
  let held: ServerExchange | undefined;
  await using ends = makeEnds({ exchange: (exchange) => void (held = exchange) }, {
    server: { initialStreamWindowBytes: 100_000 },
    client: { limits: { maxSendBufferBytes: 50_000 } },
  });
  await ends.client.ready;
  const size = 5_000_000;
  const { readable, state } = countedBody(size, 10_000);
  const { response } = ends.client.request({ method: "POST", url: URL_OF, body: readable });
  await until(() => held !== undefined);
  await settle(50);
  assert(state.given <= 100_000 + 50_000 + 10_000, `${state.given} bytes were taken from the source`);
  const reader = held!.body!.getReader();
  let received = 0;
  for (let i = 0; i < 20; i++) received += (await reader.read()).value!.length;
  await settle(50);
  assert(state.given <= received + 100_000 + 50_000 + 10_000);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    received += value.length;
  }
  assert.equal(received, size);
  held!.reply(200);
  assert.equal((await response).status, 200);
});
