import assert from "node:assert/strict";
import fc from "fast-check";
import { BUFFER_OFFSET, pooledBytes } from "../../wire/buffer_pool.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";

Deno.test("ByteWriter writes big endian", () => {
  const writer = new ByteWriter();
  writer.uint8(1);
  writer.uint16(0x0203);
  writer.uint24(0x040506);
  writer.uint32(0xfffefdfc);
  writer.latin1("a\xff");
  writer.bytes(new Uint8Array([9, 8, 7]), 1, 2);
  assert.equal(writer.length, 13);
  assert.equal(writer.take().toHex(), "010203040506fffefdfc61ff08");
  assert.equal(writer.length, 0);
});

Deno.test("ByteWriter patches what is written and refuses to patch beyond", () => {
  const writer = new ByteWriter();
  for (let i = 0; i < 8; i++) writer.uint8(0);
  writer.patchUint24(0, 0x010203);
  writer.patchUint8(3, 4);
  writer.patchUint32(4, 0x85060708);
  assert.throws(() => writer.patchUint8(8, 1), RangeError);
  assert.throws(() => writer.patchUint32(5, 1), RangeError);
  assert.throws(() => writer.patchUint24(-1, 1), RangeError);
  assert.equal(writer.take().toHex(), "0102030485060708");
});

Deno.test("ByteWriter refuses a character above 255 and writes nothing", () => {
  const writer = new ByteWriter();
  assert.throws(() => writer.latin1("a\u0100"), TypeError);
  assert.equal(writer.length, 0);
});

Deno.test("ByteWriter starts its buffers away from the start of their memory", () => {
  const writer = new ByteWriter();
  for (const size of [1, 2000, 100_000, 5_000_000]) {
    writer.bytes(new Uint8Array(size));
    const view = writer.take();
    assert.equal(view.byteOffset, BUFFER_OFFSET);
    assert.equal(view.length, size);
    writer.give(view);
  }
});

Deno.test("ByteWriter holds no buffer after take and clear", () => {
  const writer = new ByteWriter();
  writer.uint8(1);
  writer.take();
  assert.equal(writer.buffer.length, 0);
  writer.uint8(1);
  writer.clear();
  assert.equal(writer.buffer.length, 0);
  assert.equal(writer.take().length, 0);
});

Deno.test("ByteWriter re-uses a buffer that was given back, and takes it back once only", () => {
  const writer = new ByteWriter();
  writer.uint8(1);
  const view = writer.take();
  writer.give(view);
  const pooled = pooledBytes();
  writer.give(view);
  writer.give(new Uint8Array(1024));
  assert.equal(pooledBytes(), pooled);
  writer.uint8(2);
  assert.equal(writer.buffer.buffer, view.buffer);
  const other = new ByteWriter();
  other.uint8(3);
  assert.notEqual(other.buffer.buffer, view.buffer);
});

Deno.test("ByteWriter ignores a view whose memory was transferred away", () => {
  const writer = new ByteWriter();
  writer.uint8(1);
  const view = writer.take();
  const pooled = pooledBytes();
  structuredClone(view.buffer, { transfer: [view.buffer] });
  writer.give(view);
  assert.equal(pooledBytes(), pooled);
});

Deno.test("ByteWriter keeps the pool within its bound", () => {
  const writers: ByteWriter[] = [];
  for (let i = 0; i < 40; i++) {
    const writer = new ByteWriter();
    writer.bytes(new Uint8Array(600_000));
    writers.push(writer);
  }
  for (const writer of writers) writer.clear();
  assert(pooledBytes() <= 12 * 1024 * 1024, `${pooledBytes()}`);
});

Deno.test("ByteWriter begins an output with room for as much as the last one had, within bounds", () => {
  const writer = new ByteWriter();
  writer.bytes(new Uint8Array(10_000));
  writer.give(writer.take());
  writer.uint8(1);
  assert(writer.buffer.length >= 10_000 && writer.buffer.length <= 16_384);
  writer.give(writer.take());
  writer.uint8(1);
  assert(writer.buffer.length < 1024);
  writer.bytes(new Uint8Array(1_000_000));
  writer.give(writer.take());
  writer.uint8(1);
  assert(writer.buffer.length <= 65_536);
  writer.clear();
});

Deno.test("ByteWriter gives the same bytes as a plain list, whatever is written", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 3000 }),
    fc.nat(255),
    fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 50 }),
  );
  fc.assert(fc.property(fc.array(piece), fc.integer({ min: 1, max: 5 }), (pieces, every) => {
    const writer = new ByteWriter();
    const expected: number[] = [];
    const seen: number[] = [];
    pieces.forEach((part, i) => {
      if (typeof part === "number") writer.uint8(part), expected.push(part);
      else if (typeof part === "string") {
        writer.latin1(part);
        for (const char of part) expected.push(char.charCodeAt(0));
      } else {
        writer.bytes(part);
        for (const octet of part) expected.push(octet);
      }
      if (i % every !== 0) return;
      const view = writer.take();
      for (const octet of view) seen.push(octet);
      writer.give(view);
    });
    for (const octet of writer.take()) seen.push(octet);
    assert.deepEqual(seen, expected);
  }));
});
