import type { H2ClientOptions } from "../h2/mod.ts";
import type { H3ClientOptions } from "../h3/mod.ts";
import type { Limits } from "../semantics/limits.ts";
import type { TraceEvent } from "../semantics/trace.ts";
import type { Clock } from "../shell/clock.ts";
import type { KeepAliveOptions } from "../shell/keep_alive.ts";
import type { Dialer } from "./dialer.ts";
import type { TracedConnection } from "./serve_options.ts";

/** How long the parts of a fetch may take, in milliseconds; `Infinity` for as long as they like. */
export interface FetchTimeouts {
  /** Until there is a connection: name, TCP or QUIC, TLS. @default {30000} */
  readonly connectMs?: number;
  /** From then on until the head of the response. @default {Infinity} */
  readonly headMs?: number;
  /** Between two pieces of the response body, while somebody waits for one. @default {Infinity} */
  readonly bodyMs?: number;
  /** All of it, redirects and body included. @default {Infinity} */
  readonly totalMs?: number;
}

/** What `connect` and `Client` have in common. */
export interface CommonClientOptions {
  /**
   * Which protocol: `auto` is HTTP/3 where there is reason to expect it, raced with HTTP/2;
   * 2 and 3 are one alone. @default {"auto"}
   */
  readonly http?: "auto" | 2 | 3;
  /** How much later HTTP/2 starts in a race, in milliseconds. @default {200} */
  readonly raceDelayMs?: number;
  /** More authorities to trust, PEM. @default {[]} */
  readonly caCerts?: readonly string[];
  /** The certificate of this end, PEM; needs `key`. HTTP/2 only. */
  readonly cert?: string;
  /** The key of this end's certificate, PEM. */
  readonly key?: string;
  /** Takes any certificate, and so does not know who answers. @default {false} */
  readonly insecure?: boolean;
  /** How long things may take. */
  readonly timeouts?: FetchTimeouts;
  /** Bounds of each connection. */
  readonly limits?: Partial<Limits>;
  /** PINGs while an exchange is open; over HTTP/3 reserved frames, and QUIC's idle timeout finds out who is gone. None unless given. */
  readonly keepAlive?: KeepAliveOptions;
  /** Told what happens on each connection. */
  readonly trace?: (event: TraceEvent, connection: TracedConnection) => void;
  /** Opens transports. @default {Deno's TCP, TLS and QUIC} */
  readonly dialer?: Dialer;
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
  /** Requests that may wait for a free stream of one connection. @default {10000} */
  readonly maxQueuedRequests?: number;
  /** What only HTTP/2 has. */
  readonly h2?: Omit<H2ClientOptions, "limits" | "trace" | "clock" | "keepAlive" | "maxQueuedRequests">;
  /** What only HTTP/3 has. */
  readonly h3?: Omit<H3ClientOptions, "limits" | "trace" | "clock" | "keepAlive" | "maxQueuedRequests">;
}

/** Options of `connect`. */
export interface ConnectOptions extends CommonClientOptions {
  /** Ends the connect at once. */
  readonly signal?: AbortSignal;
}

/** Options of a `Client`. */
export interface ClientOptions extends CommonClientOptions {
  /** A connection without exchanges is closed after this, in milliseconds. @default {60000} */
  readonly idleTimeoutMs?: number;
  /** What a request does when its connection has no free stream: wait for one, or open another connection. @default {"queue"} */
  readonly atStreamLimit?: "queue" | "connect";
  /** Connections to one origin, with `atStreamLimit: "connect"`; beyond them requests wait. @default {6} */
  readonly maxConnectionsPerOrigin?: number;
  /** Whether HTTP/3 is tried at an origin that has not announced it, at the same port. @default {false} */
  readonly assumeHttp3?: boolean;
  /** Whether alternative services are used (RFC 7838). @default {true} */
  readonly altSvc?: boolean;
  /**
   * Whether a connection is used for another origin that its server claims in an ORIGIN frame
   * (RFC 8336). The certificate has to cover that origin as well; where the dialer cannot see
   * it (Deno shows none), the origin must at least be at the same address and port. @default {false}
   */
  readonly coalesce?: boolean;
  /** How often a request is sent again after proof that the server has not worked on it. @default {1} */
  readonly maxRetries?: number;
  /** Redirects that are followed. @default {20} */
  readonly maxRedirects?: number;
  /** Whether `accept-encoding` is sent and bodies are decoded. @default {true} */
  readonly decode?: boolean;
  /** The `user-agent` of requests that have none. @default {"tandem"} */
  readonly userAgent?: string;
}
