import assert from "node:assert/strict";
import { HpackDecoder, HpackEncoder } from "../../hpack/mod.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";
import vectors from "../fixtures/rfc7541_appendix_c.json" with { type: "json" };

/** The blocks by the decoding context that they share. */
function contexts(): (typeof vectors.header_blocks)[] {
  return [...Map.groupBy(vectors.header_blocks, (block) => block.context).values()];
}

for (const blocks of contexts()) {
  const context = blocks[0]!.context;

  Deno.test(`HpackDecoder decodes RFC 7541 appendix ${context} and keeps its table`, () => {
    const decoder = new HpackDecoder({ maxTableBytes: blocks[0]!.max_table_size });
    for (const block of blocks) {
      const section = decoder.decode(Uint8Array.fromHex(block.wire));
      assert.deepEqual(section.flat, block.headers.flat(), block.id);
      assert.equal(section.count, block.headers.length);
      assert.equal(decoder.tableBytes, block.dynamic_table_size_after);
      assert.deepEqual(
        decoder.tableEntries,
        block.dynamic_table_after.map((entry) => entry.slice(0, 2)),
        block.id,
      );
      assert.deepEqual(section.sensitive, block.id === "C.2.3" ? ["password"] : undefined);
    }
  });
}

for (const blocks of contexts()) {
  const { context, max_table_size: maxTableBytes, huffman } = blocks[0]!;

  Deno.test(`HpackEncoder writes RFC 7541 appendix ${context} octet by octet`, () => {
    // C.2.2 leaves a path out of the table, C.2.3 never indexes its field; the rest is indexed.
    const encoder = new HpackEncoder({
      maxTableBytes,
      sensitive: (name) => name === "password",
      indexing: context === "C.2.2" ? "adaptive" : "eager",
      strings: huffman ? "coded" : "plain",
    });
    encoder.setMaxTableBytes(maxTableBytes);
    const writer = new ByteWriter();
    blocks.forEach((block, i) => {
      encoder.encode(writer, block.headers.flat());
      // C.5 and C.6 take a table of 256 for granted; our first block has to say so.
      const update = i === 0 && maxTableBytes === 256 ? "3fe101" : "";
      assert.equal(writer.take().toHex(), update + block.wire, block.id);
      assert.equal(encoder.tableBytes, block.dynamic_table_size_after);
    });
  });

  Deno.test(`HpackEncoder's usual output for the lists of RFC 7541 appendix ${context} decodes to them`, () => {
    const encoder = new HpackEncoder({ maxTableBytes });
    const decoder = new HpackDecoder();
    const writer = new ByteWriter();
    for (const block of blocks) {
      encoder.encode(writer, block.headers.flat());
      assert.deepEqual(decoder.decode(writer.take()).flat, block.headers.flat());
      assert.equal(decoder.tableBytes, encoder.tableBytes);
    }
  });
}
