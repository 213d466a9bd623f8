import { CliError, EXIT, usageError } from "./errors.ts";
import type { ConnectFlags } from "./flags.ts";
import { type Need, requirePermissions } from "./permissions.ts";
import type { ConnectPlan } from "./protocols/mod.ts";
import { openQlogFile } from "./qlog_file.ts";
import { hostPort, parseConnect, type Target } from "./target.ts";
import { PROGRAM } from "./version.ts";

/** What a command adds to the plan that its flags describe. */
export interface PlanContext {
  /** The name of the command, for hints. */
  readonly command: string;
  /** Permissions beside the network and `--ca`. */
  readonly needs: readonly Need[];
  /** Aborts on ctrl-c. */
  readonly interrupt: AbortSignal;
  /** Whether `--qlog` logs credentials. @default {false} */
  readonly showSecrets?: boolean;
}

/** Reads a file that the user named. Throws a `CliError` that says what is wrong with it. */
export async function readUserFile(path: string, what: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw unreadable(path, what, error);
  }
}

/** The error for a file of the user that cannot be read. */
export function unreadable(path: string, what: string, error: unknown): CliError {
  const denied = error instanceof Deno.errors.NotCapable;
  const why = error instanceof Deno.errors.NotFound
    ? "there is no such file"
    : error instanceof Deno.errors.PermissionDenied || denied
    ? "it may not be read"
    : error instanceof Deno.errors.IsADirectory
    ? "it is a directory"
    : error instanceof Error
    ? error.message
    : String(error);
  return new CliError(`cannot read the ${what} ${path}: ${why}`, {
    code: "file",
    exit: denied ? EXIT.PERMISSION : EXIT.USAGE,
    hints: [
      denied
        ? `--allow-read=${path} lets Deno read it`
        : "check the path; it is taken from the working directory",
    ],
    cause: error,
  });
}

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

async function readCa(path: string): Promise<string> {
  const pem = await readUserFile(path, "certificate file");
  const blocks = pem.match(PEM_BLOCK);
  if (blocks === null) {
    throw new CliError(`the file ${path} holds no certificate in PEM`, {
      code: "file",
      exit: EXIT.USAGE,
      hints: [`openssl x509 -inform der -in ${path} -out ca.pem converts DER`],
    });
  }
  // Deno takes garbage here without a word and then trusts nobody.
  const { X509Certificate } = await import("node:crypto");
  for (const block of blocks) {
    try {
      new X509Certificate(block);
    } catch (error) {
      throw new CliError(`the file ${path} holds a certificate that cannot be read`, {
        code: "file",
        exit: EXIT.USAGE,
        hints: [`openssl x509 -in ${path} -noout -text says what is in it`],
        cause: error,
      });
    }
  }
  return pem;
}

const SERVER_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?$|^[0-9a-f]*:[0-9a-f:.]+$/i;

/** Turns the flags into a plan: nothing is on the network before arguments, permissions and files are checked. */
export async function makePlan(
  target: Target,
  flags: ConnectFlags,
  context: PlanContext,
): Promise<ConnectPlan> {
  const connect = flags.connect === undefined ? {} : parseConnect(flags.connect);
  const hostname = connect.hostname ?? target.hostname;
  const port = connect.port ?? target.port;
  if (target.scheme === "http") {
    for (const name of ["ca", "insecure", "sni"] as const) {
      if (flags[name] !== undefined) throw usageError(`--${name} has no meaning for a URL without TLS`);
    }
  }
  if (flags.sni !== undefined && !SERVER_NAME.test(flags.sni)) {
    throw usageError(`"${flags.sni}" is no server name`, "--sni example.com");
  }
  const needs: Need[] = [{ name: "net", host: hostPort(hostname, port) }, ...context.needs];
  if (flags.ca !== undefined) needs.push({ name: "read", path: flags.ca });
  if (flags.qlog !== undefined) needs.push({ name: "write", path: flags.qlog });
  await requirePermissions(needs, `${context.command} ${target.url}`);
  const caCerts = flags.ca === undefined ? [] : [await readCa(flags.ca)];
  const qlog = flags.qlog === undefined ? undefined : await openQlogFile(flags.qlog, {
    role: "client",
    title: `${PROGRAM} ${context.command} ${target.url.origin}`,
    showSecrets: context.showSecrets ?? false,
  });
  const signals = [context.interrupt];
  if (flags.timeout !== undefined) signals.push(AbortSignal.timeout(flags.timeout));
  return {
    target,
    hostname,
    port,
    serverName: flags.sni ?? target.hostname,
    caCerts,
    insecure: flags.insecure ?? false,
    timeoutMs: flags.timeout,
    signal: AbortSignal.any(signals),
    qlog,
  };
}

const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:[ \t]*(.*)$/s;

/** Reads `-H 'name: value'`. */
export function parseFields(texts: readonly string[] | undefined): [name: string, value: string][] {
  const fields: [string, string][] = [];
  for (const text of texts ?? []) {
    const match = FIELD.exec(text);
    if (match === null) {
      throw usageError(`cannot read -H "${text.split(":")[0]}…"`, "a field is 'name: value'");
    }
    // Values are byte strings: what is not Latin-1 goes as UTF-8.
    const value = match[2]!.trimEnd();
    const bytes = new TextEncoder().encode(value);
    fields.push([match[1]!.toLowerCase(), String.fromCharCode(...bytes)]);
  }
  return fields;
}
