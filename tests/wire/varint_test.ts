import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter } from "../../wire/byte_writer.ts";
import {
  MAX_VARINT,
  readVarint,
  readVarintBig,
  varintLength,
  varintSize,
  writeVarint,
  writeVarintBig,
} from "../../wire/varint.ts";

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  write(writer);
  return writer.take();
}

Deno.test("readVarint decodes the examples of RFC 9000 appendix A.1", () => {
  for (
    const [hex, value] of [
      ["c2197c5eff14e88c", 151288809941952652n],
      ["9d7f3e7d", 494878333n],
      ["7bbd", 15293n],
      ["25", 37n],
      ["4025", 37n],
    ] as const
  ) {
    assert.equal(readVarintBig(Uint8Array.fromHex(hex), 0), value);
    assert.equal(readVarint(Uint8Array.fromHex(hex), 0), Number(value));
  }
});

Deno.test("writeVarint takes the shortest form at each boundary", () => {
  for (
    const [value, size] of [[0, 1], [63, 1], [64, 2], [16383, 2], [16384, 4], [2 ** 30 - 1, 4], [2 ** 30, 8]]
  ) {
    const bytes = written((writer) => writeVarint(writer, value!));
    assert.equal(bytes.length, size);
    assert.equal(varintSize(value!), size);
    assert.equal(varintLength(bytes[0]!), size);
    assert.equal(readVarint(bytes, 0), value);
  }
});

Deno.test("writeVarint and writeVarintBig refuse what is no such integer", () => {
  for (const value of [-1, 0.5, 63.5, NaN, Infinity, 2 ** 53]) {
    assert.throws(() => writeVarint(new ByteWriter(), value), RangeError);
  }
  assert.throws(() => writeVarintBig(new ByteWriter(), -1n), RangeError);
  assert.throws(() => writeVarintBig(new ByteWriter(), 1n << 62n), RangeError);
});

Deno.test("readVarint asks for more at every cut, and reads back every value", () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: MAX_VARINT }), fc.nat(61), (big, shift) => {
    const value = big >> BigInt(shift);
    const bytes = written((writer) => writeVarintBig(writer, value));
    assert.equal(readVarintBig(bytes, 0), value);
    assert.equal(readVarint(bytes, 0), Number(value));
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) {
      assert.deepEqual(written((writer) => writeVarint(writer, Number(value))), bytes);
    }
    for (let cut = 0; cut < bytes.length; cut++) {
      assert.equal(readVarint(bytes.subarray(0, cut), 0), -1);
      assert.equal(readVarintBig(bytes.subarray(0, cut), 0), -1n);
    }
  }));
});
