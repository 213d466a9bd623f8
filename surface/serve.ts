import { type H2ServerConnection, type H2ServerOptions, serve as serveH2 } from "../h2/mod.ts";
import { type H3ServerConnection, serve as serveH3 } from "../h3/mod.ts";
import { TransportError } from "../semantics/errors.ts";
import { type Limits, resolveLimits } from "../semantics/limits.ts";
import type { TraceEvent } from "../semantics/trace.ts";
import { systemClock } from "../shell/clock.ts";
import { Deferred, ignore } from "../shell/deferred.ts";
import type { ExchangeHandler, Handler } from "../shell/server_exchange.ts";
import type { QuicListener } from "../transport/deno.ts";
import type {
  ByteListener,
  ByteTransport,
  QuicTransport,
  TransportAddress,
  TransportInfo,
} from "../transport/mod.ts";
import { announcing } from "./alt_svc_reply.ts";
import { openHttp1 } from "./http1_gateway.ts";
import { listenAll, takeOver } from "./listen.ts";
import { refuseHttp1 } from "./refuse_http1.ts";
import type {
  HttpServer,
  ServedCertificate,
  ServedProtocol,
  ServeOptions,
  TracedConnection,
} from "./serve_options.ts";

/** H3_NO_ERROR. */
const H3_NO_ERROR = 0x100;

/**
 * Serves one handler over HTTP/2 on TCP and, where Deno has QUIC (`--unstable-net`), over
 * HTTP/3 on UDP at the same port number. Responses over HTTP/2 announce HTTP/3.
 *
 * Throws a `ListenError` when it cannot listen, a `PermissionError` when it may not, `TypeError` for
 * options that do not go together.
 *
 * @example Usage
 * ```ts
 * import { connect, serve } from "@tandem/http";
 * import assert from "node:assert/strict";
 *
 * await using server = serve({ port: 0, hostname: "127.0.0.1", plain: true }, (request, exchange) => {
 *   return new Response(`${exchange.protocol} ${new URL(request.url).pathname}`);
 * });
 * await using origin = await connect(`http://127.0.0.1:${server.addr.port}`);
 * assert.equal(await (await origin.fetch("/tea")).text(), "h2 /tea");
 * ```
 */
export function serve(options: ServeOptions, handler: Handler | ExchangeHandler): HttpServer {
  return new Server(options, handler);
}

type Connection = H2ServerConnection | H3ServerConnection;

class Server implements HttpServer {
  readonly addr: TransportAddress;
  readonly protocols: readonly ServedProtocol[];
  readonly altSvc: string | undefined;
  readonly #options: ServeOptions;
  /** The limits of every connection. */
  readonly #limits: Limits;
  readonly #handler: Handler | ExchangeHandler;
  /** The handler for connections over TCP. */
  readonly #announcing: Handler | ExchangeHandler;
  readonly #open: Set<Connection> = new Set();
  readonly #finished: Deferred<void> = new Deferred();
  #bytes: ByteListener | undefined;
  readonly #quic: QuicListener | undefined;
  /** The last change of certificate: there is one at a time. */
  #rolling: Promise<void> = Promise.resolve();
  /** Loops over listeners that have not ended. */
  #accepting = 0;
  #count = 0;
  #isStopping = false;
  #graceMs = 0;

  constructor(options: ServeOptions, handler: Handler | ExchangeHandler) {
    this.#limits = resolveLimits("server", options.limits); // throws for what is no limit before anything listens
    this.#options = options;
    this.#handler = handler;
    const { bytes, quic } = listenAll(options, (error) => this.#refuse(error));
    this.#bytes = bytes;
    this.#quic = quic;
    this.addr = (bytes ?? quic)!.addr;
    this.protocols = [
      ...(bytes === undefined ? [] : ["h2" as const]),
      ...(quic === undefined ? [] : ["h3" as const]),
      ...(bytes !== undefined && options.http1 === true ? ["http/1.1" as const] : []),
    ];
    const announced = options.altSvc ??
      (bytes === undefined || quic === undefined ? false : `h3=":${this.addr.port}"; ma=86400`);
    this.altSvc = announced === false ? undefined : announced;
    this.#announcing = this.altSvc === undefined ? handler : announcing(handler, this.altSvc);
    if (bytes !== undefined) void this.#accept(bytes, (transport) => this.#takeBytes(transport));
    if (quic !== undefined) void this.#accept(quic, (transport) => this.#takeQuic(transport));
    if (options.signal?.aborted === true) this.#onSignal();
    else options.signal?.addEventListener("abort", this.#onSignal, { once: true });
    options.onListen?.(this.addr);
  }

  get connections(): number {
    return this.#open.size;
  }

  get openExchanges(): number {
    let count = 0;
    for (const connection of this.#open) count += connection.openExchanges;
    return count;
  }

  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  readonly #onSignal = (): void => {
    void this.shutdown();
  };

  #refuse(error: TransportError): void {
    this.#options.onRefused?.(error);
  }

  async #accept<T>(listener: AsyncIterable<T>, take: (transport: T) => void): Promise<void> {
    this.#accepting++;
    try {
      for await (const transport of listener) take(transport);
    } finally {
      this.#accepting--;
      this.#settle();
    }
  }

  #takeBytes(transport: ByteTransport): void {
    const { alpn } = transport.info;
    const { plain, http1 } = this.#options;
    if (alpn === "h2" || (plain === true && http1 !== true)) return this.#serveBytes(transport);
    if (http1 === true) {
      openHttp1(transport, plain === true).then(
        (opened) => this.#serveBytes(opened),
        (error) => {
          transport.close();
          this.#refuse(asTransportError(error));
        },
      );
      return;
    }
    this.#refuse(
      new TransportError("alpn", "Cannot serve a client: it did not offer h2", { initiator: "remote" }),
    );
    void refuseHttp1(transport);
  }

  #serveBytes(transport: ByteTransport): void {
    const { h2, origins } = this.#options;
    const protocol = transport.info.alpn === "http/1.1" ? "http/1.1" : "h2";
    const connection = serveH2(transport, this.#announcing, {
      ...h2,
      ...this.#shared(protocol, transport.info),
    });
    if (origins !== undefined) connection.sendOrigins(origins);
    this.#admit(connection);
  }

  #takeQuic(transport: QuicTransport): void {
    const { h3, origins } = this.#options;
    const connection = serveH3(transport, this.#handler, {
      ...h3,
      ...this.#shared("h3", transport.info),
      ...(origins === undefined ? {} : { origins }),
    });
    this.#admit(connection);
  }

  #shared(protocol: ServedProtocol, info: TransportInfo): SharedOptions {
    const { onError, trace, clock } = this.#options;
    const connection: TracedConnection = { number: ++this.#count, protocol, info };
    return {
      limits: this.#limits,
      ...(onError === undefined ? {} : { onError }),
      ...(clock === undefined ? {} : { clock }),
      ...(trace === undefined ? {} : { trace: (event: TraceEvent): void => trace(event, connection) }),
    };
  }

  #admit(connection: Connection): void {
    this.#open.add(connection);
    connection.closed.then(() => {
      this.#open.delete(connection);
      this.#settle();
    });
    // One that was in its handshake is told at once, so that its requests can go elsewhere.
    if (this.#isStopping) connection.shutdown({ graceMs: this.#graceMs });
  }

  async setCertificate(certificate: ServedCertificate): Promise<void> {
    const rolled = this.#rolling.then(() => this.#roll(certificate));
    this.#rolling = rolled.catch(ignore);
    await rolled;
  }

  async #roll({ cert, key }: ServedCertificate): Promise<void> {
    if (this.#options.plain === true) throw new TypeError("Cannot set a certificate: the server is plain");
    if (this.#isStopping) throw new TypeError("Cannot set a certificate: the server is ending");
    if (this.#options.listener !== undefined) {
      throw new TypeError("Cannot set a certificate: the server was given its listener");
    }
    this.#renewQuic(cert, key); // first, since what is wrong with the certificate shows here
    if (this.#bytes === undefined) return;
    const { listener, done } = await takeOver(
      this.#bytes,
      { ...this.#options, cert, key },
      (error) => this.#refuse(error),
    );
    if (this.#isStopping) return listener.close();
    this.#bytes = listener;
    void this.#accept(listener, (transport) => this.#takeBytes(transport));
    await done;
  }

  #renewQuic(cert: string, key: string): void {
    try {
      this.#quic?.renew(cert, key);
    } catch (cause) {
      if (cause instanceof TransportError) throw cause;
      const message = "Cannot set the certificate: it and its key cannot be used together";
      throw new TransportError("tls", message, { initiator: "user", cause });
    }
  }

  async shutdown(options: { readonly graceMs?: number } = {}): Promise<void> {
    const graceMs = options.graceMs ?? this.#limits.drainTimeoutMs;
    this.#isStopping = true;
    this.#graceMs = graceMs;
    void this.#bytes?.retire();
    this.#quic?.close();
    const clock = this.#options.clock ?? systemClock;
    const timer = clock.schedule(() => this.close(), graceMs);
    const ended = [...this.#open].map((connection) => connection.shutdown({ graceMs }));
    this.#settle();
    await Promise.all([this.finished, ...ended]);
    clock.cancel(timer);
  }

  close(): void {
    this.#isStopping = true;
    this.#bytes?.close();
    this.#quic?.closeAll(H3_NO_ERROR, "");
    for (const connection of this.#open) connection.close();
    this.#settle();
  }

  #settle(): void {
    if (!this.#isStopping || this.#accepting > 0 || this.#open.size > 0) return;
    this.#options.signal?.removeEventListener("abort", this.#onSignal);
    this.#finished.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown().catch(ignore);
  }
}

/** The options that both protocols take alike. */
type SharedOptions = Pick<H2ServerOptions, "limits" | "onError" | "clock" | "trace">;

function asTransportError(error: unknown): TransportError {
  if (error instanceof TransportError) return error;
  return new TransportError("closed", "Cannot serve a client: it has gone", {
    initiator: "remote",
    cause: error,
  });
}
