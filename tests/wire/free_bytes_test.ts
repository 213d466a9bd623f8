import assert from "node:assert/strict";
import { freeBytes } from "../../wire/free_bytes.ts";

// Node 20 has no `transfer`: the collector frees them.
const CAN_FREE = "transfer" in ArrayBuffer.prototype;

Deno.test("bytes that have their buffer to themselves are freed", () => {
  const bytes = new Uint8Array(10_000);
  freeBytes(bytes);
  assert.equal(bytes.length, CAN_FREE ? 0 : 10_000);
  freeBytes(bytes);
});

Deno.test("bytes that share their buffer are not freed, nor are few", () => {
  const buffer = new ArrayBuffer(20_000);
  for (
    const bytes of [new Uint8Array(buffer, 0, 10_000), new Uint8Array(buffer, 5000), new Uint8Array(100)]
  ) {
    const { length } = bytes;
    freeBytes(bytes);
    assert.equal(bytes.length, length);
  }
  const shared = new Uint8Array(new SharedArrayBuffer(10_000));
  freeBytes(shared);
  assert.equal(shared.length, 10_000);
});
