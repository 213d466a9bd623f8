import type { TraceHook } from "../semantics/trace.ts";
import { systemClock } from "../shell/clock.ts";
import type { ConnectionTracer, ObservedConnection } from "./connection.ts";
import { ExchangeWatch, type WatchedExchange } from "./exchange_watch.ts";
import type { OtelApi, OtelAttributes, OtelContext, OtelSpan } from "./otel_api.ts";
import { type RequestFacts, requestFacts, responseFacts } from "./otel_attributes.ts";
import { type Instruments, makeInstruments } from "./otel_metrics.ts";

/** Where spans and metrics go. */
export interface OpenTelemetryOptions {
  /** What `import * as api from "@opentelemetry/api"` gives, or its like. */
  readonly api: OtelApi;
  /** The name of the instrumentation. @default {"@tandem/http"} */
  readonly name?: string;
  /** Its version. @default {none} */
  readonly version?: string;
  /** Monotonic time in milliseconds, for durations. @default {() => performance.now()} */
  readonly now?: () => number;
}

/** Spans and metrics of the connections that are opened in it. */
export interface Telemetry {
  /** Makes the hook of one connection. */
  readonly open: ConnectionTracer;
  /** The span of a server's exchange, while it is open and where the connection was opened with its `info`. */
  spanOf(exchange: TelemetryExchange): OtelSpan | undefined;
  /** Wraps a handler so that it runs in the context of its exchange's span: spans made in it become children. */
  handler<Q, E extends TelemetryExchange, R>(
    handler: (request: Q, exchange: E) => R,
  ): (request: Q, exchange: E) => R;
}

/** What is used of a `ServerExchange`. */
export interface TelemetryExchange {
  /** Its number on the connection. */
  readonly id: number;
  /** The connection. */
  readonly connection: {
    /** What the transport says of itself. */
    readonly info: object;
  };
}

const SPAN_KIND = { server: 1, client: 2 } as const;
const STATUS_ERROR = 2;

/**
 * Makes spans and metrics by the semantic conventions for HTTP: one span for each exchange
 * (`GET`, kind server or client), the histograms `http.server.request.duration` and
 * `http.client.request.duration`, body sizes, active requests and, for clients, connections.
 *
 * A server's span continues the trace that the request's fields name (`traceparent`). A client's
 * is a child of the span in whose context the request is sent; to let the trace go on at the
 * server add `propagationFields(api)` to the request.
 *
 * @example Usage
 * ```ts ignore
 * import * as api from "@opentelemetry/api";
 * import { serve } from "@tandem/http";
 * import { openTelemetry, perConnection } from "@tandem/http/observe";
 *
 * const telemetry = openTelemetry({ api });
 * const trace = perConnection("server", telemetry.open);
 * serve({ port: 443, cert, key, trace }, telemetry.handler(() => new Response("hello")));
 * ```
 */
export function openTelemetry(options: OpenTelemetryOptions): Telemetry {
  return new OpenTelemetry(options);
}

/**
 * The fields that carry the caller's context to a server (`traceparent` and others, as the
 * application's propagator says), to be added to a request.
 *
 * @example Usage
 * ```ts ignore
 * import * as api from "@opentelemetry/api";
 * import { propagationFields } from "@tandem/http/observe";
 *
 * await client.fetch("https://example.org/", { headers: propagationFields(api) });
 * ```
 */
export function propagationFields(api: Pick<OtelApi, "context" | "propagation">): Record<string, string> {
  const carrier: Record<string, string> = {};
  api.propagation.inject(api.context.active(), carrier);
  return carrier;
}

interface OpenExchange {
  readonly facts: RequestFacts;
  readonly span: OtelSpan;
  readonly startedMs: number;
}

class OpenTelemetry implements Telemetry {
  readonly open: ConnectionTracer;
  readonly #api: OtelApi;
  /** Spans of servers, by the connection's info and the exchange's number. */
  readonly #spans = new WeakMap<object, Map<number, OtelSpan>>();

  constructor(options: OpenTelemetryOptions) {
    const { api, name = "@tandem/http", version } = options;
    const now = options.now ?? (() => systemClock.now());
    const tracer = api.trace.getTracer(name, version);
    const meter = api.metrics.getMeter(name, version);
    const instruments = {
      client: makeInstruments(meter, "client"),
      server: makeInstruments(meter, "server"),
    };
    this.#api = api;
    this.open = (connection): TraceHook => {
      const { role } = connection;
      const spans = this.#spansOf(connection);
      const recorder = new ConnectionRecorder(connection, instruments[role], now);
      const watch = new ExchangeWatch(role, {
        onStart: (exchange) => {
          const facts = requestFacts(exchange, connection);
          const attributes = { ...facts.shared, ...facts.server, ...facts.detail };
          const context = role === "server" ? this.#extract(exchange.flat) : undefined;
          const span = tracer.startSpan(facts.name, { kind: SPAN_KIND[role], attributes }, context);
          spans?.set(exchange.stream, span);
          recorder.start(exchange, { facts, span, startedMs: now() });
        },
        onEnd: (exchange) => {
          spans?.delete(exchange.stream);
          recorder.end(exchange);
        },
        onClosed: () => recorder.close(),
      });
      return (event) => watch.receive(event);
    };
  }

  spanOf(exchange: TelemetryExchange): OtelSpan | undefined {
    return this.#spans.get(exchange.connection.info)?.get(exchange.id);
  }

  handler<Q, E extends TelemetryExchange, R>(
    handler: (request: Q, exchange: E) => R,
  ): (request: Q, exchange: E) => R {
    const { context, trace } = this.#api;
    return (request, exchange) => {
      const span = this.spanOf(exchange);
      if (span === undefined) return handler(request, exchange);
      // The shape of a span is narrower than what the package asks for; it is the package's own.
      return context.with(trace.setSpan(context.active(), span as never), () => handler(request, exchange));
    };
  }

  #spansOf({ role, info }: ObservedConnection): Map<number, OtelSpan> | undefined {
    if (role === "client" || info === undefined) return undefined;
    const spans = new Map<number, OtelSpan>();
    this.#spans.set(info, spans);
    return spans;
  }

  /** The context that the request's fields name. */
  #extract(flat: readonly string[]): OtelContext {
    const carrier: Record<string, string> = Object.create(null);
    for (let i = 0; i < flat.length; i += 2) {
      const name = flat[i]!;
      const before = carrier[name];
      carrier[name] = before === undefined ? flat[i + 1]! : `${before},${flat[i + 1]!}`;
    }
    return this.#api.propagation.extract(this.#api.ROOT_CONTEXT, carrier);
  }
}

/** Records the exchanges of one connection. */
class ConnectionRecorder {
  readonly #connection: ObservedConnection;
  readonly #instruments: Instruments;
  readonly #now: () => number;
  readonly #open = new Map<WatchedExchange, OpenExchange>();
  readonly #startedMs: number;
  #state: OtelAttributes | undefined;
  #isOver = false;

  constructor(connection: ObservedConnection, instruments: Instruments, now: () => number) {
    this.#connection = connection;
    this.#instruments = instruments;
    this.#now = now;
    this.#startedMs = now();
    this.#noteState();
  }

  start(exchange: WatchedExchange, open: OpenExchange): void {
    this.#open.set(exchange, open);
    this.#instruments.active.add(1, this.#activeAttributes(open.facts));
    if (this.#open.size === 1) this.#noteState();
  }

  end(exchange: WatchedExchange): void {
    const open = this.#open.get(exchange);
    if (open === undefined) return;
    this.#open.delete(exchange);
    const { role } = this.#connection;
    const { facts, span } = open;
    const result = responseFacts(exchange, role);
    span.setAttributes(result);
    if ("error.type" in result) span.setStatus({ code: STATUS_ERROR });
    span.end();
    const attributes = { ...facts.shared, ...(role === "client" ? facts.server : {}), ...result };
    const instruments = this.#instruments;
    instruments.active.add(-1, this.#activeAttributes(facts));
    instruments.duration.record(this.#since(open.startedMs), attributes);
    instruments.requestSize.record(exchange.requestBytes, attributes);
    instruments.responseSize.record(exchange.responseBytes, attributes);
    if (this.#open.size === 0) this.#noteState();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#noteState();
    this.#instruments.connectionDuration?.record(this.#since(this.#startedMs), this.#connectionAttributes());
  }

  #since(startedMs: number): number {
    return (this.#now() - startedMs) / 1000;
  }

  #activeAttributes(facts: RequestFacts): OtelAttributes {
    const { "network.protocol.version": _, ...few } = facts.shared;
    return this.#connection.role === "client" ? { ...few, ...facts.server } : few;
  }

  #connectionAttributes(): OtelAttributes {
    const { info, protocol } = this.#connection;
    const address = info?.serverName ?? info?.remote?.hostname;
    return {
      "network.protocol.version": protocol === "h2" ? "2" : "3",
      ...(address === undefined ? {} : { "server.address": address }),
      ...(info?.remote === undefined
        ? {}
        : { "server.port": info.remote.port, "network.peer.address": info.remote.hostname }),
    };
  }

  /** Moves the connection from one state's count to the other's. */
  #noteState(): void {
    const { connections } = this.#instruments;
    if (connections === undefined) return;
    if (this.#state !== undefined) connections.add(-1, this.#state);
    this.#state = undefined;
    if (this.#isOver) return;
    this.#state = {
      ...this.#connectionAttributes(),
      "http.connection.state": this.#open.size === 0 ? "idle" : "active",
    };
    connections.add(1, this.#state);
  }
}
