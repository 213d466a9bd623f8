import assert from "node:assert/strict";
import {
  connect,
  type ExchangeHandler,
  type H2Client,
  type H2ServerConnection,
  serve,
} from "../../h2/mod.ts";
import { TransportError } from "../../semantics/errors.ts";
import { memoryPair } from "../../transport/memory.ts";
import type { ByteTransport } from "../../transport/mod.ts";
import { connectTcp, listenTcp } from "../../transport/node.ts";
import { pooledBytes } from "../../wire/buffer_pool.ts";
import { join } from "../support/h2_frames.ts";
import { settle, VirtualClock } from "../support/virtual_clock.ts";
import { until } from "./ends.ts";

const URL_OF = "https://example.com/";
const SIZE = 300_000;

function pattern(size: number = SIZE): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = i * 13;
  return bytes;
}

/** A transport that looks at pieces only when it is told to, as late as the contract lets it. */
class LateTransport implements ByteTransport {
  readonly #inner: ByteTransport;
  #pending:
    | { readonly pieces: readonly Uint8Array[]; resolve(): void; reject(error: unknown): void }
    | undefined;
  /** Whether pieces wait, rather than leave at once. */
  isHolding = false;
  /** What calls of `writev` were given, in pieces and in bytes. */
  readonly calls: { pieces: number; bytes: number }[] = [];

  constructor(inner: ByteTransport) {
    this.#inner = inner;
  }

  get info(): ByteTransport["info"] {
    return this.#inner.info;
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#inner.readable;
  }

  get writable(): WritableStream<Uint8Array> {
    return this.#inner.writable;
  }

  get isWriting(): boolean {
    return this.#pending !== undefined;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#inner.read!(buffer);
  }

  write(bytes: Uint8Array): Promise<void> {
    assert(!this.isWriting, "one write at a time");
    return this.#inner.write!(bytes);
  }

  writev(pieces: readonly Uint8Array[]): Promise<void> {
    assert(!this.isWriting, "one write at a time");
    this.calls.push({ pieces: pieces.length, bytes: join(...pieces).length });
    if (!this.isHolding) return this.#inner.write!(join(...pieces));
    return new Promise((resolve, reject) => this.#pending = { pieces, resolve, reject });
  }

  /** Lets the pieces leave, as they are now. */
  async finish(): Promise<void> {
    const { pieces, resolve } = this.#pending!;
    await this.#inner.write!(join(...pieces));
    this.#pending = undefined;
    resolve();
  }

  fail(): void {
    this.#pending!.reject(
      new TransportError("reset", "The peer has broken the connection", { initiator: "remote" }),
    );
    this.#pending = undefined;
  }

  closeWrite(): Promise<void> {
    return this.#inner.closeWrite!();
  }

  close(): void {
    this.#pending?.reject(new TransportError("closed", "This end is closed", { initiator: "user" }));
    this.#pending = undefined;
    this.#inner.close();
  }
}

interface Late {
  readonly clock: VirtualClock;
  /** The transport of the end under test. */
  readonly transport: LateTransport;
  readonly client: H2Client;
  readonly server: H2ServerConnection;
  /** Ends what is left, and checks that nothing is. */
  end(): Promise<void>;
}

async function late(side: "client" | "server", handler: ExchangeHandler): Promise<Late> {
  const clock = new VirtualClock();
  const [near, far] = memoryPair({ clock, bufferBytes: 1 << 24 });
  const transport = new LateTransport(side === "client" ? near : far);
  const server = serve(side === "server" ? transport : far, handler, { clock, onError: () => {} });
  const client = connect(side === "client" ? transport : near, {
    clock,
    initialStreamWindowBytes: 1 << 22,
    initialConnectionWindowBytes: 1 << 23,
  });
  await client.ready;
  await settle();
  transport.isHolding = true;
  return {
    clock,
    transport,
    client,
    server,
    async end() {
      transport.isHolding = false;
      client.close();
      server.close();
      await clock.pass(5000);
      await Promise.all([client.closed, server.closed]);
      assert.equal(clock.pending, 0);
    },
  };
}

/** Says whether a promise has settled, and overwrites the bytes when it does. */
function spoiled(promise: Promise<unknown>, bytes: Uint8Array): { isFree: boolean; error?: unknown } {
  const state: { isFree: boolean; error?: unknown } = { isFree: false };
  const free = (error?: unknown): void => {
    bytes.fill(0xff);
    state.isFree = true;
    state.error = error;
  };
  promise.then(() => free(), free);
  return state;
}

/** Handlers that answer /large with the bytes that they are given, and tell what became of them. */
function largeHandler(
  bytes: Uint8Array,
): { handler: ExchangeHandler; state: { isFree: boolean; error?: unknown } } {
  const state: { isFree: boolean; error?: unknown } = { isFree: false };
  const handler: ExchangeHandler = {
    async exchange(exchange) {
      const reply = exchange.reply(200, {}, bytes);
      Object.assign(state, { exchange });
      await reply.catch((error) => state.error = error);
      bytes.fill(0xff);
      state.isFree = true;
    },
  };
  return { handler, state };
}

Deno.test("H2Driver refers to the bytes of a reply, and gives them back only when they were written", async () => {
  const bytes = pattern();
  const { handler, state } = largeHandler(bytes);
  const { transport, client, end } = await late("server", handler);
  const response = client.request({ url: URL_OF }).response;
  await until(() => transport.isWriting);
  await settle();
  assert.equal(state.isFree, false);
  assert(transport.calls[0]!.pieces > 30, "frames of 16 KiB, each with its header");
  await transport.finish();
  const head = await response;
  await until(() => state.isFree);
  assert.equal(state.error, undefined);
  assert.deepEqual(await head.bytes(), pattern());
  await end();
});

Deno.test("H2Driver goes on reading, and answers, while bytes are on loan", async () => {
  const bytes = pattern();
  const { handler, state } = largeHandler(bytes);
  const { transport, client, end } = await late("server", {
    exchange: (exchange) =>
      exchange.path === "/small" ? exchange.reply(200, {}, "small") : handler.exchange(exchange),
  });
  const large = client.request({ url: URL_OF }).response;
  await until(() => transport.isWriting);
  const small = client.request({ url: `${URL_OF}small` }).response;
  await settle();
  assert.equal(state.isFree, false);
  await transport.finish();
  assert.equal(await (await small).text(), "small");
  assert.deepEqual(await (await large).bytes(), pattern());
  await end();
});

const SERVER_ENDS: Record<string, (ends: Late, exchange: { abort(): void }) => void> = {
  "the handler aborts": (_, exchange) => exchange.abort(),
  "the client resets": ({ client }) => void client.close(),
  "the server closes": ({ server }) => server.close(),
};

for (const [how, act] of Object.entries(SERVER_ENDS)) {
  Deno.test(`H2Driver gives the bytes of a reply that is cut off back after the write: ${how}`, async () => {
    const bytes = pattern();
    const { handler, state } = largeHandler(bytes);
    const ends = await late("server", handler);
    const { transport, client } = ends;
    const exchange = client.request({ url: URL_OF });
    const response = exchange.response.then((response) => response.bytes());
    const seen: Uint8Array[] = [];
    response.then((bytes) => seen.push(bytes), () => {});
    exchange.closed.catch(() => {});
    await until(() => transport.isWriting);
    act(ends, (state as unknown as { exchange: { abort(): void } }).exchange);
    await settle(20);
    assert.equal(state.isFree, false);
    await transport.finish();
    await until(() => state.isFree);
    await settle(20);
    // Whoever had all of it before the reset came has it as it was.
    for (const whole of seen) assert.deepEqual(whole, pattern());
    await ends.end();
  });
}

Deno.test("H2Driver gives bytes back when the write fails, with the error of the transport", async () => {
  const bytes = pattern();
  const { handler, state } = largeHandler(bytes);
  const { transport, client, server, end } = await late("server", handler);
  client.request({ url: URL_OF }).response.catch(() => {});
  await until(() => transport.isWriting);
  transport.fail();
  await until(() => state.isFree);
  assert.equal((state.error as { code?: string }).code, "reset");
  await server.closed;
  await end();
});

Deno.test("H2Driver gives bytes back once the transport is closed, where a write never settles", async () => {
  const bytes = pattern();
  const { handler, state } = largeHandler(bytes);
  const { clock, transport, client, server, end } = await late("server", handler);
  client.request({ url: URL_OF }).response.catch(() => {});
  await until(() => transport.isWriting);
  server.close();
  await settle(20);
  assert.equal(state.isFree, false);
  await clock.pass(1000);
  assert.equal(state.isFree, true);
  assert.equal(transport.isWriting, false);
  await server.closed;
  await end();
});

Deno.test("ClientExchange.closed settles when the bytes of the request are free", async () => {
  for (const how of ["well", "abort", "signal", "close"]) {
    const sent: Uint8Array[] = [];
    const ends = await late("client", {
      async exchange(exchange) {
        sent.push(await exchange.bytes());
        await exchange.reply(200, {}, "taken");
      },
    });
    const { transport, client } = ends;
    // A server's window is what it grants at first.
    const bytes = pattern(50_000);
    const controller = new AbortController();
    const exchange = client.request({ method: "POST", url: URL_OF, body: bytes, signal: controller.signal });
    exchange.response.catch(() => {});
    const state = spoiled(exchange.closed, bytes);
    await until(() => transport.isWriting);
    if (how === "abort") exchange.abort();
    else if (how === "signal") controller.abort();
    else if (how === "close") client.close();
    await settle(20);
    assert.equal(state.isFree, false, how);
    await transport.finish();
    await until(() => state.isFree);
    await settle(20);
    assert.equal(state.error === undefined, how === "well");
    for (const whole of sent) assert.deepEqual(whole, pattern(50_000), how);
    if (how === "well") assert.equal(sent.length, 1);
    await ends.end();
  }
});

Deno.test("H2Driver over node:net carries large and small bodies both ways, in pieces", async () => {
  const listener = await listenTcp({ hostname: "127.0.0.1", port: 0 });
  const large = pattern(9_000_001);
  const calls: number[] = [];
  const serving = (async () => {
    for await (const transport of listener) {
      const writev = transport.writev!.bind(transport);
      const counted: ByteTransport = {
        info: transport.info,
        readable: transport.readable,
        writable: transport.writable,
        read: (buffer) => transport.read!(buffer),
        write: (bytes) => transport.write!(bytes),
        closeWrite: () => transport.closeWrite!(),
        close: () => transport.close(),
        writev(pieces) {
          calls.push(pieces.length);
          return writev(pieces);
        },
      };
      serve(counted, {
        async exchange(exchange) {
          if (exchange.path === "/large") await exchange.reply(200, {}, large);
          else await exchange.reply(200, {}, exchange.body);
        },
      });
    }
  })();
  await using client = connect(await connectTcp({ hostname: "127.0.0.1", port: listener.addr.port }));
  const upload = pattern(5_000_003);
  const small = pattern(1000);
  const before = pooledBytes();
  for (let round = 0; round < 3; round++) {
    const got = await Promise.all([
      client.request({ url: `${URL_OF}large` }),
      client.request({ url: `${URL_OF}large` }),
      client.request({ method: "POST", url: `${URL_OF}echo`, body: upload }),
      client.request({ method: "POST", url: `${URL_OF}echo`, body: small }),
    ].map(async ({ response }) => await (await response).bytes()));
    assert.deepEqual(got, [large, large, upload, small]);
  }
  assert(calls.some((count) => count > 64), "the server wrote pieces");
  // Headers alone are in buffers of the pool.
  assert(pooledBytes() - before < 4 * 1_048_576);
  client.close();
  await client.closed;
  listener.close();
  await serving;
});
