/** What all programs of the comparison in memory encode and decode: the same lists, and the same blocks. */
import { ByteWriter, HpackEncoder } from "../../hpack/mod.ts";
import { QpackDecoder, QpackEncoder } from "../../qpack/mod.ts";
import { type ListKind, makeLists } from "../field_lists.ts";
import { SETTLING } from "./programs/memory_rounds.mjs";

/** Lists of a kind. */
const LISTS = 2000;

/** The kinds of lists. */
export const KINDS: readonly ListKind[] = ["simple", "request", "response"];

/** How QPACK uses the table: not, without sections that may block, and with them. */
export const MODES = ["static", "safe", "eager"] as const;

/** The table of QPACK, in bytes, and the streams that may block. */
export const QPACK_PEER = { maxTableBytes: 4096, maxBlockedStreams: 100 };

/** Writes lists as text and blocks as records into a folder. */
export function writeCorpora(folder: string): void {
  for (const kind of KINDS) {
    const lists = makeLists(kind, LISTS);
    Deno.writeTextFileSync(`${folder}/${kind}.txt`, lists.map(textOf).join(""));
    writeRecords(`${folder}/hpack-${kind}.bin`, hpackBlocks(lists));
    const repeated = new Array(SETTLING).fill(lists[1]!);
    writeRecords(`${folder}/hpack-${kind}-repeated.bin`, hpackBlocks(repeated));
    for (const mode of MODES) writeRecords(`${folder}/qpack-${kind}-${mode}.bin`, qpackRecords(lists, mode));
  }
}

function textOf(flat: readonly string[]): string {
  let text = "";
  for (let i = 0; i < flat.length; i += 2) text += `${flat[i]}\t${flat[i + 1]}\n`;
  return `${text}\n`;
}

function hpackBlocks(lists: readonly string[][]): Uint8Array[] {
  const encoder = new HpackEncoder();
  const writer = new ByteWriter();
  return lists.map((list) => {
    writer.position = 0;
    encoder.encode(writer, list);
    return writer.buffer.slice(0, writer.position);
  });
}

/** In turn what goes over the encoder stream, and a section that is decoded at once. */
function qpackRecords(lists: readonly string[][], policy: typeof MODES[number]): Uint8Array[] {
  const encoder = new QpackEncoder({ policy });
  if (policy !== "static") encoder.setPeer(QPACK_PEER);
  const decoder = new QpackDecoder(policy === "static" ? {} : QPACK_PEER);
  const writer = new ByteWriter();
  const records: Uint8Array[] = [];
  lists.forEach((list, i) => {
    writer.position = 0;
    encoder.encode(4 * i, list, writer);
    const section = writer.buffer.slice(0, writer.position);
    const instructions = encoder.takeInstructions().slice();
    decoder.receiveEncoder(instructions);
    decoder.decode(4 * i, section);
    encoder.receiveDecoder(decoder.takeInstructions());
    records.push(instructions, section);
  });
  return records;
}

function writeRecords(path: string, records: readonly Uint8Array[]): void {
  const size = records.reduce((sum, record) => sum + 4 + record.length, 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const record of records) {
    view.setUint32(at, record.length, true);
    bytes.set(record, at + 4);
    at += 4 + record.length;
  }
  Deno.writeFileSync(path, bytes);
}
