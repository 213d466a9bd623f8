import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter } from "../../wire/byte_writer.ts";
import {
  MAX_PREFIX_INT,
  PREFIX_INT_MORE,
  PREFIX_INT_OVER,
  PrefixIntReader,
  prefixIntSize,
  readPrefixInt,
  writePrefixInt,
} from "../../wire/prefix_int.ts";

function read(bytes: Uint8Array, prefixBits: number, max?: number): number {
  const cursor = { offset: 0 };
  const value = readPrefixInt(cursor, bytes, bytes.length, prefixBits, max);
  if (value >= 0) assert.equal(cursor.offset, bytes.length);
  return value;
}

Deno.test("writePrefixInt and readPrefixInt agree with RFC 7541 appendix C.1", () => {
  for (const [value, bits, hex] of [[10, 5, "0a"], [1337, 5, "1f9a0a"], [42, 8, "2a"]] as const) {
    const writer = new ByteWriter();
    writePrefixInt(writer, 0, bits, value);
    const bytes = writer.take();
    assert.equal(bytes.toHex(), hex);
    assert.equal(read(bytes, bits), value);
  }
});

Deno.test("readPrefixInt stops at its limit in value and in octets [7541-5.1]", () => {
  assert.equal(read(Uint8Array.fromHex("7f80ffffff07"), 7), MAX_PREFIX_INT);
  assert.equal(read(Uint8Array.fromHex("7f81ffffff07"), 7), PREFIX_INT_OVER);
  assert.equal(read(Uint8Array.fromHex("7fffffffff0f"), 7), PREFIX_INT_OVER);
  assert.equal(read(Uint8Array.fromHex("7f808080808000"), 7), PREFIX_INT_OVER);
  assert.equal(read(Uint8Array.fromHex("7f8080808000"), 7), 127);
  assert.equal(read(Uint8Array.fromHex("05"), 7, 4), PREFIX_INT_OVER);
  assert.equal(read(Uint8Array.fromHex("7f8001"), 7, 254), PREFIX_INT_OVER);
  assert.equal(read(Uint8Array.fromHex("7f8001"), 7, 255), 255);
  assert.equal(read(new Uint8Array(), 7), PREFIX_INT_MORE);
});

Deno.test("PrefixIntReader says over as soon as the whole reader would", () => {
  const reader = new PrefixIntReader();
  for (const hex of ["7f81ffffff07", "7f808080808000", "7fffffffffff"]) {
    reader.begin(7);
    reader.read(Uint8Array.fromHex(hex), 0);
    assert.equal(reader.state, "over");
  }
  const small = new PrefixIntReader(4);
  small.begin(7);
  assert.equal(small.read(Uint8Array.fromHex("05"), 0), 1);
  assert.equal(small.state, "over");
});

Deno.test("writePrefixInt refuses what is no such integer", () => {
  for (const value of [-1, 1.5, NaN, 2 ** 53]) {
    assert.throws(() => writePrefixInt(new ByteWriter(), 0, 5, value), RangeError);
  }
});

Deno.test("prefix integers survive the round trip, whole and byte by byte", () => {
  const value = fc.tuple(fc.maxSafeNat(), fc.nat(50)).map(([large, shift]) => Math.floor(large / 2 ** shift));
  fc.assert(fc.property(value, fc.integer({ min: 1, max: 8 }), (value, bits) => {
    const writer = new ByteWriter();
    const above = bits === 8 ? 0 : 0xff << bits & 0xff;
    writePrefixInt(writer, above, bits, value);
    const bytes = writer.take();
    assert.equal(bytes[0]! & above, above);
    assert.equal(bytes.length, prefixIntSize(bits, value));
    assert.equal(read(bytes, bits, Number.MAX_SAFE_INTEGER), value);
    assert.equal(read(bytes, bits), value <= MAX_PREFIX_INT ? value : PREFIX_INT_OVER);
    for (let cut = 0; cut < bytes.length; cut++) {
      assert.equal(read(bytes.subarray(0, cut), bits, Number.MAX_SAFE_INTEGER), PREFIX_INT_MORE);
    }
    const reader = new PrefixIntReader(Number.MAX_SAFE_INTEGER);
    reader.begin(bits);
    for (let i = 0; i < bytes.length; i++) {
      assert.equal(reader.state, "more");
      assert.equal(reader.read(bytes, i, i + 1), i + 1);
    }
    assert.equal(reader.state, "done");
    assert.equal(reader.value, value);
    reader.begin(bits);
    assert.equal(reader.read(new Uint8Array([...bytes, 1, 2]), 0), bytes.length);
  }));
});

Deno.test("PrefixIntReader agrees with readPrefixInt on any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 9 }), fc.integer({ min: 1, max: 8 }), (bytes, bits) => {
    const cursor = { offset: 0 };
    const whole = readPrefixInt(cursor, bytes, bytes.length, bits);
    const reader = new PrefixIntReader();
    reader.begin(bits);
    const stop = reader.read(bytes, 0);
    if (whole === PREFIX_INT_MORE) assert.equal(reader.state, "more");
    else if (whole === PREFIX_INT_OVER) assert.equal(reader.state, "over");
    else assert.deepEqual([reader.state, reader.value, stop], ["done", whole, cursor.offset]);
  }));
});
