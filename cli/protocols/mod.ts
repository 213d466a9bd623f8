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
}

/** Every protocol, in the order of columns. This is the one place that lists them. */
export const PROTOCOLS: readonly Protocol[] = [h2Protocol, h3Protocol];
