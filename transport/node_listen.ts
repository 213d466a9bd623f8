import type { Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { TransportError } from "../semantics/errors.ts";
import type { ByteListener, ByteTransport, TransportAddress } from "./mod.ts";
import { toNodeTransportError } from "./node_errors.ts";
import { transportOf } from "./node_transport.ts";

/** Where to listen. */
export interface ListenTcpOptions {
  /** The address to listen on. @default {"0.0.0.0"} */
  readonly hostname?: string;
  /** The port; 0 takes a free one. */
  readonly port: number;
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
}

/**
 * Listens on TCP.
 *
 * Rejects with a `TransportError`: `in-use`, `unavailable` or `permission`.
 *
 * @example Usage
 * ```ts
 * import { listenTcp } from "@tandem/http/transport/node";
 * import assert from "node:assert/strict";
 *
 * const listener = await listenTcp({ hostname: "127.0.0.1", port: 0 });
 * assert(listener.addr.port > 0);
 * listener.close();
 * ```
 */
export async function listenTcp(options: ListenTcpOptions): Promise<ByteListener> {
  const { createServer } = await import("node:net");
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  return await listen(server, "connection", options);
}

/**
 * Listens on TLS. Handshakes run side by side; a client that fails is never seen by the iteration.
 *
 * Rejects as `listenTcp` does, and with `tls` when certificate and key do not fit.
 *
 * @example Usage
 * ```ts ignore
 * import { listenTls } from "@tandem/http/transport/node";
 * import { serve } from "@tandem/http/h2";
 *
 * const listener = await listenTls({ port: 8443, cert, key, alpn: ["h2"] });
 * for await (const transport of listener) serve(transport, () => new Response("hello"));
 * ```
 */
export async function listenTls(options: ListenTlsOptions): Promise<ByteListener> {
  const { createServer } = await import("node:tls");
  let server: Server;
  try {
    server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      cert: options.cert,
      key: options.key,
      ALPNProtocols: [...options.alpn],
      handshakeTimeout: options.handshakeTimeoutMs ?? 10_000,
    });
  } catch (error) {
    throw toNodeTransportError(error, "use the certificate");
  }
  server.on("tlsClientError", (error: unknown, socket: TLSSocket) => {
    options.onError?.(toNodeTransportError(error, "finish the TLS handshake"));
    socket.destroy();
  });
  return await listen(server, "secureConnection", options);
}

function listen(
  server: Server,
  event: "connection" | "secureConnection",
  options: ListenTcpOptions,
): Promise<ByteListener> {
  const hostname = options.hostname ?? "0.0.0.0";
  return new Promise((resolve, reject) => {
    function fail(error: unknown): void {
      reject(toNodeTransportError(error, `listen on ${hostname}:${options.port}`));
    }
    server.once("error", fail);
    const listener = new Listener(server, event, options);
    server.listen({ host: hostname, port: options.port }, () => {
      server.off("error", fail);
      server.on("error", (error: unknown) => {
        options.onError?.(toNodeTransportError(error, "accept a connection"));
      });
      resolve(listener);
    });
  });
}

class Listener implements ByteListener {
  readonly #server: Server;
  readonly #ready: ByteTransport[] = [];
  #wake: (() => void) | undefined;
  /** Clients in the middle of their handshake. */
  #handshakes = 0;
  #isClosed = false;
  #isRetired = false;

  constructor(server: Server, event: "connection" | "secureConnection", options: ListenTcpOptions) {
    this.#server = server;
    if (event === "secureConnection") {
      server.on("connection", () => this.#handshakes++);
      server.on("secureConnection", () => this.#endHandshake());
      server.on("tlsClientError", () => this.#endHandshake());
    }
    server.on(event, (socket: Socket) => {
      socket.setNoDelay(true);
      const transport = transportOf(socket, {}, options.direct ?? true, true);
      if (this.#isClosed) return transport.close();
      this.#ready.push(transport);
      this.#wake?.();
    });
  }

  get addr(): TransportAddress {
    const address = this.#server.address();
    if (address === null || typeof address === "string") return { hostname: "", port: 0 };
    return { hostname: address.address, port: address.port };
  }

  #endHandshake(): void {
    this.#handshakes--;
    if (this.#isRetired) this.#wake?.();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isRetired) this.#server.close();
    for (const transport of this.#ready) transport.close();
    this.#ready.length = 0;
    this.#wake?.();
  }

  retire(): Promise<void> {
    if (!this.#isClosed && !this.#isRetired) {
      this.#isRetired = true;
      this.#server.close();
      this.#wake?.();
    }
    return Promise.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ByteTransport, void, undefined> {
    try {
      for (;;) {
        const transport = this.#ready.shift();
        if (transport !== undefined) yield transport;
        else if (this.#isClosed || (this.#isRetired && this.#handshakes === 0)) return;
        else await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      this.close();
    }
  }
}
