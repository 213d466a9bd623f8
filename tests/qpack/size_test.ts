import assert from "node:assert/strict";
import { ByteWriter, QpackDecoder, QpackEncoder } from "../../qpack/mod.ts";
import { corpusTest } from "../support/corpora.ts";
import { blocksOf, type EncodedFile, QIFS, readEncoded, readQif } from "./corpus_files.ts";

/** What the output of our encoder may exceed that of ls-qpack by. */
const ALLOWANCE = 1.05;

/** Octets of all instructions and sections that our encoder makes where ls-qpack made `file`. */
function ourSize(lists: readonly string[][], file: EncodedFile): number {
  const peer = { maxTableBytes: file.capacity, maxBlockedStreams: file.blocked };
  const encoder = new QpackEncoder({ policy: file.blocked > 0 ? "eager" : "safe" });
  encoder.setPeer(peer);
  const decoder = new QpackDecoder({ ...peer, maxListBytes: 1 << 20, maxFields: 1000 });
  const writer = new ByteWriter();
  let size = 0;
  for (const [i, flat] of lists.entries()) {
    encoder.encode(i + 1, flat, writer);
    const section = writer.take();
    const instructions = encoder.takeInstructions();
    size += section.length + instructions.length;
    decoder.receiveEncoder(instructions);
    const decoded = decoder.decode(i + 1, section);
    assert.deepEqual(decoded !== "blocked" && decoded.flat, flat, `${file.name}: list ${i + 1}`);
    if (file.ack === 1) encoder.receiveDecoder(decoder.takeInstructions());
  }
  return size;
}

function theirSize(file: EncodedFile): number {
  let size = 0;
  for (const { bytes } of blocksOf(Uint8Array.fromBase64(file.data!))) size += bytes.length;
  return size;
}

corpusTest("QpackEncoder makes no more octets than ls-qpack for any file, within 5 %", async () => {
  const files = await readEncoded("ls-qpack");
  let ours = 0;
  let theirs = 0;
  for (const qif of QIFS) {
    const lists = await readQif(qif);
    for (const file of files) {
      if (file.qif !== qif) continue;
      const our = ourSize(lists, file);
      const their = theirSize(file);
      assert(our <= their * ALLOWANCE, `${file.name}: ${our} octets, ls-qpack ${their}`);
      ours += our;
      theirs += their;
    }
  }
  assert(ours <= theirs, `${ours} octets in all, ls-qpack ${theirs}`);
});
