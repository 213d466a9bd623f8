import type { FieldsTrace, FrameTrace, StateTrace, TraceEvent } from "../semantics/trace.ts";

/** An exchange as it can be pieced together from a trace. */
export interface WatchedExchange {
  /** Its stream. */
  readonly stream: number;
  /** The request's fields: name, value, name, value, …; pseudo-fields included. */
  readonly flat: readonly string[];
  /** The status of the final response, once it is there. */
  status: number | undefined;
  /** Bytes of DATA of the request. */
  requestBytes: number;
  /** Bytes of DATA of the response. */
  responseBytes: number;
  /** Why it did not end well: a code, or `aborted`. */
  error: string | undefined;
  /** Whether the response was seen to its end (HTTP/2). */
  isAnswered: boolean;
}

/** Who is told. */
export interface ExchangeListener {
  /** A request was received or sent. */
  readonly onStart: (exchange: WatchedExchange) => void;
  /** It is over. */
  readonly onEnd: (exchange: WatchedExchange) => void;
  /** The connection is over; no exchange is left. `error` is the code, where it did not end in order. */
  readonly onClosed: (error: string | undefined) => void;
}

/** The value of the first field of that name. */
export function fieldOf(flat: readonly string[], name: string): string | undefined {
  for (let i = 0; i < flat.length; i += 2) if (flat[i] === name) return flat[i + 1];
  return undefined;
}

/** Pieces the exchanges of one connection together. */
export class ExchangeWatch {
  readonly #listener: ExchangeListener;
  readonly #requestDirection: "in" | "out";
  readonly #open = new Map<number, WatchedExchange>();

  constructor(role: "client" | "server", listener: ExchangeListener) {
    this.#listener = listener;
    this.#requestDirection = role === "client" ? "out" : "in";
  }

  /** Exchanges that are open. */
  get openCount(): number {
    return this.#open.size;
  }

  receive(event: TraceEvent): void {
    if (event.type === "fields") this.#receiveFields(event);
    else if (event.type === "frame") this.#receiveFrame(event);
    else this.#receiveState(event);
  }

  #receiveFields(event: FieldsTrace): void {
    const { stream, flat } = event;
    const exchange = this.#open.get(stream);
    if (event.direction !== this.#requestDirection) {
      if (exchange === undefined) return;
      const status = Number(fieldOf(flat, ":status"));
      if (status >= 200) exchange.status = status;
      return;
    }
    if (exchange !== undefined || fieldOf(flat, ":method") === undefined) return;
    const opened: WatchedExchange = {
      stream,
      flat,
      status: undefined,
      requestBytes: 0,
      responseBytes: 0,
      error: undefined,
      isAnswered: false,
    };
    this.#open.set(stream, opened);
    this.#listener.onStart(opened);
  }

  #receiveFrame(event: FrameTrace): void {
    const exchange = this.#open.get(event.stream);
    if (exchange === undefined) return;
    const isRequest = event.direction === this.#requestDirection;
    switch (event.name) {
      case "DATA":
        if (isRequest) exchange.requestBytes += event.length;
        else exchange.responseBytes += event.length;
        break;
      case "RST_STREAM":
        this.#end(exchange, String(event.detail?.errorCode ?? "aborted"));
        return;
      case "HEADERS":
        break;
      default:
        return;
    }
    if (!isRequest && ((event.flags ?? 0) & 0x1) !== 0) exchange.isAnswered = true;
  }

  #receiveState(event: StateTrace): void {
    const { subject, state, stream, detail } = event;
    if (subject === "connection" && state === "closed") {
      const code = detail?.errorCode ?? detail?.code;
      const error = typeof code === "string" && !code.endsWith("NO_ERROR") ? code : undefined;
      for (const exchange of [...this.#open.values()]) this.#end(exchange, error ?? "aborted");
      this.#listener.onClosed(error);
      return;
    }
    const exchange = subject === "stream" && stream !== undefined ? this.#open.get(stream) : undefined;
    if (exchange === undefined) return;
    const code = detail?.errorCode ?? detail?.code;
    if (state === "failed" || state === "reset") exchange.error ??= String(code ?? "aborted");
    else if (state === "refused") this.#end(exchange, String(code ?? "refused"));
    else if (state === "closed") {
      const isWhole = typeof detail?.well === "boolean" ? detail.well : exchange.isAnswered;
      this.#end(exchange, isWhole && exchange.status !== undefined ? undefined : "aborted");
    }
  }

  #end(exchange: WatchedExchange, error: string | undefined): void {
    this.#open.delete(exchange.stream);
    // A reset behind a whole response only says that the rest of the request is not needed.
    if (exchange.isAnswered && (error === "NO_ERROR" || error === "aborted")) exchange.error = undefined;
    else exchange.error ??= error;
    this.#listener.onEnd(exchange);
  }
}
