import type { ConnectionError, TransportError } from "../semantics/errors.ts";
import type { EngineEvent, ExchangeId, HttpEngine } from "../semantics/events.ts";
import { Arrivals } from "./arrivals.ts";
import type { Clock } from "./clock.ts";
import { Deferred, ignore } from "./deferred.ts";
import type { ExchangeConnection } from "./host.ts";
import { httpDate } from "./http_date.ts";
import type { IncomingBody } from "./incoming_body.ts";
import { hasNativeRequest } from "./native_request.ts";
import { RepeatedFields } from "./repeated_fields.ts";
import type { ExchangeHandler, Handler, ServerExchange } from "./server_exchange.ts";
import { type ServerHost, ServerSide } from "./server_side.ts";
import { IdTable } from "../wire/id_table.ts";
import { withVerdict } from "./verdict.ts";

/** Told when a handler fails; what it gives is sent in place of the bare 500, if that is still possible. */
export type ErrorHook = (error: unknown, exchange: ServerExchange) => Response | undefined | void;

/** What the server half of a connection is made of. */
export interface ServerCoreOptions {
  /** The engine that does the protocol. */
  readonly engine: HttpEngine;
  /** What answers. */
  readonly handler: Handler | ExchangeHandler;
  /** What applications see of the connection. */
  readonly connection: ExchangeConnection;
  /** Time. */
  readonly clock: Clock;
  /** Says that the engine was given something. */
  readonly wake: () => void;
  /** Told when a handler fails. */
  readonly onError: ErrorHook;
  /** Whether a `date` field is added to responses without one. */
  readonly sendDate: boolean;
  /** Told when the engine is done; without an error after an orderly end. */
  readonly onClosed?: ((error: ConnectionError | undefined) => void) | undefined;
  /** Told of datagrams; `data` is valid during the call. */
  readonly onDatagram?: ((id: ExchangeId, data: Uint8Array) => void) | undefined;
}

/** The exchanges of a server's connection, whatever the protocol, and the handler that answers them. */
export class ServerCore implements ServerHost {
  readonly engine: HttpEngine;
  readonly connection: ExchangeConnection;
  readonly clock: Clock;
  readonly wake: () => void;
  readonly repeatedFields: RepeatedFields = new RepeatedFields();
  readonly #options: ServerCoreOptions;
  readonly #native: Handler | undefined;
  readonly #direct: ExchangeHandler | undefined;
  readonly #arrivals: Arrivals = new Arrivals();
  readonly #open: IdTable<ServerSide> = new IdTable();
  /** While events are dealt with, the time of day for all responses that are given meanwhile; empty until one needs it. */
  #date: string | undefined;
  /** Exchanges of this turn whose handler has not begun. */
  #fresh: ServerSide[] = [];
  /** Handlers whose promise has not settled. */
  #running = 0;
  #idle: Deferred<void> | undefined;

  constructor(options: ServerCoreOptions) {
    this.#options = options;
    this.engine = options.engine;
    this.connection = options.connection;
    this.clock = options.clock;
    this.wake = options.wake;
    const { handler } = options;
    this.#native = typeof handler === "function" ? handler : undefined;
    this.#direct = typeof handler === "function" ? undefined : handler;
  }

  /** Exchanges that are open. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Handlers that have not ended. */
  get runningCount(): number {
    return this.#running;
  }

  /** Resolves once no handler runs. */
  get handlersEnded(): Promise<void> {
    this.#idle ??= new Deferred();
    if (this.#running === 0) this.#idle.resolve();
    return this.#idle.promise;
  }

  /** Part of `ExchangeHost`. */
  arrived(body: IncomingBody): void {
    this.#arrivals.add(body);
  }

  /** Part of `ServerHost`. */
  forget(exchange: ServerSide): void {
    this.#open.delete(exchange.id);
  }

  /**
   * Deals with what the engine tells. Handlers begin after the last event: they find all
   * that arrived, and one whose exchange was reset in the same turn never begins.
   */
  receive(events: readonly EngineEvent[]): void {
    this.#date = "";
    for (let i = 0; i < events.length; i++) this.#receive(events[i]!);
    if (this.#fresh.length > 0) this.#begin();
    this.#arrivals.settle();
    this.#date = undefined;
  }

  /** Part of `ServerHost`. The clock of the platform is asked once for the responses of one turn. */
  get date(): string {
    if (!this.#options.sendDate) return "";
    if (this.#date === undefined) return httpDate();
    return this.#date ||= httpDate();
  }

  #begin(): void {
    const fresh = this.#fresh;
    this.#fresh = [];
    for (let i = 0; i < fresh.length; i++) {
      const exchange = fresh[i]!;
      if (!exchange.isOver) this.#handle(exchange);
    }
  }

  #receive(event: EngineEvent): void {
    switch (event.type) {
      case "request": {
        const exchange = new ServerSide(this, event);
        this.#open.add(exchange);
        this.#fresh.push(exchange);
        return;
      }
      case "done":
        return this.#open.get(event.id)?.receiveDone();
      case "body":
        return this.#open.get(event.id)?.receiveBody(event.data, event.end);
      case "drain":
        return this.#open.get(event.id)?.receiveDrain();
      case "trailers":
        return this.#open.get(event.id)?.receiveTrailers(event.fields);
      case "aborted":
        return this.#open.get(event.id)?.receiveAborted(event.side, event.error);
      case "priority":
        return this.#open.get(event.id)?.receivePriority(event.priority);
      case "datagram":
        return this.#options.onDatagram?.(event.id, event.data);
      case "closed":
        this.#options.onClosed?.(event.error);
        return this.end(event.error);
    }
  }

  /** The connection is over: whatever is open is cut off. */
  end(error: ConnectionError | TransportError | undefined): void {
    if (this.#open.size === 0) return;
    const reason = withVerdict(error, "unknown");
    for (const exchange of this.#open.values()) exchange.receiveAborted("both", reason);
    this.#open.clear();
  }

  #handle(exchange: ServerSide): void {
    try {
      const result = this.#direct !== undefined
        ? this.#direct.exchange(exchange)
        : this.#handleNative(this.#native!, exchange);
      if (result !== undefined) this.#await(exchange, result);
    } catch (error) {
      this.#fail(exchange, error);
    }
  }

  #handleNative(handler: Handler, exchange: ServerSide): Promise<void> | void {
    if (!hasNativeRequest(exchange.method)) {
      exchange.reply(501);
      return;
    }
    let request: Request;
    try {
      request = exchange.request;
    } catch {
      // What is fine in HTTP and not for the platform, such as some authorities.
      exchange.reply(400);
      return;
    }
    const response = handler(request, exchange);
    if (response instanceof Promise) return response.then((response) => this.#respond(exchange, response));
    this.#respond(exchange, response);
  }

  #respond(exchange: ServerSide, response: Response): void {
    if (exchange.respondOwned(response)) this.#running++;
  }

  /** Part of `ServerHost`. */
  bodyEnded(exchange: ServerSide, failure: { readonly error: unknown } | undefined): void {
    if (failure !== undefined) this.#fail(exchange, failure.error);
    this.#leave();
  }

  async #await(exchange: ServerSide, result: PromiseLike<void>): Promise<void> {
    this.#running++;
    try {
      await result;
      if (!exchange.isAnswered && exchange.error === undefined && !exchange.isOver) {
        throw new TypeError("Cannot answer the request: the handler ended without a response");
      }
    } catch (error) {
      this.#fail(exchange, error);
    }
    this.#leave();
  }

  #leave(): void {
    this.#running--;
    if (this.#running === 0) this.#idle?.resolve();
  }

  /** A handler failed: a 500 where nothing was sent, else a reset, so that half a response does not look whole. */
  #fail(exchange: ServerSide, error: unknown): void {
    // Somebody who is told that the client left may well pass it on; that is no failure.
    if (error === exchange.error) return;
    let response: Response | undefined | void;
    try {
      response = this.#options.onError(error, exchange);
    } catch {
      response = undefined;
    }
    if (exchange.isOver) return;
    if (exchange.isAnswered) {
      exchange.failAnswer();
      return;
    }
    try {
      if (response instanceof Response) exchange.respond(response).catch(ignore);
      else exchange.reply(500);
    } catch {
      exchange.abort("internal");
    }
  }
}

/** What is done about a failed handler unless something else is asked for. */
export function printError(error: unknown): void {
  console.error("A handler failed:", error);
}
