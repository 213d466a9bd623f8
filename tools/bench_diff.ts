/**
 * `deno task bench:diff REV [--rounds N] [--ms N] [--filter TEXT]`: runs the in-memory benchmarks of a revision
 * and of the working tree in turn, in one process, and prints how much cheaper or dearer each has become.
 *
 * The benchmarks themselves are those of the working tree, laid over the revision, so that both measure the same.
 * Machines swing by a factor of 1.3 to 2, which is why the rounds are interleaved and why this never fails.
 */
import { parseArgs } from "node:util";
import type { MemoryCase } from "../bench/memory_cases.ts";
import { digits, summarize } from "../bench/peers/statistics.ts";
import { interleave } from "./interleave.ts";

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

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "7" },
    ms: { type: "string", default: "50" },
    filter: { type: "string", default: "" },
  },
});
const revision = positionals[0] ?? "HEAD";
const effort = { rounds: Number(values.rounds), ms: Number(values.ms) };
const folder = await layOut(revision);
try {
  const [before, after] = [await casesOf(folder), await casesOf(ROOT)];
  console.log(`ns each: ${revision}, then the working tree; medians of ${effort.rounds} rounds in turn\n`);
  for (let i = 0; i < after.length; i++) {
    const { name } = after[i]!;
    if (!name.includes(values.filter)) continue;
    const times = await interleave([before[i]!, after[i]!], effort);
    const [old, now] = [summarize(times[0]!), summarize(times[1]!)];
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
