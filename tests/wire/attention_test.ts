import assert from "node:assert/strict";
import { Attention } from "../../wire/attention.ts";

function looks(attention: Attention, times: number): number {
  let due = 0;
  for (let i = 0; i < times; i++) if (attention.isDue) due++;
  return due;
}

Deno.test("Attention looks each time until nothing was found for long, then one time in eight", () => {
  const attention = new Attention();
  for (let i = 0; i < 32; i++) {
    assert(attention.isDue);
    attention.miss();
  }
  assert.equal(looks(attention, 80), 10);
});

Deno.test("Attention looks each time again once something was found", () => {
  const attention = new Attention();
  for (let i = 0; i < 100; i++) attention.miss();
  attention.hit();
  assert.equal(looks(attention, 32), 32);
});
