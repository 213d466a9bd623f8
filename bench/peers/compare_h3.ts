import {
  comparePairs,
  type Pair,
  type PairLoad,
  type PairOptions,
  type PairResult,
} from "./compare_pairs.ts";
import { findProgram, freePort, type Running, start } from "./process.ts";
import { bunServe, type Lab, SERVERS } from "./servers.ts";
import { isWanted } from "./wanted.ts";

const LOADS: readonly PairLoad[] = [
  { name: "hello, 100 at once", requests: 4000, concurrency: 100, path: "/hello", bytes: 12 },
  { name: "1 MiB, 4 at once", requests: 100, concurrency: 4, path: "/m1", bytes: 1_048_576 },
  { name: "64 MiB, one at a time", requests: 2, concurrency: 1, path: "/m64", bytes: 67_108_864 },
];

interface H3Server {
  readonly name: string;
  readonly program: string | undefined;
  readonly mode: "http" | "raw";
  /** The same load under the path that this server has for it. */
  path?(load: PairLoad): string;
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

/** Starts every server with a client of its own, then takes the pairs in turn. */
export async function compareH3(lab: Lab, options: PairOptions): Promise<PairResult[]> {
  const pairs: Pair[] = [];
  const results: PairResult[] = [];
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
        const client = await start(Deno.execPath(), args, { ready: "ready" });
        const { name, path } = server;
        pairs.push({ name, running, client, ...(path === undefined ? {} : { path }) });
      } catch (error) {
        await running.stop();
        results.push({ server: server.name, load: "connect", failure: (error as Error).message });
      }
    }
    for (const load of LOADS) {
      if (isWanted(load.name, options.loads)) results.push(...await comparePairs(pairs, load, options));
    }
  } finally {
    for (const { running, client } of pairs) {
      await client.stop();
      await running.stop();
    }
  }
  return results;
}
