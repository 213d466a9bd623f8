import type { TransportError } from "../semantics/errors.ts";
import { isPermissionDenial, toTransportError } from "./deno_errors.ts";
import { type QuicSettings, requireQuic, transportOptions } from "./deno_quic.ts";
import { DenoQuicTransport } from "./deno_quic_connection.ts";
import { addressOf, closeQuietly } from "./deno_socket.ts";
import type { QuicTransport, TransportAddress, TransportInfo } from "./mod.ts";

/** Where to listen, and as whom. */
export interface ListenQuicOptions extends QuicSettings {
  /** The address to listen on; `::` takes both families. @default {"::", or "0.0.0.0" without IPv6} */
  readonly hostname?: string;
  /** The UDP port; 0 takes a free one. */
  readonly port: number;
  /** The certificate with its chain, PEM. */
  readonly cert: string;
  /** Its key, PEM. */
  readonly key: string;
  /** Application protocols; this order decides. */
  readonly alpn: readonly string[];
  /**
   * Whether connections are handed out before their handshake is over, so that early data
   * (0-RTT) is seen at once; they are `isEarly` until then. @default {false}
   */
  readonly early?: boolean;
  /** How many clients may be in their handshake at once; more are refused. @default {1000} */
  readonly maxHandshakes?: number;
  /** Told of clients that did not get through the handshake. */
  readonly onError?: (error: TransportError) => void;
}

/**
 * Listens for QUIC connections. Iterate over it once; the iteration ends when it is closed.
 * A client that fails does not end the iteration.
 */
export interface QuicListener extends AsyncIterable<QuicTransport> {
  /** Where it listens, with the real port. */
  readonly addr: TransportAddress;
  /** Takes another certificate for connections to come. */
  renew(cert: string, key: string): void;
  /**
   * Takes no more connections: clients are refused at once, those that are there live on, and
   * the socket is given up with the last of them. May be called twice.
   */
  close(): void;
  /** Ends every connection with this code, and gives up the socket. */
  closeAll(code: number, reason: string): void;
}

/**
 * Listens on QUIC. Handshakes run side by side: a client that is slow or fails holds up
 * nobody, and is never seen by the iteration.
 *
 * Throws a `TransportError`: `unsupported` (without `--unstable-net`), `in-use`,
 * `unavailable`, `tls` (certificate or key), or `permission` (a `PermissionError`).
 *
 * @example Usage
 * ```ts ignore
 * import { listenQuic } from "@tandem/http/transport/deno";
 *
 * const listener = listenQuic({ port: 8443, cert, key, alpn: ["h3"] });
 * for await (const transport of listener) console.log(transport.info.remote);
 * ```
 */
export function listenQuic(options: ListenQuicOptions): QuicListener {
  requireQuic();
  const settings = transportOptions(options);
  const hostname = options.hostname ?? "::";
  let endpoint: Deno.QuicEndpoint | undefined;
  try {
    endpoint = bind(options);
    return new DenoQuicListener(endpoint, options, settings);
  } catch (error) {
    if (endpoint !== undefined) closeQuietly(endpoint);
    if (error instanceof RangeError || error instanceof TypeError) throw error;
    throw toTransportError(error, `listen on UDP ${hostname}:${options.port}`);
  }
}

function bind({ hostname, port }: ListenQuicOptions): Deno.QuicEndpoint {
  if (hostname !== undefined) return new Deno.QuicEndpoint({ hostname, port });
  try {
    return new Deno.QuicEndpoint({ hostname: "::", port });
  } catch (error) {
    if (isPermissionDenial(error) || toTransportError(error, "listen").code === "in-use") throw error;
    // This machine has no IPv6.
    return new Deno.QuicEndpoint({ hostname: "0.0.0.0", port });
  }
}

class DenoQuicListener implements QuicListener {
  readonly addr: TransportAddress;
  readonly #endpoint: Deno.QuicEndpoint;
  readonly #options: ListenQuicOptions;
  readonly #settings: Deno.QuicTransportOptions;
  /** All of them are kept: a listener that is collected switches listening off, newer ones or not. */
  readonly #listeners: Deno.QuicListener[] = [];
  readonly #ready: DenoQuicTransport[] = [];
  readonly #live = new Set<DenoQuicTransport>();
  #handshakes = 0;
  #isClosed = false;
  #isOver = false;
  #wake: (() => void) | undefined;

  constructor(endpoint: Deno.QuicEndpoint, options: ListenQuicOptions, settings: Deno.QuicTransportOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#settings = settings;
    this.addr = addressOf(endpoint.addr)!;
    this.renew(options.cert, options.key);
  }

  renew(cert: string, key: string): void {
    const listener = this.#endpoint.listen({
      cert,
      key,
      alpnProtocols: [...this.#options.alpn],
      ...this.#settings,
    });
    this.#listeners.push(listener);
    void this.#acceptAll(listener);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const transport of this.#ready.splice(0)) transport.close(0, "");
    this.#wake?.();
    this.#giveUpWhenIdle();
  }

  closeAll(code: number, reason: string): void {
    this.#isClosed = true;
    for (const transport of this.#live) transport.close(code, reason);
    this.#wake?.();
    this.#giveUp();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<QuicTransport, void, undefined> {
    try {
      for (;;) {
        const transport = this.#ready.shift();
        if (transport !== undefined) yield transport;
        else if (this.#isClosed) return;
        else await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      this.close();
    }
  }

  async #acceptAll(listener: Deno.QuicListener): Promise<void> {
    try {
      // No getter of `incoming` may be touched: Deno would drop the connection.
      for await (const incoming of listener) {
        if (this.#isClosed || this.#handshakes >= (this.#options.maxHandshakes ?? 1000)) incoming.refuse();
        else void this.#receive(incoming);
      }
    } catch (error) {
      if (!this.#isOver) this.#options.onError?.(toTransportError(error, "accept connections"));
    }
  }

  async #receive(incoming: Deno.QuicIncoming): Promise<void> {
    this.#handshakes++;
    try {
      const isEarly = this.#options.early ?? false;
      // Any setting here would bring back the certificate of an older listener on this socket.
      const conn = isEarly ? incoming.accept<true>({ zeroRtt: true }) : await incoming.accept();
      this.#admit(conn, isEarly);
      if (isEarly) await conn.handshake;
    } catch (error) {
      if (!this.#isOver) this.#options.onError?.(toTransportError(error, "finish the QUIC handshake"));
    } finally {
      this.#handshakes--;
      this.#giveUpWhenIdle();
    }
  }

  #admit(conn: Deno.QuicConn, isEarly: boolean): void {
    const { alpn, direct, exactStreamErrors } = this.#options;
    const transport: DenoQuicTransport = new DenoQuicTransport(conn, {
      info: infoOf(conn, isEarly && alpn.length === 1 ? alpn[0] : undefined),
      direct: direct ?? true,
      isEarly,
      sendsEarly: false,
      exactStreamErrors: exactStreamErrors ?? false,
      keepAlive: this,
      onClosed: () => {
        this.#live.delete(transport);
        this.#giveUpWhenIdle();
      },
    });
    this.#live.add(transport);
    if (this.#isClosed) return transport.close(0, "");
    this.#ready.push(transport);
    this.#wake?.();
  }

  #giveUpWhenIdle(): void {
    if (this.#isClosed && this.#live.size === 0 && this.#handshakes === 0) this.#giveUp();
  }

  /** Closing the endpoint is the only thing that ends a pending accept. */
  #giveUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    closeQuietly(this.#endpoint);
  }
}

function infoOf(conn: Deno.QuicConn, alpn: string | undefined): TransportInfo {
  const remote = addressOf(conn.remoteAddr);
  const protocol = conn.protocol ?? alpn;
  const serverName = conn.serverName ?? undefined;
  return {
    kind: "quic",
    ...(protocol === undefined ? {} : { alpn: protocol }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(remote === undefined ? {} : { remote }),
  };
}
