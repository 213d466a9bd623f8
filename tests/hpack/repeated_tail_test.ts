import assert from "node:assert/strict";
import { HpackDecoder } from "../../hpack/mod.ts";
import type { DecodedSection } from "../../wire/decoded_section.ts";
import { NaiveHpackDecoder } from "../support/naive_hpack.ts";
import { Random } from "../support/random.ts";

/** A literal without indexing: `:path` with one letter. */
const path = (letter: number): number[] => [0x04, 0x01, letter];
/** A literal that enters the table. */
const added = (name: number, value: number): number[] => [0x40, 0x01, name, 0x01, value];
/** The six entries that the tables of these tests begin with, newest first. */
const SIX = [0xbe, 0xbf, 0xc0, 0xc1, 0xc2, 0xc3];

function warm(options?: ConstructorParameters<typeof HpackDecoder>[0]): HpackDecoder {
  const decoder = new HpackDecoder(options);
  decode(decoder, ...[1, 2, 3, 4, 5, 6].flatMap((n) => added(0x60 + n, 0x30 + n)));
  return decoder;
}

function decode(decoder: HpackDecoder, ...block: number[]): DecodedSection {
  return decoder.decode(Uint8Array.from(block));
}

Deno.test("HpackDecoder knows the indexed fields at the end of a block again", () => {
  const decoder = warm();
  assert.equal(decode(decoder, ...path(0x61), ...SIX).tail, undefined);
  const second = decode(decoder, ...path(0x62), ...SIX);
  const third = decode(decoder, 0x82, ...path(0x63), ...SIX);
  const fields = ["f", "6", "e", "5", "d", "4", "c", "3", "b", "2", "a", "1"];
  assert.deepEqual(second.tail?.flat, fields);
  assert.equal(third.tail, second.tail);
  assert.deepEqual(second.flat, [":path", "b", ...fields]);
  assert.deepEqual(third.flat, [":method", "GET", ":path", "c", ...fields]);
  assert.equal(third.count, 8);
  assert.equal(third.bytes, 8 * 32 + 10 + 6 + 6 * 2);
});

Deno.test("HpackDecoder forgets them when the table changes", () => {
  const decoder = warm();
  decode(decoder, ...path(0x61), ...SIX);
  // The same octets mean other fields, from within the very block that changes the table.
  const changed = decode(decoder, ...added(0x67, 0x37), ...SIX);
  assert.deepEqual(changed.flat.slice(0, 4), ["g", "7", "g", "7"]);
  assert.equal(changed.tail, undefined);
  assert.deepEqual(decode(decoder, ...path(0x62), ...SIX).tail?.flat.slice(0, 2), ["g", "7"]);
  decoder.setMaxTableBytes(34);
  assert.deepEqual(decode(decoder, 0x3f, 0x03, ...path(0x63), 0xbe).flat, [":path", "c", "g", "7"]);
  assert.throws(() => decode(decoder, ...path(0x64), ...SIX), { rule: "7541-2.3.3" });
});

Deno.test("HpackDecoder takes no change of the table's size for a part of such an end [7541-4.2:position]", () => {
  const decoder = warm();
  const same = [0x3f, 0xe1, 0x1f]; // 4096 bytes, as it is
  assert.equal(decode(decoder, ...same, ...SIX).flat.length, 12);
  assert.throws(() => decode(decoder, ...path(0x61), ...same, ...SIX), { rule: "7541-4.2:position" });
});

Deno.test("HpackDecoder keeps no field that is never to be indexed with them", () => {
  const decoder = warm();
  const never = [0x10, 0x01, 0x78, 0x01, 0x79];
  decode(decoder, ...SIX, ...never, ...SIX);
  const section = decode(decoder, ...path(0x61), ...SIX);
  assert.equal(section.tail?.flat.length, 12);
  assert.equal(decode(decoder, ...path(0x61), ...SIX, ...never).tail, undefined);
});

Deno.test("HpackDecoder cuts a section at its limits, whether it knows the end or not", () => {
  for (const options of [{ maxFields: 6 }, { maxListBytes: 200 }]) {
    const decoder = warm(options);
    for (const letter of [0x61, 0x62]) {
      const section = decode(decoder, ...path(letter), ...SIX);
      assert(section.tooLarge && section.count === 7 && section.flat.length < 14);
    }
  }
  // Known, and too large only together with what stands before.
  const decoder = warm({ maxFields: 7 });
  decode(decoder, ...path(0x61), ...SIX);
  assert.notEqual(decode(decoder, ...path(0x62), ...SIX).tail, undefined);
  const cut = decode(decoder, ...path(0x63), ...path(0x64), ...SIX);
  assert(cut.tooLarge && cut.count === 8 && cut.tail === undefined);
  assert.equal(cut.flat.length, 14);
});

Deno.test("HpackDecoder reads blocks that end alike as a naive decoder does, through any history", () => {
  const random = new Random(7);
  let known = 0;
  for (let history = 0; history < 40; history++) {
    const decoder = warm();
    const naive = new NaiveHpackDecoder();
    naive.decode(Uint8Array.from([1, 2, 3, 4, 5, 6].flatMap((n) => added(0x60 + n, 0x30 + n))));
    const ends = [SIX, [...SIX].reverse(), SIX.slice(0, 3), [0x82, 0x86, ...SIX], [...SIX, ...SIX]];
    let end = ends[0]!;
    for (let i = 0; i < 100; i++) {
      if (random.below(6) === 0) end = ends[random.below(ends.length)]!;
      const block: number[] = [];
      for (let n = random.below(3); n > 0; n--) {
        const kind = random.below(16);
        if (kind === 0) block.push(...added(0x61 + random.below(26), 0x30));
        else if (kind < 4) block.push(SIX[random.below(6)]!);
        else if (kind < 6) block.push(0x10, 0x01, 0x78, 0x01, 0x79);
        else block.push(...path(0x61 + random.below(26)));
      }
      const bytes = Uint8Array.from([...block, ...end]);
      const section = decoder.decode(bytes);
      const expected = naive.decode(bytes);
      assert.deepEqual(section.flat, expected.flatMap(([name, value]) => [name, value]));
      assert.equal(section.count, expected.length);
      assert.equal(section.bytes, section.flat.reduce((sum, text) => sum + text.length, 32 * section.count));
      if (section.tail === undefined) continue;
      known++;
      assert.deepEqual(section.flat.slice(-section.tail.flat.length), section.tail.flat);
    }
  }
  assert(known > 500, `${known} of 4000 ends were known`);
});
