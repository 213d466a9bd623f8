import assert from "node:assert/strict";
import fc from "fast-check";
import { IdTable } from "../../wire/id_table.ts";

Deno.test("IdTable behaves like a map", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 4),
      fc.array(fc.tuple(fc.boolean(), fc.nat(60)), { maxLength: 300 }),
      (step, steps) => {
        const table = new IdTable<{ id: number }>();
        const model = new Map<number, { id: number }>();
        for (const [adds, n] of steps) {
          // Ids that fall on the same slots.
          const id = step * ((n % 12) * 8 + Math.floor(n / 12));
          if (adds && !model.has(id)) {
            const item = { id };
            table.add(item);
            model.set(id, item);
          } else if (!adds) {
            table.delete(id);
            model.delete(id);
          }
          assert.equal(table.size, model.size);
          for (let other = 0; other < 100 * step; other++) assert.equal(table.get(other), model.get(other));
        }
        assert.deepEqual(table.values().map(({ id }) => id), [...model.keys()].sort((a, b) => a - b));
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("IdTable is empty and usable after clear", () => {
  const table = new IdTable<{ id: number }>();
  for (let id = 0; id < 40; id++) table.add({ id });
  table.clear();
  assert.equal(table.size, 0);
  assert.equal(table.get(7), undefined);
  table.add({ id: 7 });
  assert.deepEqual(table.values(), [{ id: 7 }]);
});
