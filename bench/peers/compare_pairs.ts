/** Servers that each have a client of their own: both ends are watched, and the pairs taken in turn. */
import { cpuMicros, memoryBytes, type Running } from "./process.ts";
import { summarize, type Summary } from "./statistics.ts";

/** One load that a client makes, told to it as `COUNT CONCURRENCY PATH`. */
export interface PairLoad {
  readonly name: string;
  readonly requests: number;
  readonly concurrency: number;
  readonly path: string;
  /** Bytes of a body. */
  readonly bytes: number;
}

/** A server and its client. */
export interface Pair {
  readonly name: string;
  readonly running: Running;
  readonly client: Running;
  /** The same load under the path that this server has for it. */
  path?(load: PairLoad): string;
}

/** What one pair did under one load. */
export interface PairResult {
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
export interface PairOptions {
  readonly servers: readonly string[];
  readonly loads: readonly string[];
  readonly rounds: number;
  readonly scale: number;
}

/** Takes the pairs in turn under one load: one round to warm up, then `rounds`. */
export async function comparePairs(
  pairs: readonly Pair[],
  load: PairLoad,
  options: PairOptions,
): Promise<PairResult[]> {
  const costs = pairs.map(() => ({ server: [] as number[], client: [] as number[], rate: [] as number[] }));
  const failures = pairs.map((): string | undefined => undefined);
  const requests = Math.max(load.concurrency, Math.round(load.requests * options.scale));
  for (let round = 0; round <= options.rounds; round++) {
    for (let i = 0; i < pairs.length; i++) {
      if (failures[i] !== undefined) continue;
      const { running, client } = pairs[i]!;
      const before = [cpuMicros(running.pid), cpuMicros(client.pid)] as const;
      const path = pairs[i]!.path?.(load) ?? load.path;
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
  return pairs.map(({ name, running }, i) => {
    const failure = failures[i];
    const who = { server: name, load: load.name };
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
