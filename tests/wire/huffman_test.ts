import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter } from "../../wire/byte_writer.ts";
import { huffmanDecode, huffmanEncode, huffmanEncodedLength, HuffmanError } from "../../wire/huffman.ts";
import { HuffmanCache } from "../../wire/huffman_cache.ts";
import { HUFFMAN_BITS, HUFFMAN_CODES } from "../../wire/huffman_table.ts";
import { latin1ToString } from "../../wire/latin1.ts";
import { writeStringLiteral } from "../../wire/string_literal.ts";
import { PREFIX_INT_MORE, readPrefixInt } from "../../wire/prefix_int.ts";

const octets = fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 400 });
const text = fc.string({ unit: "grapheme-ascii", maxLength: 100 });

/** The code bit by bit, from the tables alone. */
function slowEncode(text: string): string {
  let bits = "";
  for (const char of text) {
    const octet = char.charCodeAt(0);
    bits += HUFFMAN_CODES[octet]!.toString(2).padStart(HUFFMAN_BITS[octet]!, "0");
  }
  return bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
}

/** The verdict bit by bit: the text, or the kind of the error. */
function slowDecode(bytes: Uint8Array): string {
  let text = "";
  let code = "";
  const codes = new Map(HUFFMAN_CODES.map((value, symbol) => [
    value.toString(2).padStart(HUFFMAN_BITS[symbol]!, "0"),
    symbol,
  ]));
  for (const octet of bytes) {
    for (const bit of octet.toString(2).padStart(8, "0")) {
      code += bit;
      const symbol = codes.get(code);
      if (symbol === undefined) continue;
      if (symbol === 256) return "error: eos";
      text += String.fromCharCode(symbol);
      code = "";
    }
  }
  if (code.includes("0")) return "error: wrong-padding";
  return code.length > 7 ? "error: long-padding" : `text: ${text}`;
}

function verdict(bytes: Uint8Array, decode: (bytes: Uint8Array) => string): string {
  try {
    return `text: ${decode(bytes)}`;
  } catch (error) {
    assert(error instanceof HuffmanError);
    return `error: ${error.kind}`;
  }
}

function encoded(text: string): Uint8Array {
  const writer = new ByteWriter();
  assert.equal(huffmanEncode(writer, text), writer.length);
  return writer.take();
}

Deno.test("the Huffman table is prefix-free and complete", () => {
  let sum = 0;
  for (const bits of HUFFMAN_BITS) sum += 2 ** -bits;
  assert.equal(sum, 1);
  assert.equal(HUFFMAN_CODES.length, 257);
  assert.equal(HUFFMAN_CODES[256], 0x3fff_ffff);
});

Deno.test("huffmanEncode gives the code of the table, and huffmanDecode gives the text back", () => {
  fc.assert(fc.property(fc.oneof(octets, text), (text) => {
    const bytes = encoded(text);
    const bits = [...bytes].map((octet) => octet.toString(2).padStart(8, "0")).join("");
    assert.equal(bits, slowEncode(text));
    assert.equal(bytes.length, huffmanEncodedLength(text));
    assert.equal(huffmanDecode(bytes, 0, bytes.length), text);
  }));
});

Deno.test("huffmanEncode takes long strings of the longest codes", () => {
  const long = "\n".repeat(5000) + "\xff".repeat(5000) + "a".repeat(300_000);
  const bytes = encoded(long);
  assert.equal(huffmanDecode(bytes, 0, bytes.length), long);
});

Deno.test("huffmanEncode refuses a character above 255", () => {
  assert.throws(() => huffmanEncode(new ByteWriter(), "a\u0100"), TypeError);
});

Deno.test("huffmanDecode tells the three errors apart [7541-5.2:eos] [7541-5.2:padding] [7541-5.2:padding-length]", () => {
  for (
    const [hex, kind] of [
      ["ffffffff", "eos"],
      ["fffffffc", "eos"],
      ["1c641fffffffff", "eos"],
      ["18", "wrong-padding"],
      ["1c", "wrong-padding"],
      ["ff", "long-padding"],
      ["1fff", "long-padding"],
      ["fffffff8", "wrong-padding"],
    ] as const
  ) {
    const bytes = Uint8Array.fromHex(hex);
    const found = verdict(bytes, (bytes) => huffmanDecode(bytes, 0, bytes.length));
    assert.equal(found, `error: ${kind}`, hex);
    assert.equal(found, slowDecode(bytes), hex);
  }
});

Deno.test("huffmanDecode and a cold or warm HuffmanCache agree with a bit-by-bit decoder on any bytes", () => {
  const warm = new HuffmanCache();
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.array(fc.constantFrom(0xff, 0xfe, 0x1f, 0x07, 0xaa), { maxLength: 80 }).map((list) =>
      Uint8Array.from(list)
    ),
    text.map(encoded),
  );
  fc.assert(
    fc.property(bytes, fc.nat(3), (bytes, pad) => {
      const expected = slowDecode(bytes);
      const padded = new Uint8Array(bytes.length + pad + 1);
      padded.set(bytes, pad);
      assert.equal(verdict(padded, (all) => huffmanDecode(all, pad, pad + bytes.length)), expected);
      for (let times = 0; times < 4; times++) {
        assert.equal(verdict(padded, (all) => warm.decode(all, pad, pad + bytes.length)), expected);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("HuffmanCache keeps a string that repeats among many that do not", () => {
  const cache = new HuffmanCache();
  const often = encoded("/often/asked");
  for (let i = 0; i < 3000; i++) {
    assert.equal(cache.decode(often, 0, often.length), "/often/asked");
    const other = encoded(`/once/${i}`);
    assert.equal(cache.decode(other, 0, other.length), `/once/${i}`);
  }
});

Deno.test("writeStringLiteral writes the shorter form, at every prefix, and undoes what it cannot write", () => {
  fc.assert(
    fc.property(fc.oneof(octets, text), fc.constantFrom(3, 5, 7), fc.boolean(), (text, bits, before) => {
      const writer = new ByteWriter();
      if (before) writer.uint8(0xaa);
      const above = bits === 7 ? 0 : 0xff << (bits + 1) & 0xff;
      writeStringLiteral(writer, above, bits, text);
      const start = before ? 1 : 0;
      const bytes = writer.take();
      if (before) assert.equal(bytes[0], 0xaa);
      assert.equal(bytes[start]! & above, above);
      const isCoded = (bytes[start]! & 1 << bits) !== 0;
      const cursor = { offset: start };
      const size = readPrefixInt(cursor, bytes, bytes.length, bits);
      assert.notEqual(size, PREFIX_INT_MORE);
      assert.equal(cursor.offset + size, bytes.length);
      const decoded = isCoded
        ? huffmanDecode(bytes, cursor.offset, bytes.length)
        : latin1ToString(bytes, cursor.offset, bytes.length);
      assert.equal(decoded, text);
      assert.equal(size, Math.min(text.length, huffmanEncodedLength(text)));
      const failing = new ByteWriter();
      failing.uint8(1);
      assert.throws(() => writeStringLiteral(failing, 0, 7, text + "\u0100"), TypeError);
      assert.equal(failing.length, 1);
    }),
  );
});
