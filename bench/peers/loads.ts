/** The loads of a comparison, and h2load, which makes them. */

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
}

const MIB = 1_048_576;

/** Every load, by its name. */
export const LOADS: readonly Load[] = [
  { name: "hello-c1m100", requests: 40_000, connections: 1, concurrency: 100, path: "/hello", bytes: 12 },
  { name: "hello-c8m10", requests: 40_000, connections: 8, concurrency: 10, path: "/hello", bytes: 12 },
  { name: "k1-c8m10", requests: 40_000, connections: 8, concurrency: 10, path: "/k1", bytes: 1024 },
  {
    name: "uniq-c8m10",
    requests: 40_000,
    connections: 8,
    concurrency: 10,
    path: "/hello",
    bytes: 12,
    isUnique: true,
  },
  {
    name: "json-c8m10",
    requests: 20_000,
    connections: 8,
    concurrency: 10,
    path: "/json",
    bytes: 0,
    upload: true,
    body: JSON.stringify({ name: "tea", tags: ["green", "hot"], price: 3.5, nested: { a: [1, 2, 3] } }),
  },
  { name: "m1-c1m4", requests: 400, connections: 1, concurrency: 4, path: "/m1", bytes: MIB },
  { name: "m1-c8m1", requests: 400, connections: 8, concurrency: 1, path: "/m1", bytes: MIB },
  { name: "m64-c1m1", requests: 8, connections: 1, concurrency: 1, path: "/m64", bytes: 64 * MIB },
  { name: "sink1m", requests: 200, connections: 1, concurrency: 4, path: "/sink", bytes: MIB, upload: true },
  { name: "echo1m", requests: 200, connections: 1, concurrency: 4, path: "/echo", bytes: MIB, upload: true },
];

/** The fields of a browser, beside what h2load sends itself. */
const BROWSER = [
  "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "accept-language: en-US,en;q=0.5",
  "accept-encoding: gzip, deflate, br, zstd",
  "referer: https://www.example.com/some/page",
  "cookie: session=8a7c1f0e6b2d4c93a5f7; theme=dark; region=eu",
  "sec-fetch-dest: document",
  "sec-fetch-mode: navigate",
  "sec-fetch-site: same-origin",
  "priority: u=1",
  "upgrade-insecure-requests: 1",
];

/** What h2load saw in one round. */
export interface Round {
  readonly requests: number;
  readonly seconds: number;
}

/** Makes the files that h2load reads. */
export function prepareLoads(folder: string): void {
  for (const load of LOADS) {
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
