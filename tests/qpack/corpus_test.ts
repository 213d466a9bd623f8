import assert from "node:assert/strict";
import { QpackDecoder, QpackError } from "../../qpack/mod.ts";
import { corpusTest, fromHex, readCorpus } from "../support/corpora.ts";
import {
  type Block,
  blocksOf,
  blocksOfFile,
  type EncodedFile,
  ENCODERS,
  readEncoded,
  readQif,
} from "./corpus_files.ts";

type Lists = Map<number, string[]>;

const ROOMY = { maxListBytes: 1 << 20, maxFields: 1000 } as const;

/** Decodes with every encoder block passed on as it comes, in pieces of `piece` bytes. */
function decodeInOrder(blocks: readonly Block[], decoder: QpackDecoder, piece: number): Lists {
  const lists: Lists = new Map();
  for (const { streamId, bytes } of blocks) {
    if (streamId !== 0) decodeSection(decoder, streamId, bytes, lists);
    else {
      for (let at = 0; at < bytes.length; at += piece) {
        resumeAll(decoder, decoder.receiveEncoder(bytes.subarray(at, at + piece)), lists);
      }
    }
    decoder.recycle(decoder.takeInstructions());
  }
  return lists;
}

/**
 * Decodes with encoder blocks held back as long as fewer than `blocked` sections wait and
 * the Required Insert Count can still be told from its wire form.
 */
function decodeLate(blocks: readonly Block[], decoder: QpackDecoder, file: EncodedFile): Lists {
  const lists: Lists = new Map();
  const ahead = new QpackDecoder({ maxTableBytes: file.capacity });
  const held: Uint8Array[] = [];
  const maxLag = Math.floor(file.capacity / 32);
  function release(): void {
    resumeAll(decoder, decoder.receiveEncoder(held.shift()!), lists);
  }
  let seen = 0;
  for (const [i, { streamId, bytes }] of blocks.entries()) {
    if (streamId === 0) {
      held.push(bytes);
      continue;
    }
    // Some files of f5 have the inserts right after the section that needs them.
    for (; seen <= i || blocks[seen]?.streamId === 0; seen++) {
      if (blocks[seen]!.streamId === 0) ahead.receiveEncoder(blocks[seen]!.bytes);
    }
    while (held.length > 0 && ahead.insertCount - decoder.insertCount > maxLag) release();
    while (held.length > 0 && decoder.blockedStreams >= file.blocked) release();
    decodeSection(decoder, streamId, bytes, lists);
  }
  while (held.length > 0) release();
  return lists;
}

function decodeSection(decoder: QpackDecoder, streamId: number, bytes: Uint8Array, lists: Lists): void {
  const decoded = decoder.decode(streamId, bytes);
  if (decoded !== "blocked") lists.set(streamId, decoded.flat);
}

function resumeAll(decoder: QpackDecoder, ready: number[], lists: Lists): void {
  for (const streamId of ready) lists.set(streamId, decoder.resume(streamId).flat);
}

function check(lists: Lists, expected: readonly string[][], name: string): void {
  assert.equal(lists.size, expected.length, `${name}: number of lists`);
  for (let i = 0; i < expected.length; i++) {
    assert.deepEqual(lists.get(i + 1), expected[i], `${name}: list ${i + 1}`);
  }
}

function decoderOf(file: EncodedFile, encoder: string): QpackDecoder {
  // Some files of f5 have sections before the inserts they need, whatever their name says.
  const maxBlockedStreams = encoder === "f5" ? Infinity : file.blocked;
  return new QpackDecoder({ ...ROOMY, maxTableBytes: file.capacity, maxBlockedStreams });
}

for (const encoder of ENCODERS) {
  corpusTest(`QpackDecoder decodes all files of ${encoder}: whole, byte by byte, inserts late`, async () => {
    const files = await readEncoded(encoder);
    const qifs = new Map<string, string[][]>();
    for (const file of files) if (!qifs.has(file.qif)) qifs.set(file.qif, await readQif(file.qif));
    for (const file of files) {
      const expected = qifs.get(file.qif)!;
      const blocks = blocksOfFile(file);
      check(decodeInOrder(blocks, decoderOf(file, encoder), Infinity), expected, file.name);
      if (file.same_as !== undefined) continue;
      check(decodeInOrder(blocks, decoderOf(file, encoder), 1), expected, `${file.name} by bytes`);
      check(decodeLate(blocks, decoderOf(file, encoder), file), expected, `${file.name} late`);
    }
    assert.equal(files.length, encoder === "f5" ? 72 : 96);
  });
}

interface ErrorFile {
  readonly name: string;
  readonly file: string;
  readonly stream: "section" | "encoder";
  readonly error_in_rfc9204: boolean;
  readonly code: string | null;
}

corpusTest("QpackDecoder gives the exact error for each of the 12 broken files", async () => {
  const { files } = await readCorpus<{ files: ErrorFile[] }>("qpack/errors.json");
  assert.equal(files.length, 12);
  for (const { name, file, error_in_rfc9204, code } of files) {
    const decoder = new QpackDecoder({ maxTableBytes: 4096, maxBlockedStreams: 100 });
    let seen: string | null = null;
    try {
      for (const { streamId, bytes } of blocksOf(fromHex(file))) {
        if (streamId === 0) decoder.receiveEncoder(bytes);
        else decoder.decode(streamId, bytes);
      }
    } catch (error) {
      if (!(error instanceof QpackError)) throw error;
      seen = error.code;
    }
    assert.equal(seen, code, name);
    assert.equal(seen !== null, error_in_rfc9204, name);
  }
});

interface FuzzInput {
  readonly name: string;
  readonly data: string;
  readonly valid: boolean;
  readonly fields?: [string, string][];
}

corpusTest("QpackDecoder takes and refuses the same fuzzed sections as nghttp3", async () => {
  const { inputs } = await readCorpus<{ inputs: FuzzInput[] }>("qpack/sections-fuzz.json.gz");
  let valid = 0;
  const wrong: string[] = [];
  for (const input of inputs) {
    const decoder = new QpackDecoder(ROOMY);
    try {
      const decoded = decoder.decode(0, Uint8Array.fromBase64(input.data));
      assert.notEqual(decoded, "blocked");
      if (!input.valid) wrong.push(`${input.name} taken`);
      else if (decoded !== "blocked") {
        assert.deepEqual(decoded.flat, input.fields!.flat(), input.name);
        valid++;
      }
    } catch (error) {
      if (!(error instanceof QpackError)) throw error;
      if (input.valid) wrong.push(`${input.name} refused: ${error.message}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert(valid > 0);
});

interface CapturedSection {
  readonly stream: number;
  readonly block: string;
  readonly required_insert_count: number;
  readonly headers: [string, string][];
}

interface Capture {
  readonly software: string;
  readonly connections: readonly {
    readonly streams: readonly { readonly type: string; readonly hex: string }[];
    /** What a client sent; where a server was recorded, only what was asked of it. */
    readonly requests: readonly CapturedSection[];
    readonly responses?: readonly CapturedSection[];
  }[];
}

corpusTest("QpackDecoder decodes what real clients and servers sent", async () => {
  let sections = 0;
  let dynamic = 0;
  for (const path of ["captures/h3-clients.json.gz", "captures/h3-servers.json.gz"]) {
    const { captures } = await readCorpus<{ captures: Capture[] }>(path);
    for (const { software, connections } of captures) {
      for (const { streams, requests, responses } of connections) {
        const all = responses ?? requests;
        const decoder = new QpackDecoder({ ...ROOMY, maxTableBytes: 4096, maxBlockedStreams: all.length });
        const lists: Lists = new Map();
        // Sections first: what they need comes after them.
        for (const { stream, block } of all) decodeSection(decoder, stream, fromHex(block), lists);
        for (const { type, hex } of streams) {
          if (type === "encoder") resumeAll(decoder, decoder.receiveEncoder(fromHex(hex.slice(2))), lists);
        }
        for (const { stream, headers, required_insert_count } of all) {
          assert.deepEqual(lists.get(stream), headers.flat(), `${software}, stream ${stream}`);
          sections++;
          if (required_insert_count > 0) dynamic++;
        }
      }
    }
  }
  assert.equal(sections, 38);
  assert.equal(dynamic, 26);
});
