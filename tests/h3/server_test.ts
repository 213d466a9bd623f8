import assert from "node:assert/strict";
import { connect, serve } from "../../h3/mod.ts";
import { ConnectionError } from "../../semantics/mod.ts";
import { memoryQuicPair, type MemoryQuicPairOptions } from "../../transport/memory.ts";
import { pooledBytes } from "../../wire/buffer_pool.ts";
import { heapAfterCollection } from "../support/collect.ts";
import { failingBody } from "../support/ends.ts";
import { settle, VirtualClock } from "../support/virtual_clock.ts";
import { countedBody, INEXACT, makeEnds, until } from "./ends.ts";

const URL_OF = "https://example.com";

const LENGTHS: readonly (readonly [string, string | undefined])[] = [
  ["with a content length that is not met", "400000"],
  ["with a content length that is met but for the end", "200000"],
  ["without a content length", undefined],
];

for (const [what, length] of LENGTHS) {
  const fields = length === undefined ? {} : { "content-length": length };
  for (const pair of [INEXACT, { ...INEXACT, reorder: true, chunk: "random", seed: 11 } as const]) {
    const way = pair === INEXACT ? "" : ", reordered";

    Deno.test(`a message that is given up without exact codes is never taken for whole, ${what}${way}`, async () => {
      const { promise: go, resolve } = Promise.withResolvers<void>();
      const outcomes: unknown[] = [];
      await using ends = makeEnds({
        async exchange(exchange): Promise<void> {
          if (exchange.path === "/down") {
            return void exchange.reply(200, fields, failingBody(200_000, go)).catch(() => {});
          }
          await exchange.bytes().then(
            ({ length }) => outcomes.push(length),
            ({ code }) => outcomes.push(code),
          );
          exchange.reply(200).catch(() => {});
        },
      }, { pair });
      const response = await ends.client.request({ url: `${URL_OF}/down` }).response;
      const bytes = response.bytes();
      const body = failingBody(200_000, go);
      const up = ends.client.request({ method: "POST", url: `${URL_OF}/up`, fields, body });
      await settle(20);
      resolve();
      await assert.rejects(bytes, { code: "H3_MESSAGE_ERROR", initiator: "remote" });
      await assert.rejects(up.response, /the source failed/);
      await until(() => outcomes.length === 1);
      assert.deepEqual(outcomes, ["H3_MESSAGE_ERROR"]);
      await until(() => ends.server.openExchanges === 0);
      assert.deepEqual([ends.client.isClosed, ends.client.openExchanges], [false, 0]);
      assert.deepEqual([ends.client.counters.poisoned, ends.server.counters.poisoned], [1, 1]);
    });
  }
}

Deno.test("serve closes the connection rather than end a message that would look whole [9114-4.1.1:cancelled]", async () => {
  const { promise: go, resolve } = Promise.withResolvers<void>();
  await using ends = makeEnds({
    exchange: (exchange) => void exchange.reply(200, {}, failingBody(1000, go)).catch(() => {}),
  }, { pair: INEXACT, server: { abortLadder: "strict" } });
  const response = await ends.client.request({ url: URL_OF }).response;
  const bytes = response.bytes();
  resolve();
  await assert.rejects(bytes, { code: "H3_INTERNAL_ERROR", scope: "connection" });
  await Promise.all([ends.client.closed, ends.server.closed]);
  assert(ends.client.error instanceof ConnectionError);
});

Deno.test("serve closes the connection when nobody reads the end of a message that was given up [limit:abort_timeout]", async () => {
  const { promise: go, resolve } = Promise.withResolvers<void>();
  await using ends = makeEnds({
    exchange: (exchange) => void exchange.reply(200, {}, failingBody(200_000, go)).catch(() => {}),
  }, { pair: { ...INEXACT, windowBytes: 10_000 }, client: { maxUnreadBytes: 10_000 } });
  const response = await ends.client.request({ url: URL_OF }).response;
  await settle(20);
  resolve();
  await settle(20);
  await ends.clock.pass(4900);
  assert.equal(ends.server.isClosed, false);
  await ends.clock.pass(200);
  assert.equal(ends.server.isClosed, true);
  assert.deepEqual([ends.server.counters.abortTimeout, ends.server.endReason], [1, "limit"]);
  await assert.rejects(response.bytes(), { code: "H3_INTERNAL_ERROR", scope: "connection" });
  await ends.client.closed;
});

Deno.test("H3Client and serve get everything through, whatever overtakes what", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const pair: MemoryQuicPairOptions = {
      seed,
      reorder: true,
      chunk: "random",
      latencyMs: seed % 2 * 20,
      direct: seed % 3 > 0,
      windowBytes: 20_000,
      server: { maxBidiStreams: 7 },
    };
    await using ends = makeEnds({
      async exchange(exchange): Promise<void> {
        const trailers = exchange.trailers;
        exchange.setTrailers(async () => ({ "x-echo": (await trailers)?.get("x-sum") ?? "none" }));
        if (seed % 5 === 0) exchange.sendInterim(103);
        await exchange.reply(200, { "x-path": exchange.path }, exchange.body ?? undefined);
      },
    }, {
      pair,
      client: { grease: seed, qpackPolicy: seed % 2 === 0 ? "eager" : "safe" },
      server: { grease: seed, qpackPolicy: seed % 4 < 2 ? "eager" : "safe", maxUnreadBytes: 10_000 },
    });
    let left = 20;
    const all = Array.from({ length: 20 }, async (_, i) => {
      const size = [0, 1, 700, 30_000, 120_000][(i + seed) % 5]!;
      const response = await ends.client.request({
        method: "POST",
        url: `${URL_OF}/${i}`,
        fields: { "x-seed": String(seed), [`x-${i % 4}`]: "the same again and again" },
        body: countedBody(size, 999).readable,
        trailers: { "x-sum": String(size) },
      }).response;
      const bytes = await response.bytes();
      assert.deepEqual([response.status, response.fields.get("x-path")], [200, `/${i}`]);
      assert.equal(bytes.length, size);
      for (let at = 0, given = 0; at < size; at += 999) {
        given += Math.min(999, size - at);
        assert.equal(bytes[at], given % 251);
      }
      assert.equal((await response.trailers)?.get("x-echo"), String(size));
      left--;
    });
    for (let i = 0; i < 400 && left > 0; i++) await ends.clock.pass(20);
    assert.equal(left, 0, `seed ${seed}: ${left} exchanges do not end`);
    await Promise.all(all);
    await until(() => ends.server.openExchanges === 0);
  }
});

Deno.test("10,000 exchanges on one connection leave nothing behind", async () => {
  await using ends = makeEnds({
    async exchange(exchange): Promise<void> {
      await exchange.reply(200, {}, await exchange.bytes());
    },
  });
  const body = new Uint8Array(3000);
  const exchange = async (i: number): Promise<void> => {
    const response = await ends.client.request({ method: "POST", url: `${URL_OF}/${i}`, body }).response;
    assert.equal((await response.bytes()).length, 3000);
  };
  const rounds = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, j) => exchange(i + j)));
    }
  };
  await rounds(2000);
  await settle();
  const timers = ends.clock.pending;
  const pooled = pooledBytes();
  const before = heapAfterCollection();
  await rounds(10_000);
  await settle();
  assert.deepEqual([ends.client.openExchanges, ends.server.openExchanges, ends.server.runningHandlers], [
    0,
    0,
    0,
  ]);
  assert(ends.clock.pending <= timers);
  assert(pooledBytes() >= pooled, "all buffers are back");
  assert.equal(ends.server.counters.exchangesDone, 12_000);
  const grown = heapAfterCollection() - before;
  assert(grown < 4 * 2 ** 20, `the heap grew by ${grown}`);
});

Deno.test("2,000 connections opened and closed leave nothing behind", async () => {
  const clock = new VirtualClock();
  for (let i = 0; i < 2000; i++) {
    const [near, far] = memoryQuicPair({ clock, direct: i % 2 === 0 });
    const server = serve(far, () => new Response("fine"), { clock });
    const client = connect(near, { clock });
    const { response } = client.request({ url: URL_OF });
    if (i % 3 > 0) assert.equal(await (await response).text(), "fine");
    if (i % 4 === 0) server.close();
    else if (i % 4 === 1) near.close(0x100, "");
    else client.close();
    await response.catch(() => {});
    await Promise.all([client.closed, server.closed]);
    assert.equal(clock.pending, 0);
  }
});
