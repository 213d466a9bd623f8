import { TransportError } from "../semantics/errors.ts";
import { deadline } from "./deadline.ts";
import { toTransportError } from "./deno_errors.ts";
import { type Handshake, noDelayServer } from "./deno_no_delay.ts";
import { addressOf, closeQuietly, SocketCalls, socketTransport, withAddresses } from "./deno_socket.ts";
import { directTransport } from "./direct.ts";
import type { ByteListener, ByteTransport, TransportAddress } from "./mod.ts";

/** Where to listen. */
export interface ListenTcpOptions {
  /** The address to listen on. @default {"0.0.0.0"} */
  readonly hostname?: string;
  /** The port; 0 takes a free one. */
  readonly port: number;
  /** Whether several listeners may share the port (Linux); Deno needs `--unstable-net` for it. @default {false} */
  readonly reusePort?: boolean;
  /** Whether the transports have direct calls, or the Web Streams alone. @default {true} */
  readonly direct?: boolean;
  /** Told of clients that did not get through the handshake, and of accepts that failed. */
  readonly onError?: (error: TransportError) => void;
}

/** Where to listen, and as whom. */
export interface ListenTlsOptions extends ListenTcpOptions {
  /** The certificate with its chain, PEM. */
  readonly cert: string;
  /** Its key, PEM. */
  readonly key: string;
  /** Application protocols; this order decides. */
  readonly alpn: readonly string[];
  /** How long a client may take for its handshake, in milliseconds. @default {10000} */
  readonly handshakeTimeoutMs?: number;
  /** How many clients may be in their handshake at once; more are closed. @default {1000} */
  readonly maxHandshakes?: number;
  /**
   * Whether what is written leaves at once; the TLS is then that of `node:tls`. `false` takes Deno's own TLS
   * sockets, which have Nagle's algorithm on: they cost less, and may wait 40 ms now and then. @default {true}
   */
  readonly noDelay?: boolean;
}

/**
 * Listens on TCP.
 *
 * Throws a `TransportError`: `in-use`, `unavailable`, `unsupported` (`reusePort` without
 * `--unstable-net`), or `permission` (a `PermissionError`).
 *
 * @example Usage
 * ```ts
 * import { listenTcp } from "@tandem/http/transport/deno";
 * import assert from "node:assert/strict";
 *
 * const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
 * assert(listener.addr.port > 0);
 * listener.close();
 * ```
 */
export function listenTcp(options: ListenTcpOptions): ByteListener {
  const listener = open(options, (where) => Deno.listen(where));
  async function admit(conn: Deno.TcpConn): Promise<ByteTransport> {
    await Promise.resolve();
    conn.setNoDelay(true);
    return socketTransport(conn, withAddresses({ kind: "tcp" }, conn), options.direct ?? true);
  }
  return new Listener(listener as AcceptingListener<Deno.TcpConn>, admit, options, Infinity);
}

/**
 * Listens on TLS. Handshakes run side by side: a client that is slow or fails holds up
 * nobody, and is never seen by the iteration.
 *
 * Throws as `listenTcp` does, and with `tls` when certificate and key do not fit.
 *
 * @example Usage
 * ```ts ignore
 * import { listenTls } from "@tandem/http/transport/deno";
 *
 * const listener = listenTls({ port: 8443, cert, key, alpn: ["h2"] });
 * for await (const transport of listener) console.log(transport.info.remote);
 * ```
 */
export function listenTls(options: ListenTlsOptions): ByteListener {
  return options.noDelay === false ? listenDeno(options) : listenNoDelay(options);
}

function listenDeno(options: ListenTlsOptions): ByteListener {
  const { cert, key } = options;
  const listener = open(
    options,
    (where) => Deno.listenTls({ ...where, cert, key, alpnProtocols: [...options.alpn] }),
  );
  return tlsListener(listener as AcceptingListener<Deno.TlsConn>, options, async (conn) => {
    const { alpnProtocol } = await conn.handshake();
    return { calls: new SocketCalls(conn), alpn: alpnProtocol ?? undefined };
  });
}

function listenNoDelay(options: ListenTlsOptions): ByteListener {
  const shake = noDelayServer(options);
  const listener = open(options, (where) => Deno.listen(where));
  return tlsListener(listener as AcceptingListener<Deno.TcpConn>, options, shake);
}

function tlsListener<C extends Deno.TcpConn | Deno.TlsConn>(
  listener: AcceptingListener<C>,
  options: ListenTlsOptions,
  shake: Handshake<C>,
): ByteListener {
  const timeoutMs = options.handshakeTimeoutMs ?? 10_000;
  async function admit(conn: C): Promise<ByteTransport> {
    const limit = deadline("finish the TLS handshake", { timeoutMs, signal: undefined });
    limit.signal.addEventListener("abort", () => closeQuietly(conn), { once: true });
    const started = performance.now();
    try {
      const { calls, alpn } = await shake(conn);
      const timing = { tlsMs: performance.now() - started };
      const info = { kind: "tls" as const, timing, ...(alpn === undefined ? {} : { alpn }) };
      return directTransport(calls, withAddresses(info, conn), options.direct ?? true);
    } catch (error) {
      closeQuietly(conn);
      limit.signal.throwIfAborted();
      throw toTransportError(error, "finish the TLS handshake");
    } finally {
      limit.done();
    }
  }
  return new Listener(listener, admit, options, options.maxHandshakes ?? 1000);
}

interface Where {
  readonly hostname: string;
  readonly port: number;
  readonly reusePort: boolean;
}

/** Whether this Deno can share ports: 2.9 needs `--unstable-net` for it, as for QUIC. */
export function canSharePorts(): boolean {
  return "connectQuic" in Deno;
}

/** Deno would end the whole process. */
function requireSharing(): void {
  if (canSharePorts()) return;
  const message =
    'Cannot share a port: Deno needs the flag --unstable-net for it, or "unstable": ["net"] in deno.json';
  throw new TransportError("unsupported", message, { initiator: "user", retry: "unsent" });
}

function open<T>(options: ListenTcpOptions, listen: (where: Where) => T): T {
  const hostname = options.hostname ?? "0.0.0.0";
  if (options.reusePort === true) requireSharing();
  try {
    return listen({ hostname, port: options.port, reusePort: options.reusePort ?? false });
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw error;
    throw toTransportError(error, `listen on ${hostname}:${options.port}`);
  }
}

interface AcceptingListener<C> {
  readonly addr: Deno.Addr;
  accept(): Promise<C>;
  close(): void;
}

function gone(cause: unknown): TransportError {
  const message = "Cannot accept a connection: the client has broken it off";
  return new TransportError("reset", message, { initiator: "remote", cause });
}

class Listener<C extends { close(): void }> implements ByteListener {
  readonly addr: TransportAddress;
  readonly #listener: AcceptingListener<C>;
  readonly #admit: (conn: C) => Promise<ByteTransport>;
  readonly #onError: ((error: TransportError) => void) | undefined;
  readonly #maxPending: number;
  readonly #ready: ByteTransport[] = [];
  readonly #pending = new Set<C>();
  #wake: (() => void) | undefined;
  #isClosed = false;
  #isRetired = false;
  /** Ends when nothing more is accepted. */
  #accepting: Promise<void> | undefined;

  constructor(
    listener: AcceptingListener<C>,
    admit: (conn: C) => Promise<ByteTransport>,
    options: ListenTcpOptions,
    maxPending: number,
  ) {
    this.#listener = listener;
    this.#admit = admit;
    this.#onError = options.onError;
    this.#maxPending = maxPending;
    this.addr = addressOf(listener.addr)!;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeQuietly(this.#listener);
    for (const conn of this.#pending) closeQuietly(conn);
    for (const transport of this.#ready) transport.close();
    this.#wake?.();
  }

  async retire(): Promise<void> {
    if (!this.#isClosed && !this.#isRetired) {
      this.#isRetired = true;
      closeQuietly(this.#listener);
      this.#wake?.();
    }
    await this.#accepting;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ByteTransport, void, undefined> {
    this.#accepting = this.#acceptAll();
    try {
      for (;;) {
        const transport = this.#ready.shift();
        if (transport !== undefined) yield transport;
        else if (this.#isClosed || (this.#isRetired && this.#pending.size === 0)) return;
        else await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      this.close();
      await this.#accepting;
    }
  }

  async #acceptAll(): Promise<void> {
    while (!this.#isClosed && !this.#isRetired) {
      let conn: C;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (this.#isClosed || this.#isRetired) return;
        const isGone = error instanceof Deno.errors.NotConnected;
        this.#onError?.(isGone ? gone(error) : toTransportError(error, "accept a connection"));
        // Out of file descriptors, say: try again, but do not spin. Clients that have gone hold up nobody.
        if (!isGone) await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      if (this.#isClosed || this.#pending.size >= this.#maxPending) closeQuietly(conn);
      else void this.#receive(conn);
    }
  }

  async #receive(conn: C): Promise<void> {
    this.#pending.add(conn);
    try {
      const transport = await this.#admit(conn);
      if (this.#isClosed) return transport.close();
      this.#ready.push(transport);
      this.#wake?.();
    } catch (error) {
      if (!this.#isClosed) this.#onError?.(error as TransportError);
    } finally {
      this.#pending.delete(conn);
      if (this.#isRetired) this.#wake?.();
    }
  }
}
