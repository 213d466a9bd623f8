import assert from "node:assert/strict";
import { dirname, join, normalize, relative } from "node:path";

const ROOT = join(import.meta.dirname!, "..");
const FOLDERS = ["wire", "hpack", "qpack", "semantics", "h2", "h3", "shell", "transport", "surface", "cli"];
const MAX_LINES = 500;
const GENERATED = new Set(["wire/huffman_table.ts"]);

/** The layer of a file, and the layers it may import. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "wire": ["wire"],
  "hpack": ["wire", "hpack", "rules"],
  "qpack": ["wire", "qpack", "rules"],
  "rules": ["rules"],
  "semantics": ["wire", "semantics", "rules"],
  "clock": ["clock"],
  "h2 engine": ["wire", "hpack", "semantics", "rules", "h2 engine"],
  "h3 engine": ["wire", "qpack", "semantics", "rules", "h3 engine"],
  "contract": ["contract", "transport", "semantics"],
  "transport": ["wire", "contract", "transport", "semantics", "clock"],
  "observe": ["wire", "semantics", "clock", "h2 engine", "h3 engine", "observe"],
  "shell": ["wire", "semantics", "rules", "contract", "clock", "shell"],
  "h2": ["wire", "semantics", "rules", "hpack", "contract", "clock", "shell", "h2 engine", "h2"],
  "h3": ["wire", "semantics", "rules", "qpack", "contract", "clock", "shell", "h3 engine", "h3"],
};
/** What the conveniences of mod.ts stand on: everything but the command line. */
const BELOW_SURFACE = ["wire", "semantics", "rules", "contract", "clock", "transport", "shell", "h2", "h3"];
/** Files of h2/ and h3/ that stand on the shell. */
const ON_SHELL = /^h[23]\/(?:mod|driver|client|server|send_pump|receive_pump|heartbeat|engine_options)\.ts$/;

function layerOf(path: string): string {
  const folder = path.split("/")[0]!;
  if (path.startsWith("semantics/rules/")) return "rules";
  if (path === "shell/clock.ts" || path === "shell/timers.ts") return "clock";
  if (path === "transport/mod.ts") return "contract";
  if (folder === "h2" || folder === "h3") return ON_SHELL.test(path) ? folder : `${folder} engine`;
  return FOLDERS.includes(folder) ? folder : "top";
}

async function* sources(folder: string): AsyncGenerator<string> {
  try {
    for await (const entry of Deno.readDir(join(ROOT, folder))) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) yield* sources(path);
      else if (path.endsWith(".ts")) yield path;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function allSources(): Promise<string[]> {
  const found: string[] = [];
  for (const folder of FOLDERS) for await (const path of sources(folder)) found.push(path);
  return found.sort();
}

function importsOf(path: string, text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(/^\s*(?:import|export)\b[^;"']*?from\s+"([^"]+)"/gm)) {
    found.push(match[1]!);
  }
  for (const match of text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g)) found.push(match[1]!);
  return found.map((name) =>
    name.startsWith(".") ? relative(ROOT, normalize(join(ROOT, dirname(path), name))) : name
  );
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|[^:"'`])\/\/.*$/gm, "$1");
}

Deno.test("imports point downwards only", async () => {
  const wrong: string[] = [];
  for (const path of await allSources()) {
    const layer = layerOf(path);
    const allowed = layer === "surface" ? [...BELOW_SURFACE, "surface"] : MAY_IMPORT[layer];
    if (allowed === undefined) continue; // cli and the top level may import anything
    for (const name of importsOf(path, await Deno.readTextFile(join(ROOT, path)))) {
      if (!name.endsWith(".ts")) {
        if (!(/^transport\/(?:deno|node)/.test(path) && name.startsWith("node:"))) {
          wrong.push(`${path} -> ${name}`);
        }
      } else if (!allowed.includes(layerOf(name))) {
        wrong.push(`${path} (${layer}) -> ${name} (${layerOf(name)})`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("only transport/deno_* and cli/ know Deno", async () => {
  const wrong: string[] = [];
  for (const path of await allSources()) {
    if (path.startsWith("cli/") || path.startsWith("transport/deno_")) continue;
    if (/\bDeno(?:\.|\[| as )/.test(withoutComments(await Deno.readTextFile(join(ROOT, path))))) {
      wrong.push(path);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test(`no source file is longer than ${MAX_LINES} lines`, async () => {
  const wrong: string[] = [];
  for (const path of await allSources()) {
    if (GENERATED.has(path)) continue;
    const lines = (await Deno.readTextFile(join(ROOT, path))).split("\n").length - 1;
    if (lines > MAX_LINES) wrong.push(`${path}: ${lines}`);
  }
  assert.deepEqual(wrong, []);
});

Deno.test("every rule is cited where it is enforced", async () => {
  const { RULES } = await import("../semantics/rules/mod.ts");
  let code = "";
  for (const path of await allSources()) {
    if (layerOf(path) !== "rules") code += await Deno.readTextFile(join(ROOT, path));
  }
  const unused = Object.keys(RULES).filter((id) => !code.includes(`"${id}"`));
  assert.deepEqual(unused, []);
});
