import assert from "node:assert/strict";
import { connect, H2Connection, serve } from "../../h2/mod.ts";
import { H2Driver } from "../../h2/driver.ts";
import { Fields } from "../../semantics/mod.ts";
import type { ByteTransport } from "../../transport/mod.ts";
import { memoryPair } from "../../transport/memory.ts";
import { pooledBytes } from "../../wire/buffer_pool.ts";
import { settle, VirtualClock } from "../support/virtual_clock.ts";
import { until } from "./ends.ts";

const URL_OF = "https://example.com";

Deno.test("H2Driver writes once at a time, whatever the peer does, and keeps memory bounded", async () => {
  // A peer that asks and asks and never reads: the transport takes 64 KiB and then no more.
  const [near, far] = memoryPair({ bufferBytes: 65_536 });
  let open = 0;
  let most = 0;
  const write = far.write!.bind(far);
  const transport: ByteTransport = {
    ...pick(far),
    async write(bytes: Uint8Array): Promise<void> {
      most = Math.max(most, ++open);
      await write(bytes);
      open--;
    },
  };
  const clock = new VirtualClock();
  const server = serve(transport, {
    exchange: (exchange) => void exchange.reply(200, {}, "x".repeat(10_000)),
  }, {
    clock,
  });
  const engine = new H2Connection({ role: "client", now: 0, limits: { initialMaxSendStreams: 1e6 } });
  const head = { method: "GET", scheme: "https", authority: "a", path: "/", fields: new Fields() };
  for (let i = 0; i < 100; i++) engine.sendRequest(head, true);
  await near.write!(engine.output().slice());
  for (let i = 0; i < 300; i++) {
    for (let j = 0; j < 10; j++) engine.ping();
    await near.write!(engine.output().slice());
    await settle(1);
  }
  assert.equal(most, 1);
  assert.equal(open, 1);
  // The acknowledgements are bounded by a limit of the engine.
  assert.equal(server.isClosed, true);
  assert.equal(server.counters.unsentAcks, 1);
  await clock.pass(5000);
  await server.closed;
  near.close();
});

Deno.test("H2Driver stops reading from a peer that sends on and on and reads nothing", async () => {
  const [near, far] = memoryPair({ bufferBytes: 65_536 });
  const engine = new H2Connection({
    role: "server",
    now: 0,
    limits: { maxUnsentAcks: 1e6, maxQueuedFrames: 1e6 },
  });
  const clock = new VirtualClock();
  let ended = 0;
  const driver = new H2Driver({
    transport: far,
    engine,
    clock,
    maxReadDuringWriteBytes: 300_000,
    target: { receive: () => {}, lose: () => {}, end: () => ended++ },
  });
  driver.start();
  const client = new H2Connection({ role: "client", now: 0 });
  let sent = 0;
  let isWaiting = false;
  for (let i = 0; i < 400 && !isWaiting; i++) {
    for (let j = 0; j < 500; j++) client.ping();
    const bytes = client.output().slice();
    isWaiting = true;
    void near.write!(bytes).then(() => isWaiting = false, () => {});
    sent += bytes.length;
    await settle(2);
  }
  assert(isWaiting, `${sent} bytes were taken`);
  assert(sent < 600_000, `${sent} bytes were taken`);
  // Reading it out sets all going again.
  const buffer = new Uint8Array(65_536);
  for (let i = 0; i < 100 && isWaiting; i++) {
    await near.read!(buffer);
    await settle(1);
  }
  assert.equal(isWaiting, false);
  near.close();
  await until(() => ended === 1);
  assert.equal(clock.pending, 0);
});

Deno.test("H2Driver uses its read buffer again and gives it back", async () => {
  const sizes: number[] = [];
  const [near, far] = memoryPair();
  const read = far.read!.bind(far);
  const transport: ByteTransport = {
    ...pick(far),
    read(buffer: Uint8Array): Promise<number | null> {
      sizes.push(buffer.length);
      return read(buffer);
    },
  };
  const server = serve(transport, {
    exchange: async (exchange) => void exchange.reply(200, {}, await exchange.bytes()),
  });
  const client = connect(near);
  const small = Math.max(...sizes);
  assert(small < 1024, "a quiet connection holds little");
  const response = await client.request({ method: "POST", url: URL_OF, body: new Uint8Array(1_000_000) })
    .response;
  assert.equal((await response.bytes()).length, 1_000_000);
  assert(sizes.some((size) => size >= 65_000 && size <= 65_536), "a busy one reads more at a time");
  assert(Math.max(...sizes) >= 261_000 && Math.max(...sizes) <= 262_144, "and more still for a body");
  await client.request({ url: URL_OF }).response;
  await client.ping();
  await client.ping();
  assert.equal(sizes.at(-1), small);
  const before = pooledBytes();
  client.close();
  await Promise.all([client.closed, server.closed]);
  await settle();
  assert(pooledBytes() >= before);
});

Deno.test("H2Driver sets one timer, and none when there is nothing to wait for", async () => {
  const [near, far] = memoryPair();
  const clock = new VirtualClock();
  const client = connect(near, { clock, limits: { minDataRate: 0 } });
  await settle();
  assert.equal(clock.pending, 1, "the handshake is waited for");
  const server = serve(far, () => new Response("x"), { clock, limits: { idleTimeoutMs: 0, minDataRate: 0 } });
  await client.ready;
  for (let i = 0; i < 10; i++) await client.fetch(URL_OF);
  await settle();
  assert.equal(clock.pending, 0);
  client.close();
  await Promise.all([client.closed, server.closed]);
  assert.equal(clock.pending, 0);
});

Deno.test("H2Driver ends a connection whose peer does not end its half, after a second", async () => {
  const [near, far] = memoryPair();
  const clock = new VirtualClock();
  const client = connect(near, { clock });
  await settle();
  client.close();
  let isEnded = false;
  client.closed.then(() => isEnded = true);
  await clock.pass(999);
  assert.equal(isEnded, false);
  await clock.pass(1);
  assert.equal(isEnded, true);
  assert.equal(clock.pending, 0);
  far.close();
});

Deno.test("H2Driver sends GOAWAY before it ends [9113-5.4.1]", async () => {
  const [near, far] = memoryPair();
  const clock = new VirtualClock();
  const server = serve(far, () => new Response("x"), { clock });
  await near.write!(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
  const buffer = new Uint8Array(1000);
  let length = 0;
  for (;;) {
    const read = await near.read!(buffer.subarray(length));
    if (read === null) break;
    length += read;
  }
  const frames: number[] = [];
  for (let at = 0; at < length; at += 9 + (buffer[at + 1]! << 8 | buffer[at + 2]!)) {
    frames.push(buffer[at + 3]!);
  }
  assert.equal(frames.at(-1), 7);
  assert.equal(server.isClosed, true);
  near.close();
  await server.closed;
  assert.equal(clock.pending, 0);
});

/** The parts of a transport that a test does not replace. */
function pick(transport: ByteTransport): ByteTransport {
  return {
    info: transport.info,
    get readable() {
      return transport.readable;
    },
    get writable() {
      return transport.writable;
    },
    close: () => transport.close(),
    read: (buffer) => transport.read!(buffer),
    write: (bytes) => transport.write!(bytes),
    closeWrite: () => transport.closeWrite!(),
  };
}

Deno.test("H2Driver ends the connection with its cause when the transport fails in any way", async () => {
  const cause = new Error("cable");
  for (const failing of ["read", "write"] as const) {
    const [near, far] = memoryPair();
    const transport: ByteTransport = { ...pick(near), [failing]: () => Promise.reject(cause) };
    const clock = new VirtualClock();
    const client = connect(transport, { clock });
    const { response } = client.request({ url: URL_OF });
    await assert.rejects(response, { code: "lost", scope: "transport" });
    await client.closed;
    assert.equal((client.error as Error).cause, cause);
    assert.equal(clock.pending, 0);
    far.close();
  }
});

Deno.test("H2Driver ends the connection when its shell throws, and not the process", async () => {
  const [near, far] = memoryPair();
  const clock = new VirtualClock();
  const lost: unknown[] = [];
  let ended = 0;
  const error = new Error("fault");
  const driver = new H2Driver({
    transport: far,
    engine: new H2Connection({ role: "server", now: 0 }),
    clock,
    target: {
      receive: () => {},
      turn: () => {
        throw error;
      },
      lose: (error) => lost.push(error.cause),
      end: () => ended++,
    },
  });
  driver.start();
  await until(() => ended === 1);
  assert.deepEqual(lost, [error]);
  assert.equal(clock.pending, 0);
  near.close();
});
