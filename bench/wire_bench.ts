/** What do the smallest parts cost? `deno bench -A bench/wire_bench.ts` */

import { ByteQueue } from "../wire/byte_queue.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { huffmanDecode, huffmanEncode } from "../wire/huffman.ts";
import { latin1ToString } from "../wire/latin1.ts";
import { readVarint, writeVarint } from "../wire/varint.ts";
import { makeLists } from "./field_lists.ts";

const paths = makeLists("request", 1000).map((list) => list[7]!);
const writer = new ByteWriter();
const codes = paths.map((path) => {
  huffmanEncode(writer, path);
  const code = writer.take().slice();
  writer.clear();
  return code;
});
const octets = paths.map((path) => new TextEncoder().encode(path));

Deno.bench("huffmanEncode, 1000 paths of about 41 characters", { group: "huffman" }, () => {
  for (let i = 0; i < paths.length; i++) {
    huffmanEncode(writer, paths[i]!);
    writer.position = 0;
  }
});

Deno.bench("huffmanDecode, the same paths", { group: "huffman" }, () => {
  for (let i = 0; i < codes.length; i++) huffmanDecode(codes[i]!, 0, codes[i]!.length);
});

Deno.bench("latin1ToString, the same paths", { group: "strings", baseline: true }, () => {
  for (let i = 0; i < octets.length; i++) latin1ToString(octets[i]!, 0, octets[i]!.length);
});

const decoder = new TextDecoder();

Deno.bench("TextDecoder, the same paths", { group: "strings" }, () => {
  for (let i = 0; i < octets.length; i++) decoder.decode(octets[i]!);
});

Deno.bench("varint, 1000 written and read", { group: "integers" }, () => {
  for (let i = 0; i < 1000; i++) writeVarint(writer, i * i);
  const bytes = writer.take();
  let at = 0;
  while (at < bytes.length) {
    readVarint(bytes, at);
    at += 1 << (bytes[at]! >> 6);
  }
  writer.give(bytes);
});

const frame = new Uint8Array(16_384);

Deno.bench("ByteWriter, 64 frames of 16 KiB, taken and given back", { group: "bytes" }, () => {
  for (let i = 0; i < 64; i++) {
    writer.uint24(frame.length);
    writer.uint16(0);
    writer.uint32(1);
    writer.bytes(frame);
  }
  writer.give(writer.take());
});

Deno.bench("ByteQueue, 64 KiB in, frames of 1 KiB out", { group: "bytes" }, () => {
  const queue = new ByteQueue();
  for (let i = 0; i < 4; i++) queue.push(frame);
  while (queue.length > 0) queue.read(1024);
});
