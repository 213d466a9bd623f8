/** Header codecs and pairs of engines in memory, beside libraries in C and JavaScript that do the same. */
import { KINDS, MODES, writeCorpora } from "./codec_corpora.ts";
import { type Compiled, compileNative } from "./native_programs.ts";
import { findProgram, type Running, start } from "./process.ts";
import { summarize, type Summary } from "./statistics.ts";
import { isWanted } from "./wanted.ts";

/** What one program did in one case. */
export interface MemoryResult {
  /** `HPACK`, `QPACK` or `engines`. */
  readonly group: string;
  readonly case: string;
  readonly program: string;
  /** Million octets of names and values for each second of processor time; of engines, the time for a request. */
  readonly rate?: Summary;
  /** Microseconds of processor time for one list or request. */
  readonly cpuMicros?: Summary;
  /** The same by the clock. */
  readonly wallMicros?: Summary;
  /** Octets of one list or request when it is coded. */
  readonly codedBytes?: number;
  /** Why there is no result. */
  readonly failure?: string;
}

/** Which programs and cases are compared, and how often. */
export interface MemoryOptions {
  readonly programs: readonly string[];
  readonly cases: readonly string[];
  readonly rounds: number;
  readonly scale: number;
  /** The folder for corpora and programs. */
  readonly folder: string;
  /** The processor of the program that is measured, where it is bound to one. */
  readonly cpu: number | undefined;
  /** Told of each case when it is done. */
  readonly onCase: (results: readonly MemoryResult[]) => void;
}

/** How long one round of one program measures. */
const ROUND_MS = 150;

/** The longest that one round may take, with all that prepares it. */
const DEADLINE_MS = 60_000;

interface Contender {
  readonly name: string;
  /** The only cases that it has, by how their names start. */
  readonly only?: readonly string[];
  /** The program and its arguments, or why it is left out. */
  readonly command: readonly string[] | string;
}

interface Group {
  readonly name: string;
  readonly cases: readonly string[];
  readonly contenders: readonly Contender[];
}

const PROGRAMS = `${import.meta.dirname}/programs`;
const PEERS = `${import.meta.dirname}/../../tests/interop/peers/node_modules`;

/**
 * Lists that differ: made of pieces just before; made once by the program that encodes them, whose literals they
 * share; or read from a file, each string for itself.
 */
const CHANGING = ["encode fresh", "encode kept", "encode reused"];

function hpackCases(): string[] {
  const what = [...CHANGING, "encode repeated", "decode changing", "decode repeated"];
  return what.flatMap((one) => KINDS.map((kind) => `${one} ${kind}`));
}

function qpackCases(): string[] {
  const what = [...CHANGING, "decode changing"];
  return what.flatMap((one) => MODES.flatMap((mode) => KINDS.map((kind) => `${one} ${kind} ${mode}`)));
}

function ours(file: string, ...args: string[]): Contender {
  const options = ["run", "-A", "--no-lock", "--unstable-net"];
  return { name: "tandem", command: [Deno.execPath(), ...options, `${PROGRAMS}/${file}`, ...args] };
}

function native(name: string, compiled: Compiled, ...args: string[]): Contender {
  return { name, command: "missing" in compiled ? compiled.missing : [compiled.program, ...args] };
}

function hpackJs(folder: string): Contender {
  const node = findProgram("node");
  const missing = node === undefined
    ? "there is no node"
    : findProgram(`${PEERS}/hpack.js/package.json`) === undefined
    ? "not installed"
    : undefined;
  return { name: "hpack.js", command: missing ?? [node!, `${PROGRAMS}/hpack_js.mjs`, folder] };
}

/** No codec: what the strings alone cost, where they are encoded. */
function strings(folder: string): Contender {
  const { command } = ours("bare_strings.ts", folder);
  return { name: "bare strings", only: CHANGING, command };
}

async function groups(folder: string): Promise<Group[]> {
  const pair = await compileNative(folder, "nghttp2_pair", "nghttp2");
  return [{
    name: "HPACK",
    cases: hpackCases(),
    contenders: [
      ours("tandem_hpack.ts", folder),
      native("libnghttp2", await compileNative(folder, "nghttp2_hpack", "nghttp2"), folder),
      hpackJs(folder),
      strings(folder),
    ],
  }, {
    name: "QPACK",
    cases: qpackCases(),
    contenders: [
      ours("tandem_qpack.ts", folder),
      native("libnghttp3", await compileNative(folder, "nghttp3_qpack", "nghttp3"), folder),
      strings(folder),
    ],
  }, {
    name: "engines",
    cases: ["same", "unique", "browser", "mib"],
    contenders: [
      ours("tandem_pair.ts"),
      native("libnghttp2", pair, "batch"),
      native("libnghttp2, frame by frame", pair, "frame"),
    ],
  }];
}

/** Starts each program once, then takes them in turn, case by case: one round to warm up, then `rounds`. */
export async function compareMemory(options: MemoryOptions): Promise<MemoryResult[]> {
  writeCorpora(options.folder);
  const results: MemoryResult[] = [];
  for (const group of await groups(options.folder)) {
    const cases = group.cases.filter((one) => isWanted(`${group.name} ${one}`, options.cases));
    if (cases.length > 0) results.push(...await compareGroup(group, cases, options));
  }
  return results;
}

interface Contest {
  readonly name: string;
  readonly only: readonly string[] | undefined;
  readonly running: Running;
}

async function compareGroup(
  group: Group,
  cases: readonly string[],
  options: MemoryOptions,
): Promise<MemoryResult[]> {
  const contest: Contest[] = [];
  const results: MemoryResult[] = [];
  try {
    for (const { name, command, only } of group.contenders) {
      if (!isWanted(name, options.programs)) continue;
      if (typeof command === "string") {
        console.error(`${group.name}: ${name} is left out: ${command}`);
        continue;
      }
      const [program, ...args] = command;
      const running = await start(program!, args, { ready: "ready", cpu: options.cpu });
      contest.push({ name, only, running });
    }
    for (const one of cases) {
      const able = contest.filter(({ only }) => only?.some((start) => one.startsWith(start)) ?? true);
      const done = await compareCase(group.name, one, able, options);
      options.onCase(done);
      results.push(...done);
    }
  } finally {
    for (const { running } of contest) await running.stop();
  }
  return results;
}

/** What a program answers to one round. */
interface Answer {
  readonly count: number;
  readonly octets: number;
  readonly coded: number;
  readonly cpuMicros: number;
  readonly wallMicros: number;
}

async function compareCase(
  group: string,
  name: string,
  contest: readonly Contest[],
  options: MemoryOptions,
): Promise<MemoryResult[]> {
  const answers = contest.map((): Answer[] => []);
  const failures = contest.map((): string | undefined => undefined);
  for (let round = 0; round <= options.rounds; round++) {
    for (let i = 0; i < contest.length; i++) {
      if (failures[i] !== undefined) continue;
      // The first round is not counted: compilers that learn while they run are done with it.
      const ms = ROUND_MS * options.scale * (round === 0 ? 3 : 1);
      try {
        const answer = await ask(contest[i]!.running, `${name} ${ms}`);
        if (round > 0) answers[i]!.push(answer);
      } catch (error) {
        failures[i] = (error as Error).message;
      }
    }
  }
  return contest.map((one, i) => {
    const who = { group, case: name, program: one.name };
    const failure = failures[i];
    return failure === undefined ? { ...who, ...figures(answers[i]!) } : { ...who, failure };
  });
}

function figures(answers: readonly Answer[]): Partial<MemoryResult> {
  return {
    rate: summarize(answers.map((one) => one.octets / one.cpuMicros)),
    cpuMicros: summarize(answers.map((one) => one.cpuMicros / one.count)),
    wallMicros: summarize(answers.map((one) => one.wallMicros / one.count)),
    codedBytes: answers[0]!.coded / answers[0]!.count,
  };
}

async function ask(running: Running, line: string): Promise<Answer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no end within a minute")), DEADLINE_MS);
  });
  try {
    const text = await Promise.race([running.ask(line), late]);
    const numbers = text.split(" ").map(Number);
    if (numbers.length !== 5 || !numbers.every(Number.isFinite)) throw new Error(text);
    const [count, octets, coded, cpuMicros, wallMicros] = numbers as [number, number, number, number, number];
    return { count, octets, coded, cpuMicros, wallMicros };
  } finally {
    clearTimeout(timer);
  }
}
