import { parseArgs, type ParseArgsConfig } from "node:util";

/** Who reads a command line, for what is said when it is wrong. */
export interface Command<Options> {
  readonly options: Options;
  /** What it cannot do then. */
  readonly verb: string;
  /** The file whose head says what there is. */
  readonly file: string;
}

type Parsed<Options extends ParseArgsConfig["options"]> = ReturnType<
  typeof parseArgs<{ args: string[]; allowPositionals: true; options: Options }>
>;

/** Says in one sentence what is wrong, and ends with exit code 2. */
export type Fail = (what: string) => never;

/** Reads the command line of a benchmark. */
export function readCommandLine<const Options extends NonNullable<ParseArgsConfig["options"]>>(
  { options, verb, file }: Command<Options>,
): Parsed<Options> & { readonly fail: Fail } {
  const fail: Fail = (what) => {
    console.error(`Cannot ${verb}: ${what}. The head of ${file} says what there is.`);
    Deno.exit(2);
  };
  try {
    return { ...parseArgs({ args: Deno.args, allowPositionals: true, options }), fail };
  } catch (cause) {
    return fail((cause as Error).message);
  }
}

/** How often, how much, and how many idle connections. */
export interface Amount {
  readonly rounds: number;
  /** The number of requests is multiplied by this. */
  readonly scale: number;
  readonly counts: readonly number[];
}

/** The parts of a list. */
export function listOf(text: string): string[] {
  return text.split(",").filter((part) => part !== "");
}

/** Reads the amounts, which are numbers. */
export function readAmount(
  { rounds, scale, counts }: { readonly rounds: string; readonly scale: string; readonly counts: string },
  fail: Fail,
): Amount {
  const amount = { rounds: Number(rounds), scale: Number(scale), counts: listOf(counts).map(Number) };
  if (!(amount.rounds >= 1 && amount.scale > 0 && amount.counts.every((count) => count >= 1))) {
    fail("rounds, scale and counts are numbers, 1 or more, and more than 0 for the scale");
  }
  return amount;
}

/** Fails for a name that is none of those that there are. */
export function checkNames(names: readonly string[], known: object, fail: Fail): void {
  const unknown = names.find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) fail(`${unknown} is none of ${Object.keys(known).join(", ")}`);
}
