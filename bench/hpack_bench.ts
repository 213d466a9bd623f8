/**
 * What does a header block cost, when it repeats and when it does not?
 * `deno bench -A bench/hpack_bench.ts`; each figure is for 1000 blocks on one connection.
 */

import { ByteWriter, HpackDecoder, HpackEncoder } from "../hpack/mod.ts";
import { type ListKind, makeLists, octetsOf } from "./field_lists.ts";

const COUNT = 1000;

const TITLES: Record<ListKind, string> = {
  simple: "5 fields, always the same",
  request: "14 fields, path and referer change",
  response: "11 fields, date, etag and length change",
};

for (const kind of ["simple", "request", "response"] as const) {
  const lists = makeLists(kind, COUNT);
  const writer = new ByteWriter();
  const encoder = new HpackEncoder();
  const blocks = lists.map((list) => {
    encoder.encode(writer, list);
    const block = writer.take().slice();
    writer.clear();
    return block;
  });
  const title = `${TITLES[kind]} (${Math.round(octetsOf(lists) / COUNT)} octets)`;

  Deno.bench(`hpack encode, ${title}`, { group: kind }, (bench) => {
    // Made anew each time: strings that were encoded once are flat and hashed already.
    const fresh = makeLists(kind, COUNT);
    const encoder = new HpackEncoder();
    bench.start();
    for (let i = 0; i < fresh.length; i++) {
      encoder.encode(writer, fresh[i]!);
      writer.position = 0;
    }
    bench.end();
  });

  Deno.bench(`hpack decode, ${title}`, { group: kind }, (bench) => {
    const decoder = new HpackDecoder();
    bench.start();
    for (let i = 0; i < blocks.length; i++) decoder.decode(blocks[i]!);
    bench.end();
  });
}
