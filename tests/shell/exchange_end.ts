import assert from "node:assert/strict";
import type { ServerExchange } from "../../h3/mod.ts";
import { until } from "../support/ends.ts";
import { settle } from "../support/virtual_clock.ts";
import type { Way } from "./way.ts";

const URL_OF = "https://example.com";

/** Tests of the end of connections, over any protocol. */
export function endSuite({ test, makeEnds }: Way): void {
  test("shutdown lets open exchanges finish and takes no new ones", async () => {
    let held: ServerExchange | undefined;
    await using ends = makeEnds({ exchange: (exchange) => void (held = exchange) });
    const open = ends.client.request({ url: URL_OF });
    await until(() => held !== undefined);
    const ended = ends.server.shutdown();
    await settle();
    await assert.rejects(ends.client.request({ url: URL_OF }).response, { retry: "unsent" });
    assert.equal(ends.server.isClosed, false);
    held!.reply(200, {}, "done");
    assert.equal(await (await open.response).text(), "done");
    await ends.clock.pass(1);
    await ended;
    await ends.client.closed;
    assert.equal(ends.server.error, undefined);
    assert.equal(ends.clock.pending, 0);
  });

  test("shutdown cuts off what is not finished after graceMs", async () => {
    let signal: AbortSignal | undefined;
    await using ends = makeEnds({ exchange: (exchange) => void (signal = exchange.signal) });
    const { response } = ends.client.request({ url: URL_OF });
    await until(() => signal !== undefined);
    let isEnded = false;
    const ended = ends.server.shutdown({ graceMs: 700 }).then(() => isEnded = true);
    await ends.clock.pass(699);
    assert.deepEqual([isEnded, signal!.aborted], [false, false]);
    await ends.clock.pass(1);
    await ended;
    assert.equal(signal!.aborted, true);
    await assert.rejects(response, { scope: "connection" });
  });

  test("shutdown waits for handlers that are still at work", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await using ends = makeEnds({
      async exchange(exchange): Promise<void> {
        exchange.reply(200);
        await promise;
      },
    });
    assert.equal((await ends.client.request({ url: URL_OF }).response).status, 200);
    let isEnded = false;
    const ended = ends.server.shutdown().then(() => isEnded = true);
    await ends.clock.pass(1);
    await ends.server.closed;
    await settle();
    assert.deepEqual([isEnded, ends.server.runningHandlers], [false, 1]);
    resolve();
    await ended;
  });

  test("serve shuts down when its signal aborts, also one that has", async () => {
    const controller = new AbortController();
    await using ends = makeEnds(() => new Response("x"), { server: { signal: controller.signal } });
    assert.equal((await ends.client.request({ url: URL_OF }).response).status, 200);
    controller.abort();
    await ends.clock.pass(1);
    await ends.server.closed;
    await using late = makeEnds(() => new Response("x"), { server: { signal: AbortSignal.abort() } });
    await late.clock.pass(1);
    await late.server.closed;
  });

  test("serve ends a connection that is idle [limit:idle_timeout]", async () => {
    await using ends = makeEnds(() => new Response("x"), { server: { limits: { idleTimeoutMs: 5000 } } });
    assert.equal((await ends.client.request({ url: URL_OF }).response).status, 200);
    await ends.clock.pass(4000);
    assert.equal((await ends.client.request({ url: URL_OF }).response).status, 200);
    await ends.clock.pass(4999);
    assert.equal(ends.server.isClosed, false);
    // The engine does not know for sure when the last response left: at most it doubles the time.
    await ends.clock.pass(5001);
    assert.equal(ends.server.isClosed, true);
    await ends.client.closed;
    assert.equal(ends.server.counters.idleTimeout, 1);
  });

  test("shutdown ends in time although the peer is gone", async () => {
    let signal: AbortSignal | undefined;
    await using ends = makeEnds({ exchange: (exchange) => void (signal = exchange.signal) });
    const { response } = ends.client.request({ url: URL_OF });
    await until(() => signal !== undefined);
    ends.link.cut();
    let isEnded = false;
    const ended = ends.server.shutdown({ graceMs: 500 }).then(() => isEnded = true);
    await ends.clock.pass(500);
    assert.equal(signal!.aborted, true);
    // The last bytes get a second to leave.
    await ends.clock.pass(1000);
    assert.equal(isEnded, true);
    await ended;
    ends.link.heal();
    await assert.rejects(response);
  });

  for (const who of ["server", "client"] as const) {
    test(`shutdown by the ${who} in the middle of 200 exchanges loses none that was accepted`, async () => {
      const begun: string[] = [];
      await using ends = makeEnds({
        async exchange(exchange): Promise<void> {
          begun.push(exchange.path);
          const text = await exchange.text();
          await new Promise<void>((resolve) => {
            ends.clock.schedule(resolve, Number(exchange.path.slice(1)) % 50);
          });
          await exchange.reply(200, {}, text.repeat(1000));
        },
      }, { pair: { latencyMs: 15 } });
      await ends.clock.pass(100);
      const results: Promise<unknown>[] = [];
      const request = (): void => {
        const i = results.length;
        const { response } = ends.client.request({
          method: "POST",
          url: `${URL_OF}/${i}`,
          body: `body ${i};`,
        });
        results.push(response.then(async (response) => {
          assert.equal(await response.text(), `body ${i};`.repeat(1000));
        }));
        results[i]!.catch(() => {});
      };
      let ended: Promise<void> | undefined;
      for (let i = 0; i < 200; i++) {
        request();
        if (i === 100) ended = ends[who].shutdown();
        if (i % 10 === 0) await ends.clock.pass(3);
      }
      await ends.clock.pass(4000);
      await ended;
      const outcomes = await Promise.allSettled(results);
      let answered = 0;
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome.status === "fulfilled") {
          answered++;
          continue;
        }
        assert(["unsent", "refused"].includes(outcome.reason.retry), String(outcome.reason));
        assert(!begun.includes(`/${i}`), `/${i} was begun and lost`);
      }
      assert.equal(answered, begun.length);
      assert(answered >= 100 && answered < 200, `${answered} were answered`);
      await ends.client.closed;
      assert.deepEqual([ends.client.error, ends.server.error], [undefined, undefined]);
    });
  }
}
