import assert from "node:assert/strict";
import { connect, serve, type ServerExchange } from "../../h3/mod.ts";
import { ConnectionError, StreamError, TransportError } from "../../semantics/mod.ts";
import { memoryQuicPair } from "../../transport/memory.ts";
import { echo } from "../support/ends.ts";
import { settle, VirtualClock } from "../support/virtual_clock.ts";
import { countedBody, INEXACT, makeEnds, until } from "./ends.ts";

const URL_OF = "https://example.com";
const POST = { method: "POST", url: URL_OF };

Deno.test("H3Client.ready and isReady follow the server's SETTINGS, and the end has a reason", async () => {
  await using ends = makeEnds({ exchange: echo });
  const { client } = ends;
  assert.deepEqual([client.isReady, client.isClosed, client.endReason], [false, false, undefined]);
  await client.ready;
  assert.deepEqual([client.isReady, client.isExtendedConnectEnabled], [true, true]);
  assert.equal(client.maxReceiveStreams, 0);
  client.close();
  await client.closed;
  await ends.server.closed;
  assert.deepEqual([client.isReady, client.isClosed, client.endReason], [false, true, "local-close"]);
  assert.deepEqual([ends.server.endReason, ends.server.error, client.error], [
    "peer-close",
    undefined,
    undefined,
  ]);
});

Deno.test("H3Client.ready rejects when the connection ends first, and nobody has to look", async () => {
  for (const isLooking of [true, false]) {
    const clock = new VirtualClock();
    const [near, far] = memoryQuicPair({ clock });
    const client = connect(near, { clock });
    far.close(0x102, "broken");
    if (isLooking) await assert.rejects(client.ready, { code: "H3_INTERNAL_ERROR", initiator: "remote" });
    await client.closed;
    assert(client.error instanceof ConnectionError);
    assert.equal(clock.pending, 0);
  }
});

Deno.test("H3Client.keepAlive beats while an exchange is open, and not otherwise", async () => {
  const clock = new VirtualClock();
  const held: ServerExchange[] = [];
  const [near, far] = memoryQuicPair({ clock });
  const server = serve(far, { exchange: (exchange) => void held.push(exchange) }, { clock });
  const client = connect(near, { clock, keepAlive: { intervalMs: 1000 } });
  await client.ready;
  await clock.pass(5000);
  assert.equal(server.counters.unknownFrames, 0, "an idle connection is not kept");
  const { response } = client.request({ url: URL_OF });
  await clock.pass(5500);
  assert.equal(server.counters.unknownFrames, 5);
  held[0]!.reply(200);
  assert.equal((await response).status, 200);
  await clock.pass(5000);
  assert.equal(server.counters.unknownFrames, 5);
  client.close();
  await client.closed;
  await server.closed;
  await clock.pass(5000);
  assert.equal(clock.pending, 0);
  assert.throws(
    () => connect(memoryQuicPair({ clock })[0], { clock, keepAlive: { intervalMs: 0 } }),
    RangeError,
  );
});

Deno.test("H3Client lets requests wait for stream credit, then for its own queue, in order", async () => {
  const held: ServerExchange[] = [];
  await using ends = makeEnds({ exchange: (exchange) => void held.push(exchange) }, {
    pair: { server: { maxBidiStreams: 2 } },
    client: { limits: { initialMaxSendStreams: 2 } },
  });
  await ends.client.ready;
  const all = Array.from({ length: 8 }, (_, i) => ends.client.request({ url: `${URL_OF}/${i}` }));
  await settle();
  // Two are there, two wait for the transport, four for room.
  assert.deepEqual([held.length, ends.client.openExchanges, ends.client.queuedRequests], [2, 4, 4]);
  const order: string[] = [];
  for (let i = 0; i < 8; i++) {
    await until(() => held.length > i);
    order.push(held[i]!.path);
    held[i]!.reply(200);
    assert.equal((await all[i]!.response).status, 200);
    assert(held.length <= i + 3, "the credit of the server is kept");
  }
  assert.deepEqual(order, ["/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7"]);
  assert.deepEqual([ends.client.openExchanges, ends.client.queuedRequests], [0, 0]);
});

for (const isExact of [true, false]) {
  const name = isExact ? "with exact codes" : "without exact codes";
  const pair = isExact ? {} : INEXACT;

  Deno.test(`H3Client never sends a request that was given up before its stream was there, ${name}`, async () => {
    const paths: string[] = [];
    let held: ServerExchange | undefined;
    await using ends = makeEnds({
      exchange(exchange): void {
        paths.push(exchange.path);
        if (exchange.path === "/held") held = exchange;
        else exchange.reply(200);
      },
    }, { pair: { ...pair, server: { maxBidiStreams: 1 } } });
    await ends.client.ready;
    const first = ends.client.request({ url: `${URL_OF}/held` });
    await until(() => held !== undefined);
    const whole = ends.client.request({ url: `${URL_OF}/whole` });
    const { readable, state } = countedBody(10_000_000);
    const partial = ends.client.request({ method: "POST", url: `${URL_OF}/partial`, body: readable });
    const last = ends.client.request({ url: `${URL_OF}/last` });
    await settle();
    whole.abort();
    partial.abort();
    held!.reply(200);
    assert.equal((await first.response).status, 200);
    assert.equal((await last.response).status, 200);
    await assert.rejects(whole.response, StreamError);
    await assert.rejects(partial.response, StreamError);
    await until(() => state.cancelled !== undefined);
    assert.deepEqual(paths, ["/held", "/last"]);
    await until(() => ends.server.openExchanges === 0);
    assert.equal(ends.client.openExchanges, 0);
  });

  Deno.test(`H3Client ends each exchange with its verdict after GOAWAY, ${name} [9114-5.2:refused]`, async () => {
    let held: ServerExchange | undefined;
    const paths: string[] = [];
    await using ends = makeEnds({
      exchange(exchange): void {
        paths.push(exchange.path);
        held = exchange;
      },
    }, { pair: { ...pair, latencyMs: 50, server: { maxBidiStreams: 3 } } });
    await ends.clock.pass(200);
    const first = ends.client.request({ url: `${URL_OF}/first` });
    await ends.clock.pass(100);
    // The second call skips the notice.
    const ended = ends.server.shutdown();
    ends.server.shutdown();
    await settle();
    const late = [1, 2, 3].map((i) => ends.client.request({ url: `${URL_OF}/late${i}` }));
    await ends.clock.pass(60);
    await assert.rejects(late[0]!.response, { retry: "refused" });
    await assert.rejects(late[1]!.response, { retry: "refused" });
    await assert.rejects(late[2]!.response, { retry: "refused" });
    await assert.rejects(ends.client.request({ url: URL_OF }).response, { retry: "unsent" });
    held!.reply(200, {}, "done");
    await ends.clock.pass(60);
    assert.equal(await (await first.response).text(), "done");
    await ends.clock.pass(200);
    await ended;
    await ends.client.closed;
    assert.deepEqual(paths, ["/first"]);
    assert.deepEqual([ends.client.endReason, ends.client.error], ["peer-shutdown", undefined]);
  });
}

Deno.test("H3Client fails everything when the transport is lost, each with its verdict", async () => {
  let begun = 0;
  await using ends = makeEnds({ exchange: () => void begun++ }, {
    pair: { server: { maxBidiStreams: 1 } },
    client: { limits: { initialMaxSendStreams: 1 } },
  });
  await ends.client.ready;
  const sent = ends.client.request({ url: URL_OF });
  await until(() => begun === 1);
  const unopened = ends.client.request({ url: URL_OF });
  const queued = ends.client.request({ url: URL_OF });
  ends.link.reset();
  await assert.rejects(sent.response, (error: unknown) => {
    assert(error instanceof TransportError);
    return error.retry === "unknown";
  });
  await assert.rejects(unopened.response, { retry: "unsent" });
  await assert.rejects(queued.response, { retry: "unsent" });
  await Promise.all([ends.client.closed, ends.server.closed]);
  assert.deepEqual([ends.client.endReason, ends.server.endReason], ["lost", "lost"]);
  assert(ends.client.error instanceof TransportError);
  assert.deepEqual([ends.client.openExchanges, ends.client.queuedRequests], [0, 0]);
});

Deno.test("H3Client.tryRequest gives a request back untouched that could not be sent", async () => {
  await using ends = makeEnds({ exchange: () => {} }, { client: { limits: { initialMaxSendStreams: 1 } } });
  ends.link.cut();
  ends.client.request({ url: URL_OF });
  const request = new Request(URL_OF, { method: "POST", body: "precious" });
  const waiting = ends.client.tryRequest(request);
  ends.client.close();
  const { exchange, unsent, error } = await waiting;
  assert.equal(exchange, undefined);
  assert.equal(unsent, request);
  assert.equal((error as ConnectionError).retry, "unsent");
  assert.equal(await request.text(), "precious");
});

Deno.test("H3Client.shutdown lets open exchanges finish, and those that wait for their stream", async () => {
  const held: ServerExchange[] = [];
  await using ends = makeEnds({ exchange: (exchange) => void held.push(exchange) }, {
    pair: { server: { maxBidiStreams: 1 } },
    client: { limits: { initialMaxSendStreams: 1 } },
  });
  await ends.client.ready;
  const open = ends.client.request({ url: URL_OF });
  await until(() => held.length === 1);
  const unopened = ends.client.request({ url: URL_OF });
  const queued = ends.client.request({ url: URL_OF });
  const ended = ends.client.shutdown();
  await assert.rejects(queued.response, { retry: "unsent" });
  await assert.rejects(ends.client.request({ url: URL_OF }).response, { retry: "unsent" });
  held[0]!.reply(200, {}, "late");
  assert.equal(await (await open.response).text(), "late");
  await until(() => held.length === 2);
  held[1]!.reply(200, {}, "later");
  assert.equal(await (await unopened.response).text(), "later");
  await ends.clock.pass(1);
  await ended;
  assert.deepEqual([ends.client.endReason, ends.client.error], ["shutdown", undefined]);
});

Deno.test("H3Client tells of origins [9412-2]", async () => {
  const told: (readonly string[])[] = [];
  await using ends = makeEnds({ exchange: echo }, {
    client: { onOrigins: (origins) => void told.push(origins) },
    server: { origins: ["https://a.example"] },
  });
  await until(() => told.length === 1);
  ends.server.sendOrigins(["https://b.example", "https://c.example"]);
  await until(() => told.length === 2);
  assert.deepEqual(told, [["https://a.example"], ["https://b.example", "https://c.example"]]);
});

Deno.test("H3Client and its server exchange datagrams, if both want to [9297-2.1]", async () => {
  for (const isWanted of [true, false]) {
    const seen: string[] = [];
    const decoder = new TextDecoder();
    await using ends = makeEnds({
      exchange(exchange): void {
        exchange.acceptTunnel().readable.pipeTo(new WritableStream()).catch(() => {});
      },
    }, {
      client: { datagrams: true, onDatagram: (id, data) => void seen.push(`${id} ${decoder.decode(data)}`) },
      server: {
        datagrams: isWanted,
        onDatagram: (id, data) => void ends.server.sendDatagram(id, data.slice().reverse()),
      },
    });
    await ends.client.ready;
    await settle();
    const exchange = ends.client.request({ method: "CONNECT", url: URL_OF, protocol: "connect-udp" });
    await exchange.response;
    const sent = ["abc", "", "x".repeat(1000)].map((text) =>
      ends.client.sendDatagram(exchange.id, new TextEncoder().encode(text))
    );
    assert.deepEqual(sent, [isWanted, isWanted, isWanted]);
    if (isWanted) await until(() => seen.length === 3);
    else await settle();
    assert.deepEqual(seen, isWanted ? ["0 cba", "0 ", `0 ${"x".repeat(1000)}`] : []);
    // One that is too large is dropped, and one for nobody is refused.
    ends.client.sendDatagram(exchange.id, new Uint8Array(5000));
    assert.equal(ends.client.sendDatagram(400, new Uint8Array(1)), false);
    await settle();
    assert.equal(ends.client.isClosed, false);
    exchange.abort();
  }
});

Deno.test("H3Client survives a callback for datagrams that throws only with its connection", async () => {
  const error = new Error("callback");
  const clock = new VirtualClock();
  const [near, far] = memoryQuicPair({ clock });
  const server = serve(far, { exchange: (exchange) => void exchange.acceptTunnel() }, {
    clock,
    datagrams: true,
  });
  const client = connect(near, {
    clock,
    datagrams: true,
    onDatagram(): void {
      throw error;
    },
  });
  await client.ready;
  await settle();
  const exchange = client.request({ method: "CONNECT", url: URL_OF, protocol: "connect-udp" });
  await exchange.response;
  server.sendDatagram(exchange.id, new Uint8Array(1));
  await client.closed;
  assert.equal((client.error as Error).cause, error);
  await server.closed;
  assert.equal(clock.pending, 0);
});

Deno.test("H3Client refuses options that cannot be", () => {
  const [near, far] = memoryQuicPair();
  assert.throws(() => connect(near, { maxQueuedRequests: -1 }), RangeError);
  assert.throws(() => connect(near, { maxUnreadBytes: NaN }), RangeError);
  near.close(0, "");
  far.close(0, "");
});

Deno.test("H3Client says how its body is taken when the server stops it and answers after", async () => {
  let held: ServerExchange | undefined;
  await using ends = makeEnds({ exchange: (exchange) => void (held = exchange) });
  const { readable, state } = countedBody(50_000_000);
  const exchange = ends.client.request({ ...POST, body: readable });
  await until(() => held !== undefined);
  await held!.body!.cancel();
  await until(() => state.cancelled !== undefined);
  assert(state.given < 5_000_000);
  held!.reply(200, {}, "no need for more");
  assert.equal(await (await exchange.response).text(), "no need for more");
  await exchange.closed;
});
