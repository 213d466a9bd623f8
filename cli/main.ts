/**
 * The command line `tandem`: probe, fetch and serve over HTTP/2 and HTTP/3.
 *
 * ```sh
 * deno run -N --unstable-net jsr:@tandem/http/cli probe https://example.com
 * ```
 *
 * @module
 */
import { run } from "@stricli/core";
import { ClosedPipe, EXIT, usageError } from "./errors.ts";
import { buildRoutes, type CliContext } from "./routes.ts";
import { PROGRAM } from "./version.ts";

const ignored = { write(_text: string): void {} };

/** Whether JSON was asked for, also on a command line that cannot be read. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const before = args.slice(0, end === -1 ? args.length : end);
  return before.some((arg) => arg === "--json" || arg === "--json-lines" || arg === "--json=lines");
}

async function report(error: unknown, args: readonly string[]): Promise<number> {
  if (error instanceof ClosedPipe) return EXIT.OK;
  const { reportError } = await import("./report/failure.ts");
  return reportError(error, { json: wantsJson(args), args });
}

/**
 * Runs one command line and answers with the exit code. Writes to the outputs of this process.
 *
 * @example Usage
 * ```ts
 * import { main } from "@tandem/http/cli";
 * import assert from "node:assert/strict";
 *
 * assert.equal(await main(["explain", "PROTOCOL_ERROR"]), 0);
 * ```
 */
export async function main(args: readonly string[]): Promise<number> {
  let failure: { readonly error: unknown } | undefined;
  let exitCode: number | undefined;
  function fail(error: unknown): void {
    failure ??= { error };
  }
  const command = args.find((arg) => !arg.startsWith("-"));
  const build = () =>
    buildRoutes(
      ({ message, hints }) =>
        fail(
          usageError(
            message,
            ...hints,
            `${PROGRAM} ${isCommand(command) ? `${command} ` : ""}--help lists what there is`,
          ),
        ),
      fail,
    );
  const stdout = {
    write(text: string): void {
      try {
        writeAll(text);
      } catch (error) {
        fail(error instanceof Deno.errors.BrokenPipe ? new ClosedPipe() : error);
      }
    },
  };
  const context = {
    process: { stdout, stderr: ignored, exitCode: null as number | null },
    finish(code: number): void {
      exitCode = code;
    },
    fail,
  };
  try {
    await run(build(), splitGlued(args), context satisfies CliContext);
  } catch (error) {
    fail(error);
  }
  if (failure !== undefined) return await report(failure.error, args);
  return exitCode ?? mapExit(context.process.exitCode);
}

/** Options with a value that people glue to the letter, as in `-XPOST`. */
const GLUED = /^-([XHdop])(.+)$/s;

function splitGlued(args: readonly string[]): string[] {
  const split: string[] = [];
  args.forEach((arg, at) => {
    const isOption = !args.slice(0, at).includes("--");
    const match = isOption ? GLUED.exec(arg) : null;
    if (isOption && arg === "--json=lines") split.push("--json-lines");
    else if (match === null) split.push(arg);
    else split.push(`-${match[1]}`, match[2]!);
  });
  return split;
}

const COMMANDS = ["probe", "get", "serve", "explain"];

function isCommand(name: string | undefined): boolean {
  return name !== undefined && COMMANDS.includes(name);
}

function writeAll(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

/** The parser answers with negative codes, which a shell would show as 252 and the like. */
function mapExit(code: number | null): number {
  if (code === null || code === 0) return EXIT.OK;
  return code < 0 ? EXIT.USAGE : code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
