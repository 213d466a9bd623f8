import assert from "node:assert/strict";
import fc from "fast-check";
import { Budget } from "../../semantics/mod.ts";

Deno.test("Budget allows a burst, then what refills", () => {
  const budget = new Budget(3, 2);
  assert.deepEqual([0, 0, 0, 0].map((now) => budget.spend(now)), [true, true, true, false]);
  assert.equal(budget.spend(499), false);
  assert.equal(budget.spend(500), true);
  assert.equal(budget.spend(500), false);
  assert.deepEqual([100_000, 100_000, 100_000, 100_000].map((now) => budget.spend(now)), [
    true,
    true,
    true,
    false,
  ]);
});

Deno.test("Budget takes several at once or none", () => {
  const budget = new Budget(10, 0);
  assert.equal(budget.spend(0, 8), true);
  assert.equal(budget.spend(0, 3), false);
  assert.equal(budget.left, 2);
  budget.refund(5);
  assert.equal(budget.left, 7);
  budget.refund(50);
  assert.equal(budget.left, 10);
});

Deno.test("Budget begins to count at any time and survives a clock that goes back", () => {
  const budget = new Budget(1, 1);
  assert.equal(budget.spend(5_000_000), true);
  assert.equal(budget.spend(5_000_000), false);
  assert.equal(budget.spend(4_000_000), false);
  assert.equal(budget.spend(5_000_999), false);
  assert.equal(budget.spend(5_001_000), true);
});

Deno.test("Budget never gives more than burst and refill", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(500), { maxLength: 100 }),
      fc.integer({ min: 1, max: 20 }),
      fc.nat(50),
      (gaps, burst, rate) => {
        const budget = new Budget(burst, rate);
        let now = 7;
        let spent = 0;
        for (const gap of gaps) {
          now += gap;
          if (budget.spend(now)) spent++;
        }
        assert(spent <= burst + ((now - 7) * rate) / 1000 + 1e-6);
      },
    ),
  );
});
