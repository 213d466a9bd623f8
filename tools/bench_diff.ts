/**
 * `deno task bench:diff REV [--rounds N] [--filter TEXT]`: runs the in-memory benchmarks of a revision and of the
 * working tree in turn, in one process, and prints how much cheaper or dearer each has become.
 *
 * The benchmarks themselves are those of the working tree, laid over the revision, so that both measure the same.
 * Machines swing by a factor of 1.3 to 2, which is why the rounds are interleaved and why this never fails.
 */
import { parseArgs } from "node:util";
import type { MemoryCase } from "../bench/memory_cases.ts";
import { digits, summarize } from "../bench/peers/statistics.ts";

const ROOT = new URL("..", import.meta.url).pathname;

async function run(program: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args], cwd: ROOT }).output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
}

/** Lays a revision out in a folder, with the benchmarks of the working tree. */
async function layOut(revision: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "tandem-diff-" });
  await run("git", ["archive", "--format=tar", "-o", `${folder}/tree.tar`, revision]);
  await run("tar", ["-xf", `${folder}/tree.tar`, "-C", folder]);
  for await (const entry of Deno.readDir(`${ROOT}bench`)) {
    if (entry.isFile) await Deno.copyFile(`${ROOT}bench/${entry.name}`, `${folder}/bench/${entry.name}`);
  }
  return folder;
}

async function casesOf(root: string): Promise<MemoryCase[]> {
  const { memoryCases } = await import(`file://${root}/bench/memory_cases.ts`);
  return memoryCases();
}

/** The processor time of this thread, in milliseconds; where the system does not tell, the time of day. */
function threadMs(): number {
  try {
    return Number(Deno.readTextFileSync("/proc/self/schedstat").split(" ")[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

/** Nanoseconds of processor time for one of what is counted, over at least `ms` milliseconds. */
async function time(one: MemoryCase, ms: number): Promise<number> {
  const start = performance.now();
  const before = threadMs();
  let rounds = 0;
  do {
    const result = one.run();
    if (result !== undefined) await result;
    rounds++;
  } while (performance.now() - start < ms);
  return (threadMs() - before) * 1e6 / (rounds * one.count);
}

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: { rounds: { type: "string", default: "7" }, filter: { type: "string", default: "" } },
});
const revision = positionals[0] ?? "HEAD";
const rounds = Number(values.rounds);
const folder = await layOut(revision);
try {
  const [before, after] = [await casesOf(folder), await casesOf(ROOT)];
  console.log(`ns each: ${revision}, then the working tree; medians of ${rounds} rounds in turn\n`);
  for (let i = 0; i < after.length; i++) {
    const { name } = after[i]!;
    if (!name.includes(values.filter)) continue;
    const times: [number[], number[]] = [[], []];
    for (let round = -2; round < rounds; round++) {
      // Who goes first changes from round to round.
      for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const ns = await time(which === 0 ? before[i]! : after[i]!, round < 0 ? 100 : 50);
        if (round >= 0) times[which as 0 | 1].push(ns);
      }
    }
    const [old, now] = [summarize(times[0]), summarize(times[1])];
    const ratio = old.median / now.median;
    const mark = old.least > now.most ? " faster" : now.least > old.most ? " SLOWER" : "";
    console.log(
      `${name.padEnd(56)} ${digits(old.median).padStart(9)} ${digits(now.median).padStart(9)}  ${
        ratio.toFixed(2)
      }x${mark}`,
    );
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
Deno.exit(0);
