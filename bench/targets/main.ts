/**
 * `deno task bench:targets [RUN…] [--rounds N] [--scale F] [--counts A,B] [--out FOLDER] [--read FOLDER]`, where RUN
 * is `small`, `native`, `bulk`, `tls`, `clients`, `h3`, `tcp`, `streams`, `idle` or `memory`; all without.
 *
 * Measures what the targets of `targets.ts` need, peers in turn, and says of each whether it is reached: one table
 * as Markdown, and as JSON where a folder is given. Peers that are not installed leave their targets out. With
 * `--read` nothing is measured: what a run left in a folder is judged anew.
 */
import { checkNames, readAmount, readCommandLine } from "../peers/command_line.ts";
import { judge, type Runs, targetTable } from "./judge.ts";
import { RUNS } from "./runs.ts";
import { type RunName, TARGETS } from "./targets.ts";

const OPTIONS = {
  rounds: { type: "string", default: "5" },
  scale: { type: "string", default: "1" },
  counts: { type: "string", default: "1,100,1000" },
  out: { type: "string" },
  read: { type: "string" },
} as const;

const { values, positionals, fail } = readCommandLine({
  options: OPTIONS,
  verb: "measure",
  file: "bench/targets/main.ts",
});
checkNames(positionals, RUNS, fail);
const names = (positionals.length === 0 ? Object.keys(RUNS) : positionals) as RunName[];
const amount = readAmount(values, fail);

async function measure(): Promise<Runs> {
  const runs: { -readonly [Name in keyof Runs]: Runs[Name] } = {};
  for (const name of names) {
    console.error(`${name}: ${amount.rounds} rounds`);
    runs[name] = await RUNS[name](amount);
    console.error(targetTable(TARGETS.filter((one) => one.run === name), runs));
  }
  return runs;
}

function read(folder: string): Runs {
  try {
    return JSON.parse(Deno.readTextFileSync(`${folder}/targets.json`)).runs;
  } catch (cause) {
    return fail(`there is no run to read in ${folder} (${(cause as Error).message})`);
  }
}

const runs = values.read === undefined ? await measure() : read(values.read);
const table = targetTable(TARGETS, runs);
console.log(table);
if (values.out !== undefined) {
  await Deno.mkdir(values.out, { recursive: true });
  const verdicts = TARGETS.filter(({ run }) => runs[run] !== undefined)
    .map((target) => ({ ...target, verdicts: judge(target, runs[target.run]!) }));
  await Deno.writeTextFile(`${values.out}/targets.md`, table);
  await Deno.writeTextFile(
    `${values.out}/targets.json`,
    `${JSON.stringify({ ...amount, runs, verdicts }, null, 2)}\n`,
  );
}
