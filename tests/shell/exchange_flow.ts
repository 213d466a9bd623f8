import assert from "node:assert/strict";
import type { ServerExchange } from "../../h3/mod.ts";
import { countedBody, until } from "../support/ends.ts";
import { settle } from "../support/virtual_clock.ts";
import type { Way } from "./way.ts";

const URL_OF = "https://example.com";

/** Tests of the flow of bodies, over any protocol. */
export function flowSuite({ test, makeEnds, ...way }: Way): void {
  test("ClientExchange holds its source back while the server does not read", async () => {
    let held: ServerExchange | undefined;
    await using ends = makeEnds({ exchange: (exchange) => void (held = exchange) }, {
      windowBytes: 100_000,
      client: { limits: { maxSendBufferBytes: 50_000 } },
    });
    await ends.client.ready;
    const size = 5_000_000;
    const { readable, state } = countedBody(size, 10_000);
    const { response } = ends.client.request({ method: "POST", url: URL_OF, body: readable });
    await until(() => held !== undefined);
    await settle(50);
    assert(
      state.given <= 100_000 + 50_000 + 10_000 + way.slackBytes,
      `${state.given} bytes were taken from the source`,
    );
    const reader = held!.body!.getReader();
    let received = 0;
    for (let i = 0; i < 20; i++) received += (await reader.read()).value!.length;
    await settle(50);
    assert(state.given <= received + 100_000 + 50_000 + 10_000 + way.slackBytes);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      received += value.length;
    }
    assert.equal(received, size);
    held!.reply(200);
    assert.equal((await response).status, 200);
  });

  test("serve holds the source of a response back when the reader is slow, and buffers are bounded", async () => {
    const size = 30_000_000;
    const { readable, state } = countedBody(size, 50_000);
    await using ends = makeEnds({ exchange: (exchange) => void exchange.reply(200, {}, readable) }, {
      server: { limits: { maxSendBufferBytes: 100_000, minDataRate: 0 } },
      client: { limits: { minDataRate: 0 } },
      windowBytes: 200_000,
    });
    const response = await ends.client.request({ url: URL_OF }).response;
    const bound = 200_000 + 100_000 + 50_000 + way.slackBytes;
    await settle(100);
    assert(state.given <= bound, `${state.given} bytes were taken from the source`);
    const reader = response.body!.getReader();
    let received = 0;
    while (received < 3_000_000) {
      received += (await reader.read()).value!.length;
      await settle(1);
      assert(state.given - received <= bound, `${state.given - received} bytes are under way`);
    }
    await ends.clock.pass(100_000);
    assert(state.given - received <= bound);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      received += value.length;
    }
    assert.equal(received, size);
  });

  test("forEachChunk shows every byte of a request and of a response, in order, and then the trailers", async () => {
    const sum = (): { bytes: number; isOrdered: boolean; take(chunk: Uint8Array): void } => ({
      bytes: 0,
      isOrdered: true,
      take(chunk): void {
        for (const octet of chunk) this.isOrdered &&= octet === this.bytes++ % 251;
      },
    });
    const body = Uint8Array.from({ length: 1_000_000 }, (_, i) => i % 251);
    await using ends = makeEnds({
      async exchange(exchange): Promise<void> {
        const seen = sum();
        await exchange.forEachChunk((chunk) => seen.take(chunk));
        exchange.setTrailers({ "x-bytes": String(seen.bytes) });
        await exchange.reply(seen.isOrdered ? 200 : 500, {}, body);
      },
    }, { windowBytes: 100_000 });
    const response = await ends.client.request({ method: "POST", url: URL_OF, body }).response;
    assert.equal(response.status, 200);
    const seen = sum();
    await response.forEachChunk((chunk) => seen.take(chunk));
    assert.deepEqual([seen.bytes, seen.isOrdered], [1_000_000, true]);
    assert.equal((await response.trailers)?.get("x-bytes"), "1000000");
  });

  test("forEachChunk ends the exchange when its visitor throws, and no other", async () => {
    const failure = new Error("too much");
    await using ends = makeEnds({
      exchange: (exchange) => void exchange.reply(200, {}, "x".repeat(exchange.path === "/a" ? 500_000 : 3)),
    }, { windowBytes: 100_000 });
    const exchange = ends.client.request({ url: `${URL_OF}/a` });
    const other = ends.client.request({ url: `${URL_OF}/b` });
    const visited = (await exchange.response).forEachChunk(() => {
      throw failure;
    });
    await assert.rejects(visited, failure);
    await exchange.closed.catch(() => {});
    assert.equal(await (await other.response).text(), "xxx");
    await (await ends.client.request({ url: `${URL_OF}/c` }).response).forEachChunk((chunk) =>
      assert.equal(chunk.length, 3)
    );
  });

  test("forEachChunk of a message without content resolves at once, without a call", async () => {
    await using ends = makeEnds({
      async exchange(exchange): Promise<void> {
        await exchange.forEachChunk(() => assert.fail("there is nothing to show"));
        await exchange.reply(204);
      },
    });
    const response = await ends.client.request({ url: URL_OF }).response;
    assert.equal(response.status, 204);
    await response.forEachChunk(() => assert.fail("there is nothing to show"));
  });

  test("serve lets unread requests wait without harm to others", async () => {
    const waiting: ServerExchange[] = [];
    await using ends = makeEnds({
      exchange(exchange): void {
        if (exchange.path === "/wait") waiting.push(exchange);
        else exchange.reply(200, {}, "quick");
      },
    });
    const body = "x".repeat(200_000);
    const slow = Array.from(
      { length: 4 },
      () => ends.client.request({ method: "POST", url: `${URL_OF}/wait`, body }),
    );
    for (let i = 0; i < 50; i++) {
      const quick = await ends.client.request({ method: "POST", url: `${URL_OF}/quick`, body }).response;
      assert.equal(await quick.text(), "quick");
    }
    for (const exchange of waiting) exchange.reply(200, {}, String((await exchange.bytes()).length));
    for (const { response } of slow) assert.equal(await (await response).text(), "200000");
  });

  test("ServerExchange.reply resolves when the handler may touch its bytes again", async () => {
    for (const trailers of [undefined, { "x-a": "b" }]) {
      const data = new Uint8Array(1_500_000).fill(7);
      let isResolved = false;
      await using ends = makeEnds({
        async exchange(exchange): Promise<void> {
          if (trailers !== undefined) exchange.setTrailers(trailers);
          await exchange.reply(200, {}, data);
          isResolved = true;
          data.fill(0);
        },
      }, { windowBytes: 65_535 });
      const response = await ends.client.request({ url: URL_OF }).response;
      await settle();
      assert.equal(isResolved, false);
      assert((await response.bytes()).every((byte) => byte === 7));
      assert.equal((await response.trailers)?.get("x-a"), trailers?.["x-a"]);
      await until(() => isResolved);
    }
  });

  test("serve works whatever the cuts", async () => {
    for (const chunk of ["whole", "byte", "random"] as const) {
      await using ends = makeEnds((request) => new Response(request.body), {
        pair: { chunk, seed: 7 },
      });
      const size = chunk === "byte" ? 2000 : 200_000;
      const { readable } = countedBody(size, 999);
      const response = await ends.client.request({ method: "POST", url: URL_OF, body: readable }).response;
      const bytes = await response.bytes();
      assert.equal(bytes.length, size);
      let given = 0;
      for (let i = 0; i < size; i += 999) {
        given += Math.min(999, size - i);
        assert.equal(bytes[i], given % 251);
      }
    }
  });
}
