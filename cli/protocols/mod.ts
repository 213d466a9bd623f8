import type { ExchangeHandler, Handler } from "../../h2/mod.ts";
import type { TraceHook } from "../../semantics/trace.ts";
import type { ClientExchange } from "../../shell/client_exchange.ts";
import type { ClientRequest } from "../../shell/client_request.ts";
import type { TransportInfo } from "../../transport/mod.ts";
import type { ExitCode } from "../errors.ts";
import type { QlogFile } from "../qlog_file.ts";
import type { Target } from "../target.ts";
import { h2Protocol } from "./h2.ts";
import { h3Protocol } from "./h3.ts";

/** Short names of the protocols, as in JSON keys and ALPN. */
export type ProtocolName = "h2" | "h3";

/** How to get to a server, once flags, files and permissions are dealt with. */
export interface ConnectPlan {
  /** What is asked for. */
  readonly target: Target;
  /** The host to connect to. */
  readonly hostname: string;
  /** The port to connect to. */
  readonly port: number;
  /** The server name for TLS. */
  readonly serverName: string;
  /** More certificates to trust, PEM. */
  readonly caCerts: readonly string[];
  /** Whether any certificate is taken. */
  readonly insecure: boolean;
  /** Limit for the whole run, in milliseconds. */
  readonly timeoutMs: number | undefined;
  /** Gives the connect and the requests up. */
  readonly signal: AbortSignal;
  /** The log of frames, if one is kept; whoever made the plan closes it. */
  readonly qlog: QlogFile | undefined;
}

/** One setting as the peer sent it. */
export interface ReceivedSetting {
  /** The number of the setting. */
  readonly id: number;
  /** The name as in the RFC, `UNKNOWN` for one that we do not know. */
  readonly name: string;
  /** The value. */
  readonly value: number;
}

/** An open connection, the same for every protocol. */
export interface HttpLink {
  /** Which protocol it speaks. */
  readonly protocol: ProtocolName;
  /** What the transport says of itself. */
  readonly info: TransportInfo;
  /** Resolves with the peer's first SETTINGS; rejects when the connection ends before. */
  readonly ready: Promise<void>;
  /** Whether it is over. */
  readonly isClosed: boolean;
  /** Whether the peer's first SETTINGS are there. */
  readonly hasSettings: boolean;
  /** The peer's settings so far, in order of arrival. */
  readonly settings: readonly ReceivedSetting[];
  /** Sends a request. */
  request(request: ClientRequest): ClientExchange;
  /** Measures the round trip, in milliseconds; `undefined` where the protocol has no PING. */
  readonly ping: (() => Promise<number>) | undefined;
  /** Ends it in order. */
  shutdown(): Promise<void>;
  /** Ends it now; resolves once the peer was told, as far as it can be. Never rejects. */
  close(): Promise<void>;
}

/** Where and how to listen. */
export interface ListenPlan {
  /** The address to listen on. */
  readonly hostname: string;
  /** The port; 0 picks one. */
  readonly port: number;
  /** Certificate chain and key, PEM; none for HTTP/2 without TLS. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** What answers. */
  readonly handler: Handler | ExchangeHandler;
  /** Makes the trace hook of a new connection. */
  readonly traceOf?: ((connection: number) => TraceHook) | undefined;
  /** The log of frames, if one is kept. */
  readonly qlog?: QlogFile | undefined;
  /** Told when a handler fails. */
  readonly onError: (error: unknown) => void;
}

/** A server that listens. */
export interface Listening {
  /** The port that was taken. */
  readonly port: number;
  /** The address that was taken. */
  readonly hostname: string;
  /** Connections that are open. */
  readonly openConnections: number;
  /** Takes no more connections and lets open requests finish, at most for `graceMs`. */
  shutdown(graceMs: number): Promise<void>;
  /** Ends everything now; resolves once the peers were told, as far as they can be. Never rejects. */
  close(): Promise<void>;
}

/** What keeps a protocol from being used in this run. */
export interface Obstacle {
  /** A stable word for programs. */
  readonly code: string;
  /** What is missing, for people. */
  readonly text: string;
  /** A word or two for a table. */
  readonly short: string;
  /** The exit code where nothing else was asked for. */
  readonly exit: ExitCode;
  /** What to do about it. */
  readonly hint: string;
}

/** A protocol, as the commands use it. */
export interface Protocol {
  /** Its short name. */
  readonly name: ProtocolName;
  /** Its name for people. */
  readonly title: string;
  /** What keeps it from being used with TLS, or without, in this run; `undefined` where nothing does. */
  obstacle(isTls: boolean): Obstacle | undefined;
  /** Loads what a connect needs, so that no clock runs meanwhile. */
  load(): Promise<void>;
  /** Loads and runs what a first request needs, without a network. */
  warmUp(): Promise<void>;
  /** Connects as a client. */
  connect(plan: ConnectPlan, trace: TraceHook | undefined): Promise<HttpLink>;
  /** Listens as a server. */
  listen(plan: ListenPlan): Promise<Listening>;
}

/** Every protocol, in the order of columns. This is the one place that lists them. */
export const PROTOCOLS: readonly Protocol[] = [h2Protocol, h3Protocol];
