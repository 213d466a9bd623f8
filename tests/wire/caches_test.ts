import assert from "node:assert/strict";
import { BlockCache } from "../../wire/block_cache.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";
import type { DecodedSection } from "../../wire/decoded_section.ts";
import { EncodedBlocks } from "../../wire/encoded_blocks.ts";
import { huffmanEncode } from "../../wire/huffman.ts";
import { HuffmanCache } from "../../wire/huffman_cache.ts";
import { LiteralCache } from "../../wire/literal_cache.ts";

function section(...flat: string[]): DecodedSection {
  return { flat, sensitive: undefined, bytes: 0, count: flat.length / 2, tooLarge: false };
}

Deno.test("BlockCache keeps a block on second sight, for one version of the table only", () => {
  const cache = new BlockCache();
  const first = section("a", "1");
  const block = Uint8Array.of(0x82, 0x84);
  cache.offer(block, 1, first);
  assert.equal(cache.find(block, 1), undefined);
  cache.offer(block, 1, first);
  assert.equal(cache.find(block, 1), first);
  assert.equal(cache.find(block.slice(), 1), first);
  assert.equal(cache.find(block, 2), undefined);
  // With other blocks kept for the next version, the old one still does not come back.
  for (let octet = 0; octet < 256; octet++) {
    for (let times = 0; times < 2; times++) cache.offer(Uint8Array.of(octet), 2, section("b", "2"));
    const found = cache.find(block, 2);
    assert.notEqual(found, first);
  }
});

Deno.test("EncodedBlocks tells lists apart that differ in one octet anywhere, or in a name", () => {
  const long = "abcdefghijklmnopqrstuvwxyz0123456789".repeat(2);
  const lists: string[][] = [["name", long], ["nane", long], ["name", long, "x", ""], ["nam", long]];
  for (let i = 0; i < long.length; i++) lists.push(["name", long.slice(0, i) + "_" + long.slice(i + 1)]);
  for (const kept of lists) {
    const cache = new EncodedBlocks();
    const writer = new ByteWriter();
    writer.uint8(0xaa);
    for (let times = 0; times < 2; times++) cache.offer(kept, 1, writer, 0);
    for (const other of lists) {
      // What is found keeps the cache attentive.
      assert(cache.write(writer, kept.slice(), 1) >= 0);
      writer.clear();
      const slot = cache.write(writer, other.slice(), 1);
      assert.equal(slot >= 0, other === kept);
      assert.equal(writer.length, other === kept ? 1 : 0);
    }
  }
});

Deno.test("EncodedBlocks knows a list that never changes by itself, and copies any other", () => {
  const cache = new EncodedBlocks();
  const writer = new ByteWriter();
  writer.uint8(0xaa);
  const changing = ["a", "1"];
  const constant = ["b", "2"];
  for (let times = 0; times < 2; times++) cache.offer(changing, 1, writer, 0);
  for (let times = 0; times < 2; times++) cache.offer(constant, 1, writer, 0, true);
  assert(cache.write(writer, constant, 1) >= 0);
  assert(cache.write(writer, ["b", "2"], 1) >= 0);
  changing[1] = "3";
  assert.equal(cache.write(writer, changing, 1), -1);
});

Deno.test("EncodedBlocks finds a list that comes again after thousands that did not", () => {
  const cache = new EncodedBlocks();
  const writer = new ByteWriter();
  writer.uint8(0xaa);
  const see = (list: string[]): boolean => {
    if (cache.write(writer, list, 1) >= 0) return true;
    cache.offer(list, 1, writer, writer.length - 1);
    return false;
  };
  for (let i = 0; i < 5000; i++) assert.equal(see(["path", `${i}`]), false);
  let times = 1;
  while (!see(["path", "again"])) assert(++times < 40);
  for (let i = 0; i < 20; i++) assert(see(["path", "again"]));
});

Deno.test("EncodedBlocks keeps a block for one version of the table only", () => {
  const cache = new EncodedBlocks();
  const writer = new ByteWriter();
  writer.uint8(0xaa);
  const list = ["a", "1"];
  for (let times = 0; times < 2; times++) cache.offer(list, 1, writer, 0);
  const out = new ByteWriter();
  assert(cache.write(out, list, 1) >= 0);
  assert.equal(cache.write(out, list, 2), -1);
  writer.uint8(0xbb);
  for (let i = 0; i < 200; i++) {
    for (let times = 0; times < 2; times++) cache.offer(["b", `${i}`], 2, writer, 0);
    assert.equal(cache.write(out, list, 2), -1);
  }
});

/** The hash of `HuffmanCache`, so as to find what it cannot tell apart. */
function hashOf(bytes: Uint8Array): number {
  let hash = bytes.length;
  for (const octet of bytes) hash = Math.imul(hash ^ octet, 0x0100_0193);
  return hash;
}

Deno.test("HuffmanCache tells strings apart whose hashes are equal", () => {
  const writer = new ByteWriter();
  const known = new Map<number, string>();
  const pairs: [string, string][] = [];
  for (let i = 0; pairs.length < 2 && i < 2_000_000; i++) {
    const text = i.toString(36) + "x";
    huffmanEncode(writer, text);
    const hash = hashOf(writer.buffer.subarray(0, writer.length));
    writer.position = 0;
    const other = known.get(hash);
    if (other === undefined) known.set(hash, text);
    else pairs.push([other, text]);
  }
  assert(pairs.length > 0, "no two hashes are equal");
  for (const pair of pairs) {
    const codes = pair.map((text) => {
      huffmanEncode(writer, text);
      const code = writer.take().slice();
      return code;
    });
    const cache = new HuffmanCache();
    for (let times = 0; times < 30; times++) {
      pair.forEach((text, i) => assert.equal(cache.decode(codes[i]!, 0, codes[i]!.length), text));
    }
  }
});

Deno.test("LiteralCache writes what it kept, has an end, and uses slots again", () => {
  const cache = new LiteralCache();
  const writer = new ByteWriter();
  const slots: number[] = [];
  for (;;) {
    const start = writer.position;
    writer.latin1(`literal ${slots.length}`);
    const slot = cache.keep(writer, start);
    if (slot < 0) break;
    slots.push(slot);
  }
  assert(slots.length >= 16);
  slots.forEach((slot, i) => {
    const out = new ByteWriter();
    cache.write(out, slot);
    assert.equal(new TextDecoder().decode(out.take()), `literal ${i}`);
  });
  cache.free(slots[3]!);
  assert.equal(cache.keep(writer, writer.position - 4), slots[3]);
  writer.bytes(new Uint8Array(4000));
  cache.free(slots[3]!);
  assert.equal(cache.keep(writer, 0), -1);
});
