import type { TransportError } from "../semantics/errors.ts";
import { systemClock } from "../shell/clock.ts";
import type { ServerConnection, ServerConnectionOptions } from "../shell/connection.ts";
import { Deferred } from "../shell/deferred.ts";
import { GracefulEnd } from "../shell/graceful_end.ts";
import { deadPeer, KeepAlive, type KeepAliveOptions } from "../shell/keep_alive.ts";
import { printError, ServerCore } from "../shell/server_core.ts";
import type { ExchangeHandler, Handler } from "../shell/server_exchange.ts";
import type { ByteTransport, TransportInfo } from "../transport/mod.ts";
import { H2Connection } from "./connection.ts";
import type { H2Counters } from "./counters.ts";
import { H2Driver } from "./driver.ts";
import type { H2Options } from "./options.ts";
import type { H2Settings, H2SettingsChange } from "./settings.ts";

/** Options of an HTTP/2 server connection. */
export interface H2ServerOptions extends H2Options, ServerConnectionOptions {
  /** Liveness checks; none unless given. */
  readonly keepAlive?: KeepAliveOptions;
}

/** An HTTP/2 connection, seen from the server. */
export interface H2ServerConnection extends ServerConnection {
  /** The peer's SETTINGS; the defaults of the RFC before they came. */
  readonly peerSettings: Readonly<H2Settings>;
  /** Counts of what happened, by name. */
  readonly counters: Readonly<H2Counters>;
  /** Changes what this end allows the peer. */
  updateSettings(change: H2SettingsChange): void;
  /** Announces an alternative service for an origin (RFC 7838). */
  sendAltSvc(origin: string, value: string): void;
}

/**
 * Starts HTTP/2 as a server on a transport: by prior knowledge, or after ALPN agreed on `h2`.
 *
 * A function gets a native `Request` and gives a native `Response`. An object with a
 * method `exchange` gets the exchange alone, which is several times cheaper, and can do
 * what native objects cannot: tunnels, and answers while the request still comes.
 *
 * @example Usage
 * ```ts
 * import { connect, serve } from "@tandem/http/h2";
 * import { memoryPair } from "@tandem/http/transport/memory";
 * import assert from "node:assert/strict";
 *
 * const [near, far] = memoryPair();
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
 * const { text, trailers } = { text: await (await response).text(), trailers: await (await response).trailers };
 * assert.equal(text, "hello you");
 * assert.equal(trailers?.get("x-letters"), "3");
 * await server.shutdown();
 * ```
 */
export function serve(
  transport: ByteTransport,
  handler: Handler | ExchangeHandler,
  options: H2ServerOptions = {},
): H2ServerConnection {
  return new Server(transport, handler, options);
}

class Server implements H2ServerConnection {
  readonly info: TransportInfo;
  readonly state: Map<unknown, unknown> = new Map();
  readonly #engine: H2Connection;
  readonly #driver: H2Driver;
  readonly #core: ServerCore;
  readonly #closed: Deferred<void> = new Deferred();
  readonly #keepAlive: KeepAlive | undefined;
  readonly #gracefulEnd: GracefulEnd;
  #error: Error | undefined;

  constructor(transport: ByteTransport, handler: Handler | ExchangeHandler, options: H2ServerOptions) {
    const clock = options.clock ?? systemClock;
    const engine = new H2Connection({ ...options, role: "server", now: clock.now() });
    this.info = transport.info;
    this.#engine = engine;
    const driver = new H2Driver({
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
      connection: { info: transport.info, state: this.state },
      wake: () => driver.wake(),
      onError: options.onError ?? printError,
      sendDate: options.sendDate ?? true,
      onClosed: (error) => this.#error ??= error,
    });
    this.#keepAlive = options.keepAlive === undefined ? undefined : new KeepAlive(clock, options.keepAlive, {
      lastReceived: () => driver.lastReceived,
      isBusy: () => this.#core.openCount > 0,
      ping: () => {
        engine.ping(clock.now());
        driver.wake();
      },
      lose: () => driver.abandon(deadPeer()),
    });
    this.#gracefulEnd = new GracefulEnd({ engine, driver, core: this.#core, closed: this.closed }, options);
    driver.start();
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

  get peerSettings(): Readonly<H2Settings> {
    return this.#engine.peerSettings;
  }

  get counters(): Readonly<H2Counters> {
    return this.#engine.counters;
  }

  get openExchanges(): number {
    return this.#core.openCount;
  }

  get runningHandlers(): number {
    return this.#core.runningCount;
  }

  updateSettings(change: H2SettingsChange): void {
    this.#engine.updateSettings(change);
    this.#driver.wake();
  }

  sendOrigins(origins: readonly string[]): void {
    this.#engine.sendOrigins(origins);
    this.#driver.wake();
  }

  sendAltSvc(origin: string, value: string): void {
    this.#engine.sendAltSvc(origin, value);
    this.#driver.wake();
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
    this.#keepAlive?.stop();
    this.#gracefulEnd.forgetSignal();
    this.#core.end(undefined);
    this.#closed.resolve();
  }
}
