import type { TransportError } from "../semantics/errors.ts";
import type { ExchangeId } from "../semantics/events.ts";
import type { RequestHead } from "../semantics/head.ts";
import { systemClock } from "../shell/clock.ts";
import type { ServerConnection, ServerConnectionOptions } from "../shell/connection.ts";
import { Deferred } from "../shell/deferred.ts";
import { GracefulEnd } from "../shell/graceful_end.ts";
import { printError, ServerCore } from "../shell/server_core.ts";
import type { ExchangeHandler, Handler } from "../shell/server_exchange.ts";
import type { QuicTransport, TransportInfo } from "../transport/mod.ts";
import { H3Connection } from "./connection.ts";
import type { H3Counters } from "./counters.ts";
import { H3Driver } from "./driver.ts";
import type { H3EndReason } from "./ending.ts";
import { engineOptions, type H3SharedOptions, watchEarly } from "./engine_options.ts";
import type { H3Settings } from "./settings.ts";

/** Options of an HTTP/3 server connection. */
export interface H3ServerOptions extends H3SharedOptions, ServerConnectionOptions {
  /** Told of datagrams of an exchange (RFC 9297); `data` is valid during the call. */
  readonly onDatagram?: (id: ExchangeId, data: Uint8Array) => void;
  /** Origins that this server says it is authoritative for (RFC 9412); none unless given. */
  readonly origins?: readonly string[];
  /** Which requests may come as early data; others are answered with 425 (RFC 8470). @default {GET, HEAD, OPTIONS} */
  readonly allowsEarly?: (head: RequestHead) => boolean;
}

/** An HTTP/3 connection, seen from the server. */
export interface H3ServerConnection extends ServerConnection {
  /** In one word why the connection ended; absent while it has not. */
  readonly endReason: H3EndReason | undefined;
  /** The peer's SETTINGS; the initial values before they came. */
  readonly peerSettings: H3Settings;
  /** Counts of what happened, by name. */
  readonly counters: Readonly<H3Counters>;
  /** Sends a datagram of an exchange (RFC 9297); answers whether both ends take datagrams and the exchange is open. */
  sendDatagram(id: ExchangeId, data: Uint8Array): boolean;
}

/**
 * Starts HTTP/3 as a server on a QUIC connection whose ALPN agreed on `h3`. The handlers
 * are those of HTTP/2.
 *
 * @example Usage
 * ```ts
 * import { connect, serve } from "@tandem/http/h3";
 * import { memoryQuicPair } from "@tandem/http/transport/memory";
 * import assert from "node:assert/strict";
 *
 * const [near, far] = memoryQuicPair();
 * const server = serve(far, {
 *   async exchange(exchange) {
 *     exchange.sendInterim(103, { link: "</style.css>; rel=preload" });
 *     const name = await exchange.text();
 *     exchange.setTrailers({ "x-letters": String(name.length) });
 *     await exchange.reply(200, { "content-type": "text/plain" }, `hello ${name}`);
 *   },
 * });
 *
 * await using client = connect(near);
 * const { response } = client.request({ method: "POST", url: "https://example.com/", body: "you" });
 * assert.equal(await (await response).text(), "hello you");
 * assert.equal((await (await response).trailers)?.get("x-letters"), "3");
 * client.close();
 * await server.closed;
 * ```
 */
export function serve(
  transport: QuicTransport,
  handler: Handler | ExchangeHandler,
  options: H3ServerOptions = {},
): H3ServerConnection {
  return new Server(transport, handler, options);
}

class Server implements H3ServerConnection {
  readonly info: TransportInfo;
  readonly #engine: H3Connection;
  readonly #driver: H3Driver;
  readonly #core: ServerCore;
  readonly #closed: Deferred<void> = new Deferred();
  readonly #gracefulEnd: GracefulEnd;
  #error: Error | undefined;

  constructor(transport: QuicTransport, handler: Handler | ExchangeHandler, options: H3ServerOptions) {
    const clock = options.clock ?? systemClock;
    const engine = new H3Connection({
      ...engineOptions(transport, options),
      role: "server",
      now: clock.now(),
    });
    this.info = transport.info;
    this.#engine = engine;
    const driver = new H3Driver({
      transport,
      engine,
      clock,
      target: {
        receive: (events) => this.#core.receive(events),
        lose: (error) => this.#lose(error),
        end: () => this.#end(),
      },
    });
    this.#driver = driver;
    this.#core = new ServerCore({
      engine,
      handler,
      clock,
      connection: { info: transport.info, state: engine.state },
      wake: () => driver.wake(),
      onError: options.onError ?? printError,
      sendDate: options.sendDate ?? true,
      onClosed: (error) => this.#error ??= error,
      onDatagram: options.onDatagram,
    });
    this.#gracefulEnd = new GracefulEnd({ engine, driver, core: this.#core, closed: this.closed }, options);
    driver.start();
    watchEarly(transport, engine, clock, () => driver.wake());
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  get isClosed(): boolean {
    return this.#engine.isClosed;
  }

  get error(): Error | undefined {
    return this.#error;
  }

  get endReason(): H3EndReason | undefined {
    return this.#engine.endReason;
  }

  get state(): Map<unknown, unknown> {
    return this.#engine.state;
  }

  get peerSettings(): H3Settings {
    return this.#engine.peerSettings;
  }

  get counters(): Readonly<H3Counters> {
    return this.#engine.counters;
  }

  get openExchanges(): number {
    return this.#core.openCount;
  }

  get runningHandlers(): number {
    return this.#core.runningCount;
  }

  sendOrigins(origins: readonly string[]): void {
    this.#engine.sendOrigins(origins);
    this.#driver.wake();
  }

  sendDatagram(id: ExchangeId, data: Uint8Array): boolean {
    const isSent = this.#engine.sendDatagram(id, data);
    this.#driver.wake();
    return isSent;
  }

  shutdown(options: { readonly graceMs?: number } = {}): Promise<void> {
    return this.#gracefulEnd.shutdown(options.graceMs);
  }

  close(): void {
    this.#engine.close();
    this.#driver.wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.closed;
  }

  #lose(error: TransportError): void {
    this.#error ??= error;
    this.#core.end(error);
  }

  #end(): void {
    this.#gracefulEnd.forgetSignal();
    this.#core.end(undefined);
    this.#closed.resolve();
  }
}
