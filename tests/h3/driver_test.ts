import assert from "node:assert/strict";
import { H3Driver, type H3DriverTarget } from "../../h3/driver.ts";
import { connect, H3Connection, serve } from "../../h3/mod.ts";
import type { EngineEvent } from "../../semantics/events.ts";
import { Fields } from "../../semantics/mod.ts";
import { memoryQuicPair, type MemoryQuicPairOptions } from "../../transport/memory.ts";
import type { QuicSendStream, QuicTransport } from "../../transport/mod.ts";
import { pooledBytes } from "../../wire/buffer_pool.ts";
import { settle, VirtualClock } from "../support/virtual_clock.ts";
import { INEXACT, replaced, until } from "./ends.ts";

const URL_OF = "https://example.com";

/** A server engine on a driver, in the hands of the test. */
function drive(
  transport: QuicTransport,
  clock: VirtualClock,
  receive: (event: EngineEvent, engine: H3Connection) => void,
  target: Partial<H3DriverTarget> = {},
) {
  const { exactStreamErrors } = transport.capabilities;
  const engine = new H3Connection({ role: "server", now: clock.now(), exactStreamErrors });
  const state = { ended: 0, lost: [] as unknown[] };
  const driver = new H3Driver({
    transport,
    engine,
    clock,
    target: {
      receive: (events) => events.forEach((event) => receive(event, engine)),
      lose: (error) => void state.lost.push(error.cause),
      end: () => void state.ended++,
      ...target,
    },
  });
  driver.start();
  return { engine, driver, state };
}

const WAYS: readonly (readonly [string, MemoryQuicPairOptions])[] = [
  ["direct calls", {}],
  ["Web Streams", { direct: false }],
  ["direct calls, no exact codes", INEXACT],
  ["Web Streams, no exact codes", { ...INEXACT, direct: false }],
];

for (const [way, pair] of WAYS) {
  Deno.test(`H3Driver ends the pump of a response that is stopped while its end is under way (${way})`, async () => {
    const clock = new VirtualClock();
    const [near, far] = memoryQuicPair({ clock, windowBytes: 1000, ...pair });
    const aborted: string[] = [];
    let control = -1;
    const { engine, driver, state } = drive(far, clock, (event, engine) => {
      if (event.type === "aborted") aborted.push(event.side);
      if (event.type !== "request") return;
      control = driver.openHalves;
      engine.sendResponse(event.id, { status: 200, fields: new Fields() }, false);
      engine.sendBody(event.id, new Uint8Array(100_000), true);
      driver.wake();
    });
    const client = connect(near, { clock, maxUnreadBytes: 1000, limits: { minDataRate: 0 } });
    for (let i = 0; i < 10; i++) {
      const exchange = client.request({ url: URL_OF });
      const response = await exchange.response;
      await settle();
      if (i % 2 === 0) await response.body!.cancel();
      else exchange.abort();
      await exchange.closed.catch(() => {});
      await until(() => engine.openExchanges === 0 && driver.openHalves < control);
    }
    // What is left are the control and QPACK streams of both ends.
    await until(() => driver.openHalves <= 6, "the end of all pumps");
    assert.deepEqual(state, { ended: 0, lost: [] });
    client.close();
    await client.closed;
    await until(() => state.ended === 1);
    assert.equal(driver.openHalves, 0);
    assert.equal(clock.pending, 0);
  });

  Deno.test(`H3Driver tells of a stop while nothing is written (${way})`, async () => {
    const clock = new VirtualClock();
    const [near, far] = memoryQuicPair({ clock, ...pair });
    const aborted: [string, string | undefined][] = [];
    const { driver, state } = drive(far, clock, (event, engine) => {
      if (event.type === "aborted") aborted.push([event.side, event.error.code]);
      if (event.type === "request") {
        engine.sendResponse(event.id, { status: 200, fields: new Fields() }, false);
      }
      driver.wake();
    });
    const client = connect(near, { clock });
    const exchange = client.request({ url: URL_OF });
    await exchange.response;
    await settle();
    exchange.abort();
    await until(() => aborted.length === 1);
    const code = pair === INEXACT || way.includes("no exact") ? "0x0" : "H3_REQUEST_CANCELLED";
    assert.deepEqual(aborted, [["both", code]]);
    client.close();
    await until(() => state.ended === 1);
  });
}

Deno.test("H3Driver passes a head and its end on at once, and never mixes up what it read ahead", async () => {
  for (const [, pair] of WAYS) {
    const clock = new VirtualClock();
    const [near, far] = memoryQuicPair({ clock, ...pair });
    const ends: boolean[] = [];
    let body = "";
    const { driver, state } = drive(far, clock, (event, engine) => {
      if (event.type === "request") ends.push(event.end);
      if (event.type === "body") {
        body += new TextDecoder().decode(event.data);
        engine.consume(event.id, event.data.length);
        if (event.end) engine.sendResponse(event.id, { status: 200, fields: new Fields() }, true);
      } else if (event.type === "request" && event.end) {
        engine.sendResponse(event.id, { status: 200, fields: new Fields() }, true);
      }
      driver.wake();
    });
    const client = connect(near, { clock });
    assert.equal((await client.request({ url: URL_OF }).response).status, 200);
    assert.deepEqual(ends, [true]);
    // Pieces that come while the read ahead waits, and larger than its buffer.
    for (const size of [1, 500, 1900, 2048, 5000]) {
      body = "";
      const texts = ["a".repeat(size), "b".repeat(size), "c".repeat(size)];
      const source = new ReadableStream<Uint8Array>({
        async pull(controller): Promise<void> {
          await settle(1);
          const text = texts.shift();
          if (text === undefined) controller.close();
          else controller.enqueue(new TextEncoder().encode(text));
        },
      });
      const { response } = client.request({ method: "POST", url: URL_OF, body: source });
      assert.equal((await response).status, 200);
      assert.equal(body, "a".repeat(size) + "b".repeat(size) + "c".repeat(size));
    }
    client.close();
    await until(() => state.ended === 1);
  }
});

Deno.test("H3Driver ends the connection when its shell throws, and not the process", async () => {
  const error = new Error("fault");
  const fail = (): never => {
    throw error;
  };
  for (const target of [{ turn: fail }, { receive: fail }]) {
    const clock = new VirtualClock();
    const [near, far] = memoryQuicPair({ clock });
    const { state } = drive(far, clock, () => {}, target);
    const client = connect(near, { clock });
    await until(() => state.ended === 1);
    assert.deepEqual(state.lost, [error]);
    await client.closed;
    assert.equal(client.endReason, "peer-close");
    assert.equal((client.error as { code?: string }).code, "H3_INTERNAL_ERROR");
    assert.equal(clock.pending, 0);
  }
});

Deno.test("H3Driver gives a connection up whose streams fail while it says nothing", async () => {
  const cause = new Error("cable");
  const failing: [Partial<QuicTransport>, string][] = [
    [{ openUni: () => Promise.reject(cause) }, "unknown"],
    [{ openBidi: () => Promise.reject(cause) }, "unsent"],
  ];
  for (const [parts, retry] of failing) {
    const clock = new VirtualClock();
    const [near, far] = memoryQuicPair({ clock });
    const client = connect(replaced(near, parts), { clock });
    const { response } = client.request({ url: URL_OF });
    await clock.pass(999);
    assert.equal(client.isClosed, false);
    await clock.pass(1);
    await assert.rejects(response, { code: "lost", scope: "transport", retry });
    await client.closed;
    assert.equal((client.error as Error).cause, cause);
    assert.equal(clock.pending, 0);
    assert.equal((await far.closed).by, "remote");
  }
});

Deno.test("H3Driver gives a connection up when a write fails alone", async () => {
  const cause = new Error("cable");
  const clock = new VirtualClock();
  const [near, far] = memoryQuicPair({ clock });
  const failWrites = (stream: QuicSendStream): QuicSendStream =>
    new Proxy(stream, {
      get: (target, name) =>
        name === "write" ? () => Promise.reject(cause) : Reflect.get(target, name, target),
    });
  const client = connect(replaced(near, { openUni: async () => failWrites(await near.openUni()) }), {
    clock,
  });
  await clock.pass(1000);
  await client.closed;
  assert.equal((client.error as Error).cause, cause);
  assert.equal(clock.pending, 0);
  far.close(0, "");
});

Deno.test("H3Driver sets one timer, and none when there is nothing to wait for", async () => {
  const clock = new VirtualClock();
  const [near, far] = memoryQuicPair({ clock });
  const client = connect(near, { clock });
  await settle();
  assert.equal(clock.pending, 1, "the SETTINGS are waited for");
  const server = serve(far, () => new Response("x"), {
    clock,
    limits: { idleTimeoutMs: 1e9, minDataRate: 0 },
  });
  await client.ready;
  for (let i = 0; i < 10; i++) await client.fetch(URL_OF);
  await clock.pass(60_000);
  assert.equal(clock.pending, 1, "the server waits for the end of idleness, the client for nothing");
  client.close();
  await Promise.all([client.closed, server.closed]);
  assert.equal(clock.pending, 0);
});

Deno.test("H3Driver gives its buffers back", async () => {
  const clock = new VirtualClock();
  const [near, far] = memoryQuicPair({ clock });
  const server = serve(far, {
    exchange: async (exchange) => void exchange.reply(200, {}, await exchange.bytes()),
  }, { clock });
  const client = connect(near, { clock });
  const body = new Uint8Array(1_000_000);
  const response = await client.request({ method: "POST", url: URL_OF, body }).response;
  assert.equal((await response.bytes()).length, 1_000_000);
  const before = pooledBytes();
  client.close();
  await Promise.all([client.closed, server.closed]);
  await settle();
  assert(pooledBytes() > before, "those of the control streams came back");
});

Deno.test("H3Driver reads no datagrams that nobody wants", async () => {
  const clock = new VirtualClock();
  const [near, far] = memoryQuicPair({ clock });
  const server = serve(far, () => new Response("x"), { clock });
  const client = connect(near, { clock });
  await client.ready;
  assert.equal(near.datagrams!.readable.locked, false);
  await far.datagrams!.send(new Uint8Array(10));
  assert.equal(await (await client.fetch(URL_OF)).text(), "x");
  client.close();
  await Promise.all([client.closed, server.closed]);
});
