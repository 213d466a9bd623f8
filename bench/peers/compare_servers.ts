import { type Load, runLoad } from "./loads.ts";
import { cpuMicros, memoryBytes, type Running } from "./process.ts";
import type { Lab, PeerServer } from "./servers.ts";
import { summarize, type Summary } from "./statistics.ts";
import { isWanted } from "./wanted.ts";

/** What one server did under one load. */
export interface ServerResult {
  readonly server: string;
  readonly load: string;
  readonly tls: boolean;
  /** Processor time of the server for one request, in microseconds. */
  readonly cpuMicros?: Summary;
  /** Requests a second, as the client saw them. */
  readonly rate?: Summary;
  /** Highest resident memory so far, in bytes. */
  readonly peakBytes?: number;
  /** Why there is no result. */
  readonly failure?: string;
}

/** Which servers and loads are compared, and how often. */
export interface CompareOptions {
  /** Those that can be taken, and parts of the names of those that are; all without. */
  readonly from: readonly PeerServer[];
  readonly servers: readonly string[];
  /** The loads that can be taken, and parts of the names of those that are; all but the extra ones without. */
  readonly among: readonly Load[];
  readonly loads: readonly string[];
  /** Whether the extra loads are taken as well. */
  readonly all: boolean;
  readonly rounds: number;
  readonly tls: boolean;
  /** The number of requests is multiplied by this. */
  readonly scale: number;
  readonly clientCpu: number | undefined;
  /** Told of each load when it is done. */
  readonly onLoad: (results: readonly ServerResult[]) => void;
}

interface Contender {
  readonly server: PeerServer;
  readonly running: Running;
  readonly port: number;
}

/** Starts all servers, then takes them in turn, load by load: one round to warm up, then `rounds`. */
export async function compareServers(lab: Lab, options: CompareOptions): Promise<ServerResult[]> {
  const contenders: Contender[] = [];
  const results: ServerResult[] = [];
  try {
    for (const server of options.from) {
      if (!isWanted(server.name, options.servers)) continue;
      if (server.program === undefined) {
        console.error(`${server.name}: not installed`);
        continue;
      }
      if (options.tls ? server.isCanned === true : server.isTlsOnly === true) continue;
      contenders.push({ server, ...await server.start(lab, options.tls) });
    }
    for (const load of options.among) {
      const isLeftOut = load.isExtra === true && options.loads.length === 0 && !options.all;
      if (isLeftOut || !isWanted(load.name, options.loads)) continue;
      const done = await compareLoad(lab, contenders, load, options);
      options.onLoad(done);
      results.push(...done);
    }
  } finally {
    for (const { running } of contenders) await running.stop();
  }
  return results;
}

async function compareLoad(
  lab: Lab,
  contenders: readonly Contender[],
  load: Load,
  options: CompareOptions,
): Promise<ServerResult[]> {
  const able = contenders.filter(({ server }) => canTake(server, load));
  const costs = able.map((): number[] => []);
  const rates = able.map((): number[] => []);
  const failures = able.map((): string | undefined => undefined);
  for (let round = 0; round <= options.rounds; round++) {
    for (let i = 0; i < able.length; i++) {
      if (failures[i] !== undefined) continue;
      const { server, running, port } = able[i]!;
      const factor = options.scale * (server.isSlow && load.requests > 1000 ? 0.5 : 1);
      // The first round is not counted: compilers that learn while they run are done with it.
      const warmth = round > 0 ? 1 : load.requests > 1000 ? 6 : load.requests > 100 ? 3 : 1;
      const requests = Math.max(load.connections * 4, Math.round(load.requests * factor * warmth));
      const origin = `${options.tls ? "https" : "http"}://127.0.0.1:${port}`;
      try {
        const before = cpuMicros(running.pid);
        const { seconds } = await runLoad(lab.folder, origin, load, { requests, cpu: options.clientCpu });
        const cost = (cpuMicros(running.pid) - before) / requests;
        if (round === 0) continue;
        costs[i]!.push(cost);
        rates[i]!.push(requests / seconds);
      } catch (error) {
        failures[i] = (error as Error).message;
      }
    }
  }
  return able.map(({ server, running }, i) => {
    const who = { server: server.name, load: load.name, tls: options.tls };
    const failure = failures[i];
    if (failure !== undefined) return { ...who, failure };
    return {
      ...who,
      cpuMicros: summarize(costs[i]!),
      rate: summarize(rates[i]!),
      peakBytes: memoryBytes(running.pid, "VmHWM"),
    };
  });
}

function canTake(server: PeerServer, load: Load): boolean {
  if (server.only !== undefined) return load.name.startsWith(server.only);
  // The server at the level of the engine counts what it is sent, whatever the path.
  if (load.name.startsWith("echo") && server.name.startsWith("tandem engine")) return false;
  if (server.isCanned === true) {
    return load.path === "/hello" && !(load.isUnique === true && server.ignoresFields === true);
  }
  if (load.name.startsWith("json")) return server.takesJson;
  return server.takesUploads || load.upload !== true;
}
