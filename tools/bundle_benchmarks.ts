import * as esbuild from "esbuild";
import { join } from "node:path";
import { stripHooks } from "./strip_hooks.ts";

const ROOT = join(import.meta.dirname!, "..");

/** Bundles the in-memory benchmarks as they are and without any hook; gives the texts. */
export async function bundleBenchmarks(): Promise<{ readonly hooked: string; readonly stripped: string }> {
  try {
    return { hooked: await bundle(false), stripped: await bundle(true) };
  } finally {
    await esbuild.stop();
  }
}

async function bundle(isStripped: boolean): Promise<string> {
  const strip: esbuild.Plugin = {
    name: "strip-hooks",
    setup(build) {
      build.onLoad({ filter: /\/h[23]\/\w+\.ts$/ }, async ({ path }) => {
        return { contents: stripHooks(await Deno.readTextFile(path)), loader: "ts" };
      });
    },
  };
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(ROOT, "bench/memory_cases.ts")],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "esnext",
    minifySyntax: true,
    logLevel: "error",
    plugins: isStripped ? [strip] : [],
  });
  return outputFiles[0]!.text;
}
