import { digits } from "../peers/statistics.ts";
import type { Measured, RunName, Target } from "./targets.ts";

/** What a run measured, by its name; runs that were not made are missing. */
export type Runs = Readonly<Partial<Record<RunName, readonly Measured[]>>>;

/** How one target fared under one load. */
export interface Verdict {
  readonly load: string;
  readonly ratio: number;
  readonly isReached: boolean;
  /** The ratio of the bare program, where there is one. */
  readonly bare?: number;
}

function figure(measured: Measured, by: Target["by"]): number | undefined {
  return by === "cpu" ? measured.cpuMicros : by === "rate" ? measured.rate : measured.bytes;
}

function find(all: readonly Measured[], who: string, load: string, by: Target["by"]): number | undefined {
  const found = all.find((one) => one.who === who && one.load === load);
  return found === undefined ? undefined : figure(found, by);
}

/** The ratio of one contender to the peer of a target: above 1 is better, of memory below. */
function ratioOf(
  all: readonly Measured[],
  who: string,
  { peer, by }: Target,
  load: string,
): number | undefined {
  const own = find(all, who, load, by);
  const other = find(all, peer, load, by);
  if (own === undefined || other === undefined) return undefined;
  return by === "cpu" ? other / own : own / other;
}

/** Judges a target by a run; loads without a result are left out. */
export function judge(target: Target, all: readonly Measured[]): Verdict[] {
  const verdicts: Verdict[] = [];
  for (const load of target.loads) {
    const ratio = ratioOf(all, target.ours, target, load);
    if (ratio === undefined) continue;
    const isReached = target.by === "memory" ? ratio <= target.target : ratio >= target.target;
    const bare = target.bare === undefined ? undefined : ratioOf(all, target.bare, target, load);
    verdicts.push({ load, ratio, isReached, ...bare === undefined ? {} : { bare } });
  }
  return verdicts;
}

/** What loads are called in a table that says already whether they go up or down, and how they are coded. */
const LABELS: readonly (readonly [RegExp, string])[] = [
  [/^(encode|decode) (changing|repeated) /, ""],
  [/^encode (fresh|kept|reused) (\w+)/, "$2 $1"],
  [/, (\d+ at once|one at a time)$/, ""],
  [/^k1-/, "1 KiB-"],
  [/^uniq-/, "unique-"],
  [/^json-/, "JSON-"],
  [/^(m1|sink1m|echo1m)(?=-|$)/, "1 MiB"],
  [/^m64-/, "64 MiB-"],
  [/-c1m\d+$/, ""],
  [/-c(\d+)m\d+$/, " on $1"],
];

function labelOf(load: string): string {
  return LABELS.reduce((text, [pattern, by]) => text.replace(pattern, by), load);
}

/** All targets of the runs that were made as a table; what is missed is bold. */
export function targetTable(targets: readonly Target[], runs: Runs): string {
  const lines = [
    "| what | by | to | target | measured | a bare program | reached |",
    "|---|---|---|---|---|---|---|",
  ];
  for (const target of targets) {
    const all = runs[target.run];
    if (all === undefined) continue;
    lines.push(`| ${rowOf(target, judge(target, all)).join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}

function rowOf(target: Target, verdicts: readonly Verdict[]): string[] {
  const limit = target.by === "memory" ? `at most ${target.target}` : String(target.target);
  const cells = verdicts.map(({ load, ratio, isReached }) =>
    `${labelOf(load)} ${isReached ? digits(ratio) : `**${digits(ratio)}**`}`
  );
  const bare = verdicts.filter((one) => one.bare !== undefined).map((one) => digits(one.bare!));
  const reached = verdicts.filter((one) => one.isReached).length;
  const standing = verdicts.length === 0 ? "no result" : `${reached} of ${verdicts.length}`;
  return [target.what, target.by, target.peer, limit, cells.join("; "), bare.join("; "), standing];
}
