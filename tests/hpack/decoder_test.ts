import assert from "node:assert/strict";
import { HpackDecoder, HpackError, type HpackErrorKind } from "../../hpack/mod.ts";
import { HPACK_RULES } from "../../semantics/rules/hpack.ts";

function decode(decoder: HpackDecoder, hex: string): string[] {
  return decoder.decode(Uint8Array.fromHex(hex)).flat;
}

function refuses(decoder: HpackDecoder, hex: string, kind: HpackErrorKind, rule: string): void {
  const check = (error: unknown) => {
    assert(error instanceof HpackError);
    assert.equal(error.kind, kind, hex);
    assert.equal(error.rule, rule);
    assert(error.message.endsWith(`[${rule}]`));
    return true;
  };
  assert.throws(() => decode(decoder, hex), check);
  // The tables may differ from now on, so the decoder does not go on.
  assert.throws(() => decode(decoder, "82"), check);
}

function refusesFirst(hex: string, kind: HpackErrorKind, rule: string): void {
  refuses(new HpackDecoder(), hex, kind, rule);
}

Deno.test("HpackDecoder refuses index 0 [7541-6.1]", () => {
  refusesFirst("80", "index-zero", "7541-6.1");
  refusesFirst("8280", "index-zero", "7541-6.1");
});

Deno.test("HpackDecoder refuses an index past the tables [7541-2.3.3]", () => {
  refusesFirst("be", "index-out-of-range", "7541-2.3.3");
  refusesFirst("ff00", "index-out-of-range", "7541-2.3.3");
  refusesFirst("7e0161", "index-out-of-range", "7541-2.3.3");
  refusesFirst("1f2f0161", "index-out-of-range", "7541-2.3.3");
  refusesFirst("0f2f0161", "index-out-of-range", "7541-2.3.3");
  const decoder = new HpackDecoder();
  assert.deepEqual(decode(decoder, "400161016240016301640f2f0178"), ["a", "b", "c", "d", "c", "x"]);
  assert.deepEqual(decode(decoder, "bebf"), ["c", "d", "a", "b"]);
  refuses(decoder, "c0", "index-out-of-range", "7541-2.3.3");
});

Deno.test("HpackDecoder refuses a block that ends within a field [7541-3.2]", () => {
  for (
    const hex of [
      "ff",
      "ff80",
      "40",
      "4001",
      "400161",
      "40016102",
      "4001610262",
      "00",
      "0f",
      "0f80",
      "3f",
      "3fe1",
    ]
  ) {
    refusesFirst(hex, "truncated", "7541-3.2");
  }
  refusesFirst("007fffffff07", "truncated", "7541-3.2");
});

Deno.test("HpackDecoder refuses integers that are too large or too long [7541-5.1]", () => {
  refusesFirst("ff81ffffff07", "integer-overflow", "7541-5.1");
  refusesFirst("ffffffffffffffffffffff", "integer-overflow", "7541-5.1");
  refusesFirst("ff808080808000", "integer-overflow", "7541-5.1");
  refusesFirst("007fffffffffffff7f", "integer-overflow", "7541-5.1");
  refusesFirst("3fffffffffff7f", "integer-overflow", "7541-5.1");
});

Deno.test("HpackDecoder tells Huffman errors apart [7541-5.2:eos] [7541-5.2:padding] [7541-5.2:padding-length]", () => {
  refusesFirst("000161" + "84ffffffff", "huffman-eos", "7541-5.2:eos");
  refusesFirst("400161" + "8118", "huffman-padding", "7541-5.2:padding");
  refusesFirst("400161" + "821fff", "huffman-padding-length", "7541-5.2:padding-length");
  refusesFirst("0081ff" + "0161", "huffman-padding-length", "7541-5.2:padding-length");
});

Deno.test("HpackDecoder refuses a table size above the limit [7541-6.3]", () => {
  refusesFirst("3fe21f", "size-update-too-large", "7541-6.3");
  assert.deepEqual(decode(new HpackDecoder(), "3fe11f82"), [":method", "GET"]);
  assert.deepEqual(decode(new HpackDecoder({ maxTableBytes: 8192 }), "3fe13f82"), [":method", "GET"]);
  const decoder = new HpackDecoder();
  decoder.setMaxTableBytes(8192);
  assert.deepEqual(decode(decoder, "82"), [":method", "GET"]);
  assert.deepEqual(decode(decoder, "3fe13f82"), [":method", "GET"]);
});

Deno.test("HpackDecoder refuses a size update after a field [7541-4.2:position]", () => {
  refusesFirst("8220", "size-update-misplaced", "7541-4.2:position");
  assert.deepEqual(decode(new HpackDecoder(), "203fe11f82"), [":method", "GET"]);
});

Deno.test("HpackDecoder demands the lower size at the start of the next block [7541-4.2:required]", () => {
  const lowered = (...sizes: number[]) => {
    const decoder = new HpackDecoder();
    decode(decoder, "4001610162");
    for (const size of sizes) decoder.setMaxTableBytes(size);
    return decoder;
  };
  refuses(lowered(100), "82", "size-update-missing", "7541-4.2:required");
  refuses(lowered(100), "", "size-update-missing", "7541-4.2:required");
  refuses(lowered(100), "3f4682", "size-update-too-large", "7541-6.3");
  assert.deepEqual(decode(lowered(100), "3f45be"), ["a", "b"]);
  assert.deepEqual(decode(lowered(100), "2082"), [":method", "GET"]);
  // Down and up again between two blocks: the lowest must be named first.
  refuses(lowered(100, 4096), "82", "size-update-missing", "7541-4.2:required");
  refuses(lowered(100, 200), "3fa90182", "size-update-missing", "7541-4.2:required");
  refuses(lowered(100, 4096), "3fe11f82", "size-update-missing", "7541-4.2:required");
  refuses(lowered(0, 4096), "203fe11fbe", "index-out-of-range", "7541-2.3.3");
  assert.deepEqual(decode(lowered(100, 4096), "3f453fe11fbe"), ["a", "b"]);
  assert.deepEqual(decode(lowered(0, 4096), "203fe11f82"), [":method", "GET"]);
  // Once done, no more is asked for.
  const decoder = lowered(100);
  decode(decoder, "3f4582");
  assert.deepEqual(decode(decoder, "82"), [":method", "GET"]);
  // An encoder that uses less already has nothing to say.
  decode(decoder, "2082");
  decoder.setMaxTableBytes(50);
  assert.deepEqual(decode(decoder, "82"), [":method", "GET"]);
});

Deno.test("HpackDecoder demands the size update also of a block that it has cached [7541-4.2:required]", () => {
  const decoder = new HpackDecoder();
  for (let i = 0; i < 5; i++) decode(decoder, "8284");
  decoder.setMaxTableBytes(0);
  refuses(decoder, "8284", "size-update-missing", "7541-4.2:required");
});

Deno.test("HpackDecoder evicts for an entry that is larger than the table", () => {
  const decoder = new HpackDecoder({ maxTableBytes: 64 });
  assert.deepEqual(decode(decoder, "4001610162be"), ["a", "b", "a", "b"]);
  // The name comes from the entry that the new one evicts.
  const value = "78".repeat(40);
  assert.deepEqual(decode(decoder, "7e28" + value), ["a", "x".repeat(40)]);
  assert.equal(decoder.tableBytes, 0);
  refuses(decoder, "be", "index-out-of-range", "7541-2.3.3");
});

Deno.test("HpackDecoder keeps never-indexed names apart", () => {
  const decoder = new HpackDecoder();
  const section = decoder.decode(Uint8Array.fromHex("1001610162" + "0001630164" + "1001610165" + "1f080166"));
  assert.deepEqual(section.flat, ["a", "b", "c", "d", "a", "e", "authorization", "f"]);
  assert.deepEqual(section.sensitive, ["a", "authorization"]);
  assert.equal(decode(decoder, "82").length, 2);
  assert.equal(decoder.decode(Uint8Array.fromHex("0001630164")).sensitive, undefined);
});

Deno.test("HpackDecoder accepts names of length zero and octets of any value", () => {
  assert.deepEqual(decode(new HpackDecoder(), "000000" + "0002ff000180"), ["", "", "\xff\0", "\x80"]);
  assert.deepEqual(decode(new HpackDecoder(), "008080"), ["", ""]);
  assert.deepEqual(decode(new HpackDecoder(), ""), []);
});

Deno.test("HpackDecoder cuts a list over its limit and keeps its table in step", () => {
  const decoder = new HpackDecoder({ maxListBytes: 100 });
  const section = decoder.decode(Uint8Array.fromHex("8284" + "4001610162" + "4001630164" + "82"));
  assert.deepEqual(section.flat, [":method", "GET", ":path", "/"]);
  assert.equal(section.tooLarge, true);
  assert.equal(section.count, 5);
  assert.equal(section.bytes, 42 + 38 + 34 + 34 + 42);
  assert.deepEqual(decode(decoder, "bebf"), ["c", "d", "a", "b"]);
  assert.equal(decoder.decode(Uint8Array.fromHex("8284")).tooLarge, false);
});

Deno.test("HpackDecoder cuts a list of too many fields", () => {
  const decoder = new HpackDecoder({ maxFields: 3 });
  assert.equal(decoder.decode(Uint8Array.fromHex("828282")).tooLarge, false);
  const section = decoder.decode(Uint8Array.fromHex("82828282"));
  assert.deepEqual([section.tooLarge, section.count, section.flat.length], [true, 4, 6]);
});

Deno.test("HpackDecoder makes little of a block that refers to one large entry again and again", () => {
  const decoder = new HpackDecoder({ maxListBytes: 32_768 });
  const head = Uint8Array.fromHex("400178" + "7fa11e"); // x, and a value of 4000 octets
  const block = new Uint8Array(head.length + 4000 + 60_000).fill(0xbe);
  block.set(head);
  block.fill(0x61, head.length, head.length + 4000);
  const section = decoder.decode(block);
  assert.equal(section.tooLarge, true);
  assert.equal(section.count, 60_001);
  assert(section.bytes > 200_000_000);
  assert(section.flat.length <= 16);
});

Deno.test("HpackDecoder cites only rules that are listed", () => {
  const kinds: HpackErrorKind[] = [
    "truncated",
    "integer-overflow",
    "index-zero",
    "index-out-of-range",
    "huffman-eos",
    "huffman-padding",
    "huffman-padding-length",
    "size-update-too-large",
    "size-update-misplaced",
    "size-update-missing",
  ];
  const cited = new Set(kinds.map((kind) => new HpackError(kind).rule));
  assert.deepEqual([...cited].sort(), Object.keys(HPACK_RULES).sort());
});

Deno.test("HpackDecoder gives the same result object for a block that repeats, until the table changes", () => {
  const decoder = new HpackDecoder();
  decode(decoder, "4001610162");
  const block = Uint8Array.fromHex("82be");
  decoder.decode(block);
  const second = decoder.decode(block);
  assert.equal(decoder.decode(block.slice()), second);
  decode(decoder, "4001630164");
  assert.deepEqual(decoder.decode(block).flat, [":method", "GET", "c", "d"]);
  decode(decoder, "203fe11f82");
  assert.throws(() => decoder.decode(block), HpackError);
});

Deno.test("HpackDecoder keeps blocks that come again, unless a field is never to be indexed", () => {
  for (const [hex, isKept] of [["820001610162", true], ["821001610162", false]] as const) {
    const decoder = new HpackDecoder();
    const block = Uint8Array.fromHex(hex);
    const sections = [0, 1, 2, 3].map(() => decoder.decode(block));
    for (const section of sections) assert.deepEqual(section.flat, [":method", "GET", "a", "b"]);
    assert.equal(sections[3] === sections[2], isKept);
  }
});
