import type { TransportError } from "../semantics/errors.ts";
import type { ExchangeId } from "../semantics/events.ts";
import type { RequestHead } from "../semantics/head.ts";
import { ClientCore } from "../shell/client_core.ts";
import type { ClientExchange } from "../shell/client_exchange.ts";
import type { ClientRequest, TryRequestResult } from "../shell/client_request.ts";
import { systemClock } from "../shell/clock.ts";
import type { ClientConnection, ClientConnectionOptions } from "../shell/connection.ts";
import { Deferred } from "../shell/deferred.ts";
import type { Tunnel } from "../shell/tunnel.ts";
import type { QuicTransport, TransportInfo } from "../transport/mod.ts";
import { H3Connection } from "./connection.ts";
import { coreOf } from "./core_of.ts";
import type { H3Counters } from "./counters.ts";
import { H3Driver } from "./driver.ts";
import { writeReserved } from "./grease.ts";
import { Heartbeat, type HeartbeatOptions } from "./heartbeat.ts";
import type { H3EndReason } from "./ending.ts";
import { engineOptions, type H3SharedOptions, watchEarly } from "./engine_options.ts";
import type { H3Settings } from "./settings.ts";

/** Options of an HTTP/3 client. */
export interface H3ClientOptions extends H3SharedOptions, ClientConnectionOptions {
  /** Keeps the connection from QUIC's idle timeout while exchanges are open; not unless given. */
  readonly keepAlive?: HeartbeatOptions;
  /** Told of datagrams of an exchange (RFC 9297); `data` is valid during the call. */
  readonly onDatagram?: (id: ExchangeId, data: Uint8Array) => void;
  /** The server's SETTINGS of an earlier connection, under which early requests are sent. */
  readonly rememberedSettings?: H3Settings;
  /** Which requests may be sent as early data, when the transport has any. @default {GET, HEAD, OPTIONS} */
  readonly allowsEarly?: (head: RequestHead) => boolean;
}

/** An HTTP/3 connection, seen from the client. */
export interface H3Client extends ClientConnection {
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
 * Starts HTTP/3 as a client on a QUIC connection whose ALPN agreed on `h3`.
 *
 * @example Usage
 * ```ts
 * import { connect, serve } from "@tandem/http/h3";
 * import { memoryQuicPair } from "@tandem/http/transport/memory";
 * import assert from "node:assert/strict";
 *
 * const [near, far] = memoryQuicPair();
 * const server = serve(far, (request) => new Response(`you asked for ${new URL(request.url).pathname}`));
 *
 * await using client = connect(near);
 * const response = await client.request({ url: "https://example.com/tea" }).response;
 * assert.equal(response.status, 200);
 * assert.equal(await response.text(), "you asked for /tea");
 *
 * const native = await client.fetch("https://example.com/coffee");
 * assert.equal(await native.text(), "you asked for /coffee");
 * client.close();
 * await server.closed;
 * ```
 */
export function connect(transport: QuicTransport, options: H3ClientOptions = {}): H3Client {
  return new Client(transport, options);
}

class Client implements H3Client {
  readonly info: TransportInfo;
  readonly #engine: H3Connection;
  readonly #driver: H3Driver;
  readonly #core: ClientCore;
  readonly #heartbeat: Heartbeat | undefined;
  readonly #closed: Deferred<void> = new Deferred();
  #error: Error | undefined;

  constructor(transport: QuicTransport, options: H3ClientOptions) {
    const clock = options.clock ?? systemClock;
    const maxQueuedRequests = options.maxQueuedRequests ?? 10_000;
    if (!(maxQueuedRequests >= 0)) {
      throw new RangeError(`Cannot set maxQueuedRequests: ${maxQueuedRequests} is not at least 0`);
    }
    const engine = new H3Connection({
      ...engineOptions(transport, options),
      role: "client",
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
      connection: { info: transport.info, state: engine.state },
      wake: () => driver.wake(),
      isExtendedConnectEnabled: () => engine.isExtendedConnectEnabled,
      onClosed: (error) => this.#error ??= error,
      onOrigins: options.onOrigins,
      onDatagram: options.onDatagram,
    });
    this.#heartbeat = options.keepAlive === undefined ? undefined : new Heartbeat(
      clock,
      options.keepAlive,
      () => this.#core.openCount > 0,
      () => {
        writeReserved(coreOf(engine));
        driver.wake();
      },
    );
    driver.start();
    watchEarly(transport, engine, clock, () => driver.wake());
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

  get endReason(): H3EndReason | undefined {
    return this.#engine.endReason;
  }

  get maxReceiveStreams(): number {
    return this.#engine.maxReceiveStreams;
  }

  get isExtendedConnectEnabled(): boolean {
    return this.#engine.isExtendedConnectEnabled;
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

  sendDatagram(id: ExchangeId, data: Uint8Array): boolean {
    const isSent = this.#engine.sendDatagram(id, data);
    this.#driver.wake();
    return isSent;
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
    this.#heartbeat?.stop();
    this.#core.end(undefined);
    this.#closed.resolve();
  }
}
