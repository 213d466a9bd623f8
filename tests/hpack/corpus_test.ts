import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { HpackDecoder, HpackEncoder } from "../../hpack/mod.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";
import { corpusTest, fromHex } from "../support/corpora.ts";
import { casesOf, ENCODERS, readStories } from "../support/hpack_stories.ts";

/** What the corpora hold together. */
const ALL_BLOCKS = 27_940;

corpusTest(
  `HpackDecoder decodes all ${ALL_BLOCKS} blocks of ${ENCODERS.length} encoders exactly`,
  async () => {
    let decoded = 0;
    for (const encoder of ENCODERS) {
      for (const story of await readStories(encoder)) {
        const decoder = new HpackDecoder();
        for (const { wire, flat, tableBytes } of casesOf(story)) {
          if (tableBytes !== undefined) decoder.setMaxTableBytes(tableBytes);
          const section = decoder.decode(fromHex(wire!));
          assert.deepEqual(section.flat, flat);
          assert.equal(section.bytes, flat.reduce((sum, text) => sum + text.length + 16, 0));
          assert.equal(section.tooLarge, false);
          decoded++;
        }
      }
    }
    assert.equal(decoded, ALL_BLOCKS);
  },
);

corpusTest("HpackDecoder says the same of a block that comes again with its caches warm", async () => {
  let repeated = 0;
  for (const encoder of ["nghttp2", "haskell-http2-static-huffman", "python-hpack"]) {
    for (const story of await readStories(encoder)) {
      const decoder = new HpackDecoder();
      for (const { wire, flat } of casesOf(story)) {
        const block = fromHex(wire!);
        const before = decoder.tableEntries;
        assert.deepEqual(decoder.decode(block).flat, flat);
        // Only blocks that leave the table alone mean the same again.
        if (!isDeepStrictEqual(decoder.tableEntries, before)) continue;
        for (let i = 0; i < 3; i++) assert.deepEqual(decoder.decode(block).flat, flat);
        repeated++;
      }
    }
  }
  assert(repeated > 2540, `${repeated} blocks repeated`);
});

corpusTest("HpackEncoder takes no more than 103 % of nghttp2's octets for the same stories", async () => {
  let theirs = 0;
  let ours = 0;
  const writer = new ByteWriter();
  for (const story of await readStories("nghttp2")) {
    const encoder = new HpackEncoder();
    for (const { wire, flat } of casesOf(story)) {
      theirs += wire!.length / 2;
      encoder.encode(writer, flat);
      ours += writer.length;
      writer.clear();
    }
  }
  assert(ours > 0 && ours <= theirs * 1.03, `ours ${ours}, theirs ${theirs}`);
});

for (const size of [0, 256, 4096, 65_536]) {
  corpusTest(`HpackDecoder gives back what HpackEncoder wrote of every story, table ${size}`, async () => {
    const writer = new ByteWriter();
    for (const story of await readStories("raw-data")) {
      const encoder = new HpackEncoder({ maxTableBytes: size });
      encoder.setMaxTableBytes(size);
      const decoder = new HpackDecoder();
      decoder.setMaxTableBytes(size);
      for (const { flat } of casesOf(story)) {
        encoder.encode(writer, flat);
        const block = writer.take();
        assert.deepEqual(decoder.decode(block).flat, flat);
        writer.give(block);
      }
    }
  });
}
