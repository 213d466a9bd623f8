/**
 * The parts of `@opentelemetry/api` that are used, as shapes: the package fits them, and so
 * does anything else of that form. The library does not depend on it.
 */

/** Values of attributes, by name. */
export type OtelAttributes = Record<string, string | number | boolean>;

/** A context: who called, and what travels along. */
export interface OtelContext {
  /** The value under a key. */
  getValue(key: symbol): unknown;
}

/** A span. */
export interface OtelSpan {
  /** Adds attributes. */
  setAttributes(attributes: OtelAttributes): unknown;
  /** Says how it went: 2 is an error. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Ends it. */
  end(): void;
}

/** What makes spans. */
export interface OtelTracer {
  /** Begins a span: `kind` 1 is a server's, 2 a client's. */
  startSpan(
    name: string,
    options?: { kind?: number; attributes?: OtelAttributes },
    context?: OtelContext,
  ): OtelSpan;
}

/** A distribution of values. */
export interface OtelHistogram {
  /** Adds a value. */
  record(value: number, attributes?: OtelAttributes): void;
}

/** A sum that goes up and down. */
export interface OtelCounter {
  /** Adds to it. */
  add(value: number, attributes?: OtelAttributes): void;
}

/** How an instrument is described. */
export interface OtelInstrumentOptions {
  /** What it measures. */
  description?: string;
  /** In which unit. */
  unit?: string;
  /** Advice for who collects it. */
  advice?: { explicitBucketBoundaries?: number[] };
}

/** What makes instruments. */
export interface OtelMeter {
  /** Makes a distribution. */
  createHistogram(name: string, options?: OtelInstrumentOptions): OtelHistogram;
  /** Makes a sum. */
  createUpDownCounter(name: string, options?: OtelInstrumentOptions): OtelCounter;
}

/** What `import * as api from "@opentelemetry/api"` gives. */
export interface OtelApi {
  /** Spans. */
  readonly trace: {
    /** What makes them. */
    getTracer(name: string, version?: string): OtelTracer;
    /** A context in which a span is the current one. */
    setSpan(context: OtelContext, span: never): OtelContext;
  };
  /** Metrics. */
  readonly metrics: {
    /** What makes their instruments. */
    getMeter(name: string, version?: string): OtelMeter;
  };
  /** Who calls. */
  readonly context: {
    /** The context of the caller. */
    active(): OtelContext;
    /** Runs something in a context. */
    with<T>(context: OtelContext, run: () => T): T;
  };
  /** What travels from one process to the next. */
  readonly propagation: {
    /** Reads it. */
    extract(context: OtelContext, carrier: unknown): OtelContext;
    /** Writes it. */
    inject(context: OtelContext, carrier: unknown): void;
  };
  /** The context that nobody called. */
  readonly ROOT_CONTEXT: OtelContext;
}
