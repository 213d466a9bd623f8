import {
  comparePairs,
  type Pair,
  type PairLoad,
  type PairOptions,
  type PairResult,
} from "./compare_pairs.ts";
import { freePort, start } from "./process.ts";
import { type Lab, type PeerServer, SERVERS } from "./servers.ts";
import { isWanted } from "./wanted.ts";

const LOADS: readonly PairLoad[] = [
  { name: "1 MiB, 4 at once", requests: 400, concurrency: 4, path: "/m1", bytes: 1_048_576 },
  { name: "64 MiB, one at a time", requests: 8, concurrency: 1, path: "/m64", bytes: 67_108_864 },
];

const PROGRAMS = `${import.meta.dirname}/programs`;
const DENO = ["run", "-A", "--no-lock", "--unstable-net"];

type TcpServer = Pick<PeerServer, "name" | "start"> & {
  /** How a server without HTTP is read. */
  readonly reader?: "raw" | "frames";
};

/** How the one reader reads, and what that adds to the name of a server. */
const READERS: Readonly<Record<string, string>> = { http: "", long: ", frames of 1 MiB" };

function bare(name: string, reader: "raw" | "frames", ...more: readonly string[]): TcpServer {
  return {
    name,
    reader,
    async start(lab) {
      const port = freePort();
      const args = [...DENO, `${PROGRAMS}/raw_tcp_server.ts`, `${port}`, ...more];
      return { port, running: await start(Deno.execPath(), args, { ready: "ready", cpu: lab.cpu }) };
    },
  };
}

/** The ceiling: the same bytes without HTTP; what one copy of them takes from it, and one between frame headers. */
const BARE: readonly TcpServer[] = [
  bare("bare TCP in Deno", "raw"),
  bare("bare TCP in Deno, one copy", "raw", "copy"),
  bare("bare TCP in Deno, copied as frames of 16 KiB", "frames", "frames"),
];

const HTTP = [
  "tandem engine",
  "tandem exchange",
  "tandem engine, node:net",
  "tandem exchange, node:net",
  "tandem native",
  "Deno.serve",
  "node:http2 20",
];

/** Downloads over bare TCP and over HTTP/2 without TLS, read by the same loop. */
export async function compareTcp(
  lab: Lab,
  options: PairOptions,
  clientCpu: number | undefined,
): Promise<PairResult[]> {
  const pairs: Pair[] = [];
  const results: PairResult[] = [];
  try {
    const servers: readonly TcpServer[] = [...BARE, ...SERVERS.filter(({ name }) => HTTP.includes(name))];
    for (const server of servers) {
      const readers = server.reader === undefined ? READERS : { [server.reader]: "" };
      for (const [reader, suffix] of Object.entries(readers)) {
        const name = `${server.name}${suffix}`;
        if (!isWanted(name, options.servers)) continue;
        const { port, running } = await server.start(lab, false);
        const args = [...DENO, `${PROGRAMS}/tcp_client.ts`, `${port}`, reader];
        const client = await start(Deno.execPath(), args, { ready: "ready", cpu: clientCpu });
        pairs.push({ name, running, client });
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
