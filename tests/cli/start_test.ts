import assert from "node:assert/strict";
import { join } from "node:path";
import { commandOf, ROOT, tandem } from "./kit.ts";

interface ModuleGraph {
  readonly roots: readonly string[];
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly isDynamic?: boolean;
      readonly code?: { readonly specifier: string };
    }[];
  }[];
}

Deno.test("--help loads the routes and nothing of the commands, engines or heavy packages", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", join(ROOT, "cli/main.ts")],
    stderr: "null",
  }).output();
  const graph = JSON.parse(new TextDecoder().decode(stdout)) as ModuleGraph;
  const modules = new Map(graph.modules.map((module) => [module.specifier, module]));
  const seen = new Set<string>();
  function visit(specifier: string): void {
    if (seen.has(specifier)) return;
    seen.add(specifier);
    for (const dependency of modules.get(specifier)?.dependencies ?? []) {
      if (dependency.isDynamic !== true && dependency.code !== undefined) visit(dependency.code.specifier);
    }
  }
  visit(graph.roots[0]!);
  const names = [...seen].map((specifier) => specifier.replace(/^.*\/(?=cli\/)/, "").replace(/^npm:\/?/, ""))
    .sort();
  assert.deepEqual(names, [
    "@stricli/core@1.3.0",
    "cli/errors.ts",
    "cli/flags.ts",
    "cli/main.ts",
    "cli/routes.ts",
    "cli/ui/units.ts",
    "cli/version.ts",
  ]);
});

Deno.test("--help and --version need no permission and go to stdout", async () => {
  for (
    const args of [["--help"], [], ["get", "--help"], ["probe", "-h"], ["serve", "--help"], [
      "explain",
      "--help",
    ]]
  ) {
    const result = await tandem(args, { permissions: [] });
    assert.deepEqual([result.code, result.stderr], [0, ""]);
    assert.match(result.stdout, /USAGE\n {2}tandem/);
  }
  const version = await tandem(["--version"], { permissions: [] });
  assert.deepEqual([version.code, version.stdout], [0, "0.1.0\n"]);
});

Deno.test("a closed stdout ends the run quietly with 0", async () => {
  for (const args of [["--help"], ["explain", "9113"], ["explain", "9113", "--json"]]) {
    const child = new Deno.Command(Deno.execPath(), {
      args: commandOf(args),
      cwd: ROOT,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await child.stdout.cancel();
    const stderr = await new Response(child.stderr).text();
    assert.deepEqual([args, (await child.status).code, stderr], [args, 0, ""]);
  }
});
