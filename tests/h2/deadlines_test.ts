import assert from "node:assert/strict";
import { Deadlines } from "../../h2/deadlines.ts";

Deno.test("Deadlines keeps none after clear(), whichever ran", () => {
  const deadlines = new Deadlines();
  deadlines.arm("settingsAck");
  deadlines.arm("drain");
  deadlines.streamOpened(1, 10);
  deadlines.streamsGone(1, 10);
  deadlines.leave(5);
  deadlines.handshake = 3;
  deadlines.head = 4;
  assert.equal(deadlines.next, -1);
  deadlines.clear();
  assert.equal(deadlines.next, Infinity);
});
