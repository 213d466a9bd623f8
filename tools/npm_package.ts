/**
 * Builds the npm package with `deno pack`, installs it in an empty folder, and lets each runtime
 * load and use it there; `tsc` checks its types.
 */
import { join } from "node:path";

const ROOT = join(import.meta.dirname!, "..");
const HOME = join(ROOT, "tests/portability/npm");
const FOLDER = join(ROOT, ".scratch/npm");

/** What came of a command. */
export interface Outcome {
  /** 0 where it went well. */
  readonly code: number;
  /** All that it printed. */
  readonly text: string;
}

/** Runs a command to its end. */
export async function run(command: readonly string[], cwd: string): Promise<Outcome> {
  const [program, ...args] = command;
  const child = new Deno.Command(program!, { args, cwd, stdout: "piped", stderr: "piped" });
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

async function must(command: readonly string[], cwd: string): Promise<string> {
  const { code, text } = await run(command, cwd);
  if (code !== 0) throw new Error(`${command.join(" ")} failed (code ${code}):\n${text.slice(-4000)}`);
  return text;
}

/** Builds and installs the package; rejects when that fails. */
async function installPackage(): Promise<void> {
  await Deno.remove(FOLDER, { recursive: true }).catch(() => {});
  await Deno.mkdir(FOLDER, { recursive: true });
  const tarball = join(FOLDER, "tandem.tgz");
  await must([Deno.execPath(), "pack", "--allow-dirty", "--output", tarball], ROOT);
  await Deno.writeTextFile(join(FOLDER, "package.json"), '{ "private": true, "type": "module" }\n');
  await must(["npm", "install", "--no-audit", "--no-fund", tarball], FOLDER);
  for (const name of ["package_program.mjs", "package_types.mts"]) {
    await Deno.copyFile(join(HOME, "..", name), join(FOLDER, name));
  }
}

/** Checks the package on each runtime; returns whether all went well. */
export async function checkPackage(runtimes: Readonly<Record<string, readonly string[]>>): Promise<boolean> {
  await installPackage();
  let isGood = true;
  for (const [name, command] of Object.entries(runtimes)) {
    const { code, text } = await run([...command, "package_program.mjs"], FOLDER);
    console.log(`${name.padEnd(9)} ${"package".padEnd(10)} ${code === 0 ? text.trim() : `failed\n${text}`}`);
    if (code !== 0) isGood = false;
  }
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022"];
  const libs = ["--lib", "es2024,dom,dom.iterable,esnext", "--typeRoots", join(HOME, "node_modules/@types")];
  const tsc = [
    join(HOME, "node_modules/.bin/tsc"),
    ...options,
    ...libs,
    "--types",
    "node",
    "package_types.mts",
  ];
  const { code, text } = await run(tsc, FOLDER);
  console.log(
    `${"tsc".padEnd(9)} ${"package".padEnd(10)} ${code === 0 ? "the types are right" : `failed\n${text}`}`,
  );
  return isGood && code === 0;
}
