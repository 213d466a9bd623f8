import assert from "node:assert/strict";
import {
  CLIENT_LIMITS,
  LIMIT_RULES,
  type Limits,
  resolveLimits,
  RULES,
  SERVER_LIMITS,
} from "../../semantics/mod.ts";

Deno.test("SERVER_LIMITS and CLIENT_LIMITS are finite and name the same limits", () => {
  assert.deepEqual(Object.keys(SERVER_LIMITS).sort(), Object.keys(CLIENT_LIMITS).sort());
  for (const limits of [SERVER_LIMITS, CLIENT_LIMITS]) {
    for (const [name, value] of Object.entries(limits)) assert(Number.isFinite(value) && value >= 0, name);
  }
});

Deno.test("Limits says its defaults as they are", async () => {
  const source = await Deno.readTextFile(new URL("../../semantics/limits.ts", import.meta.url));
  const documented = [...source.matchAll(/@default \{([^}]*)\} \*\/\s+readonly (\w+): number;/g)];
  assert.equal(documented.length, Object.keys(SERVER_LIMITS).length);
  for (const [, text, name] of documented) {
    const roles = /^server (\d+), client (\d+)$/.exec(text!);
    const [server, client] = roles === null ? [text!, text!] : [roles[1]!, roles[2]!];
    const value = (said: string) => said.split(" / ").map(Number).reduce((a, b) => a / b);
    assert.equal(SERVER_LIMITS[name as keyof Limits], value(server), name);
    assert.equal(CLIENT_LIMITS[name as keyof Limits], value(client), name);
  }
});

Deno.test("resolveLimits fills in the defaults of a role and takes what is given", () => {
  assert.deepEqual(resolveLimits("server"), SERVER_LIMITS);
  assert.deepEqual(resolveLimits("client", {}), CLIENT_LIMITS);
  assert.deepEqual(resolveLimits("client", { maxConcurrentStreams: 0, minDataRate: 0.5 }), {
    ...CLIENT_LIMITS,
    maxConcurrentStreams: 0,
    minDataRate: 0.5,
  });
  const absent = { maxConcurrentStreams: undefined } as unknown as Partial<Limits>;
  assert.deepEqual(resolveLimits("server", absent), SERVER_LIMITS);
});

Deno.test("resolveLimits refuses what is no limit", () => {
  for (const value of [-1, NaN, Infinity, "5", null]) {
    const given = { maxConcurrentStreams: value } as unknown as Partial<Limits>;
    assert.throws(() => resolveLimits("server", given), RangeError);
  }
  for (const name of ["maxStreams", "toString", "__proto__x", "constructor"]) {
    assert.throws(() => resolveLimits("server", { [name]: 1 } as Partial<Limits>), TypeError);
  }
});

Deno.test("LIMIT_RULES are bounds of our own and all others cite an RFC", () => {
  for (const [id, rule] of Object.entries(RULES)) {
    assert.equal(id.startsWith("limit:"), id in LIMIT_RULES, id);
    assert.equal(rule.level === "limit", id in LIMIT_RULES, id);
    assert.match(id, /^(limit:[a-z_0-9]+|\d{4}-([A-Z]|\d+)(\.\d+)*(:[a-z0-9-]+)?)$/);
    assert.match(rule.text, /^[A-Z0-9:].*\.$/s, id);
  }
});
