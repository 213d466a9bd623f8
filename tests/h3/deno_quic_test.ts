import assert from "node:assert/strict";
import {
  connect,
  type ExchangeHandler,
  type H3Client,
  type H3ClientOptions,
  type H3ServerConnection,
  type H3ServerOptions,
  type Handler,
  serve,
  type ServerExchange,
} from "../../h3/mod.ts";
import { connectQuic, listenQuic, type QuicListener } from "../../transport/deno.ts";
import { hasQuic } from "../../transport/deno_quic.ts";
import { testAuthority, testCertificate } from "../support/certs.ts";
import { countedBody } from "../support/ends.ts";

const URL_OF = "https://localhost";
const MIB = 1_048_576;

/** A client and a server over Deno's QUIC; `await using` ends both. */
class QuicEnds {
  readonly errors: unknown[];
  readonly client: H3Client;
  readonly server: H3ServerConnection;
  readonly #listener: QuicListener;

  constructor(client: H3Client, server: H3ServerConnection, listener: QuicListener, errors: unknown[]) {
    this.client = client;
    this.server = server;
    this.#listener = listener;
    this.errors = errors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.client.closed;
    this.server.close();
    await this.server.closed;
    this.#listener.closeAll(0x100, "");
  }
}

async function makeEnds(
  handler: Handler | ExchangeHandler,
  options: { client?: H3ClientOptions; server?: H3ServerOptions; maxBidiStreams?: number } = {},
): Promise<QuicEnds> {
  const { cert, key } = await testCertificate();
  const caCerts = [await testAuthority()];
  const alpn = ["h3"];
  const { maxBidiStreams = 100 } = options;
  const listener = listenQuic({ hostname: "127.0.0.1", port: 0, cert, key, alpn, maxBidiStreams });
  const arriving = listener[Symbol.asyncIterator]().next();
  const near = await connectQuic({ hostname: "127.0.0.1", port: listener.addr.port, alpn, caCerts });
  const { value: far } = await arriving;
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const server = serve(far!, handler, { onError, ...options.server });
  return new QuicEnds(connect(near, options.client), server, listener, errors);
}

/** Registers a test, or says why it cannot run. */
function test(title: string, body: () => Promise<void>): void {
  if (hasQuic()) Deno.test(`${title}, over Deno's QUIC`, body);
  else Deno.test.ignore(`${title} (needs Deno.QuicEndpoint: run with --unstable-net)`, () => {});
}

async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("Waited in vain");
}

/** Checks that a body is what `countedBody` gave, piece by piece. */
function checkBytes(bytes: Uint8Array, size: number, piece: number): void {
  assert.equal(bytes.length, size);
  for (let at = 0; at < size; at += piece) {
    const end = Math.min(size, at + piece);
    assert.equal(bytes[at], end % 251);
    assert.equal(bytes[end - 1], end % 251);
  }
}

const echo: ExchangeHandler = {
  async exchange(exchange): Promise<void> {
    exchange.sendInterim(103, { link: "</style.css>" });
    const trailers = exchange.trailers;
    exchange.setTrailers(async () => ({ "x-sum": (await trailers)?.get("x-sum") ?? "none" }));
    await exchange.reply(200, {}, exchange.body ?? undefined);
  },
};

for (const size of [0, 1, 65_536, 16 * MIB]) {
  test(`H3Client sends ${size} bytes and gets them back, with trailers and a 103`, async () => {
    await using ends = await makeEnds(echo);
    for (const isWhole of [true, false]) {
      const interim: number[] = [];
      const { readable } = countedBody(size, 100_000);
      const body = isWhole
        ? new Uint8Array(await new Response(readable as BodyInit).arrayBuffer())
        : readable;
      const response = await ends.client.request({
        method: "POST",
        url: URL_OF,
        body,
        trailers: { "x-sum": String(size) },
        onInterim: ({ status }) => void interim.push(status),
      }).response;
      assert.equal(response.status, 200);
      checkBytes(await response.bytes(), size, 100_000);
      assert.equal((await response.trailers)?.get("x-sum"), String(size));
      assert.deepEqual(interim, [103]);
    }
    assert.deepEqual(ends.errors, []);
    await until(() => ends.server.openExchanges === 0);
    assert.equal(ends.client.openExchanges, 0);
  });
}

test("bytes of a large body are free when the promise says so, and not before they left", async () => {
  const size = 5 * MIB;
  const content = (): Uint8Array => new Uint8Array(size).fill(7);
  let received: Uint8Array | undefined;
  await using ends = await makeEnds({
    async exchange(exchange): Promise<void> {
      received = await exchange.bytes();
      const bytes = content();
      await exchange.reply(200, {}, bytes);
      bytes.fill(0);
    },
  });
  const body = content();
  const request = ends.client.request({ method: "POST", url: URL_OF, body });
  const response = await request.response;
  // The server's window is full before this end reads on.
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(await response.bytes(), content());
  await request.closed;
  body.fill(0);
  assert.deepEqual(received, content());
});

test("H3Client has 100 exchanges at once", async () => {
  const held: ServerExchange[] = [];
  await using ends = await makeEnds({ exchange: (exchange) => void held.push(exchange) });
  const all = Array.from(
    { length: 100 },
    (_, i) => ends.client.request({ method: "POST", url: `${URL_OF}/${i}`, body: `body ${i}` }),
  );
  await until(() => held.length === 100);
  for (const exchange of held) void exchange.text().then((text) => exchange.reply(200, {}, text));
  for (const [i, { response }] of all.entries()) assert.equal(await (await response).text(), `body ${i}`);
  await until(() => ends.server.openExchanges === 0);
});

test("H3Client lets requests wait for stream credit", async () => {
  await using ends = await makeEnds((request) => new Response(new URL(request.url).pathname), {
    maxBidiStreams: 5,
    client: { limits: { initialMaxSendStreams: 10 } },
  });
  const all = Array.from({ length: 300 }, (_, i) => ends.client.request({ url: `${URL_OF}/${i}` }));
  assert.deepEqual([ends.client.openExchanges, ends.client.queuedRequests], [10, 290]);
  for (const [i, { response }] of all.entries()) assert.equal(await (await response).text(), `/${i}`);
});

/** How an aborted message is declared: its content length, if there is any. */
const LENGTHS: readonly (readonly [string, number | undefined])[] = [
  ["with a content length that is not met", 5 * MIB],
  ["with a content length that is met but for the end", MIB],
  ["without a content length", undefined],
];

/** Gives `MIB` bytes, then fails. */
function failingBody(): ReadableStream<Uint8Array> {
  let given = 0;
  return new ReadableStream({
    async pull(controller): Promise<void> {
      if (given < MIB) {
        given += 65_536;
        return controller.enqueue(new Uint8Array(65_536));
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
      controller.error(new Error("the source failed"));
    },
  }, { highWaterMark: 0 });
}

for (const [what, length] of LENGTHS) {
  const fields = length === undefined ? {} : { "content-length": String(length) };

  test(`a response that is given up is never taken for whole, ${what}`, async () => {
    await using ends = await makeEnds({
      exchange(exchange): void {
        if (exchange.path === "/good") exchange.reply(200, {}, "good");
        else exchange.reply(200, fields, failingBody()).catch(() => {});
      },
    });
    const response = await ends.client.request({ url: URL_OF }).response;
    await assert.rejects(response.bytes(), { code: "H3_MESSAGE_ERROR" });
    const good = await ends.client.request({ url: `${URL_OF}/good` }).response;
    assert.equal(await good.text(), "good", "the connection goes on");
    await until(() => ends.server.openExchanges === 0);
  });

  test(`a request that is given up is never taken for whole, ${what}`, async () => {
    const outcomes: unknown[] = [];
    await using ends = await makeEnds({
      async exchange(exchange): Promise<void> {
        if (exchange.path === "/good") return exchange.reply(200, {}, "good");
        await exchange.bytes().then(
          (bytes) => outcomes.push(bytes.length),
          (error) => outcomes.push(error.code),
        );
        await exchange.reply(200).catch(() => {});
      },
    });
    const request = { method: "POST", url: URL_OF, fields, body: failingBody() };
    await assert.rejects(ends.client.request(request).response, /the source failed/);
    await until(() => outcomes.length === 1);
    assert.deepEqual(outcomes, ["H3_MESSAGE_ERROR"]);
    const good = await ends.client.request({ url: `${URL_OF}/good` }).response;
    assert.equal(await good.text(), "good", "the connection goes on");
    await until(() => ends.server.openExchanges === 0);
  });
}

test("a client that stops a response is noticed by the next write, and an upload that is not wanted ends", async () => {
  let cancelled: unknown;
  await using ends = await makeEnds({
    exchange(exchange): void {
      if (exchange.path === "/upload") return void exchange.reply(413, {}, "too large");
      const { readable, state } = countedBody(500 * MIB);
      exchange.reply(200, {}, readable).catch(() => cancelled = state.cancelled);
    },
  });
  const response = await ends.client.request({ url: `${URL_OF}/download` }).response;
  await response.body!.getReader().cancel();
  await until(() => cancelled !== undefined);
  const { readable, state } = countedBody(500 * MIB);
  const refused = await ends.client.request({ method: "POST", url: `${URL_OF}/upload`, body: readable })
    .response;
  assert.deepEqual([refused.status, await refused.text()], [413, "too large"]);
  await until(() => state.cancelled !== undefined);
  assert(state.given < 100 * MIB);
  await until(() => ends.server.openExchanges === 0 && ends.client.openExchanges === 0);
});

test("a slow reader holds the sender back, in both directions", async () => {
  let upload: ServerExchange | undefined;
  const down = countedBody(30 * MIB, 65_536);
  await using ends = await makeEnds({
    exchange(exchange): void {
      if (exchange.path === "/down") exchange.reply(200, {}, down.readable).catch(() => {});
      else upload = exchange;
    },
  });
  const response = await ends.client.request({ url: `${URL_OF}/down` }).response;
  const up = countedBody(30 * MIB, 65_536);
  const sent = ends.client.request({ method: "POST", url: `${URL_OF}/up`, body: up.readable });
  await new Promise((resolve) => setTimeout(resolve, 300));
  // A window of QUIC is 1.25 MB; the rest is the buffers of this library.
  for (const { state } of [down, up]) {
    assert(state.given < 3 * MIB, `${state.given} bytes were taken from the source`);
  }
  assert.equal((await response.bytes()).length, 30 * MIB);
  assert.equal((await upload!.bytes()).length, 30 * MIB);
  upload!.reply(200);
  assert.equal((await sent.response).status, 200);
});

test("shutdown in the middle of 200 exchanges loses none that was accepted", async () => {
  const done: string[] = [];
  await using ends = await makeEnds({
    async exchange(exchange): Promise<void> {
      const text = await exchange.text();
      await new Promise((resolve) => setTimeout(resolve, Number(exchange.path.slice(1)) % 50));
      done.push(exchange.path);
      await exchange.reply(200, {}, text.repeat(1000));
    },
  }, { server: { goawayNoticeMs: 50 } });
  const all = Array.from(
    { length: 200 },
    (_, i) => ends.client.request({ method: "POST", url: `${URL_OF}/${i}`, body: `body ${i};` }),
  );
  await until(() => done.length > 20);
  const ended = ends.server.shutdown();
  const results = await Promise.allSettled(
    all.map(async ({ response }, i) => {
      assert.equal(await (await response).text(), `body ${i};`.repeat(1000));
      return `/${i}`;
    }),
  );
  const answered = results.filter(({ status }) => status === "fulfilled").length;
  for (const [i, result] of results.entries()) {
    if (result.status === "fulfilled") continue;
    assert(["unsent", "refused"].includes(result.reason.retry), String(result.reason));
    assert(!done.includes(`/${i}`));
  }
  assert.equal(answered, done.length);
  assert(answered >= 20);
  await ended;
  await ends.client.closed;
  assert.deepEqual([ends.client.error, ends.server.error], [undefined, undefined]);
});

test("50 connections one after the other leave nothing open", async () => {
  for (let i = 0; i < 50; i++) {
    await using ends = await makeEnds(() => new Response("fine"));
    assert.equal(await (await ends.client.fetch(URL_OF)).text(), "fine");
  }
});
