import type { Limits } from "../semantics/limits.ts";
import type { TraceHook } from "../semantics/trace.ts";
import type { Clock } from "../shell/clock.ts";
import type { ExchangeHandler, Handler, ServerExchange } from "../shell/server_exchange.ts";
import type { ByteTransport, TransportInfo } from "../transport/mod.ts";

/** Options of an HTTP/2 server connection. */
export interface H2ServerOptions {
  /** Bounds; what is left out has its default. */
  readonly limits?: Partial<Limits>;
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
  /** Told what happens on the connection. */
  readonly trace?: TraceHook;
  /** Told when a handler fails; may give the response to send in place of the bare 500. */
  readonly onError?: (error: unknown, exchange: ServerExchange) => Response | undefined | void;
  /** Ends the connection in order when it aborts. */
  readonly signal?: AbortSignal;
}

/** An HTTP/2 connection, seen from the server. */
export interface H2ServerConnection {
  /** Resolves when the connection is over. Never rejects. */
  readonly closed: Promise<void>;
  /** Whether the connection is over. */
  readonly isClosed: boolean;
  /** What the transport says of itself. */
  readonly info: TransportInfo;
  /** Counts of what happened, by name. */
  readonly counters: Readonly<Record<string, number>>;
  /** Lets open exchanges finish, at most for `graceMs`, then ends the connection. */
  shutdown(options?: { readonly graceMs?: number }): Promise<void>;
  /** Ends the connection now. */
  close(): void;
  /** `close()` and wait. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts HTTP/2 as a server on a transport. */
export function serve(
  transport: ByteTransport,
  handler: Handler | ExchangeHandler,
  options: H2ServerOptions = {},
): H2ServerConnection {
  void transport;
  void handler;
  void options;
  throw new Error("Cannot serve: the server is not built yet");
}
