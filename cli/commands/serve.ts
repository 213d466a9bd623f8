import { CliError, ClosedPipe, EXIT, usageError } from "../errors.ts";
import type { HttpChoice, OutputFlags, QlogFlags } from "../flags.ts";
import { type Io, openIo } from "../io.ts";
import { type Need, requirePermissions } from "../permissions.ts";
import { type Choice, chooseProtocols } from "../protocols/choose.ts";
import type { Listening, Protocol } from "../protocols/mod.ts";
import { openQlogFile } from "../qlog_file.ts";
import type { CliContext } from "../routes.ts";
import { listenForInterrupt, runCommand } from "../run_command.ts";
import { accessLine, accessTrace } from "../serve/access_log.ts";
import { type CertificateFlags, type ServerCertificate, serverCertificate } from "../serve/certificate.ts";
import { openLineQueue } from "../serve/line_queue.ts";
import { listenAll } from "../serve/listen_all.ts";
import { printListening, type ServeFacts, serveJson } from "../serve/serve_report.ts";
import type { ExchangeHandler, Handler } from "../../h2/mod.ts";
import { hostPort } from "../target.ts";
import { PROGRAM } from "../version.ts";

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
  if (flags.plain !== true) return;
  for (const name of ["cert", "key", "certOut"] as const) {
    if (flags[name] !== undefined) {
      throw usageError(`--plain uses no certificate; leave --${name === "certOut" ? "cert-out" : name} out`);
    }
  }
}

function needsOf(flags: ServeFlags, directory: string): Need[] {
  const needs: Need[] = [{ name: "net", host: hostPort(flags.hostname, flags.port) }];
  if (flags.echo !== true) needs.push({ name: "read", path: directory });
  if (flags.cert !== undefined) needs.push({ name: "read", path: flags.cert });
  if (flags.key !== undefined) needs.push({ name: "read", path: flags.key });
  if (flags.certOut !== undefined) needs.push({ name: "write", path: flags.certOut });
  if (flags.qlog !== undefined) needs.push({ name: "write", path: flags.qlog });
  return needs;
}

async function openHandler(flags: ServeFlags, directory: string): Promise<Handler | ExchangeHandler> {
  if (flags.echo === true) return (await import("../serve/echo.ts")).echoHandler;
  const { staticFiles } = await import("../serve/static_files.ts");
  try {
    if (!(await Deno.stat(directory)).isDirectory) throw usageError(`${directory} is no directory`);
    return await staticFiles(directory);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const why = error instanceof Deno.errors.NotFound ? "there is no such directory" : String(error);
    throw new CliError(`cannot serve ${directory}: ${why}`, { code: "file", exit: EXIT.USAGE, cause: error });
  }
}

/** Lets open requests finish, and says so; a second ctrl-c has ended the process before. */
async function stop(listening: readonly Listening[], flags: ServeFlags, io: Io): Promise<void> {
  const open = listening.reduce((sum, one) => sum + one.openConnections, 0);
  if (open > 0 && flags.json !== true) {
    io.err(`stopping; ${open} open, at most ${flags.drain / 1000} s; ctrl-c again ends at once\n`);
  }
  await Promise.all(listening.map((one) => one.shutdown(flags.drain)));
}

function usable(choices: readonly Choice[]): Protocol[] {
  return choices.filter(({ obstacle }) => obstacle === undefined).map(({ protocol }) => protocol);
}

async function runServe(flags: ServeFlags, givenDirectory: string | undefined): Promise<number> {
  checkFlags(flags, givenDirectory);
  const directory = givenDirectory ?? ".";
  const choices = chooseProtocols(flags.http, flags.plain !== true);
  const io = openIo(flags);
  await requirePermissions(needsOf(flags, directory), `serve ${flags.echo === true ? "--echo" : directory}`);
  using interrupt = listenForInterrupt();
  const handler = await openHandler(flags, directory);
  const certificate: ServerCertificate | undefined = flags.plain === true
    ? undefined
    : await serverCertificate(flags, flags.hostname);

  const log = openLineQueue((bytes) => io.write(bytes));
  function traceOf(protocol: Protocol, connection: number) {
    return accessTrace(protocol.name, connection, (entry) => {
      log.push(
        flags.json === true
          ? JSON.stringify({ schema: "tandem.access/1", ...entry })
          : accessLine(entry, io.outStyle),
      );
    });
  }

  using qlog = flags.qlog === undefined
    ? undefined
    : await openQlogFile(flags.qlog, { role: "server", title: `${PROGRAM} serve` });
  const servers = await listenAll(usable(choices), {
    hostname: flags.hostname,
    port: flags.port,
    tls: certificate,
    handler,
    onError: (error) =>
      io.err(`error: a handler failed: ${error instanceof Error ? error.stack ?? error.message : error}\n`),
    traceOf: flags.quiet === true ? undefined : traceOf,
    qlog,
  });
  const facts: ServeFacts = {
    directory: flags.echo === true ? undefined : directory,
    hostname: flags.hostname,
    certificate,
    choices,
    servers,
  };
  if (flags.json === true) io.out(JSON.stringify(serveJson(facts)) + "\n");
  else printListening(io, facts);

  if (!interrupt.signal.aborted) {
    await new Promise<void>((resolve) =>
      interrupt.signal.addEventListener("abort", () => resolve(), { once: true })
    );
  }
  await stop([...servers.values()], flags, io);
  await log.flush().catch((error) => {
    if (!(error instanceof ClosedPipe)) throw error;
  });
  return EXIT.OK;
}
