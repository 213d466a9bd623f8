import assert from "node:assert/strict";
import { CODES } from "../../cli/explain/codes.ts";
import { errorCodeName } from "../../h2/errors.ts";
import { RULES } from "../../semantics/rules/mod.ts";
import { documentOf, tandem } from "./kit.ts";

Deno.test("explain knows rules by id, by section, and lists an RFC", async () => {
  const exact = await tandem(["explain", "9113-6.5.2:push"], { permissions: [] });
  assert.equal(exact.code, 0);
  assert.match(exact.stdout, /^9113-6\.5\.2:push {2}MUST\n {2}ENABLE_PUSH/);
  assert.match(exact.stdout, /rfc9113#section-6\.5\.2\n$/);
  const section = await documentOf(
    await tandem(["explain", "8.2.1", "--json"], { permissions: [] }),
    "explain",
  );
  const ids = (section["rules"] as { id: string }[]).map(({ id }) => id);
  assert.ok(ids.includes("9113-8.2.1:name"));
  assert.ok(ids.every((id) => id.includes("-8.2.1")));
  const whole = await documentOf(await tandem(["explain", "9113", "--json"], { permissions: [] }), "explain");
  assert.equal(
    (whole["rules"] as unknown[]).length,
    Object.keys(RULES).filter((id) => id.startsWith("9113-")).length,
  );
  const bound = await tandem(["explain", "peer_resets"], { permissions: [] });
  assert.match(bound.stdout, /^limit:peer_resets {2}a bound of our own\n/);
});

Deno.test("explain knows codes by name and number, of both protocols", async () => {
  const byName = await tandem(["explain", "refused_stream"], { permissions: [] });
  assert.match(byName.stdout, /^REFUSED_STREAM {2}0x7 {2}h2\n/);
  const byNumber = await tandem(["explain", "0x10e"], { permissions: [] });
  assert.match(byNumber.stdout, /^H3_MESSAGE_ERROR {2}0x10e {2}h3\n/);
  const unknown = await tandem(["explain", "0x999"], { permissions: [] });
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /no rule or code "0x999"/);
});

Deno.test("the codes of explain are those of the engine", () => {
  for (const { name, code, protocol } of CODES) {
    if (protocol === "h2") assert.equal(errorCodeName(code), name);
  }
  assert.equal(CODES.filter(({ protocol }) => protocol === "h2").length, 14);
  assert.equal(new Set(CODES.map(({ code }) => code)).size, CODES.length);
});
