import { join } from "node:path";

/** A question to the run: can this case run here? The answer is the reason why not, or `undefined`. */
export type Need = () => Promise<string | undefined> | string | undefined;

/** One row of the table: one peer, one thing that must work between it and us. */
export interface InteropCase {
  /** The peer, by the name of its program. */
  readonly peer: string;
  /** Which end the peer is. */
  readonly role: "server" | "client" | "checker";
  /** What is done, in a few words. */
  readonly what: string;
  /** What must be there for it. */
  readonly needs: readonly Need[];
  /** Does it; throws on a mismatch; returns a remark for the table. */
  run(lab: Lab): Promise<string>;
}

/** Where the run keeps its files, and what it has started. */
export interface Lab {
  /** A folder of its own, removed at the end. */
  readonly dir: string;
  /** A document root with `small.txt` (12 bytes) and `large.bin` (1 MiB). */
  readonly www: string;
  /** One throwaway CA and one leaf for localhost, 127.0.0.1 and ::1, as files. */
  readonly pem: { readonly ca: string; readonly cert: string; readonly key: string; readonly chain: string };
  /** The text of the CA certificate. */
  readonly ca: string;
  /** Stops at the end of the run whatever it is given. */
  atEnd(stop: () => void | Promise<void>): void;
}

/** What a finished program left. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs until it is stopped. */
export interface Running {
  readonly pid: number;
  /** What it has printed so far, both outputs. */
  output(): string;
  /** The largest resident size so far, in bytes. */
  peakBytes(): Promise<number>;
  stop(signal?: Deno.Signal): Promise<void>;
}

/** Whether a program is on the PATH. */
export async function findProgram(name: string): Promise<string | undefined> {
  if (name.includes("/")) return await isFile(name) ? name : undefined;
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const path = join(folder, name);
    if (await isFile(path)) return path;
  }
  const home = Deno.env.get("HOME");
  const ofGo = home === undefined ? undefined : join(home, "go", "bin", name);
  return ofGo !== undefined && await isFile(ofGo) ? ofGo : undefined;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

/** Needs a program on the PATH. */
export function program(name: string): Need {
  return async () => await findProgram(name) === undefined ? `${name} is not installed` : undefined;
}

/** Runs a program to its end, or for `timeoutMs` at most. */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly timeoutMs?: number; readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Promise<Finished> {
  const { timeoutMs = 60_000, ...rest } = options;
  const child = new Deno.Command(await findProgram(command) ?? command, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...rest,
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const { code, stdout, stderr, signal } = await child.output();
  clearTimeout(timer);
  if (signal === "SIGKILL") throw new Error(`${command} did not finish within ${timeoutMs} ms`);
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Starts a program and waits until `ready` matches its output, or until its port answers. */
export async function start(
  command: string,
  args: readonly string[],
  options: {
    readonly ready?: RegExp;
    readonly port?: number;
    readonly cwd?: string;
    readonly env?: Record<string, string>;
    readonly timeoutMs?: number;
  },
): Promise<Running> {
  const { ready, port, timeoutMs = 20_000, ...rest } = options;
  const child = new Deno.Command(await findProgram(command) ?? command, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...rest,
  }).spawn();
  let text = "";
  let ended = false;
  const collect = async (readable: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of readable) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > 1 << 20) text = text.slice(-(1 << 19));
    }
  };
  const outputs = Promise.allSettled([collect(child.stdout), collect(child.stderr)]);
  const status = child.status.then((s) => {
    ended = true;
    return s;
  });
  const running: Running = {
    pid: child.pid,
    output: () => text,
    async peakBytes() {
      const found = /VmHWM:\s+(\d+) kB/.exec(await Deno.readTextFile(`/proc/${child.pid}/status`));
      return Number(found?.[1] ?? NaN) * 1024;
    },
    async stop(signal = "SIGTERM") {
      if (!ended) child.kill(signal);
      const timer = setTimeout(() => !ended && child.kill("SIGKILL"), 5000);
      await status;
      clearTimeout(timer);
      await outputs;
    },
  };
  const deadline = Date.now() + timeoutMs;
  while (!(ready === undefined ? await answers(port!) : ready.test(text))) {
    if (ended || Date.now() > deadline) {
      await running.stop();
      throw new Error(`${command} did not start: ${text.slice(-500)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return running;
}

async function answers(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

/** A TCP port on loopback that is free now. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/** Bytes that can be told apart from shifted or repeated ones. */
export function patternBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = 0x2545f491;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** SHA-256 of bytes, in hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** The document root has a file `size-N.bin` of each of these sizes, in bytes. */
const FILE_SIZES = [0, 1, 1 << 16, 1 << 20, 1 << 26];

/** Makes the folder, the document root and the certificates. */
export async function makeLab(): Promise<{ lab: Lab; close(): Promise<void> }> {
  const dir = await Deno.makeTempDir({ prefix: "tandem-interop-" });
  await Deno.chmod(dir, 0o755); // servers drop their rights and must still read it
  const stops: (() => void | Promise<void>)[] = [];
  const www = join(dir, "www");
  await Deno.mkdir(www);
  await Deno.writeTextFile(join(www, "small.txt"), "Hello world\n");
  await Deno.writeFile(join(www, "large.bin"), patternBytes(1 << 20));
  for (const size of FILE_SIZES) await Deno.writeFile(join(www, `size-${size}.bin`), patternBytes(size));
  const pem = await makeCertificates(dir);
  return {
    lab: { dir, www, pem, ca: await Deno.readTextFile(pem.ca), atEnd: (stop) => void stops.push(stop) },
    async close() {
      for (const stop of stops.reverse()) await stop();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

async function makeCertificates(dir: string): Promise<Lab["pem"]> {
  const path = (name: string) => join(dir, name);
  const openssl = async (...args: string[]) => {
    const { code, stderr } = await run("openssl", args);
    if (code !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl(
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    path("ca.key"),
    "-out",
    path("ca.pem"),
    "-days",
    "2",
    "-subj",
    "/CN=Tandem interop CA",
  );
  await openssl(
    "req",
    ...newKey,
    "-keyout",
    path("leaf.key"),
    "-out",
    path("leaf.csr"),
    "-subj",
    "/CN=localhost",
  );
  await Deno.writeTextFile(
    path("leaf.ext"),
    "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\nbasicConstraints=CA:FALSE\n",
  );
  await openssl(
    "x509",
    "-req",
    "-in",
    path("leaf.csr"),
    "-CA",
    path("ca.pem"),
    "-CAkey",
    path("ca.key"),
    "-CAcreateserial",
    "-out",
    path("leaf.pem"),
    "-days",
    "2",
    "-extfile",
    path("leaf.ext"),
  );
  const [leaf, ca] = await Promise.all([
    Deno.readTextFile(path("leaf.pem")),
    Deno.readTextFile(path("ca.pem")),
  ]);
  await Deno.writeTextFile(path("chain.pem"), leaf + ca);
  await Deno.chmod(path("leaf.key"), 0o644);
  return { ca: path("ca.pem"), cert: path("leaf.pem"), key: path("leaf.key"), chain: path("chain.pem") };
}
