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
}
