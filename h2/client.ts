import type { Limits } from "../semantics/limits.ts";
import type { Priority } from "../semantics/priority.ts";
import type { TraceHook } from "../semantics/trace.ts";
import type { ClientExchange } from "../shell/client_exchange.ts";
import type { ClientRequest, TryRequestResult } from "../shell/client_request.ts";
import type { Clock } from "../shell/clock.ts";
import type { Tunnel } from "../shell/tunnel.ts";
import type { ByteTransport, TransportInfo } from "../transport/mod.ts";

/** PINGs that keep a connection alive and find out when it is dead. */
export interface KeepAliveOptions {
  /** A PING is sent after this long without a byte from the peer, in milliseconds. */
  readonly intervalMs: number;
  /** The connection is given up when the answer takes longer, in milliseconds. @default {20000} */
  readonly timeoutMs?: number;
  /** Whether PINGs are sent while no exchange is open. @default {false} */
  readonly whileIdle?: boolean;
}

/** Options of an HTTP/2 client. */
export interface H2ClientOptions {
  /** Bounds; what is left out has its default. */
  readonly limits?: Partial<Limits>;
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
  /** Told what happens on the connection. */
  readonly trace?: TraceHook;
  /** Liveness checks; none unless given. */
  readonly keepAlive?: KeepAliveOptions;
  /** Requests that may wait for a free stream. @default {1000} */
  readonly maxQueuedRequests?: number;
}

/** An HTTP/2 connection, seen from the client. */
export interface H2Client {
  /** Resolves with the peer's first SETTINGS. */
  readonly ready: Promise<void>;
  /** Whether a request could be sent at once. */
  readonly isReady: boolean;
  /** Whether the connection is over. */
  readonly isClosed: boolean;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  /** What the transport says of itself. */
  readonly info: TransportInfo;
  /** Exchanges that the peer allows at once. */
  readonly maxSendStreams: number;
  /** Exchanges that this end allows the peer at once. */
  readonly maxReceiveStreams: number;
  /** Whether the peer takes extended CONNECT (RFC 8441). */
  readonly isExtendedConnectEnabled: boolean;
  /** Counts of what happened, by name. */
  readonly counters: Readonly<Record<string, number>>;
  /** Sends a request, or queues it. */
  request(request: ClientRequest): ClientExchange;
  /** Like `request`, but waits until it is opened and gives it back untouched when it cannot be. */
  tryRequest<R extends ClientRequest | Request>(request: R): Promise<TryRequestResult<R>>;
  /** Sends a native request. Follows no redirects. */
  fetch(
    input: Request | string | URL,
    init?: RequestInit & { readonly priorityHint?: Priority },
  ): Promise<Response>;
  /** Opens a tunnel by CONNECT or extended CONNECT. */
  openTunnel(request: ClientRequest): Promise<Tunnel>;
  /** Measures the round trip, in milliseconds. */
  ping(): Promise<number>;
  /** Lets open exchanges finish, then ends the connection. */
  shutdown(): Promise<void>;
  /** Ends the connection now. */
  close(): void;
  /** `close()` and wait. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts HTTP/2 as a client on a transport. */
export function connect(transport: ByteTransport, options: H2ClientOptions = {}): H2Client {
  void transport;
  void options;
  throw new Error("Cannot connect: the client is not built yet");
}
