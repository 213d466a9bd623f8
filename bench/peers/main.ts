/**
 * `deno task bench:peers [WHAT…] [--rounds N] [--servers A,B] [--loads A,B] [--all] [--tls] [--scale F] [--pin]
 * [--counts A,B] [--out FOLDER]`, where WHAT is `servers` (the default), `workers`, `clients`, `h3`, `tcp`,
 * `idle`, `exchanges` or `memory`.
 *
 * Takes what is compared in turn, round by round, on one machine in one run, and writes one table as Markdown
 * and as JSON. A round in which anything failed is no result.
 */
import { checkNames, listOf, readAmount, readCommandLine } from "./command_line.ts";
import { compareClients } from "./compare_clients.ts";
import { compareH3 } from "./compare_h3.ts";
import { compareMemory, type MemoryResult } from "./compare_memory.ts";
import { compareServers, type ServerResult } from "./compare_servers.ts";
import { compareTcp } from "./compare_tcp.ts";
import { CONNECTIONS, EXCHANGES, measureIdle } from "./idle.ts";
import { withLab } from "./lab.ts";
import { LOADS, WORKER_LOADS } from "./loads.ts";
import { memoryTable } from "./memory_report.ts";
import { clientTable, idleTable, pairTable, serverTable } from "./report.ts";
import { type Lab, SERVERS } from "./servers.ts";
import { WORKER_SERVERS } from "./worker_servers.ts";

const OPTIONS = {
  rounds: { type: "string", default: "5" },
  servers: { type: "string", default: "" },
  loads: { type: "string", default: "" },
  scale: { type: "string", default: "1" },
  counts: { type: "string", default: "1,100,1000,10000" },
  tls: { type: "boolean", default: false },
  all: { type: "boolean", default: false },
  pin: { type: "boolean", default: false },
  out: { type: "string" },
} as const;

const { values, positionals, fail } = readCommandLine({
  options: OPTIONS,
  verb: "compare",
  file: "bench/peers/main.ts",
});
const names = { servers: listOf(values.servers), loads: listOf(values.loads) };
const { counts, ...amount } = readAmount(values, fail);
const clientCpu = values.pin ? 1 : undefined;

/** What was measured, and the same as tables. */
interface Outcome {
  readonly results: unknown;
  readonly markdown: string;
}

/** What can be compared. */
const KINDS: Readonly<Record<string, (lab: Lab) => Promise<Outcome>>> = {
  async servers(lab) {
    const { tls, all } = values;
    const onLoad = (done: readonly ServerResult[]): void => console.error(serverTable(done));
    const among = { from: SERVERS, among: LOADS, all };
    const results = await compareServers(lab, { ...names, ...amount, ...among, tls, clientCpu, onLoad });
    return { results, markdown: serverTable(results) };
  },
  async workers(lab) {
    const onLoad = (done: readonly ServerResult[]): void => console.error(serverTable(done));
    const among = { from: WORKER_SERVERS, among: WORKER_LOADS, all: true, tls: false };
    const results = await compareServers(lab, {
      ...names,
      ...amount,
      ...among,
      clientCpu: undefined,
      onLoad,
    });
    return { results, markdown: serverTable(results) };
  },
  async clients(lab) {
    const results = await compareClients(lab, { ...amount, clients: names.servers, loads: names.loads });
    return { results, markdown: clientTable(results) };
  },
  async h3(lab) {
    const results = await compareH3(lab, { ...names, ...amount }, clientCpu);
    return { results, markdown: pairTable("HTTP/3", results) };
  },
  async tcp(lab) {
    const results = await compareTcp(lab, { ...names, ...amount }, clientCpu);
    return { results, markdown: pairTable("download over TCP", results) };
  },
  async idle(lab) {
    const results = await measureIdle(lab, { ...names, from: CONNECTIONS, counts, rounds: amount.rounds });
    return { results, markdown: idleTable(results) };
  },
  async exchanges(lab) {
    const results = await measureIdle(lab, { ...names, from: EXCHANGES, counts, rounds: amount.rounds });
    return { results, markdown: idleTable(results) };
  },
  async memory({ folder, cpu }) {
    const onCase = (done: readonly MemoryResult[]): void => console.error(memoryTable(done));
    const which = { programs: names.servers, cases: names.loads };
    const results = await compareMemory({ ...which, ...amount, folder, cpu, onCase });
    return { results, markdown: memoryTable(results) };
  },
};

const kinds = positionals.length === 0 ? ["servers"] : positionals;
checkNames(kinds, KINDS, fail);
const report: Record<string, unknown> = { deno: Deno.version, rounds: amount.rounds };
let markdown = "";
await withLab(values.pin, async (lab) => {
  for (const kind of kinds) {
    const outcome = await KINDS[kind]!(lab);
    report[kind] = outcome.results;
    markdown += outcome.markdown;
  }
});
if (markdown.trim() === "") fail("no server and load that are installed have these names");
console.log(markdown);
if (values.out !== undefined) {
  await Deno.mkdir(values.out, { recursive: true });
  await Deno.writeTextFile(`${values.out}/peers.md`, markdown);
  await Deno.writeTextFile(`${values.out}/peers.json`, `${JSON.stringify(report, null, 2)}\n`);
}
