import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { joinBytes, lengthOf } from "../../wire/join_bytes.ts";

Deno.test("joinBytes makes one array of all pieces, which shares memory with none", () => {
  const piece = Uint8Array.of(1, 2);
  const ofNode = Buffer.from(piece.buffer);
  for (const pieces of [[], [piece], [ofNode], [piece, Uint8Array.of(), Uint8Array.of(3)]]) {
    const whole = joinBytes(pieces);
    assert.deepEqual([...whole], pieces.flatMap((one) => [...one]));
    assert.equal(whole.length, lengthOf(pieces));
    assert.notEqual(whole.buffer, piece.buffer);
  }
});
