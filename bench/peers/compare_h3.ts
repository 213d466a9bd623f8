import {
  comparePairs,
  type Pair,
  type PairLoad,
  type PairOptions,
  type PairResult,
} from "./compare_pairs.ts";
import { H3_SERVERS } from "./h3_servers.ts";
import { start } from "./process.ts";
import type { Lab } from "./servers.ts";
import { isWanted } from "./wanted.ts";

const LOADS: readonly PairLoad[] = [
  { name: "hello, 100 at once", requests: 4000, concurrency: 100, path: "/hello", bytes: 12 },
  { name: "1 MiB, 4 at once", requests: 100, concurrency: 4, path: "/m1", bytes: 1_048_576 },
  { name: "64 MiB, one at a time", requests: 2, concurrency: 1, path: "/m64", bytes: 67_108_864 },
];

const PROGRAMS = `${import.meta.dirname}/programs`;
const DENO = ["run", "-A", "--no-lock", "--unstable-net"];

/** Starts every server with a client of its own, then takes the pairs in turn. */
export async function compareH3(
  lab: Lab,
  options: PairOptions,
  clientCpu: number | undefined,
): Promise<PairResult[]> {
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
        const client = await start(Deno.execPath(), args, { ready: "ready", cpu: clientCpu });
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
