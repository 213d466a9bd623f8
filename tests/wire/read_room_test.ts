import assert from "node:assert/strict";
import { FIRST_ROOM, roomForRead } from "../../wire/read_room.ts";
import { giveBuffer, takeBuffer } from "../../wire/buffer_pool.ts";

/** The rooms of reads of these sizes, one after the other. */
function rooms(reads: readonly number[], isQuiet = false): number[] {
  let room = FIRST_ROOM;
  return reads.map((read) => room = roomForRead(room, Math.min(read, room), isQuiet));
}

Deno.test("roomForRead asks for more after each full read, up to a bound", () => {
  const grown = rooms(Array(6).fill(Infinity));
  assert.equal(FIRST_ROOM, 832);
  assert.deepEqual(grown, [3904, 65_344, 261_952, 261_952, 261_952, 261_952]);
});

Deno.test("roomForRead gives room back when reads leave it empty", () => {
  const full = [Infinity, Infinity, Infinity];
  assert.deepEqual(rooms([...full, 100_000, 8168, 8167, 2000, 1951, 500, 10]).slice(3), [
    261_952,
    261_952,
    65_344,
    65_344,
    3904,
    3904,
    3904,
  ]);
  assert.deepEqual(rooms([...full, 10, 10, 10, 10], true).slice(3), [65_344, 3904, 832, 832]);
});

Deno.test("roomForRead names the sizes that the buffers of the pool have", () => {
  for (const room of [FIRST_ROOM, ...rooms(Array(3).fill(Infinity))]) {
    const buffer = takeBuffer(room);
    assert.equal(buffer.length, room);
    giveBuffer(buffer);
  }
});
