import type { H2ServerOptions } from "../h2/mod.ts";
import type { H3ServerOptions } from "../h3/mod.ts";
import type { TransportError } from "../semantics/errors.ts";
import type { Limits } from "../semantics/limits.ts";
import type { TraceEvent } from "../semantics/trace.ts";
import type { Clock } from "../shell/clock.ts";
import type { ServerExchange } from "../shell/server_exchange.ts";
import type { ByteListener, TransportAddress, TransportInfo } from "../transport/mod.ts";

/** What a server can speak. */
export type ServedProtocol = "h2" | "h3" | "http/1.1";

/** A connection of a server, as a trace sees it. */
export interface TracedConnection {
  /** Its number, from 1. */
  readonly number: number;
  /** What is spoken on it. */
  readonly protocol: ServedProtocol;
  /** What the transport says of itself. */
  readonly info: TransportInfo;
}

/** A certificate with its key. */
export interface ServedCertificate {
  /** The certificate with its chain, PEM. */
  readonly cert: string;
  /** Its key, PEM. */
  readonly key: string;
}

/** What and where to serve. */
export interface ServeOptions {
  /** The port, the same number on TCP and UDP; 0 takes a free one. @default {443, with `plain` 80} */
  readonly port?: number;
  /** The address to listen on. @default {"0.0.0.0"} */
  readonly hostname?: string;
  /**
   * Whether several servers, in workers or processes, share the TCP port (Linux; elsewhere all but the
   * first find it taken): the kernel spreads connections among them. UDP ports cannot be shared, so one of
   * the servers has HTTP/3; the others get `http: 2` and its `altSvc`, which tells their clients of it.
   * @default {false}
   */
  readonly reusePort?: boolean;
  /**
   * Takes connections over TCP from this in place of a port of its own, and ends it with the server: over TLS
   * those that agreed on `h2`, with `plain` all. HTTP/3 is served at the same port number where there are
   * `cert` and `key`.
   */
  readonly listener?: ByteListener;
  /** The certificate with its chain, PEM; needs `key`. */
  readonly cert?: string;
  /** Its key, PEM. */
  readonly key?: string;
  /**
   * Which protocols: `auto` is HTTP/2 and, where Deno has QUIC (`--unstable-net`), HTTP/3;
   * 2 and 3 are one alone. @default {"auto"}
   */
  readonly http?: "auto" | 2 | 3;
  /** Whether clients that know HTTP/1.1 only are served too, by way of `node:http`; else they are refused. @default {false} */
  readonly http1?: boolean;
  /**
   * Whether what is written over TLS on TCP leaves at once. Deno's own TLS sockets have Nagle's algorithm on,
   * which `false` takes: less work for each request, but the first response of a connection, and what follows
   * a first packet, may wait for the client's acknowledgement, 40 ms and more. @default {true}
   */
  readonly noDelay?: boolean;
  /** HTTP/2 without TLS, by prior knowledge; neither certificate nor HTTP/3. @default {false} */
  readonly plain?: boolean;
  /** Bounds of each connection. */
  readonly limits?: Partial<Limits>;
  /** Starts the graceful end when it aborts. */
  readonly signal?: AbortSignal;
  /** Called once it listens. */
  readonly onListen?: (addr: TransportAddress) => void;
  /**
   * Told when a handler fails; may give the response to send in place of the bare 500.
   * @default {prints the error}
   */
  readonly onError?: (error: unknown, exchange: ServerExchange) => Response | undefined | void;
  /** Told of clients that did not get as far as a connection: failed handshakes, no common protocol. */
  readonly onRefused?: (error: TransportError) => void;
  /** Told what happens on each connection. */
  readonly trace?: (event: TraceEvent, connection: TracedConnection) => void;
  /**
   * The value of the `alt-svc` field in responses over TCP (RFC 7838); `false` for none.
   * @default {the UDP port, for a day, when HTTP/3 is served}
   */
  readonly altSvc?: string | false;
  /** Origins that each connection says this server is authoritative for (RFC 8336, RFC 9412); none unless given. */
  readonly origins?: readonly string[];
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
  /** What only HTTP/2 has. */
  readonly h2?: Omit<H2ServerOptions, "limits" | "signal" | "onError" | "trace" | "clock">;
  /** What only HTTP/3 has. */
  readonly h3?: Omit<H3ServerOptions, "limits" | "signal" | "onError" | "trace" | "clock" | "origins">;
}

/** A server over all its protocols. */
export interface HttpServer {
  /** Where it listens, with the real port. */
  readonly addr: TransportAddress;
  /** What it speaks. */
  readonly protocols: readonly ServedProtocol[];
  /** The value of `alt-svc` that it announces, if it does. */
  readonly altSvc: string | undefined;
  /** Connections that are open. */
  readonly connections: number;
  /** Exchanges that are open. */
  readonly openExchanges: number;
  /** Resolves when it has ended: nothing listens and every connection is over. Never rejects. */
  readonly finished: Promise<void>;
  /**
   * Shows another certificate to connections to come; those that are there go on. Who connects
   * after it has resolved sees the new one. Rejects, and changes nothing, when it is no good.
   */
  setCertificate(certificate: ServedCertificate): Promise<void>;
  /**
   * Takes no new connections and exchanges, over all protocols, lets open ones finish and ends;
   * what has not finished after `graceMs` is cut off.
   * @default {graceMs: limits.drainTimeoutMs}
   */
  shutdown(options?: { readonly graceMs?: number }): Promise<void>;
  /** Ends all at once. */
  close(): void;
  /** `shutdown()`. */
  [Symbol.asyncDispose](): Promise<void>;
}
