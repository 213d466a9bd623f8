import type { HttpServer } from "../../surface/serve_options.ts";
import { canSharePorts } from "../../transport/deno_listen.ts";
import { CliError, ClosedPipe, EXIT, usageError } from "../errors.ts";
import type { HttpChoice, OutputFlags, QlogFlags } from "../flags.ts";
import { type Io, openIo } from "../io.ts";
import { type Need, requirePermissions } from "../permissions.ts";
import { type Choice, chooseProtocols } from "../protocols/choose.ts";
import { openQlogFile } from "../qlog_file.ts";
import type { CliContext } from "../routes.ts";
import { listenForInterrupt, runCommand } from "../run_command.ts";
import { accessLine } from "../serve/access_log.ts";
import { type CertificateFlags, type ServerCertificate, serverCertificate } from "../serve/certificate.ts";
import { openLineQueue } from "../serve/line_queue.ts";
import { openHandler } from "../serve/open_handler.ts";
import { printListening, type ServeFacts, serveJson } from "../serve/serve_report.ts";
import { type ServeSetup, type ServeSink, startServer } from "../serve/start_server.ts";
import { Workers } from "../serve/workers.ts";
import { hostPort } from "../target.ts";
import { PROGRAM } from "../version.ts";
import { join } from "node:path";

/** Where the modules of this program are, if in files: Deno wants leave to read them for a worker. */
const MODULES = import.meta.dirname === undefined ? undefined : join(import.meta.dirname, "../..");

/** The flags of `serve`. */
export interface ServeFlags extends OutputFlags, QlogFlags, CertificateFlags {
  /** Answer with test responses instead of files. */
  readonly echo?: boolean;
  /** HTTP/2 without TLS. */
  readonly plain?: boolean;
  /** Which protocols are served. */
  readonly http: HttpChoice;
  /** The port; 0 picks one. */
  readonly port: number;
  /** The address to listen on. */
  readonly hostname: string;
  /** How many threads serve on the port. */
  readonly workers: number;
  /** How long open requests may take after ctrl-c, in milliseconds. */
  readonly drain: number;
  /** No line for each request. */
  readonly quiet?: boolean;
}

/** `tandem serve [DIR]`: files or an echo, until ctrl-c. */
export async function serve(this: CliContext, flags: ServeFlags, directory?: string): Promise<void> {
  await runCommand(this, () => runServe(flags, directory));
}

function checkFlags(flags: ServeFlags, directory: string | undefined): void {
  if (flags.echo === true && directory !== undefined) {
    throw usageError("--echo answers without files; leave the directory out");
  }
  if (flags.workers > 1) checkSharing(flags);
  if (flags.plain !== true) return;
  for (const name of ["cert", "key", "certOut"] as const) {
    if (flags[name] !== undefined) {
      throw usageError(`--plain uses no certificate; leave --${name === "certOut" ? "cert-out" : name} out`);
    }
  }
}

function checkSharing(flags: ServeFlags): void {
  if (flags.http === "3") {
    throw usageError("--http 3 has one worker: a UDP port cannot be shared", "leave --workers or --http out");
  }
  if (flags.qlog !== undefined) throw usageError("--qlog logs one worker; leave --workers out");
  if (canSharePorts()) return;
  throw new CliError("Deno shares ports only with the flag --unstable-net", {
    code: "unstable-net",
    exit: EXIT.PERMISSION,
    hints: ["deno run --unstable-net -N … cli/main.ts serve …, or --workers 1"],
  });
}

function needsOf(flags: ServeFlags, directory: string | undefined): Need[] {
  const needs: Need[] = [{ name: "net", host: hostPort(flags.hostname, flags.port) }];
  if (directory !== undefined) needs.push({ name: "read", path: directory });
  if (flags.workers > 1 && MODULES !== undefined) needs.push({ name: "read", path: MODULES });
  if (flags.cert !== undefined) needs.push({ name: "read", path: flags.cert });
  if (flags.key !== undefined) needs.push({ name: "read", path: flags.key });
  if (flags.certOut !== undefined) needs.push({ name: "write", path: flags.certOut });
  if (flags.qlog !== undefined) needs.push({ name: "write", path: flags.qlog });
  return needs;
}

/** A process that ends in the same turn would take the last packets with it. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function abortOf(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Lets open requests finish, and says so; a second ctrl-c has ended the process before. */
async function stop(server: HttpServer, workers: Workers, flags: ServeFlags, io: Io): Promise<void> {
  const open = server.connections + await workers.connections();
  if (open > 0 && flags.json !== true) {
    io.err(`stopping; ${open} open, at most ${flags.drain / 1000} s; ctrl-c again ends at once\n`);
  }
  await Promise.all([server.shutdown({ graceMs: flags.drain }), workers.shutdown(flags.drain)]);
  await nextTurn();
}

/** What `serve` of the library is asked for. */
function httpOf(choices: readonly Choice[]): ServeSetup["http"] {
  const usable = choices.filter(({ obstacle }) => obstacle === undefined).map(({ protocol }) =>
    protocol.name
  );
  return usable.length > 1 ? "auto" : usable[0] === "h3" ? 3 : 2;
}

async function runServe(flags: ServeFlags, givenDirectory: string | undefined): Promise<number> {
  checkFlags(flags, givenDirectory);
  const directory = flags.echo === true ? undefined : givenDirectory ?? ".";
  const choices = chooseProtocols(flags.http, flags.plain !== true);
  const io = openIo(flags);
  await requirePermissions(needsOf(flags, directory), `serve ${directory ?? "--echo"}`);
  using interrupt = listenForInterrupt();
  const handler = await openHandler(directory);
  const certificate: ServerCertificate | undefined = flags.plain === true
    ? undefined
    : await serverCertificate(flags, flags.hostname);

  const log = openLineQueue((bytes) => io.write(bytes));
  using qlog = flags.qlog === undefined
    ? undefined
    : await openQlogFile(flags.qlog, { role: "server", title: `${PROGRAM} serve` });
  const setup: ServeSetup = {
    hostname: flags.hostname,
    port: flags.port,
    tls: certificate,
    http: httpOf(choices),
    altSvc: undefined,
    directory,
    isQuiet: flags.quiet === true,
    worker: 0,
    workers: flags.workers,
  };
  const sink: ServeSink = {
    served(entry): void {
      log.push(
        flags.json === true
          ? JSON.stringify({ schema: "tandem.access/1", ...entry })
          : accessLine(entry, io.outStyle),
      );
    },
    failed: (text) => io.err(`error: a handler failed: ${text}\n`),
    qlog,
  };
  const server = startServer(setup, handler, sink);
  using workers = new Workers(setup, sink);
  await workers.start(setup, server);
  const facts: ServeFacts = {
    directory,
    hostname: flags.hostname,
    certificate,
    choices,
    server,
    workers: flags.workers,
  };
  if (flags.json === true) io.out(JSON.stringify(serveJson(facts)) + "\n");
  else printListening(io, facts);

  await Promise.race([abortOf(interrupt.signal), workers.broken]);
  await stop(server, workers, flags, io);
  await log.flush().catch((error) => {
    if (!(error instanceof ClosedPipe)) throw error;
  });
  return EXIT.OK;
}
