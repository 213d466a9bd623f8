import assert from "node:assert/strict";
import type { ServerExchange } from "../../h3/mod.ts";
import { countedBody, failingBody, until } from "../support/ends.ts";
import { settle } from "../support/virtual_clock.ts";
import { type Way, WAYS } from "./way.ts";

const URL_OF = "https://example.com";

const ordered = (size: number) => Uint8Array.from({ length: size }, (_, i) => i % 251);

/** Tests of bodies that are sent on as they come, over any protocol. */
export function passSuite({ test, makeEnds, ...way }: Way): void {
  test("reply sends the body of the request back as it comes, whole and in order", async () => {
    await using ends = makeEnds({
      exchange(exchange): void {
        const { body } = exchange;
        exchange.setTrailers(async () => (await exchange.trailers) ?? {});
        exchange.reply(200, {}, body);
        assert(body!.locked);
      },
    }, { windowBytes: 70_000, pair: { chunk: "random", seed: 7 } });
    for (const size of [0, 1, 1000, 16_384, 300_000]) {
      const body = ordered(size);
      const request = {
        method: "POST",
        url: URL_OF,
        body: new Blob([body]),
        trailers: { "x-size": String(size) },
      };
      const response = await ends.client.request(request).response;
      assert.deepEqual(await response.bytes(), body);
      assert.equal((await response.trailers)?.get("x-size"), String(size));
    }
  });

  test("A native response sends the body of a native request back, and a late one what has come", async () => {
    const { promise: isLate, resolve: answerLate } = Promise.withResolvers<void>();
    await using ends = makeEnds(async (request) => {
      if (request.url.endsWith("/late")) await isLate;
      return new Response(request.body);
    });
    const body = ordered(200_000);
    const late = ends.client.request({ method: "POST", url: `${URL_OF}/late`, body: new Blob([body]) });
    const response = await ends.client.request({ method: "POST", url: URL_OF, body: new Blob([body]) })
      .response;
    assert.deepEqual(await response.bytes(), body);
    answerLate();
    assert.deepEqual(await (await late.response).bytes(), body);
  });

  test("A body that somebody read from is sent on from there", async () => {
    let first: Uint8Array | undefined;
    await using ends = makeEnds({
      async exchange(exchange): Promise<void> {
        const body = exchange.body!;
        const reader = body.getReader();
        first = (await reader.read()).value;
        reader.releaseLock();
        await exchange.reply(200, {}, body);
      },
    });
    const body = ordered(300_000);
    const { response } = ends.client.request({ method: "POST", url: URL_OF, body: new Blob([body]) });
    assert.deepEqual(await (await response).bytes(), body.subarray(first!.length));
    assert(first!.length > 0);
  });

  test("A body that was taken already cannot be sent on", async () => {
    const errors: unknown[] = [];
    await using ends = makeEnds({
      async exchange(exchange): Promise<void> {
        await exchange.bytes();
        await exchange.reply(200, {}, exchange.body).catch((error) => errors.push(error));
      },
    });
    const { response } = ends.client.request({ method: "POST", url: URL_OF, body: "hello" });
    await (await response).bytes().catch((error) => errors.push(error));
    assert.equal(errors.length, 2, "the handler and the client are told");
    assert(errors[0] instanceof TypeError);
  });

  test("A body that is sent on is held back while nobody reads it, and buffers are bounded", async () => {
    const size = 5_000_000;
    const { readable, state } = countedBody(size, 10_000);
    const limits = { maxSendBufferBytes: 50_000, minDataRate: 0 };
    await using ends = makeEnds({ exchange: (exchange) => void exchange.reply(200, {}, exchange.body) }, {
      windowBytes: 100_000,
      client: { limits },
      server: { limits },
    });
    const response = await ends.client.request({ method: "POST", url: URL_OF, body: readable }).response;
    await settle(100);
    // A window, a buffer and a piece each way.
    const bound = 2 * (100_000 + 50_000 + 16_384 + way.slackBytes);
    assert(state.given <= bound, `${state.given} bytes were taken from the source`);
    let received = 0;
    for await (const chunk of response.body!) {
      received += chunk.length;
      if (received < 1_000_000) await settle(1);
      assert(state.given - received <= bound, `${state.given - received} bytes are under way`);
    }
    assert.equal(received, size);
  });

  test("A body that is cut off while it is sent on does not look whole", async () => {
    const errors: unknown[] = [];
    await using ends = makeEnds({
      exchange: (exchange) =>
        void exchange.reply(200, {}, exchange.body).catch((error) => errors.push(error)),
    });
    const { promise: isBroken, resolve: breakIt } = Promise.withResolvers<void>();
    const body = failingBody(100, isBroken, new Error("disk"));
    const exchange = ends.client.request({ method: "POST", url: URL_OF, body });
    const reader = (await exchange.response).body!.getReader();
    assert.equal((await reader.read()).value?.length, 100);
    breakIt();
    await assert.rejects(reader.read());
    await until(() => errors.length === 1, "the handler is told");
    await until(() => ends.server.openExchanges === 0, "the end of the exchange");
  });

  test("Who gives up what is sent on gives up the source", async () => {
    const exchanges: ServerExchange[] = [];
    const errors: unknown[] = [];
    await using ends = makeEnds({
      exchange(exchange): void {
        exchanges.push(exchange);
        exchange.reply(200, {}, exchange.body).catch((error) => errors.push(error));
      },
    });
    const { readable, state } = countedBody(100_000_000);
    const exchange = ends.client.request({ method: "POST", url: URL_OF, body: readable });
    const response = await exchange.response;
    await response.body!.cancel();
    await until(() => exchanges[0]!.signal.aborted && errors.length === 1, "the server is told");
    await until(() => ends.server.openExchanges === 0, "the end of the exchange");
    await settle(20);
    const { given } = state;
    await settle(20);
    assert.equal(state.given, given, "nothing more is read");
  });

  for (const behind of WAYS) {
    test(`A gateway passes bodies both ways, to ${behind.name}`, async () => {
      const errors: unknown[] = [];
      const body = ordered(400_000);
      await using back = behind.makeEnds({
        exchange(exchange): void {
          exchange.setTrailers({ "x-end": "1" });
          async function* broken(): AsyncGenerator<Uint8Array> {
            yield ordered(50);
            throw await Promise.resolve(new Error("disk"));
          }
          exchange.reply(200, {}, exchange.path === "/broken" ? broken() : exchange.body);
        },
      }, { windowBytes: 90_000 });
      await using front = makeEnds({
        async exchange(exchange): Promise<void> {
          const { method, path, body } = exchange;
          const answer = await back.client.request({ method, url: `${URL_OF}${path}`, body }).response;
          exchange.setTrailers(async () => (await answer.trailers) ?? {});
          await exchange.reply(answer.status, {}, answer.body).catch((error) => errors.push(error));
        },
      }, { windowBytes: 80_000 });
      const whole = await front.client.request({ method: "POST", url: URL_OF, body: new Blob([body]) })
        .response;
      assert.deepEqual(await whole.bytes(), body);
      assert.equal((await whole.trailers)?.get("x-end"), "1");
      const broken = await front.client.request({ url: `${URL_OF}/broken` }).response;
      await assert.rejects(broken.bytes());
      await until(() => errors.length === 1, "the gateway is told");
      await until(
        () => front.server.openExchanges + back.server.openExchanges === 0,
        "the end of all exchanges",
      );
    });
  }
}
