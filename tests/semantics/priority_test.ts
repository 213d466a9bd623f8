import assert from "node:assert/strict";
import fc from "fast-check";
import { DEFAULT_PRIORITY, overridePriority, parsePriority, serializePriority } from "../../semantics/mod.ts";

const CASES: readonly [value: string, urgency: number, incremental: boolean][] = [
  ["", 3, false],
  ["u=0", 0, false],
  ["u=7", 7, false],
  ["u=1, i", 1, true],
  ["i,u=1", 1, true],
  ["i", 3, true],
  ["i=?1", 3, true],
  ["i=?0", 3, false],
  ["u=5;x=1, i;y", 5, true],
  ["u=1, u=6", 6, false],
  ["u=1, u=9", 3, false],
  ["u=8", 3, false],
  ["u=-1", 3, false],
  ["u=-0", 0, false],
  ["u=2.0", 3, false],
  ["u=high, i", 3, true],
  ['u="1"', 3, false],
  ["u=(1)", 3, false],
  ["u", 3, false],
  ["i=1", 3, false],
  ["i=yes, u=2", 2, false],
  ["x=9, u=4, y", 4, false],
  ["  u=2  ", 2, false],
  ["u=2,\ti", 2, true],
  ["u=2,", 3, false],
  ["u=2 i", 3, false],
  ["u=", 3, false],
  ["U=2", 3, false],
  ["u=2, !", 3, false],
  ["u=1\n", 3, false],
];

for (const [value, urgency, incremental] of CASES) {
  Deno.test(`parsePriority reads ${JSON.stringify(value)} (RFC 9218 section 4)`, () => {
    assert.deepEqual(parsePriority(value), { urgency, incremental });
    assert.deepEqual(parsePriority(value), { urgency, incremental }, "the second time");
  });
}

Deno.test("overridePriority leaves alone what is not said (RFC 9218 section 8)", () => {
  const base = { urgency: 5, incremental: true };
  assert.deepEqual(overridePriority(base, ""), base);
  assert.deepEqual(overridePriority(base, "u=1"), { urgency: 1, incremental: true });
  assert.deepEqual(overridePriority(base, "i=?0"), { urgency: 5, incremental: false });
  assert.deepEqual(overridePriority(base, "u=99"), base);
  assert.equal(overridePriority(base, "not a dictionary!"), base);
});

Deno.test("serializePriority writes what parsePriority reads, and nothing for the default", () => {
  assert.equal(serializePriority(DEFAULT_PRIORITY), "");
  for (let urgency = 0; urgency <= 7; urgency++) {
    for (const incremental of [false, true]) {
      assert.deepEqual(parsePriority(serializePriority({ urgency, incremental })), { urgency, incremental });
    }
  }
  for (const urgency of [-1, 8, 1.5, NaN]) {
    assert.throws(() => serializePriority({ urgency, incremental: false }), RangeError);
  }
});

Deno.test("parsePriority never fails and always gives a priority", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[ui=0-9, ;?()"x.-]{0,20}$/)), (value) => {
    const { urgency, incremental } = parsePriority(value);
    assert(Number.isInteger(urgency) && urgency >= 0 && urgency <= 7);
    assert.equal(typeof incremental, "boolean");
  }));
});
