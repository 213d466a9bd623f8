/** The loads of a comparison, and h2load, which makes them. */
import { BROWSER } from "./browser_fields.ts";

/** One load. */
export interface Load {
  readonly name: string;
  /** How many requests a round has; a tenth where the server is known to be slow. */
  readonly requests: number;
  readonly connections: number;
  /** Requests at once on each connection. */
  readonly concurrency: number;
  readonly path: string;
  /** Bytes of a body: of the response or, with `upload`, of the request. */
  readonly bytes: number;
  readonly upload?: boolean;
  /** Whether each request has a path of its own and the fields of a browser. */
  readonly isUnique?: boolean;
  /** What is sent, where that is not `bytes` times x. */
  readonly body?: string;
  /** Whether it is left out unless it is asked for: the other number of connections, for completeness. */
  readonly isExtra?: boolean;
}

const MIB = 1_048_576;

function small(name: string, connections: number, concurrency: number, path: string): Load {
  return { name, requests: 40_000, connections, concurrency, path, bytes: path === "/k1" ? 1024 : 12 };
}

function json(name: string, connections: number, concurrency: number): Load {
  const body = JSON.stringify({
    name: "tea",
    tags: ["green", "hot"],
    price: 3.5,
    nested: { a: [1, 2, 3] },
  });
  return { name, requests: 20_000, connections, concurrency, path: "/json", bytes: 0, upload: true, body };
}

function upload(name: string, connections: number, concurrency: number, path: string): Load {
  return { name, requests: 200, connections, concurrency, path, bytes: MIB, upload: true };
}

/** Every load, by its name. */
export const LOADS: readonly Load[] = [
  small("hello-c1m100", 1, 100, "/hello"),
  small("hello-c8m10", 8, 10, "/hello"),
  { ...small("k1-c1m100", 1, 100, "/k1"), isExtra: true },
  small("k1-c8m10", 8, 10, "/k1"),
  { ...small("uniq-c1m100", 1, 100, "/hello"), isUnique: true, isExtra: true },
  { ...small("uniq-c8m10", 8, 10, "/hello"), isUnique: true },
  { ...json("json-c1m100", 1, 100), isExtra: true },
  json("json-c8m10", 8, 10),
  { name: "m1-c1m4", requests: 400, connections: 1, concurrency: 4, path: "/m1", bytes: MIB },
  { name: "m1-c8m1", requests: 400, connections: 8, concurrency: 1, path: "/m1", bytes: MIB },
  { name: "m64-c1m1", requests: 8, connections: 1, concurrency: 1, path: "/m64", bytes: 64 * MIB },
  {
    name: "m64-c8m1",
    requests: 16,
    connections: 8,
    concurrency: 1,
    path: "/m64",
    bytes: 64 * MIB,
    isExtra: true,
  },
  upload("sink1m", 1, 4, "/sink"),
  { ...upload("sink1m-c8m1", 8, 1, "/sink"), isExtra: true },
  upload("echo1m", 1, 4, "/echo"),
  { ...upload("echo1m-c8m1", 8, 1, "/echo"), isExtra: true },
];

/** What servers in several workers are given: enough connections for the kernel to spread. */
export const WORKER_LOADS: readonly Load[] = [
  { ...small("hello-c32m10", 32, 10, "/hello"), requests: 120_000 },
  { ...json("json-c32m10", 32, 10), requests: 60_000 },
];

/** What h2load saw in one round. */
export interface Round {
  readonly requests: number;
  readonly seconds: number;
}

/** Makes the files that h2load reads. */
export function prepareLoads(folder: string): void {
  for (const load of [...LOADS, ...WORKER_LOADS]) {
    if (load.upload) {
      const body = load.body === undefined
        ? new Uint8Array(load.bytes).fill(120)
        : new TextEncoder().encode(load.body);
      Deno.writeFileSync(`${folder}/${load.name}.body`, body);
    }
  }
}

function urls(folder: string, origin: string, load: Load): string {
  const path = `${folder}/${origin.replaceAll(/\W/g, "")}-${load.name}.urls`;
  let text = "";
  for (let i = 0; i < 20_000; i++) {
    text += `${origin}${load.path}?id=${(i * 2_654_435_761 >>> 0).toString(36)}&t=${i}\n`;
  }
  Deno.writeTextFileSync(path, text);
  return path;
}

const urlFiles = new Map<string, string>();

/** Runs one round; throws when a single request of it failed. */
export async function runLoad(
  folder: string,
  origin: string,
  load: Load,
  options: { readonly requests: number; readonly cpu?: number | undefined },
): Promise<Round> {
  const args = ["-n", `${options.requests}`, "-c", `${load.connections}`, "-m", `${load.concurrency}`];
  if (load.upload) args.push("-d", `${folder}/${load.name}.body`);
  if (load.isUnique) {
    const key = origin + load.name;
    if (!urlFiles.has(key)) urlFiles.set(key, urls(folder, origin, load));
    for (const field of BROWSER) args.push("-H", field);
    args.push("-i", urlFiles.get(key)!);
  } else {
    args.push(`${origin}${load.path}`);
  }
  const program = options.cpu === undefined ? "h2load" : "taskset";
  const { stdout } = await new Deno.Command(program, {
    args: options.cpu === undefined ? args : ["-c", String(options.cpu), "h2load", ...args],
    stdout: "piped",
    stderr: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  const text = new TextDecoder().decode(stdout);
  const good = Number(/status codes: (\d+) 2xx/.exec(text)?.[1] ?? 0);
  const done = Number(/, (\d+) succeeded/.exec(text)?.[1] ?? 0);
  if (good !== options.requests || done !== good) {
    throw new Error(`${options.requests - Math.min(good, done)} of ${options.requests} requests failed`);
  }
  const [, amount, unit] = /finished in ([\d.]+)(us|ms|s|m)/.exec(text)!;
  const seconds = Number(amount) * { us: 1e-6, ms: 1e-3, s: 1, m: 60 }[unit as "s"];
  return { requests: options.requests, seconds };
}
