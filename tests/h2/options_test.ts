/**
 * Each option of hyper's HTTP/2 builders by its counterpart here, at work. The titles are
 * cited in docs/options.md; the last test keeps that page true.
 */

import assert from "node:assert/strict";
import { connect, H2Connection, serve, type ServerExchange } from "../../h2/mod.ts";
import {
  CLIENT_LIMITS,
  Fields,
  type FrameTrace,
  SERVER_LIMITS,
  type TraceEvent,
} from "../../semantics/mod.ts";
import { memoryPair } from "../../transport/memory.ts";
import { settle, VirtualClock } from "../support/virtual_clock.ts";
import { countedBody, makeEnds, until } from "./ends.ts";

const URL_OF = "https://example.com";
const FRAMES = { DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, WINDOW_UPDATE: 8 } as const;

function frame(type: number, flags: number, id: number, ...payload: number[]): Uint8Array {
  return new Uint8Array([
    0,
    payload.length >> 8,
    payload.length & 255,
    type,
    flags,
    0,
    0,
    id >> 8,
    id & 255,
    ...payload,
  ]);
}

Deno.test("option initialStreamWindowBytes bounds what the peer sends of one body", async () => {
  const { readable, state } = countedBody(10_000_000, 10_000);
  await using ends = makeEnds({ exchange: (exchange) => void exchange.reply(200, {}, readable) }, {
    client: { initialStreamWindowBytes: 123_456 },
    server: { limits: { maxSendBufferBytes: 20_000 } },
  });
  await ends.client.request({ url: URL_OF }).response;
  await settle(50);
  assert.equal(ends.server.peerSettings.initialWindowBytes, 123_456);
  assert(state.given > 123_456 && state.given < 123_456 + 40_000, `${state.given}`);
});

Deno.test("option initialConnectionWindowBytes bounds what the peer sends of all bodies", async () => {
  const bodies = [1, 2, 3].map(() => countedBody(1_000_000, 10_000));
  let next = 0;
  await using ends = makeEnds({
    exchange: (exchange) => void exchange.reply(200, {}, bodies[next++]!.readable),
  }, {
    client: { initialConnectionWindowBytes: 150_000, initialStreamWindowBytes: 100_000 },
    server: { limits: { maxSendBufferBytes: 20_000 } },
  });
  for (let i = 0; i < 3; i++) await ends.client.request({ url: URL_OF }).response;
  await settle(50);
  const given = bodies.reduce((sum, { state }) => sum + state.given, 0);
  assert(given > 150_000 && given < 150_000 + 3 * 40_000, `${given}`);
});

Deno.test("option limits.initialMaxSendStreams caps requests before the peer's SETTINGS", async () => {
  const [near, far] = memoryPair();
  const client = connect(near, { limits: { initialMaxSendStreams: 2 } });
  const all = [1, 2, 3].map(() => client.request({ url: URL_OF }));
  assert.deepEqual(all.map(({ isQueued }) => isQueued), [false, false, true]);
  assert.equal(client.maxSendStreams, 2);
  far.close();
  await client.closed;
});

Deno.test("option adaptiveWindow grows windows with the bandwidth-delay product", async () => {
  const size = 8_000_000;
  const elapsed: number[] = [];
  for (const adaptiveWindow of [false, true]) {
    await using ends = makeEnds({
      exchange: (exchange) => void exchange.reply(200, {}, new Uint8Array(size)),
    }, {
      client: adaptiveWindow
        ? { adaptiveWindow }
        : { initialStreamWindowBytes: 65_535, initialConnectionWindowBytes: 65_535 },
      pair: { latencyMs: 20 },
    });
    const start = ends.clock.now();
    let length = 0;
    ends.client.request({ url: URL_OF }).response.then(async (response) =>
      length = (await response.bytes()).length
    );
    while (length < size) await ends.clock.pass(10);
    elapsed.push(ends.clock.now() - start);
    assert.equal(ends.client.counters.windowGrowths > 0, adaptiveWindow);
    ends.client.close();
    await ends.clock.pass(3000);
  }
  assert(elapsed[1]! * 2 < elapsed[0]!, `${elapsed}`);
});

Deno.test("option maxFrameBytes lets the peer send larger frames", async () => {
  for (const maxFrameBytes of [16_384, 40_000]) {
    let largest = 0;
    const trace = (event: TraceEvent): void => {
      if (event.type === "frame" && event.direction === "in" && event.name === "DATA") {
        largest = Math.max(largest, (event as FrameTrace).length);
      }
    };
    await using ends = makeEnds({
      exchange: (exchange) => void exchange.reply(200, {}, new Uint8Array(300_000)),
    }, { client: { maxFrameBytes, trace } });
    await ends.client.ready;
    await (await ends.client.request({ url: URL_OF }).response).bytes();
    assert.equal(largest, maxFrameBytes);
    assert.equal(ends.server.peerSettings.maxFrameBytes, maxFrameBytes);
  }
});

Deno.test("option limits.maxHeaderListBytes refuses larger heads", async () => {
  await using ends = makeEnds({
    exchange: (exchange) =>
      void exchange.reply(200, { "x-large": "x".repeat(Number(exchange.path.slice(1))) }),
  }, { client: { limits: { maxHeaderListBytes: 1000 } } });
  await ends.client.ready;
  assert.equal(ends.server.peerSettings.maxHeaderListBytes, 1000);
  assert.equal((await ends.client.request({ url: `${URL_OF}/500` }).response).status, 200);
  await assert.rejects(ends.client.request({ url: `${URL_OF}/1200` }).response, /limit:header_list_bytes/);
});

Deno.test("option limits.headerTableBytes is what the peer's encoder may use", async () => {
  await using ends = makeEnds(() => new Response(null), { client: { limits: { headerTableBytes: 512 } } });
  await ends.client.fetch(URL_OF);
  assert.equal(ends.server.peerSettings.headerTableBytes, 512);
  // Fields that fill any table: what is decoded stays right.
  for (let i = 0; i < 50; i++) {
    const response = await ends.client.fetch(URL_OF, { headers: { [`x-${i}`]: "v".repeat(100) } });
    assert.equal(response.status, 200);
  }
});

Deno.test("option limits.maxConcurrentStreams is what the peer may have open", async () => {
  const held: ServerExchange[] = [];
  await using ends = makeEnds({ exchange: (exchange) => void held.push(exchange) }, {
    server: { limits: { maxConcurrentStreams: 3 } },
  });
  await ends.client.ready;
  assert.equal(ends.client.maxSendStreams, 3);
  const all = Array.from({ length: 5 }, () => ends.client.request({ url: URL_OF }));
  await until(() => held.length === 3);
  await settle();
  assert.deepEqual([held.length, ends.client.queuedRequests], [3, 2]);
  for (let i = 0; i < 5; i++) {
    await until(() => held.length > i);
    held[i]!.reply(200);
  }
  for (const { response } of all) assert.equal((await response).status, 200);
});

Deno.test("option keepAlive.intervalMs sends PINGs on a quiet connection", async () => {
  await using ends = makeEnds({ exchange: () => {} }, { client: { keepAlive: { intervalMs: 3000 } } });
  ends.client.request({ url: URL_OF });
  await ends.clock.pass(2999);
  const before = ends.server.counters.pingsIn;
  await ends.clock.pass(10_000);
  assert.equal(ends.server.counters.pingsIn - before, 4);
});

Deno.test("option keepAlive.timeoutMs ends a connection that does not answer", async () => {
  for (const [timeoutMs, expected] of [[undefined, 20_000], [500, 500]] as const) {
    await using ends = makeEnds({ exchange: () => {} }, {
      client: { keepAlive: { intervalMs: 1000, ...(timeoutMs === undefined ? {} : { timeoutMs }) } },
    });
    const { response } = ends.client.request({ url: URL_OF });
    await settle();
    ends.link.cut();
    await ends.clock.pass(1000 + expected - 1);
    assert.equal(ends.client.isClosed, false);
    await ends.clock.pass(1);
    assert.equal(ends.client.isClosed, true);
    await assert.rejects(response, { code: "timeout" });
  }
});

Deno.test("option keepAlive.whileIdle sends PINGs without open exchanges too", async () => {
  for (const whileIdle of [false, true]) {
    await using ends = makeEnds({ exchange: () => {} }, {
      client: { keepAlive: { intervalMs: 1000, whileIdle } },
    });
    await ends.clock.pass(10_500);
    assert.equal(ends.server.counters.pingsIn >= 9, whileIdle);
    assert.equal(ends.server.counters.pingsIn === 0, !whileIdle);
  }
});

Deno.test("options limits.maxRememberedStreams and limits.rememberStreamMs keep late frames harmless", async () => {
  // HEADERS once more on a stream that the client reset: known as late, forgotten by number, forgotten by time.
  const cases = [[{}, undefined], [{ maxRememberedStreams: 2 }, "9113-5.1.1"], [
    { rememberStreamMs: 500 },
    "9113-5.1.1",
  ]] as const;
  const block = [0x82, 0x86, 0x84, 0x41, 1, 0x61];
  for (const [limits, rule] of cases) {
    const clock = new VirtualClock();
    const [near, far] = memoryPair();
    const server = serve(far, { exchange: () => {} }, { clock, limits });
    await near.write!(new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    await near.write!(frame(FRAMES.SETTINGS, 0, 0));
    for (const id of [1, 3, 5]) {
      await near.write!(frame(FRAMES.HEADERS, 5, id, ...block));
      await near.write!(frame(FRAMES.RST_STREAM, 0, id, 0, 0, 0, 8));
    }
    await settle();
    await clock.pass(600);
    await near.write!(frame(FRAMES.HEADERS, 5, 1, ...block));
    await settle();
    assert.equal((server.error as { rule?: string } | undefined)?.rule, rule);
    assert.equal(server.isClosed, rule !== undefined);
    near.close();
    await clock.pass(2000);
    await server.closed;
  }
});

Deno.test("option limits.maxSendBufferBytes bounds what waits of one body", async () => {
  const { readable, state } = countedBody(10_000_000, 10_000);
  await using ends = makeEnds({ exchange: () => {} }, {
    client: { limits: { maxSendBufferBytes: 70_000 } },
    server: { initialStreamWindowBytes: 50_000 },
  });
  await ends.client.ready;
  ends.client.request({ method: "POST", url: URL_OF, body: readable });
  await settle(50);
  assert(state.given >= 110_000 && state.given <= 140_000, `${state.given}`);
});

Deno.test("options limits.peerResetBurst and peerResetsPerSecond end a connection that resets and resets", async () => {
  const limits = { peerResetBurst: 5, peerResetsPerSecond: 1 };
  await using ends = makeEnds({ exchange: () => {} }, { server: { limits } });
  await ends.client.ready;
  const reset = async (): Promise<void> => {
    const exchange = ends.client.request({ url: URL_OF });
    await settle(1);
    exchange.abort();
    await settle();
  };
  for (let i = 0; i < 5; i++) await reset();
  assert.equal(ends.server.isClosed, false);
  await ends.clock.pass(2000);
  for (let i = 0; i < 2; i++) await reset();
  assert.equal(ends.server.isClosed, false);
  for (let i = 0; i < 2; i++) await reset();
  assert.equal(ends.server.isClosed, true);
  assert.equal((ends.server.error as { rule?: string }).rule, "limit:peer_resets");
});

Deno.test("options limits.errorResetBurst and errorResetsPerSecond end a connection whose errors cause resets", async () => {
  const clock = new VirtualClock();
  const [near, far] = memoryPair();
  const limits = { errorResetBurst: 5, errorResetsPerSecond: 1 };
  const server = serve(far, { exchange: () => {} }, { clock, limits });
  const engine = new H2Connection({ role: "client", now: 0 });
  const head = { method: "GET", scheme: "https", authority: "a", path: "/", fields: new Fields() };
  for (let i = 0; i < 6; i++) {
    assert.equal(server.isClosed, false);
    const id = engine.sendRequest(head, true);
    await near.write!(engine.output().slice());
    // An increment of 0 is an error of the stream.
    await near.write!(frame(FRAMES.WINDOW_UPDATE, 0, id, 0, 0, 0, 0));
    await settle();
  }
  assert.equal(server.isClosed, true);
  assert.equal((server.error as { rule?: string }).rule, "limit:error_resets");
  near.close();
  await clock.pass(2000);
  await server.closed;
});

Deno.test("option limits.smallDataBudgetBytes ends a connection that sends crumbs", async () => {
  await using ends = makeEnds({ exchange: () => {} }, { server: { limits: { smallDataBudgetBytes: 2560 } } });
  await ends.client.ready;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      await settle(1);
      controller.enqueue(new Uint8Array(1));
    },
  }, { highWaterMark: 0 });
  const exchange = ends.client.request({ method: "POST", url: URL_OF, body });
  await assert.rejects(exchange.response, { scope: "connection" });
  assert.equal((ends.server.error as { rule?: string }).rule, "limit:small_data");
});

Deno.test("option clock is the only source of time", async () => {
  const clock = new VirtualClock();
  const [near, far] = memoryPair();
  const client = connect(near, { clock });
  await clock.pass(9999);
  assert.equal(client.isClosed, false);
  await clock.pass(1);
  assert.equal(client.isClosed, true);
  assert.equal((client.error as { rule?: string }).rule, "limit:handshake_timeout");
  far.close();
  await client.closed;
});

Deno.test("option maxQueuedRequests bounds the queue", async () => {
  await using ends = makeEnds({ exchange: () => {} }, {
    client: { maxQueuedRequests: 1, limits: { initialMaxSendStreams: 1 } },
  });
  const all = [1, 2, 3].map(() => ends.client.request({ url: URL_OF }));
  await assert.rejects(all[2]!.response, { code: "queue-full" });
  assert.throws(() => connect(memoryPair()[0], { maxQueuedRequests: -1 }), RangeError);
});

Deno.test("option enableConnectProtocol offers extended CONNECT [8441-3]", async () => {
  for (const enableConnectProtocol of [false, true]) {
    await using ends = makeEnds({ exchange: (exchange) => void exchange.acceptTunnel() }, {
      server: { enableConnectProtocol },
    });
    await ends.client.ready;
    assert.equal(ends.client.isExtendedConnectEnabled, enableConnectProtocol);
    const tunnel = ends.client.openTunnel({ url: URL_OF, protocol: "websocket" });
    if (enableConnectProtocol) await (await tunnel).readable.cancel();
    else await assert.rejects(tunnel, { code: "extended-connect", retry: "unsent" });
  }
});

Deno.test("option sendDate leaves the date field out", async () => {
  await using ends = makeEnds(() => new Response(null), { server: { sendDate: false } });
  assert.equal((await ends.client.fetch(URL_OF)).headers.get("date"), null);
});

Deno.test("docs/options.md names every limit with its default, and only tests that exist", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/options.md", import.meta.url));
  const files = [import.meta.url, "../surface/serve_test.ts", "../surface/reuse_port_test.ts"];
  const sources = await Promise.all(files.map((file) => Deno.readTextFile(new URL(file, import.meta.url))));
  const source = sources.join("\n");
  const cited = [...text.matchAll(/“([^”]+)”/g)].map(([, title]) => title!);
  assert(cited.length >= 15);
  for (const title of cited) assert(source.includes(`Deno.test("${title}"`), title);
  for (const [name, value] of Object.entries(SERVER_LIMITS)) {
    const row = text.split("\n").find((line) => line.startsWith(`| \`limits.${name}\``));
    assert(row !== undefined, `${name} is missing`);
    const cells = row.split("|").map((cell) => cell.trim());
    const client = CLIENT_LIMITS[name as keyof typeof CLIENT_LIMITS];
    const shown = (number: number): string => String(Math.round(number * 100) / 100);
    const expected = client === value ? shown(value) : `server ${shown(value)}, client ${shown(client)}`;
    assert.equal(cells[2], expected, name);
  }
});
