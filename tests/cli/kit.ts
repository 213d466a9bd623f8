import Ajv, { type ValidateFunction } from "ajv";
import assert from "node:assert/strict";
import { join } from "node:path";
import { testAuthority, testCertificate } from "../support/certs.ts";

/** The root of the repository. */
export const ROOT: string = join(import.meta.dirname!, "../..");

/** What a run of the tool ended with. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Uint8Array;
}

/** How the tool is run. */
export interface RunOptions {
  /** Flags of Deno. @default {["-N", "-R", "-W"]} */
  readonly permissions?: readonly string[];
  /** Standard input. */
  readonly stdin?: string;
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The command line of a run, as a subprocess gets it. */
export function commandOf(args: readonly string[], options: RunOptions = {}): string[] {
  const permissions = options.permissions ?? ["-N", "-R", "-W"];
  return ["run", "--quiet", "--no-prompt", ...permissions, join(ROOT, "cli/main.ts"), ...args];
}

/** Runs the tool to its end. */
export async function tandem(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = new Deno.Command(Deno.execPath(), {
    args: commandOf(args, options),
    cwd: ROOT,
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
  }).spawn();
  if (options.stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(options.stdin));
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr), bytes: stdout };
}

/** A server of the tool, as a subprocess. */
export interface RunningServer extends AsyncDisposable {
  /** The document of the first line. */
  readonly first: Record<string, unknown>;
  readonly port: number;
  /** `https://127.0.0.1:PORT` or `http://…`. */
  readonly origin: string;
  readonly child: Deno.ChildProcess;
  /** The next line of stdout. */
  nextLine(): Promise<string>;
  /** Sends a signal. */
  kill(signal: Deno.Signal): void;
}

/** Starts `tandem serve --json --port 0` and waits until it listens. */
export async function startServer(args: readonly string[]): Promise<RunningServer> {
  const child = new Deno.Command(Deno.execPath(), {
    args: commandOf(["serve", "--json", "--port", "0", ...args]),
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  async function nextLine(): Promise<string> {
    for (;;) {
      const end = text.indexOf("\n");
      if (end !== -1) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        return line;
      }
      const { value, done } = await reader.read();
      if (done) throw new Error("the server ended");
      text += value;
    }
  }
  const first = JSON.parse(await nextLine());
  let isEnded = false;
  const ended = child.status.then(() => isEnded = true);
  return {
    first,
    port: first.h2.port,
    origin: first.h2.url.replace(/\/$/, ""),
    child,
    nextLine,
    kill: (signal) => child.kill(signal),
    async [Symbol.asyncDispose](): Promise<void> {
      if (!isEnded) child.kill("SIGKILL");
      await ended;
      await reader.cancel();
    },
  };
}

const validators = new Map<string, ValidateFunction>();

/** Holds a document against the schema that its first key names. */
export async function assertSchema(document: Record<string, unknown>, name: string): Promise<void> {
  assert.equal(Object.keys(document)[0], "schema");
  assert.equal(document["schema"], `tandem.${name}/1`);
  let validate = validators.get(name);
  if (validate === undefined) {
    const ajv = new (Ajv as unknown as typeof Ajv.default)({
      allErrors: true,
      strict: true,
      strictTuples: false,
    });
    validate = ajv.compile(JSON.parse(await Deno.readTextFile(join(ROOT, `cli/schemas/${name}_1.json`))));
    validators.set(name, validate);
  }
  assert.equal(validate(document), true, JSON.stringify(validate.errors, undefined, 1));
}

/** The one JSON document that a run printed, held against its schema. */
export async function documentOf(result: RunResult, name: string): Promise<Record<string, unknown>> {
  const lines = result.stdout.split("\n").filter((line) => line !== "");
  assert.equal(lines.length, 1, `one line of JSON, not ${result.stdout}${result.stderr}`);
  const document = JSON.parse(lines[0]!);
  await assertSchema(document, name);
  return document;
}

/** A temporary directory that goes away with its scope. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "tandem_cli_" });
  return {
    path,
    async [Symbol.asyncDispose](): Promise<void> {
      await Deno.remove(path, { recursive: true });
    },
  };
}

/** Writes the test authority to a file in `directory` and returns its path. */
export async function writeAuthority(directory: string): Promise<string> {
  const path = join(directory, "authority.pem");
  await Deno.writeTextFile(path, await testAuthority());
  return path;
}

export { testCertificate };
