import type { ExchangeHandler, Handler } from "../../h2/mod.ts";
import { allHooks, perConnection } from "../../observe/connection.ts";
import { TransportError } from "../../semantics/errors.ts";
import { ListenError } from "../../surface/listen_error.ts";
import { serve } from "../../surface/serve.ts";
import type { HttpServer, ServeOptions } from "../../surface/serve_options.ts";
import { listenTcp } from "../../transport/deno.ts";
import { CliError, EXIT } from "../errors.ts";
import type { QlogFile } from "../qlog_file.ts";
import { hostPort } from "../target.ts";
import { type AccessEntry, accessTrace } from "./access_log.ts";

/** What one server of the command line is to do; plain data, so that a worker can be told. */
export interface ServeSetup {
  /** The address to listen on. */
  readonly hostname: string;
  /** The port; 0 picks one. */
  readonly port: number;
  /** Certificate chain and key, PEM; none for HTTP/2 without TLS. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Which protocols are served. */
  readonly http: "auto" | 2 | 3;
  /** What responses over TCP announce, where that is not what this server does itself. */
  readonly altSvc: string | undefined;
  /** The directory whose files are served; `undefined` for the echo. */
  readonly directory: string | undefined;
  /** Whether no request is told of. */
  readonly isQuiet: boolean;
  /** Which of the servers on the port this is, from 0. */
  readonly worker: number;
  /** How many servers share the port. */
  readonly workers: number;
}

/** Who is told what happens in a server. */
export interface ServeSink {
  /** Told of each request that is over. */
  served(entry: AccessEntry): void;
  /** Told of a handler that failed, with its stack. */
  failed(text: string): void;
  /** The log of frames, if one is kept. */
  readonly qlog?: QlogFile | undefined;
}

/** Starts a server. Throws a `CliError` when it cannot listen. */
export function startServer(
  setup: ServeSetup,
  handler: Handler | ExchangeHandler,
  sink: ServeSink,
): HttpServer {
  const { hostname, port, tls, http, altSvc, worker, workers } = setup;
  const trace = traceOf(setup, sink);
  const options: ServeOptions = {
    hostname,
    port,
    ...(tls === undefined ? { plain: true } : { cert: tls.cert, key: tls.key }),
    http: tls === undefined ? 2 : http,
    reusePort: workers > 1,
    ...(altSvc === undefined ? {} : { altSvc }),
    ...(trace === undefined ? {} : { trace }),
    onError: (error) => sink.failed(error instanceof Error ? error.stack ?? error.message : String(error)),
  };
  try {
    // A port that is shared must not be one that another program shares by chance.
    if (workers > 1 && worker === 0 && port !== 0) listenTcp({ hostname, port }).close();
    return serve(options, handler);
  } catch (error) {
    throw explain(error, setup);
  }
}

function traceOf(setup: ServeSetup, sink: ServeSink): ServeOptions["trace"] {
  const { isQuiet, worker, workers } = setup;
  const { qlog } = sink;
  if (isQuiet && qlog === undefined) return undefined;
  const counts = { h2: 0, h3: 0 };
  return perConnection("server", (connection) => {
    const { protocol } = connection;
    const number = counts[protocol]++ * workers + worker + 1; // no two workers give the same
    const access = isQuiet ? undefined : accessTrace(protocol, number, (entry) => sink.served(entry));
    return allHooks(access, qlog?.open(connection));
  });
}

function explain(error: unknown, { hostname, port }: ServeSetup): unknown {
  if (!(error instanceof TransportError)) return error;
  const isUdp = error instanceof ListenError && error.on === "udp";
  const where = `${isUdp ? "UDP " : ""}${hostPort(hostname, port)}`;
  if (error.code === "tls") {
    return new CliError("the certificate and the key cannot be used together", {
      code: "certificate",
      exit: EXIT.TLS,
      evidence: [error.message],
      hints: ["--cert and --key take the two files of one certificate, PEM"],
      cause: error,
    });
  }
  const isTaken = error.code === "in-use";
  const hint = !isTaken
    ? "check the address; a port below 1024 may need rights"
    : isUdp
    ? "--port 0 picks a port that is free for TCP and UDP; --http 2 needs no UDP"
    : "--port 0 picks a free port";
  return new CliError(isTaken ? `${where} is taken` : `cannot listen on ${where}`, {
    code: isTaken ? "in-use" : "listen",
    exit: EXIT.UNREACHABLE,
    evidence: [error.message],
    hints: [hint],
    cause: error,
  });
}
