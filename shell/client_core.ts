import { ConnectionError, StreamError, type TransportError } from "../semantics/errors.ts";
import type { EngineEvent, ExchangeId, GoingAwayEvent, HttpEngine } from "../semantics/events.ts";
import { Arrivals } from "./arrivals.ts";
import type { ClientRequest, TryRequestResult } from "./client_request.ts";
import { asError, type ClientHost, ClientSide } from "./client_side.ts";
import type { Clock } from "./clock.ts";
import { Deferred } from "./deferred.ts";
import { fetchRequest, requestOf } from "./fetch_request.ts";
import type { ExchangeConnection } from "./host.ts";
import type { IncomingBody } from "./incoming_body.ts";
import type { Tunnel } from "./tunnel.ts";
import { IdTable } from "../wire/id_table.ts";
import { withVerdict } from "./verdict.ts";

/** What the client half of a connection is made of. */
export interface ClientCoreOptions {
  /** The engine that does the protocol. */
  readonly engine: HttpEngine;
  /** What applications see of the connection. */
  readonly connection: ExchangeConnection;
  /** Time. */
  readonly clock: Clock;
  /** Says that the engine was given something. */
  readonly wake: () => void;
  /** Requests that may wait for a free stream. */
  readonly maxQueuedRequests: number;
  /** Whether the peer takes extended CONNECT, once its SETTINGS are known. */
  readonly isExtendedConnectEnabled: () => boolean;
  /** Told of the answers to pings. */
  readonly onPong?: ((token: number, rttMs: number) => void) | undefined;
  /** Told when the engine is done; without an error after an orderly end. */
  readonly onClosed?: ((error: ConnectionError | undefined) => void) | undefined;
  /** Told of alternative services. */
  readonly onAltSvc?: ((origin: string, value: string) => void) | undefined;
  /** Told of datagrams; `data` is valid during the call. */
  readonly onDatagram?: ((id: ExchangeId, data: Uint8Array) => void) | undefined;
  /** Told of origins. */
  readonly onOrigins?: ((origins: readonly string[]) => void) | undefined;
}

/** The exchanges of a client's connection, whatever the protocol: those that are open and those that wait. */
export class ClientCore implements ClientHost {
  readonly engine: HttpEngine;
  readonly connection: ExchangeConnection;
  readonly clock: Clock;
  readonly wake: () => void;
  readonly #options: ClientCoreOptions;
  readonly #arrivals: Arrivals = new Arrivals();
  readonly #open: IdTable<ClientSide> = new IdTable();
  /** Exchanges that are over, and whose bytes the engine may still read. */
  readonly #lending: Map<ExchangeId, ClientSide> = new Map();
  /** In order of arrival. */
  readonly #queue: Set<ClientSide> = new Set();
  readonly #ready: Deferred<void> = new Deferred();
  #isReady = false;
  /** Why no more requests are taken. */
  #ending: Error | undefined;

  constructor(options: ClientCoreOptions) {
    this.#options = options;
    this.engine = options.engine;
    this.connection = options.connection;
    this.clock = options.clock;
    this.wake = options.wake;
  }

  /** Resolves with the peer's first SETTINGS; rejects when the connection ends before them. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Whether the peer's SETTINGS are known. */
  get hasSettings(): boolean {
    return this.#isReady;
  }

  /** Whether a request could be sent at once. */
  get isReady(): boolean {
    return this.#isReady && this.#ending === undefined && this.#queue.size === 0 && this.engine.canOpen;
  }

  /** Exchanges that are open. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Exchanges that wait for a free stream. */
  get queuedCount(): number {
    return this.#queue.size;
  }

  /** Opens an exchange, or lets it wait; what goes wrong shows in its `response`. Throws `TypeError` for what is no request. */
  request(request: ClientRequest): ClientSide {
    const exchange = new ClientSide(this, request);
    if (!exchange.listen()) return exchange;
    if (this.#ending !== undefined || this.engine.isGoingAway || this.engine.isClosed) {
      exchange.fail(this.#ending ?? endingError());
    } else if (this.#queue.size === 0 && this.engine.canOpen && this.#isOpenable(exchange)) {
      this.#openNow(exchange);
    } else if (this.#queue.size >= this.#options.maxQueuedRequests) {
      exchange.fail(
        new StreamError(
          "queue-full",
          `Cannot queue a request: ${this.#queue.size} wait already`,
          { initiator: "user", retry: "unsent" },
        ),
      );
    } else {
      this.#queue.add(exchange);
    }
    return exchange;
  }

  /** Like `request`, but waits until it is opened, and gives it back untouched when it cannot be. */
  async tryRequest<R extends ClientRequest | Request>(given: R): Promise<TryRequestResult<R>> {
    const exchange = this.request(given instanceof Request ? requestOf(given) : given);
    await new Promise<void>((resolve) => exchange.whenOpened(resolve));
    if (exchange.wasOpened) return { exchange };
    return { unsent: given, error: asError(exchange.error) };
  }

  /** Sends a native request, or what makes one. */
  async fetch(input: Request | string | URL, init?: RequestInit): Promise<Response> {
    const response = await this.request(fetchRequest(input, init)).response;
    return response.toResponse();
  }

  /** Opens a tunnel by CONNECT; rejects unless the answer is a 2xx. */
  async openTunnel(request: ClientRequest): Promise<Tunnel> {
    const exchange = this.request({ ...request, method: "CONNECT" });
    const response = await exchange.response;
    if (response.status >= 200 && response.status < 300) return exchange.takeTunnel();
    exchange.abort();
    throw new StreamError("tunnel-refused", `Cannot open the tunnel: the answer is ${response.status}`, {
      initiator: "remote",
      cause: response,
    });
  }

  #isOpenable(exchange: ClientSide): boolean {
    return this.#isReady || !exchange.needsSettings;
  }

  #openNow(exchange: ClientSide): void {
    if (exchange.needsSettings && !this.#options.isExtendedConnectEnabled()) {
      exchange.fail(
        new StreamError("extended-connect", "Cannot send an extended CONNECT: the peer did not enable it", {
          initiator: "remote",
          rule: "8441-3",
          retry: "unsent",
        }),
      );
      return;
    }
    exchange.open();
    if (exchange.isOpen) this.#open.add(exchange);
  }

  #openQueued(): void {
    for (const exchange of this.#queue) {
      if (!this.engine.canOpen || this.#ending !== undefined) return;
      if (!this.#isOpenable(exchange)) continue;
      this.#queue.delete(exchange);
      this.#openNow(exchange);
    }
  }

  /** Part of `ExchangeHost`. */
  arrived(body: IncomingBody): void {
    this.#arrivals.add(body);
  }

  /** Part of `ClientHost`. */
  forget(exchange: ClientSide): void {
    if (exchange.isQueued) this.#queue.delete(exchange);
    else this.#open.delete(exchange.id);
    if (exchange.isLending) this.#lending.set(exchange.id, exchange);
    if (this.#queue.size > 0) this.wake();
  }

  /** Deals with what the engine tells. */
  receive(events: readonly EngineEvent[]): void {
    for (let i = 0; i < events.length; i++) this.#receive(events[i]!);
    this.#arrivals.settle();
    if (this.#queue.size > 0) this.#openQueued();
  }

  /** Called once a turn: opens what can be opened by now. */
  turn(): void {
    if (this.#queue.size > 0) this.#openQueued();
  }

  #receive(event: EngineEvent): void {
    switch (event.type) {
      case "response":
        return this.#open.get(event.id)?.receiveResponse(event.head, event.end);
      case "body":
        return this.#open.get(event.id)?.receiveBody(event.data, event.end);
      case "done":
        this.#release(event.id);
        return this.#open.get(event.id)?.receiveDone();
      case "trailers":
        return this.#open.get(event.id)?.receiveTrailers(event.fields);
      case "drain":
        return this.#open.get(event.id)?.receiveDrain();
      case "aborted":
        if (event.side === "both") this.#release(event.id);
        return this.#open.get(event.id)?.receiveAborted(event.side, event.error);
      case "interim":
        return this.#open.get(event.id)?.receiveInterim(event.head);
      case "settings":
        this.#isReady = true;
        return this.#ready.resolve();
      case "pong":
        return this.#options.onPong?.(event.token, event.rttMs);
      case "goingAway":
        return this.#receiveGoingAway(event);
      case "altSvc":
        return callSafely(() => this.#options.onAltSvc?.(event.origin, event.value));
      case "datagram":
        return this.#options.onDatagram?.(event.id, event.data);
      case "origins":
        return callSafely(() => this.#options.onOrigins?.(event.origins));
      case "closed":
        this.#options.onClosed?.(event.error);
        return this.end(event.error);
    }
  }

  #release(id: ExchangeId): void {
    this.#lending.get(id)?.release();
    this.#lending.delete(id);
  }

  #receiveGoingAway(event: GoingAwayEvent): void {
    const details = { initiator: "remote", wireCode: event.wireCode } as const;
    const text = "Cannot go on: the peer takes no more exchanges";
    for (let i = 0; i < event.unprocessed.length; i++) {
      this.#open.get(event.unprocessed[i]!)?.fail(
        new ConnectionError("going-away", text, { ...details, retry: "refused" }),
        false,
      );
    }
    this.stop(new ConnectionError("going-away", text, { ...details, retry: "unsent" }));
  }

  /** Takes no more requests; those that wait fail, those that are open go on. */
  stop(error: Error = endingError()): void {
    this.#ending ??= error;
    for (const exchange of this.#queue) exchange.fail(error);
    this.#queue.clear();
  }

  /** The connection is over: whatever is left fails, each with what is known of its fate. */
  end(error: ConnectionError | TransportError | undefined): void {
    this.#ready.reject(error ?? endingError());
    for (const exchange of this.#open.values()) {
      exchange.fail(withVerdict(error, this.engine.verdict(exchange.id)));
    }
    this.#open.clear();
    for (const id of this.#lending.keys()) this.#release(id);
    this.stop(withVerdict(error, "unsent"));
  }
}

/** The error for requests that come too late. */
function endingError(): ConnectionError {
  return withVerdict(undefined, "unsent") as ConnectionError;
}

/** Calls what the application gave; what it throws is the application's, not the connection's. */
function callSafely(call: () => void): void {
  try {
    call();
  } catch (error) {
    // As if it had been called by the event loop.
    queueMicrotask(() => {
      throw error;
    });
  }
}
