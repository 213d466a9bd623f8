import assert from "node:assert/strict";
import fc from "fast-check";
import { HpackDecoder, HpackEncoder, HpackError, isSensitiveField } from "../../hpack/mod.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";
import { fieldList } from "../support/field_arbitraries.ts";
import { NaiveError, NaiveHpackDecoder } from "../support/naive_hpack.ts";

const tableBytes = fc.constantFrom(0, 33, 64, 100, 256, 1000, 4096, 65_536);

const step = fc.oneof(
  { weight: 8, arbitrary: fieldList.map((flat) => ({ kind: "list" as const, flat })) },
  { weight: 4, arbitrary: fc.nat(100).map((back) => ({ kind: "again" as const, back })) },
  { weight: 2, arbitrary: tableBytes.map((bytes) => ({ kind: "size" as const, bytes })) },
  { weight: 1, arbitrary: fc.constant({ kind: "unwritable" as const }) },
);

Deno.test("HpackEncoder and HpackDecoder agree with a naive decoder, table and all, through any history", () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 60 }),
      tableBytes,
      fc.constantFrom("adaptive" as const, "eager" as const),
      fc.constantFrom("shorter" as const, "plain" as const, "coded" as const),
      (steps, cap, indexing, strings) => {
        const encoder = new HpackEncoder({ maxTableBytes: cap, indexing, strings });
        const decoder = new HpackDecoder();
        const naive = new NaiveHpackDecoder();
        const writer = new ByteWriter();
        const lists: string[][] = [];
        for (const step of steps) {
          if (step.kind === "size") {
            encoder.setMaxTableBytes(step.bytes);
            decoder.setMaxTableBytes(step.bytes);
            naive.setMaxTableBytes(step.bytes);
            continue;
          }
          if (step.kind === "unwritable") {
            assert.throws(() => encoder.encode(writer, ["new", "1", "x", "\u1234"]), TypeError);
            continue;
          }
          const list = step.kind === "list" ? step.flat : lists[step.back % (lists.length || 1)] ?? [];
          lists.push(list);
          encoder.encode(writer, list);
          const block = writer.take();
          const expected = naive.decode(block);
          assert.deepEqual(expected.flatMap(([name, value]) => [name, value]), list);
          for (const [name, value, never] of expected) assert.equal(never, isSensitiveField(name, value));
          const section = decoder.decode(block);
          assert.deepEqual(section.flat, list);
          assert.equal(section.count, expected.length);
          assert.equal(section.bytes, list.reduce((sum, text) => sum + text.length + 16, 0));
          assert.deepEqual(decoder.tableEntries, naive.table);
          assert.equal(decoder.tableBytes, encoder.tableBytes);
          assert.deepEqual(
            section.sensitive ?? [],
            [...new Set(expected.filter((field) => field[2]).map((field) => field[0]))],
          );
          writer.give(block);
        }
      },
    ),
    { numRuns: 300 },
  );
});

const goodField = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0x81, max: 0xbd }).map((octet) => [octet]) },
  { weight: 1, arbitrary: fc.constantFrom([0xbe], [0xbf], [0xc0]) },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom(0x40, 0x00, 0x10), fc.uint8Array({ maxLength: 6 }))
      .map(([first, bytes]) => [first, 1, 0x61, bytes.length, ...bytes]),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(0x44, 0x60, 0x04, 0x18), fc.uint8Array({ maxLength: 40 }))
      .map(([first, bytes]) => [first, bytes.length, ...bytes]),
  },
);

const update = fc.constantFrom([0x20], [0x3f, 0xe1, 0x1f], [0x3f, 0x45], [0x3e]);

const spoiled = fc.oneof(
  fc.uint8Array({ maxLength: 6 }).map((bytes) => [0x40, 0x80 | bytes.length, ...bytes, 0]),
  update,
  fc.uint8Array({ maxLength: 3 }).map((bytes) => [...bytes]),
);

/** Bytes that look like a block: whole representations with small indexes, at times spoiled at the end. */
const likelyBlock = fc.tuple(
  fc.oneof({ weight: 8, arbitrary: fc.constant([]) }, {
    weight: 1,
    arbitrary: fc.array(update, { maxLength: 2 }),
  }),
  fc.array(goodField, { maxLength: 8 }),
  fc.oneof({ weight: 30, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: spoiled }),
).map(([updates, fields, end]) => Uint8Array.from([...updates.flat(), ...fields.flat(), ...end]));

Deno.test("HpackDecoder throws nothing but HpackError, and what a naive decoder says, on any bytes, cold or warm", () => {
  let decoded = 0;
  let refused = 0;
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.oneof({ weight: 40, arbitrary: likelyBlock }, {
            weight: 1,
            arbitrary: fc.uint8Array({ maxLength: 40 }),
          }),
          fc.integer({ min: 1, max: 4 }),
          fc.oneof({ weight: 20, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: tableBytes }),
        ),
        { maxLength: 15 },
      ),
      (blocks) => {
        const decoder = new HpackDecoder();
        const naive = new NaiveHpackDecoder();
        for (const [block, times, size] of blocks) {
          if (size !== null) {
            decoder.setMaxTableBytes(size);
            naive.setMaxTableBytes(size);
          }
          for (let i = 0; i < times; i++) {
            let expected: [string, string, boolean][] = [];
            let kind: string | undefined;
            try {
              expected = naive.decode(block);
            } catch (error) {
              assert(error instanceof NaiveError);
              kind = error.message;
            }
            if (kind !== undefined) {
              refused++;
              assert.throws(() => decoder.decode(block), (error) => {
                assert(error instanceof HpackError);
                assert.equal(error.kind, kind);
                return true;
              });
              return;
            }
            decoded++;
            assert.deepEqual(decoder.decode(block).flat, expected.flatMap(([name, value]) => [name, value]));
            assert.deepEqual(decoder.tableEntries, naive.table);
          }
        }
      },
    ),
    { numRuns: 2500 },
  );
  assert(decoded > 3000 && refused > 500, `${decoded} decoded, ${refused} refused`);
});
