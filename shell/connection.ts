import type { TransportInfo } from "../transport/mod.ts";
import type { ClientExchange } from "./client_exchange.ts";
import type { ClientRequest, TryRequestResult } from "./client_request.ts";
import type { Clock } from "./clock.ts";
import type { ServerExchange } from "./server_exchange.ts";
import type { Tunnel } from "./tunnel.ts";

/** Options of a client on one connection, whatever the protocol. */
export interface ClientConnectionOptions {
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
  /** Requests that may wait for a free stream. @default {1000} */
  readonly maxQueuedRequests?: number;
  /** Told of the origins for which the server says it is authoritative (RFC 8336, RFC 9412). */
  readonly onOrigins?: (origins: readonly string[]) => void;
}

/** A connection seen from the client, whatever the protocol. */
export interface ClientConnection {
  /** Resolves with the peer's first SETTINGS; rejects when the connection ends before them. */
  readonly ready: Promise<void>;
  /** Whether the peer's SETTINGS are known and a request could be sent at once. */
  readonly isReady: boolean;
  /** Whether the connection is over. */
  readonly isClosed: boolean;
  /** Resolves when the connection is over and its transport is closed. Never rejects. */
  readonly closed: Promise<void>;
  /** Why the connection ended, unless in order; absent while it has not. */
  readonly error: Error | undefined;
  /** What the transport says of itself. */
  readonly info: TransportInfo;
  /** Exchanges that this end allows the peer at once: 0, since pushes are refused. */
  readonly maxReceiveStreams: number;
  /** Whether the peer takes extended CONNECT (RFC 8441, RFC 9220). */
  readonly isExtendedConnectEnabled: boolean;
  /** Exchanges that are open. */
  readonly openExchanges: number;
  /** Requests that wait for a free stream. */
  readonly queuedRequests: number;
  /**
   * Sends a request at once, or queues it while the peer allows no more. Throws `TypeError`
   * for what is no request; all that goes wrong later shows in the exchange's `response`.
   */
  request(request: ClientRequest): ClientExchange;
  /** Like `request`, but waits until it is opened, and gives it back untouched when it cannot be. */
  tryRequest<R extends ClientRequest | Request>(request: R): Promise<TryRequestResult<R>>;
  /** Sends a native request, or what makes one. Follows no redirects and keeps no cookies. */
  fetch(input: Request | string | URL, init?: RequestInit): Promise<Response>;
  /** Opens a tunnel by CONNECT or, with `protocol`, by extended CONNECT. Rejects unless the answer is a 2xx. */
  openTunnel(request: ClientRequest): Promise<Tunnel>;
  /** Lets open exchanges finish, then ends the connection; requests that wait fail as `unsent`. */
  shutdown(): Promise<void>;
  /** Ends the connection now. */
  close(): void;
  /** `close()`, then waits for `closed`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options of a server on one connection, whatever the protocol. */
export interface ServerConnectionOptions {
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
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

/** A connection seen from the server, whatever the protocol. */
export interface ServerConnection {
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
  /** Exchanges that are open. */
  readonly openExchanges: number;
  /** Handlers that have not ended. */
  readonly runningHandlers: number;
  /** Says for which origins this server is authoritative (RFC 8336, RFC 9412). */
  sendOrigins(origins: readonly string[]): void;
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
