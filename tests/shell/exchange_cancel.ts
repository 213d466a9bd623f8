import assert from "node:assert/strict";
import type { ClientExchange } from "../../h3/mod.ts";
import { countedBody, type Ends, until } from "../support/ends.ts";
import { settle } from "../support/virtual_clock.ts";
import type { Way } from "./way.ts";

const URL_OF = "https://example.com";
const TOTAL = 10_000;
const BATCH = 100;

/** Budgets that this many resets do not spend. */
const LIMITS = { peerResetBurst: 1e6, errorResetBurst: 1e6, glitchBurst: 1e6, smallDataBudgetBytes: 1e9 };

/** Runs `TOTAL` exchanges, `BATCH` at a time, then looks for what is left of them. */
async function cancelAll(
  ends: Ends,
  cancel: (i: number) => Promise<void> | void,
): Promise<void> {
  await ends.client.ready;
  await settle();
  const timers = ends.clock.pending;
  for (let i = 0; i < TOTAL; i += BATCH) {
    const batch: (Promise<void> | void)[] = [];
    for (let j = 0; j < BATCH; j++) batch.push(cancel(i + j));
    await Promise.all(batch);
  }
  await until(
    () => ends.server.openExchanges === 0 && ends.server.runningHandlers === 0,
    "the end of all exchanges",
  );
  assert.deepEqual([ends.client.openExchanges, ends.client.queuedRequests], [0, 0]);
  // A data rate is looked at while exchanges are open, and once more.
  await ends.clock.pass(2000);
  assert(ends.clock.pending <= timers, `${ends.clock.pending} timers instead of ${timers}`);
  assert.deepEqual([ends.client.isClosed, ends.server.isClosed], [false, false]);
  // No window leaked: more than both windows passes, in both directions.
  const { readable } = countedBody(20_000_000, 65_536);
  const response = await ends.client.request({ method: "PUT", url: `${URL_OF}/echo`, body: readable })
    .response;
  assert.equal((await response.bytes()).length, 20_000_000);
  assert.deepEqual(ends.errors, []);
}

async function ignoreFailure(exchange: ClientExchange): Promise<void> {
  await exchange.closed.catch(() => {});
}

/** Tests of many exchanges that are given up, over any protocol. */
export function cancelSuite({ test, makeEnds }: Way): void {
  test("10,000 exchanges cancelled before the head leave nothing behind", async () => {
    let begun = 0;
    await using ends = makeEnds({
      exchange(exchange): void {
        begun++;
        if (exchange.path === "/echo") exchange.reply(200, {}, exchange.body);
        else void exchange.signal;
      },
    }, { server: { limits: LIMITS } });
    await cancelAll(ends, async (i) => {
      const exchange = ends.client.request({ url: `${URL_OF}/${i}` });
      if (i % 3 > 0) await settle(i % 3);
      exchange.abort();
      await ignoreFailure(exchange);
    });
    assert(begun > TOTAL / 3);
    assert.equal(ends.server.counters.resetsIn, TOTAL);
  });

  test("10,000 exchanges cancelled in the response body leave nothing behind", async () => {
    let cancelled = 0;
    await using ends = makeEnds({
      exchange(exchange): void {
        if (exchange.path === "/echo") return void exchange.reply(200, {}, exchange.body);
        const body = new ReadableStream<Uint8Array>({
          pull(controller): void {
            controller.enqueue(new Uint8Array(1000));
          },
          cancel(): void {
            cancelled++;
          },
        }, { highWaterMark: 0 });
        exchange.reply(200, {}, body);
      },
    }, {
      server: { limits: { ...LIMITS, maxSendBufferBytes: 4000 } },
      windowBytes: 3000,
    });
    await cancelAll(ends, async (i) => {
      const exchange = ends.client.request({ url: `${URL_OF}/${i}` });
      const response = await exchange.response;
      const reader = response.body!.getReader();
      if (i % 2 === 0) await reader.read();
      await reader.cancel();
      await ignoreFailure(exchange);
    });
    assert.equal(cancelled, TOTAL);
  });

  test("10,000 exchanges cancelled in the request body leave nothing behind", async () => {
    let cancelled = 0;
    await using ends = makeEnds({
      async exchange(exchange): Promise<void> {
        if (exchange.path === "/echo") return exchange.reply(200, {}, exchange.body);
        if (exchange.path === "/unread") return void exchange.signal;
        await exchange.bytes().catch(() => {});
        exchange.reply(200).catch(() => {});
      },
    }, { server: { limits: LIMITS, onError: () => {} } });
    await cancelAll(ends, async (i) => {
      const controller = new AbortController();
      let pieces = 0;
      const body = new ReadableStream<Uint8Array>({
        pull(controller): void {
          if (pieces++ < 5) controller.enqueue(new Uint8Array(2000));
          else if (i % 2 === 1) controller.close();
        },
        cancel(): void {
          cancelled++;
        },
      }, { highWaterMark: 0 });
      const path = i % 4 < 2 ? "read" : "unread";
      const { signal } = controller;
      const exchange = ends.client.request({ method: "POST", url: `${URL_OF}/${path}`, body, signal });
      await settle(1);
      controller.abort();
      await ignoreFailure(exchange);
    });
    assert.equal(cancelled, TOTAL / 2);
  });

  test("10,000 exchanges cancelled by the server at any stage leave nothing behind", async () => {
    await using ends = makeEnds({
      exchange(exchange): void {
        const stage = Number(exchange.path.slice(1)) % 4;
        if (exchange.path === "/echo") return void exchange.reply(200, {}, exchange.body);
        if (stage === 1) exchange.sendInterim(103);
        if (stage === 2) exchange.reply(200, {}, countedBody(1_000_000).readable);
        if (stage === 3) exchange.reply(200, {}, "whole");
        exchange.abort("internal");
      },
    }, { server: { limits: LIMITS }, client: { limits: LIMITS } });
    await cancelAll(ends, async (i) => {
      const exchange = ends.client.request({
        method: "POST",
        url: `${URL_OF}/${i}`,
        body: new Uint8Array(500),
      });
      await ignoreFailure(exchange);
    });
  });

  test("10,000 exchanges given up after their end, or while they waited, leave nothing behind", async () => {
    await using ends = makeEnds({
      exchange: (exchange) =>
        void exchange.reply(200, {}, exchange.path === "/echo" ? exchange.body : "a body that nobody reads"),
    }, {
      server: { limits: { ...LIMITS, maxConcurrentStreams: 10 } },
      client: { limits: { initialMaxSendStreams: 10 } },
    });
    let queued = 0;
    await cancelAll(ends, async (i) => {
      const exchange = ends.client.request({ url: `${URL_OF}/${i}` });
      if (i % 2 === 0 && exchange.isQueued) queued++;
      else await exchange.closed;
      exchange.abort();
      await ignoreFailure(exchange);
    });
    assert(queued > TOTAL / 4);
  });
}
