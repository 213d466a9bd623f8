import type { TransportError } from "../semantics/errors.ts";
import { resolveLimits } from "../semantics/limits.ts";
import { type Clock, systemClock } from "../shell/clock.ts";
import { Deferred } from "../shell/deferred.ts";
import { deadPeer, KeepAlive, type KeepAliveOptions } from "../shell/keep_alive.ts";
import { printError, ServerCore } from "../shell/server_core.ts";
import type { ExchangeHandler, Handler, ServerExchange } from "../shell/server_exchange.ts";
import type { ByteTransport, TransportInfo } from "../transport/mod.ts";
import { H2Connection } from "./connection.ts";
import type { H2Counters } from "./counters.ts";
import { H2Driver } from "./driver.ts";
import type { H2Options } from "./options.ts";
import type { H2Settings, H2SettingsChange } from "./settings.ts";

/** Options of an HTTP/2 server connection. */
export interface H2ServerOptions extends H2Options {
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
  /** Liveness checks; none unless given. */
  readonly keepAlive?: KeepAliveOptions;
  /**
   * Told when a handler fails; may give the response to send in place of the bare 500.
   * @default {prints the error}
   */
  readonly onError?: (error: unknown, exchange: ServerExchange) => Response | undefined | void;
  /** Whether a `date` field is added to responses without one (RFC 9110 section 6.6.1). @default {true} */
  readonly sendDate?: boolean;
  /** Starts the graceful end, with `limits.drainTimeoutMs` for what is open, when it aborts. */
  readonly signal?: AbortSignal;
}

/** An HTTP/2 connection, seen from the server. */
export interface H2ServerConnection {
  /** Resolves when the connection is over and its transport is closed. Never rejects. */
  readonly closed: Promise<void>;
  /** Whether the connection is over. */
  readonly isClosed: boolean;
  /** Why the connection ended, unless in order; absent while it has not. */
  readonly error: Error | undefined;
  /** What the transport says of itself. */
  readonly info: TransportInfo;
  /** What the application keeps for the life of the connection; the same as `exchange.connection.state`. */
  readonly state: Map<unknown, unknown>;
  /** The peer's SETTINGS; the defaults of the RFC before they came. */
  readonly peerSettings: Readonly<H2Settings>;
  /** Counts of what happened, by name. */
  readonly counters: Readonly<H2Counters>;
  /** Exchanges that are open. */
  readonly openExchanges: number;
  /** Handlers that have not ended. */
  readonly runningHandlers: number;
  /** Changes what this end allows the peer. */
  updateSettings(change: H2SettingsChange): void;
  /** Says for which origins this server is authoritative (RFC 8336). */
  sendOrigins(origins: readonly string[]): void;
  /** Announces an alternative service for an origin (RFC 7838). */
  sendAltSvc(origin: string, value: string): void;
  /**
   * Takes no new exchanges, lets open ones and their handlers finish and ends the connection;
   * what has not finished after `graceMs` (and after `limits.drainTimeoutMs`) is cut off.
   * @default {graceMs: limits.drainTimeoutMs}
   */
  shutdown(options?: { readonly graceMs?: number }): Promise<void>;
  /** Ends the connection now. */
  close(): void;
  /** `close()`, then waits for `closed`. */
  [Symbol.asyncDispose](): Promise<void>;
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
  readonly #clock: Clock;
  readonly #closed: Deferred<void> = new Deferred();
  readonly #keepAlive: KeepAlive | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #drainTimeoutMs: number;
  #graceTimer: unknown;
  #graceEnded: Deferred<void> | undefined;
  #error: Error | undefined;

  constructor(transport: ByteTransport, handler: Handler | ExchangeHandler, options: H2ServerOptions) {
    const clock = options.clock ?? systemClock;
    const engine = new H2Connection({ ...options, role: "server", now: clock.now() });
    this.info = transport.info;
    this.#engine = engine;
    this.#clock = clock;
    this.#signal = options.signal;
    this.#drainTimeoutMs = resolveLimits("server", options.limits).drainTimeoutMs;
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
    if (options.signal?.aborted === true) this.shutdown();
    else options.signal?.addEventListener("abort", this.#onSignal);
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

  readonly #onSignal = (): void => {
    this.shutdown();
  };

  async shutdown(options: { readonly graceMs?: number } = {}): Promise<void> {
    const graceEnded = this.#graceEnded ??= new Deferred();
    this.#limitGrace(options.graceMs ?? this.#drainTimeoutMs);
    this.#engine.shutdown();
    this.#driver.wake();
    await this.closed;
    // The last response has left; its handler may still be at work on something.
    await Promise.race([this.#core.handlersEnded, graceEnded.promise]);
    this.#cancelGrace();
  }

  #limitGrace(graceMs: number): void {
    this.#cancelGrace();
    this.#graceTimer = this.#clock.schedule(() => {
      this.#graceTimer = undefined;
      this.close();
      this.#graceEnded?.resolve();
    }, graceMs);
  }

  #cancelGrace(): void {
    if (this.#graceTimer !== undefined) this.#clock.cancel(this.#graceTimer);
    this.#graceTimer = undefined;
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
    this.#signal?.removeEventListener("abort", this.#onSignal);
    this.#core.end(undefined);
    this.#closed.resolve();
  }
}
