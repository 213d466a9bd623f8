/**
 * `deno task bench:hooks [--processes N] [--rounds N] [--ms N] [--filter TEXT]`: what the trace hook costs that
 * nobody has set.
 *
 * Bundles the in-memory benchmarks as they are and without any hook, and runs them in turn in several processes,
 * one after the other. The bundle with hooks runs twice, to show what difference chance makes.
 */
import { parseArgs } from "node:util";
import type { MemoryCase } from "../bench/memory_cases.ts";
import { digits, summarize } from "../bench/peers/statistics.ts";
import { type Effort, interleave } from "./interleave.ts";
import { bundleBenchmarks } from "./bundle_benchmarks.ts";
import { hooksIn } from "./strip_hooks.ts";

/** In the order in which they are measured; the last is the first once more. */
const BUILDS = ["hooked", "stripped", "again"];

/** What one process measured: nanoseconds by case and build. */
type Measured = Readonly<Record<string, readonly number[]>>;

/** Measures the bundles of a folder in turn, in this process. */
async function measure(folder: string, filter: string, effort: Effort): Promise<Measured> {
  const builds: MemoryCase[][] = [];
  for (const name of BUILDS) {
    const { memoryCases } = await import(`file://${folder}/${name}.mjs`);
    builds.push(memoryCases());
  }
  const measured: Record<string, number[]> = {};
  for (let i = 0; i < builds[0]!.length; i++) {
    const { name } = builds[0]![i]!;
    if (!name.includes(filter)) continue;
    const times = await interleave(builds.map((cases) => cases[i]!), effort);
    measured[name] = times.map((all) => summarize(all).median);
  }
  return measured;
}

/** The same in a process of its own: what a compiler makes of a program differs from start to start. */
async function measureApart(folder: string): Promise<Measured> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", import.meta.filename!, ...Deno.args, "--folder", folder],
    stderr: "inherit",
    signal: AbortSignal.timeout(120_000),
  }).output();
  if (code !== 0) throw new Error("A process that measures failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Without hooks to with them, by the mean of both bundles that have them; and of those the second to the first. */
function ratios([first, bare, again]: readonly number[]): [number, number] {
  return [bare! * 2 / (first! + again!), again! / first!];
}

function report(all: readonly Measured[]): void {
  console.log("| | with hooks, ns | without | without to with | with to with |");
  console.log("|---|---|---|---|---|");
  const told = (which: number, of: readonly [number, number][]): string => {
    const { median, least, most } = summarize(of.map((pair) => pair[which]!));
    return `${median.toFixed(3)} (${least.toFixed(2)} to ${most.toFixed(2)})`;
  };
  const names = Object.keys(all[0]!);
  for (const name of names) {
    const ns = (which: number): string => digits(summarize(all.map((one) => one[name]![which]!)).median);
    const of = all.map((one) => ratios(one[name]!));
    console.log(`| ${name} | ${ns(0)} | ${ns(1)} | ${told(0, of)} | ${told(1, of)} |`);
  }
  const means = all.map((one): [number, number] => {
    const pairs = names.map((name) => ratios(one[name]!));
    const mean = (which: 0 | 1): number =>
      Math.exp(pairs.reduce((sum, pair) => sum + Math.log(pair[which]), 0) / pairs.length);
    return [mean(0), mean(1)];
  });
  console.log(`| geometric mean of all | | | ${told(0, means)} | ${told(1, means)} |`);
}

const { values } = parseArgs({
  args: Deno.args,
  options: {
    processes: { type: "string", default: "7" },
    rounds: { type: "string", default: "15" },
    ms: { type: "string", default: "40" },
    filter: { type: "string", default: "engines" },
    folder: { type: "string" },
  },
});
if (values.folder !== undefined) {
  const effort = { rounds: Number(values.rounds), ms: Number(values.ms) };
  console.log(JSON.stringify(await measure(values.folder, values.filter, effort)));
  Deno.exit(0);
}
const { hooked, stripped } = await bundleBenchmarks();
const left = hooksIn(stripped);
if (left.length > 0) throw new Error(`Cannot strip the hooks: these lines are left\n${left.join("\n")}`);
if (hooksIn(hooked).length === 0) throw new Error("Cannot strip the hooks: there are none");
const folder = await Deno.makeTempDir({ prefix: "tandem-hooks-" });
try {
  for (const name of BUILDS) {
    await Deno.writeTextFile(`${folder}/${name}.mjs`, name === "stripped" ? stripped : hooked);
  }
  console.log(
    `${hooksIn(hooked).length} lines with hooks, none without; medians of ${values.processes} processes,`,
  );
  console.log(`each with ${values.rounds} rounds in turn; a ratio of 1 means that hooks cost nothing\n`);
  const all: Measured[] = [];
  for (let i = 0; i < Number(values.processes); i++) all.push(await measureApart(folder));
  report(all);
} finally {
  await Deno.remove(folder, { recursive: true });
}
