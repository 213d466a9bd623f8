import assert from "node:assert/strict";
import type { RuleId } from "../../semantics/rules/mod.ts";
import { ByteWriter, QpackDecoder, type QpackDecoderOptions, QpackError } from "../../qpack/mod.ts";
import { STATIC_COUNT, STATIC_FLAT } from "../../qpack/static_table.ts";
import { writePrefixInt } from "../../wire/prefix_int.ts";
import { fromHex } from "../support/corpora.ts";

const DYNAMIC = { maxTableBytes: 4096, maxBlockedStreams: 2 } as const;

function failing(kind: string, rule: RuleId): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof QpackError)) throw error;
    assert.equal(error.kind, kind);
    assert.equal(error.rule, rule);
    assert(error.message.endsWith(`[${rule}]`));
    return true;
  };
}

function refusesSection(hex: string, rule: RuleId, options: QpackDecoderOptions = {}, encoder = ""): void {
  const decoder = new QpackDecoder(options);
  decoder.receiveEncoder(fromHex(encoder));
  assert.throws(() => decoder.decode(4, fromHex(hex)), failing("decompression", rule), hex);
}

function refusesInstructions(hex: string, rule: RuleId, options: QpackDecoderOptions = DYNAMIC): void {
  assert.throws(
    () => new QpackDecoder(options).receiveEncoder(fromHex(hex)),
    failing("encoder-stream", rule),
    hex,
  );
  const slow = new QpackDecoder(options);
  assert.throws(
    () => {
      for (const octet of fromHex(hex)) slow.receiveEncoder(Uint8Array.of(octet));
    },
    failing("encoder-stream", rule),
    `${hex} by bytes`,
  );
}

/** Capacity 100, then `a: b` and `c: d`. */
const TWO_ENTRIES = "3f45" + "4161" + "0162" + "4163" + "0164";

Deno.test("QpackDecoder knows all 99 static entries", () => {
  const decoder = new QpackDecoder();
  for (let index = 0; index < STATIC_COUNT; index++) {
    const writer = new ByteWriter();
    writer.uint16(0);
    writePrefixInt(writer, 0xc0, 6, index);
    const decoded = decoder.decode(0, writer.take());
    assert(decoded !== "blocked");
    assert.deepEqual(decoded.flat, [STATIC_FLAT[2 * index], STATIC_FLAT[2 * index + 1]]);
  }
  assert.equal(STATIC_FLAT.length, 2 * STATIC_COUNT);
});

Deno.test("QpackDecoder decodes each form of a field line", () => {
  const decoder = new QpackDecoder(DYNAMIC);
  decoder.receiveEncoder(fromHex(TWO_ENTRIES));
  // Base 1: `a: b` is relative 0, `c: d` is post-base 0; Required Insert Count 2 is 3 on the wire.
  const decoded = decoder.decode(
    8,
    fromHex(
      "0380" + "d1" + "80" + "10" + "4001" + "78" + "500178" + "000179" + "2178" + "0179" + "2178" + "0179",
    ),
  );
  assert(decoded !== "blocked");
  assert.deepEqual(decoded.flat, [
    ":method",
    "GET",
    "a",
    "b",
    "c",
    "d",
    "a",
    "x",
    ":authority",
    "x",
    "c",
    "y",
    "x",
    "y",
    "x",
    "y",
  ]);
  assert.equal(decoded.sensitive, undefined);
  assert.equal(decoded.count, 8);
  assert.equal(decoded.bytes, decoded.flat.join("").length + 8 * 32);
  assert.equal(decoder.takeInstructions().toHex(), "88");
});

Deno.test("QpackDecoder tells which names came as never to be indexed [9204-7.1.3]", () => {
  const decoder = new QpackDecoder(DYNAMIC);
  decoder.receiveEncoder(fromHex(TWO_ENTRIES));
  const decoded = decoder.decode(0, fromHex("0380" + "60" + "0178" + "700178" + "080179" + "3178" + "0179"));
  assert(decoded !== "blocked");
  assert.deepEqual(decoded.sensitive, ["a", ":authority", "c", "x"]);
});

Deno.test("QpackDecoder refuses a section that ends too early [9204-4.5]", () => {
  for (
    const hex of ["", "00", "ff", "00ff", "0000ff", "000051", "00005105", "000021", "00002161", "0000216105"]
  ) {
    refusesSection(hex, "9204-4.5");
  }
});

Deno.test("QpackDecoder refuses integers without end or measure [9204-4.1.1]", () => {
  refusesSection("ffffffffffffff01", "9204-4.1.1", DYNAMIC);
  refusesSection("0000ffffffffffff01", "9204-4.1.1");
  refusesSection("0000ff808080808080808000", "9204-4.1.1");
  refusesInstructions("ffffffffffffff01", "9204-4.1.1");
});

Deno.test("QpackDecoder refuses static indexes beyond the table [9204-3.1]", () => {
  refusesSection("0000ff24", "9204-3.1");
  refusesSection("00005f5400", "9204-3.1");
  refusesInstructions("ff2401", "9204-3.1", DYNAMIC);
});

Deno.test("QpackDecoder refuses references at or beyond the Required Insert Count [9204-2.2.1]", () => {
  refusesSection("000010", "9204-2.2.1", DYNAMIC, TWO_ENTRIES);
  refusesSection("020180", "9204-2.2.1", DYNAMIC, TWO_ENTRIES);
  refusesSection("02000000", "9204-2.2.1", DYNAMIC, TWO_ENTRIES);
});

Deno.test("QpackDecoder refuses references to what is not in the table [9204-2.2.3]", () => {
  refusesSection("000080", "9204-2.2.3", DYNAMIC, TWO_ENTRIES);
  refusesSection("030082", "9204-2.2.3", DYNAMIC, TWO_ENTRIES);
  // A third entry evicts the first.
  refusesSection("040082", "9204-2.2.3", DYNAMIC, TWO_ENTRIES + "416501" + "66");
  refusesInstructions("3f45" + "00", "9204-2.2.3");
  refusesInstructions("3f45" + "8001" + "61", "9204-2.2.3");
  refusesInstructions(TWO_ENTRIES + "02", "9204-2.2.3");
});

Deno.test("QpackDecoder refuses strings that are no Huffman code [9204-4.1.2]", () => {
  for (const code of ["00", "ffffffff", "1fff", "feffffff"]) {
    const length = (0x80 + code.length / 2).toString(16);
    refusesSection(`000051${length}${code}`, "9204-4.1.2");
    refusesInstructions(`3f45c1${length}${code}`, "9204-4.1.2");
  }
});

Deno.test("QpackDecoder refuses a Required Insert Count that no encoder makes [9204-4.5.1.1]", () => {
  refusesSection("0200d1", "9204-4.5.1.1"); // no table at all
  refusesSection("ff0200d1", "9204-4.5.1.1", DYNAMIC); // 257 > 2 * 128
  refusesSection("0100d1", "9204-4.5.1.1", DYNAMIC); // 0 in disguise
  refusesSection("ff0000d1", "9204-4.5.1.1", DYNAMIC, TWO_ENTRIES); // 254 would be before the first
});

Deno.test("QpackDecoder refuses a negative Base [9204-4.5.1.2]", () => {
  refusesSection("0081d1", "9204-4.5.1.2");
  refusesSection("0080d1", "9204-4.5.1.2");
  refusesSection("0382d1", "9204-4.5.1.2", DYNAMIC, TWO_ENTRIES);
});

Deno.test("QpackDecoder refuses a capacity above the announced one [9204-4.3.1]", () => {
  refusesInstructions("3fe21f", "9204-4.3.1"); // 4097
  refusesInstructions("21", "9204-4.3.1", {});
  new QpackDecoder(DYNAMIC).receiveEncoder(fromHex("3fe11f"));
});

Deno.test("QpackDecoder refuses entries that cannot fit, before they are whole [9204-3.2.2]", () => {
  refusesInstructions("c100", "9204-3.2.2"); // capacity is still 0
  refusesInstructions("3f02" + "4161" + "01", "9204-3.2.2"); // 33: a name, no value
  refusesInstructions("3f45" + "c17f01", "9204-3.2.2"); // 128 octets announced
  refusesInstructions("3f45" + "5fe007", "9204-3.2.2");
  refusesInstructions("3f45" + "c1ffff07", "9204-3.2.2"); // coded: too long even at 30 bits an octet
});

Deno.test("QpackDecoder refuses an unfinished instruction over the limit [limit:encoder_stream_bytes]", () => {
  const options = { maxTableBytes: 100_000, maxBlockedStreams: 0, maxEncoderStreamBytes: 1000 };
  const decoder = new QpackDecoder(options);
  decoder.receiveEncoder(fromHex("3f818d06")); // 100000
  const value = new ByteWriter();
  writePrefixInt(value, 0xc0, 6, 1);
  writePrefixInt(value, 0, 7, 2000);
  assert.throws(
    () => decoder.receiveEncoder(value.take()),
    failing("encoder-stream", "limit:encoder_stream_bytes"),
  );
});

Deno.test("QpackDecoder lets as many streams block as announced, no more [9204-2.1.2]", () => {
  const decoder = new QpackDecoder(DYNAMIC);
  assert.equal(decoder.decode(0, fromHex("020080")), "blocked");
  assert.equal(decoder.decode(4, fromHex("030080")), "blocked");
  assert.throws(() => decoder.decode(8, fromHex("020080")), failing("decompression", "9204-2.1.2"));
  assert.deepEqual(decoder.receiveEncoder(fromHex(TWO_ENTRIES.slice(0, 12))), [0]);
  // A stream that can be resumed is no longer blocked.
  assert.equal(decoder.decode(12, fromHex("030080")), "blocked");
  assert.deepEqual(decoder.receiveEncoder(fromHex(TWO_ENTRIES.slice(12))), [4, 12]);
  assert.deepEqual(decoder.resume(12).flat, ["c", "d"]);
  assert.deepEqual(decoder.resume(0).flat, ["a", "b"]);
  decoder.cancel(4);
  assert.throws(() => decoder.resume(4), TypeError);
  assert.equal(decoder.takeInstructions().toHex(), "8c8044");
  assert.equal(decoder.takeInstructions().length, 0);
});

Deno.test("QpackDecoder gives up a blocked section that no limit would let through", () => {
  const decoder = new QpackDecoder({ ...DYNAMIC, maxListBytes: 100 });
  const section = new Uint8Array(2000);
  section.set(fromHex("020080"));
  const decoded = decoder.decode(4, section);
  assert(decoded !== "blocked" && decoded.tooLarge);
  assert.equal(decoder.blockedStreams, 0);
  assert.equal(decoder.takeInstructions().toHex(), "44");
});

Deno.test("QpackDecoder counts one increment for all inserts not acknowledged otherwise [9204-4.4.3]", () => {
  const decoder = new QpackDecoder(DYNAMIC);
  decoder.receiveEncoder(fromHex(TWO_ENTRIES));
  assert.equal(decoder.instructionBytes, 1);
  assert.equal(decoder.takeInstructions().toHex(), "02");
  assert.equal(decoder.instructionBytes, 0);
});

Deno.test("QpackDecoder sends no cancellation without a table [9204-2.2.2.2]", () => {
  const decoder = new QpackDecoder();
  decoder.cancel(4);
  assert.equal(decoder.takeInstructions().length, 0);
});

Deno.test("QpackDecoder cuts a section at its limits and still counts all of it", () => {
  for (const limits of [{ maxFields: 2 }, { maxListBytes: 100 }]) {
    const decoder = new QpackDecoder({ ...DYNAMIC, ...limits });
    decoder.receiveEncoder(fromHex(TWO_ENTRIES));
    const decoded = decoder.decode(0, fromHex("0300" + "d1" + "c1" + "80" + "81"));
    assert(decoded !== "blocked");
    assert.equal(decoded.tooLarge, true);
    assert.deepEqual(decoded.flat, [":method", "GET", ":path", "/"]);
    assert.equal(decoded.count, 4);
    assert.equal(decoded.bytes, 42 + 38 + 34 + 34);
    assert.equal(decoder.takeInstructions().toHex(), "80");
  }
});

Deno.test("QpackDecoder evicts when the capacity shrinks, and an entry may outlive its name giver [9204-3.2.2]", () => {
  const decoder = new QpackDecoder(DYNAMIC);
  decoder.receiveEncoder(fromHex(TWO_ENTRIES));
  assert.equal(decoder.tableBytes, 68);
  decoder.receiveEncoder(fromHex("3f04")); // 35
  assert.equal(decoder.tableBytes, 34);
  assert.equal(decoder.tableCapacity, 35);
  decoder.receiveEncoder(fromHex("800178")); // c: x, which evicts c: d
  const decoded = decoder.decode(0, fromHex("040080"));
  assert.deepEqual(decoded !== "blocked" && decoded.flat, ["c", "x"]);
  decoder.receiveEncoder(fromHex("00")); // a duplicate that evicts its source
  const again = decoder.decode(4, fromHex("050080"));
  assert.deepEqual(again !== "blocked" && again.flat, ["c", "x"]);
  decoder.receiveEncoder(fromHex("20"));
  assert.equal(decoder.tableBytes, 0);
});

Deno.test("QpackDecoder decodes a section that comes again only while the table is the same", () => {
  const decoder = new QpackDecoder(DYNAMIC);
  decoder.receiveEncoder(fromHex(TWO_ENTRIES));
  for (let i = 0; i < 4; i++) {
    const decoded = decoder.decode(4 * i, fromHex("0300" + "d1" + "80"));
    assert.deepEqual(decoded !== "blocked" && decoded.flat, [":method", "GET", "c", "d"]);
  }
  assert.equal(decoder.takeInstructions().toHex(), "8084888c");
  decoder.receiveEncoder(fromHex("20"));
  assert.throws(
    () => decoder.decode(16, fromHex("0300" + "d1" + "80")),
    failing("decompression", "9204-2.2.3"),
  );
});

Deno.test("QpackDecoder writes its instructions to a writer of the caller", () => {
  const decoder = new QpackDecoder(DYNAMIC);
  const writer = new ByteWriter();
  writer.uint8(3);
  decoder.writeInstructions(writer);
  decoder.receiveEncoder(fromHex(TWO_ENTRIES));
  decoder.decode(4, fromHex("020080"));
  decoder.writeInstructions(writer);
  decoder.writeInstructions(writer);
  assert.equal(writer.take().toHex(), "038401");
});

Deno.test("QpackDecoder keeps sections that come again, unless a field is never to be indexed", () => {
  for (const [hex, isKept] of [["0000d121610162", true], ["0000d131610162", false]] as const) {
    const decoder = new QpackDecoder();
    const section = Uint8Array.fromHex(hex);
    const decoded = [0, 4, 8, 12].map((streamId) => decoder.decode(streamId, section));
    for (const one of decoded) {
      assert(one !== "blocked");
      assert.deepEqual(one.flat, [":method", "GET", "a", "b"]);
    }
    assert.equal(decoded[3] === decoded[2], isKept);
  }
});
