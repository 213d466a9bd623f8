import assert from "node:assert/strict";
import { formattedFetchDoc } from "../../tools/generate_fetch_doc.ts";

Deno.test("docs/fetch.md is what deno run -A tools/generate_fetch_doc.ts writes", async () => {
  const committed = await Deno.readTextFile(new URL("../../docs/fetch.md", import.meta.url));
  assert.equal(committed, await formattedFetchDoc());
});
