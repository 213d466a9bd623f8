import { cpuMicros, findProgram, freePort, memoryBytes, type Running, start } from "./process.ts";
import { bunServe, type Lab, SERVERS } from "./servers.ts";
import { summarize, type Summary } from "./statistics.ts";

/** What one pair of client and server did under one load over QUIC. */
export interface H3Result {
  readonly server: string;
  readonly load: string;
  /** Processor time of the server for one request, in microseconds. */
  readonly serverMicros?: Summary;
  /** Processor time of the client for one request, in microseconds. */
  readonly clientMicros?: Summary;
  /** Requests a second. */
  readonly rate?: Summary;
  /** Highest resident memory of the server so far, in bytes. */
  readonly peakBytes?: number;
  /** Why there is no result. */
  readonly failure?: string;
}

/** Which servers and loads are compared, and how often. */
export interface H3Options {
  readonly servers: readonly string[];
  readonly loads: readonly string[];
  readonly rounds: number;
  readonly scale: number;
}

const LOADS = [
  { name: "hello, 100 at once", requests: 4000, concurrency: 100, path: "/hello", bytes: 12 },
  { name: "1 MiB, 4 at once", requests: 100, concurrency: 4, path: "/m1", bytes: 1_048_576 },
  { name: "64 MiB, one at a time", requests: 2, concurrency: 1, path: "/m64", bytes: 67_108_864 },
] as const;

type H3Load = typeof LOADS[number];

interface H3Server {
  readonly name: string;
  readonly program: string | undefined;
  readonly mode: "http" | "raw";
  /** The same load under the path that this server has for it. */
  path?(load: H3Load): string;
  start(lab: Lab): Promise<{ readonly port: number; readonly running: Running }>;
}

const PROGRAMS = `${import.meta.dirname}/programs`;
const QUIC_GO = `${import.meta.dirname}/../../tests/interop/peers/bin/quic_go`;
const DENO = ["run", "-A", "--no-lock", "--unstable-net"];

function ours(name: string, mode: string): H3Server {
  return {
    name,
    program: Deno.execPath(),
    mode: "http",
    async start(lab) {
      const port = freePort();
      const args = [...DENO, `${PROGRAMS}/tandem_h3_server.ts`, `${port}`, lab.cert, lab.key, mode];
      return { port, running: await start(Deno.execPath(), args, { ready: "ready", cpu: lab.cpu }) };
    },
  };
}

/** Waits a little: these print nothing when they listen. */
async function settle<T>(value: T): Promise<T> {
  await new Promise((resolve) => setTimeout(resolve, 500));
  return value;
}

const H3_SERVERS: readonly H3Server[] = [
  {
    name: "bare Deno QUIC streams",
    program: Deno.execPath(),
    mode: "raw",
    async start(lab) {
      const port = freePort();
      const args = [...DENO, `${PROGRAMS}/raw_quic_server.ts`, `${port}`, lab.cert, lab.key];
      return { port, running: await start(Deno.execPath(), args, { ready: "ready", cpu: lab.cpu }) };
    },
  },
  ours("tandem exchange", "exchange"),
  ours("tandem native", "native"),
  {
    name: "Caddy",
    program: findProgram("caddy"),
    mode: "http",
    start: (lab) => SERVERS.find(({ name }) => name === "Caddy")!.start(lab, true),
  },
  {
    name: "Bun.serve",
    program: bunServe.program,
    mode: "http",
    start: (lab) => bunServe.start(lab, true),
  },
  {
    name: "gtlsserver",
    program: findProgram("gtlsserver"),
    mode: "http",
    async start(lab) {
      const port = freePort();
      const args = ["-q", "-d", `${lab.folder}/www`, "127.0.0.1", `${port}`, lab.key, lab.cert];
      return { port, running: await settle(await start(this.program!, args, { cpu: lab.cpu })) };
    },
  },
  {
    name: "quic-go",
    program: findProgram(QUIC_GO),
    mode: "http",
    path: (load) => `/bytes/${load.bytes}`,
    async start(lab) {
      const port = freePort();
      const args = ["serve", `${port}`, lab.cert, lab.key];
      return { port, running: await settle(await start(QUIC_GO, args, { ready: "ready", cpu: lab.cpu })) };
    },
  },
];

interface Pair {
  readonly server: H3Server;
  readonly running: Running;
  readonly client: Running;
}

/** Starts every server with a client of its own, then takes the pairs in turn. */
export async function compareH3(lab: Lab, options: H3Options): Promise<H3Result[]> {
  const pairs: Pair[] = [];
  const results: H3Result[] = [];
  try {
    for (const server of H3_SERVERS) {
      if (!isWanted(server.name, options.servers)) continue;
      if (server.program === undefined) {
        console.error(`${server.name}: not installed`);
        continue;
      }
      const { port, running } = await server.start(lab);
      const args = [...DENO, `${PROGRAMS}/h3_client.ts`, `${port}`, server.mode, lab.cert];
      try {
        pairs.push({ server, running, client: await start(Deno.execPath(), args, { ready: "ready" }) });
      } catch (error) {
        await running.stop();
        results.push({ server: server.name, load: "connect", failure: (error as Error).message });
      }
    }
    for (const load of LOADS) {
      if (isWanted(load.name, options.loads)) results.push(...await compareLoad(pairs, load, options));
    }
  } finally {
    for (const { running, client } of pairs) {
      await client.stop();
      await running.stop();
    }
  }
  return results;
}

function isWanted(name: string, wanted: readonly string[]): boolean {
  return wanted.length === 0 || wanted.some((part) => name.toLowerCase().includes(part.toLowerCase()));
}

async function compareLoad(pairs: readonly Pair[], load: H3Load, options: H3Options): Promise<H3Result[]> {
  const costs = pairs.map(() => ({ server: [] as number[], client: [] as number[], rate: [] as number[] }));
  const failures = pairs.map((): string | undefined => undefined);
  const requests = Math.max(load.concurrency, Math.round(load.requests * options.scale));
  for (let round = 0; round <= options.rounds; round++) {
    for (let i = 0; i < pairs.length; i++) {
      if (failures[i] !== undefined) continue;
      const { server, running, client } = pairs[i]!;
      const before = [cpuMicros(running.pid), cpuMicros(client.pid)] as const;
      const path = server.path?.(load) ?? load.path;
      try {
        const answer = await client.ask(`${requests} ${load.concurrency} ${path}`);
        const [bytes, ms] = answer.split(" ").map(Number);
        if (bytes !== requests * load.bytes) throw new Error(answer);
        if (round === 0) continue;
        costs[i]!.server.push((cpuMicros(running.pid) - before[0]) / requests);
        costs[i]!.client.push((cpuMicros(client.pid) - before[1]) / requests);
        costs[i]!.rate.push(requests / ms! * 1000);
      } catch (error) {
        failures[i] = (error as Error).message;
      }
    }
  }
  return pairs.map(({ server, running }, i) => {
    const failure = failures[i];
    const who = { server: server.name, load: load.name };
    if (failure !== undefined) return { ...who, failure };
    return {
      ...who,
      serverMicros: summarize(costs[i]!.server),
      clientMicros: summarize(costs[i]!.client),
      rate: summarize(costs[i]!.rate),
      peakBytes: memoryBytes(running.pid, "VmHWM"),
    };
  });
}
