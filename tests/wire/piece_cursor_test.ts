import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter } from "../../wire/byte_writer.ts";
import { joinBytes } from "../../wire/join_bytes.ts";
import { PieceCursor } from "../../wire/piece_cursor.ts";

Deno.test("PieceCursor copies parts of any size, and knows what is left", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 });
  fc.assert(fc.property(pieces, fc.array(fc.nat(60)), (pieces, sizes) => {
    const whole = joinBytes(pieces);
    const cursor = new PieceCursor(pieces);
    const out = new ByteWriter();
    for (const size of sizes) cursor.copy(out, Math.min(size, whole.length - out.length));
    const copied = out.length;
    assert.deepEqual(out.take(), whole.subarray(0, copied));
    assert.deepEqual(joinBytes(cursor.rest()), whole.slice(copied));
  }));
});

Deno.test("PieceCursor has no piece left once all is copied", () => {
  const cursor = new PieceCursor([Uint8Array.of(1), Uint8Array.of(2, 3)]);
  cursor.copy(new ByteWriter(), 3);
  assert.deepEqual(cursor.rest(), []);
});
