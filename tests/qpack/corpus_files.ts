/** Reads the interop format of QPACK: lists of fields, and files of encoded blocks. */

import { ByteWriter } from "../../wire/byte_writer.ts";
import { writePrefixInt } from "../../wire/prefix_int.ts";
import { readCorpus, readCorpusBytes } from "../support/corpora.ts";

/** A file of encoded blocks; see the README of the corpora. */
export interface EncodedFile {
  readonly name: string;
  readonly qif: string;
  readonly capacity: number;
  readonly blocked: number;
  readonly ack: number;
  readonly sets_capacity: boolean;
  readonly data?: string;
  readonly same_as?: string;
}

/** A run of bytes on a stream; stream 0 is the encoder stream. */
export interface Block {
  readonly streamId: number;
  readonly bytes: Uint8Array;
}

/** The encoders whose files there are. */
export const ENCODERS = ["f5", "ls-qpack", "nghttp3", "qthingey"] as const;

/** The lists that they encoded. */
export const QIFS = ["fb-req", "fb-req-hq", "fb-resp", "fb-resp-hq", "netbsd", "netbsd-hq"] as const;

/** The lists of a QIF, flat, one character an octet. */
export async function readQif(name: string): Promise<string[][]> {
  const bytes = await readCorpusBytes(`qpack/qifs/${name}.qif.gz`);
  const lists: string[][] = [];
  let flat: string[] = [];
  for (const line of new TextDecoder("latin1").decode(bytes).split("\n")) {
    if (line.startsWith("#")) continue;
    if (line === "") {
      if (flat.length > 0) lists.push(flat);
      flat = [];
      continue;
    }
    const tab = line.indexOf("\t");
    flat.push(tab < 0 ? line : line.slice(0, tab), tab < 0 ? "" : line.slice(tab + 1));
  }
  if (flat.length > 0) lists.push(flat);
  return lists;
}

/** All files of an encoder, with their own data each. */
export async function readEncoded(encoder: string): Promise<EncodedFile[]> {
  const { files } = await readCorpus<{ files: EncodedFile[] }>(`qpack/encoded/${encoder}.json.gz`);
  const byName = new Map(files.map((file) => [file.name, file]));
  return files.map((file) => {
    let source = file;
    while (source.same_as !== undefined) source = byName.get(source.same_as)!;
    return { ...file, data: source.data!, sets_capacity: source.sets_capacity };
  });
}

/** Cuts the bytes of a file into its blocks. */
export function blocksOf(bytes: Uint8Array): Block[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks: Block[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = view.getUint32(at + 8);
    blocks.push({
      streamId: Number(view.getBigUint64(at)),
      bytes: bytes.subarray(at + 12, at + 12 + length),
    });
    at += 12 + length;
  }
  return blocks;
}

/** The blocks of an encoded file, with the instruction before them that it takes for granted. */
export function blocksOfFile(file: EncodedFile): Block[] {
  const blocks = blocksOf(Uint8Array.fromBase64(file.data!));
  if (file.sets_capacity) return blocks;
  return [{ streamId: 0, bytes: capacityInstruction(file.capacity) }, ...blocks];
}

/** A Set Dynamic Table Capacity instruction. */
export function capacityInstruction(bytes: number): Uint8Array {
  const writer = new ByteWriter();
  writePrefixInt(writer, 0x20, 5, bytes);
  return writer.take();
}
