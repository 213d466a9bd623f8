/** What servers hold of connections and exchanges on which nothing happens. */
import { BARE_WITH_UNI, H3_SERVERS } from "./h3_servers.ts";
import { memoryBytes, type Running, start } from "./process.ts";
import { type Lab, SERVERS, smallYoung } from "./servers.ts";
import { summarize, type Summary } from "./statistics.ts";
import { isWanted } from "./wanted.ts";

/** What is opened and let be. */
export interface IdleLoad {
  readonly name: string;
  /** Exchanges on each connection. */
  readonly each: number;
  readonly path: string;
}

/** Connections that have made one request each. */
export const CONNECTIONS: readonly IdleLoad[] = [
  { name: "connections, one request made on each", each: 1, path: "/hello" },
];

/** Exchanges that wait for their answer; 100 a connection, because that is what servers allow. */
export const EXCHANGES: readonly IdleLoad[] = [
  { name: "exchanges without an answer, 100 a connection", each: 100, path: "/wait" },
  {
    name: "exchanges with 1 KiB of content that is not read, 100 a connection",
    each: 100,
    path: "/wait:1024",
  },
];

/** What idling costs one server. */
export interface IdleResult {
  readonly server: string;
  readonly load: string;
  /** Resident memory by number of connections or exchanges, in bytes. */
  readonly bytes?: Readonly<Record<number, Summary>>;
  /** Memory of one more, from each count to the next, in bytes. */
  readonly eachBytes?: Readonly<Record<number, Summary>>;
  /** Why there is no result. */
  readonly failure?: string;
}

/** What is measured, and how often. */
export interface IdleOptions {
  readonly from: readonly IdleLoad[];
  readonly servers: readonly string[];
  readonly loads: readonly string[];
  readonly counts: readonly number[];
  readonly rounds: number;
}

interface Contender {
  readonly name: string;
  /** What its client speaks. */
  readonly kind: "h2" | "http" | "raw" | "raw with uni";
  start(lab: Lab): Promise<{ readonly port: number; readonly running: Running }>;
}

/** Over QUIC those that have the same paths as ours and do not end idle connections. */
const OVER_QUIC = ["bare Deno QUIC streams", "tandem exchange", "tandem native", "Bun.serve"];
/** Those that can leave a request without an answer. */
const CAN_WAIT = ["bare", "tandem exchange", "tandem native", "Deno.serve", "Bun.serve"];

function contenders(options: IdleOptions, load: IdleLoad): Contender[] {
  const all: Contender[] = [];
  for (const server of [...SERVERS, smallYoung]) {
    if (server.isCanned === true || server.only !== undefined) continue;
    if (server.program === undefined) console.error(`${server.name}: not installed`);
    else all.push({ name: server.name, kind: "h2", start: (lab) => server.start(lab, false) });
  }
  for (const server of H3_SERVERS) {
    if (server.program === undefined || !OVER_QUIC.includes(server.name)) continue;
    const kind = server.mode;
    const name = kind === "raw" ? server.name : `${server.name} over QUIC`;
    all.push({ name, kind, start: (lab) => server.start(lab) });
  }
  for (const server of BARE_WITH_UNI) {
    all.push({ name: server.name, kind: "raw with uni", start: (lab) => server.start(lab) });
  }
  const isWaiting = load.path.startsWith("/wait");
  return all.filter(({ name, kind }) => {
    if (!isWanted(name, options.servers)) return false;
    // Bare streams carry no content beside the path.
    if (load.path.includes(":") && kind.startsWith("raw")) return false;
    return !isWaiting || CAN_WAIT.some((start) => name.startsWith(start));
  });
}

/** Starts each server anew in every round, opens more and more, and watches its memory. */
export async function measureIdle(lab: Lab, options: IdleOptions): Promise<IdleResult[]> {
  const results: IdleResult[] = [];
  for (const load of options.from) {
    if (!isWanted(load.name, options.loads)) continue;
    const servers = contenders(options, load);
    const rounds = servers.map((): number[][] => []);
    const failures = servers.map((): string | undefined => undefined);
    for (let round = 0; round < options.rounds; round++) {
      for (let i = 0; i < servers.length; i++) {
        if (failures[i] !== undefined) continue;
        try {
          rounds[i]!.push(await measureOne(lab, servers[i]!, load, options.counts));
        } catch (error) {
          failures[i] = (error as Error).message;
        }
      }
    }
    for (let i = 0; i < servers.length; i++) {
      const who = { server: servers[i]!.name, load: load.name };
      const failure = failures[i];
      if (failure !== undefined) results.push({ ...who, failure });
      else results.push({ ...who, ...summaryOf(rounds[i]!, options.counts) });
    }
  }
  return results;
}

/** Resident bytes of a new server at each count. */
async function measureOne(
  lab: Lab,
  server: Contender,
  load: IdleLoad,
  counts: readonly number[],
): Promise<number[]> {
  const { port, running } = await server.start(lab);
  const bytes: number[] = [];
  let client: Running | undefined;
  try {
    const program = `${import.meta.dirname}/programs/idle_client.ts`;
    const args = ["run", "-A", "--no-lock", "--unstable-net", program, `${port}`, server.kind, lab.cert];
    client = await start(Deno.execPath(), args, { ready: "ready" });
    for (const count of counts) {
      const answer = await client.ask(`${count} ${load.each} ${load.path}`);
      if (!answer.startsWith(`${count} `)) throw new Error(`${count}: ${answer}`);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      bytes.push(memoryBytes(running.pid, "VmRSS"));
    }
  } finally {
    await client?.stop();
    await running.stop();
  }
  return bytes;
}

function summaryOf(
  rounds: readonly (readonly number[])[],
  counts: readonly number[],
): Required<Pick<IdleResult, "bytes" | "eachBytes">> {
  const bytes: Record<number, Summary> = {};
  const eachBytes: Record<number, Summary> = {};
  for (let i = 0; i < counts.length; i++) {
    bytes[counts[i]!] = summarize(rounds.map((round) => round[i]!));
    if (i === 0) continue;
    const more = counts[i]! - counts[i - 1]!;
    eachBytes[counts[i]!] = summarize(rounds.map((round) => (round[i]! - round[i - 1]!) / more));
  }
  return { bytes, eachBytes };
}
