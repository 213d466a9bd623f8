import assert from "node:assert/strict";
import { RULES } from "../../semantics/mod.ts";
import { renderRules } from "../../tools/generate_rules_doc.ts";

Deno.test("renderRules has a row for every rule", () => {
  const page = renderRules();
  for (const id of Object.keys(RULES)) assert(page.includes(`\`${id}\``), id);
  assert.equal(page.split("\n").filter((line) => /^\| (\[?`)/.test(line)).length, Object.keys(RULES).length);
});

Deno.test("docs/rules.md is what deno run -RW tools/generate_rules_doc.ts writes", async () => {
  const committed = await Deno.readTextFile(new URL("../../docs/rules.md", import.meta.url));
  assert.equal(committed, renderRules());
});
