/** The runs that targets are taken from: which contenders take which loads, and how they are bound. */
import type { Amount } from "../peers/command_line.ts";
import { compareClients } from "../peers/compare_clients.ts";
import { compareH3 } from "../peers/compare_h3.ts";
import { compareMemory } from "../peers/compare_memory.ts";
import type { PairResult } from "../peers/compare_pairs.ts";
import { compareServers, type ServerResult } from "../peers/compare_servers.ts";
import { compareTcp } from "../peers/compare_tcp.ts";
import { CONNECTIONS, measureIdle } from "../peers/idle.ts";
import { withLab } from "../peers/lab.ts";
import { LOADS } from "../peers/loads.ts";
import { SERVERS } from "../peers/servers.ts";
import { type Measured, type RunName, TARGETS } from "./targets.ts";

type Run = (amount: Amount) => Promise<Measured[]>;

/** Who takes part in the targets of a run, by whole names. */
function contenders(run: RunName): string[] {
  const names = TARGETS.filter((one) => one.run === run).flatMap((
    { ours, peer, bare },
  ) => [ours, peer, bare]);
  return [...new Set(names)].filter((name) => name !== undefined).map((name) => `=${name}`);
}

function loads(run: RunName): string[] {
  const names = TARGETS.filter((one) => one.run === run).flatMap((one) => one.loads);
  return [...new Set(names)].map((name) => `=${name}`);
}

function servers(run: RunName, how: { readonly pin: boolean; readonly tls: boolean }): Run {
  return ({ rounds, scale }) =>
    withLab(how.pin, async (lab) => {
      const results = await compareServers(lab, {
        from: SERVERS,
        servers: contenders(run),
        among: LOADS,
        loads: loads(run),
        all: true,
        rounds,
        scale,
        tls: how.tls,
        clientCpu: how.pin ? 1 : undefined,
        onLoad: () => {},
      });
      return results.map((one) => measured(one.server, one));
    });
}

function measured(who: string, { load, cpuMicros, rate }: Omit<ServerResult, "server" | "tls">): Measured {
  return { who, load, cpuMicros: cpuMicros?.median, rate: rate?.median };
}

function ofPair({ server, load, serverMicros, clientMicros, rate }: PairResult, both: boolean): Measured {
  if (serverMicros === undefined) return { who: server, load };
  const cpuMicros = serverMicros.median + (both ? clientMicros!.median : 0);
  return { who: server, load, cpuMicros, rate: rate!.median };
}

async function pairs(run: "h3" | "tcp", { rounds, scale }: Amount): Promise<Measured[]> {
  const compare = run === "h3" ? compareH3 : compareTcp;
  const options = { servers: contenders(run), loads: loads(run), rounds, scale };
  const results = await withLab(true, (lab) => compare(lab, options, 1));
  return results.map((one) => ofPair(one, run === "h3"));
}

async function idle({ rounds, counts }: Amount): Promise<Measured[]> {
  const options = { from: CONNECTIONS, servers: contenders("idle"), loads: [], counts, rounds };
  const results = await withLab(false, (lab) => measureIdle(lab, options));
  return results.flatMap(({ server, eachBytes }) =>
    counts.slice(1).map((count, i) => ({
      who: server,
      load: `${counts[i]} to ${count}`,
      bytes: eachBytes?.[count]?.median,
    }))
  );
}

async function memory({ rounds, scale }: Amount): Promise<Measured[]> {
  const results = await withLab(false, ({ folder, cpu }) => {
    // All cases, as all lists together make a codec's code what it is in a program that sees many.
    const which = { programs: contenders("memory"), cases: [] };
    return compareMemory({ ...which, rounds, scale, folder, cpu, onCase: () => {} });
  });
  return results.map((one) => ({ who: one.program, load: one.case, cpuMicros: one.cpuMicros?.median }));
}

/** Every run, by its name. */
export const RUNS: Readonly<Record<RunName, Run>> = {
  small: servers("small", { pin: true, tls: false }),
  native: servers("native", { pin: false, tls: false }),
  bulk: servers("bulk", { pin: false, tls: false }),
  tls: servers("tls", { pin: false, tls: true }),
  clients: async ({ rounds, scale }) => {
    const options = { clients: contenders("clients"), loads: loads("clients"), rounds, scale };
    const results = await withLab(false, (lab) => compareClients(lab, options));
    return results.map((one) => measured(one.client, one));
  },
  h3: (amount) => pairs("h3", amount),
  tcp: (amount) => pairs("tcp", amount),
  streams: servers("streams", { pin: true, tls: false }),
  idle,
  memory,
};
