import assert from "node:assert/strict";
import { bundleBenchmarks } from "../../tools/bundle_benchmarks.ts";
import { hooksIn } from "../../tools/strip_hooks.ts";

Deno.test("the engines that hooks are compared with have none, and the others do", async () => {
  const { hooked, stripped } = await bundleBenchmarks();
  assert.deepEqual(hooksIn(stripped), []);
  assert(hooksIn(hooked).length > 10);
});
