import { ConnectionError, type TransportError } from "../semantics/errors.ts";
import { ClientCore } from "../shell/client_core.ts";
import type { ClientExchange } from "../shell/client_exchange.ts";
import type { ClientRequest, TryRequestResult } from "../shell/client_request.ts";
import { type Clock, systemClock } from "../shell/clock.ts";
import type { ClientConnection, ClientConnectionOptions } from "../shell/connection.ts";
import { Deferred } from "../shell/deferred.ts";
import { deadPeer, KeepAlive, type KeepAliveOptions } from "../shell/keep_alive.ts";
import type { Tunnel } from "../shell/tunnel.ts";
import type { ByteTransport, TransportInfo } from "../transport/mod.ts";
import { H2Connection } from "./connection.ts";
import type { H2Counters } from "./counters.ts";
import { H2Driver } from "./driver.ts";
import type { H2Options } from "./options.ts";
import type { H2Settings, H2SettingsChange } from "./settings.ts";

/** Options of an HTTP/2 client. */
export interface H2ClientOptions extends H2Options, ClientConnectionOptions {
  /** Liveness checks; none unless given. */
  readonly keepAlive?: KeepAliveOptions;
  /** Told of alternative services that the server announces in frames (RFC 7838); `origin` is empty for that of the request. */
  readonly onAltSvc?: (origin: string, value: string) => void;
}

/** An HTTP/2 connection, seen from the client. */
export interface H2Client extends ClientConnection {
  /** Exchanges that the peer allows at once; before its SETTINGS `limits.initialMaxSendStreams`. */
  readonly maxSendStreams: number;
  /** The peer's SETTINGS; the defaults of the RFC before they came. */
  readonly peerSettings: Readonly<H2Settings>;
  /** Counts of what happened, by name. */
  readonly counters: Readonly<H2Counters>;
  /** Measures the round trip, in milliseconds. */
  ping(): Promise<number>;
  /** Changes what this end allows the peer. */
  updateSettings(change: H2SettingsChange): void;
}

/**
 * Starts HTTP/2 as a client on a transport: by prior knowledge, or after ALPN agreed on `h2`.
 *
 * @example Usage
 * ```ts
 * import { connect, serve } from "@tandem/http/h2";
 * import { memoryPair } from "@tandem/http/transport/memory";
 * import assert from "node:assert/strict";
 *
 * const [near, far] = memoryPair();
 * const server = serve(far, (request) => new Response(`you asked for ${new URL(request.url).pathname}`));
 *
 * await using client = connect(near);
 * const response = await client.request({ url: "https://example.com/tea" }).response;
 * assert.equal(response.status, 200);
 * assert.equal(await response.text(), "you asked for /tea");
 *
 * const native = await client.fetch("https://example.com/coffee");
 * assert.equal(await native.text(), "you asked for /coffee");
 * await server.shutdown();
 * ```
 */
export function connect(transport: ByteTransport, options: H2ClientOptions = {}): H2Client {
  return new Client(transport, options);
}

class Client implements H2Client {
  readonly info: TransportInfo;
  readonly #engine: H2Connection;
  readonly #driver: H2Driver;
  readonly #core: ClientCore;
  readonly #clock: Clock;
  readonly #closed: Deferred<void> = new Deferred();
  readonly #keepAlive: KeepAlive | undefined;
  readonly #pings: Map<number, Deferred<number>> = new Map();
  #error: Error | undefined;

  constructor(transport: ByteTransport, options: H2ClientOptions) {
    const clock = options.clock ?? systemClock;
    const maxQueuedRequests = options.maxQueuedRequests ?? 10_000;
    if (!(maxQueuedRequests >= 0)) {
      throw new RangeError(`Cannot set maxQueuedRequests: ${maxQueuedRequests} is not at least 0`);
    }
    const engine = new H2Connection({ ...options, role: "client", now: clock.now() });
    this.info = transport.info;
    this.#engine = engine;
    this.#clock = clock;
    const driver = new H2Driver({
      transport,
      engine,
      clock,
      target: {
        receive: (events) => this.#core.receive(events),
        turn: () => this.#core.turn(),
        lose: (error) => this.#lose(error),
        end: () => this.#end(),
      },
    });
    this.#driver = driver;
    this.#core = new ClientCore({
      engine,
      clock,
      maxQueuedRequests,
      connection: { info: transport.info, state: new Map() },
      wake: () => driver.wake(),
      isExtendedConnectEnabled: () => engine.isExtendedConnectEnabled,
      onPong: (token, rttMs) => this.#receivePong(token, rttMs),
      onClosed: (error) => {
        this.#error ??= error;
        this.#rejectPings();
      },
      onAltSvc: options.onAltSvc,
      onOrigins: options.onOrigins,
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
    driver.start();
  }

  get ready(): Promise<void> {
    return this.#core.ready;
  }

  get isReady(): boolean {
    return this.#core.isReady;
  }

  get isClosed(): boolean {
    return this.#engine.isClosed;
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  get error(): Error | undefined {
    return this.#error;
  }

  get maxSendStreams(): number {
    return this.#engine.maxSendStreams;
  }

  get maxReceiveStreams(): number {
    return this.#engine.maxReceiveStreams;
  }

  get isExtendedConnectEnabled(): boolean {
    return this.#engine.isExtendedConnectEnabled;
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

  get queuedRequests(): number {
    return this.#core.queuedCount;
  }

  request(request: ClientRequest): ClientExchange {
    return this.#core.request(request);
  }

  tryRequest<R extends ClientRequest | Request>(request: R): Promise<TryRequestResult<R>> {
    return this.#core.tryRequest(request);
  }

  fetch(input: Request | string | URL, init?: RequestInit): Promise<Response> {
    return this.#core.fetch(input, init);
  }

  openTunnel(request: ClientRequest): Promise<Tunnel> {
    return this.#core.openTunnel(request);
  }

  ping(): Promise<number> {
    const pong = new Deferred<number>();
    if (this.#engine.isClosed) {
      pong.reject(this.#error ?? closedError());
    } else {
      this.#pings.set(this.#engine.ping(this.#clock.now()), pong);
      this.#driver.wake();
    }
    return pong.promise;
  }

  #receivePong(token: number, rttMs: number): void {
    this.#pings.get(token)?.resolve(rttMs);
    this.#pings.delete(token);
  }

  updateSettings(change: H2SettingsChange): void {
    this.#engine.updateSettings(change);
    this.#driver.wake();
  }

  shutdown(): Promise<void> {
    this.#core.stop();
    this.#engine.shutdown();
    this.#driver.wake();
    return this.closed;
  }

  close(): void {
    this.#core.stop();
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
    this.#core.end(undefined);
    this.#rejectPings();
    this.#closed.resolve();
  }

  #rejectPings(): void {
    for (const pong of this.#pings.values()) pong.reject(this.#error ?? closedError());
    this.#pings.clear();
  }
}

function closedError(): ConnectionError {
  return new ConnectionError("closed", "Cannot send a PING: the connection is over", { initiator: "local" });
}
