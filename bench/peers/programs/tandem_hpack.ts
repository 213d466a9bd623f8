/** Our HPACK: `deno run -A tandem_hpack.ts FOLDER`, asked for rounds as `memory_rounds.mjs` says. */
import { ByteWriter, HpackDecoder, HpackEncoder } from "../../../hpack/mod.ts";
import type { ListKind } from "../../field_lists.ts";
import { octetsOf, readRecords } from "./corpus_files.mjs";
import { encodePass, listsFor } from "./encode_lists.ts";
import { expectOctets, expectSame, serveRounds, SETTLING, type Tally } from "./memory_rounds.mjs";

const folder = Deno.args[0]!;
const writer = new ByteWriter();

type Pass = (tally: Tally) => void;

function encodeChanging(kind: ListKind, lists: string[][], isFresh: boolean): Pass {
  check(lists);
  return encodePass(kind, lists, isFresh, () => {
    const encoder = new HpackEncoder();
    return (flat) => {
      writer.position = 0;
      encoder.encode(writer, flat);
      return writer.position;
    };
  });
}

/** Encodes everything and decodes it again. */
function check(lists: string[][]): void {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder();
  for (const list of lists) {
    writer.position = 0;
    encoder.encode(writer, list);
    expectSame(decoder.decode(writer.buffer.slice(0, writer.position)).flat, list, "of the encoder");
  }
}

function encodeRepeated(lists: string[][]): Pass {
  const list = lists[1]!;
  return (tally) => {
    const encoder = new HpackEncoder();
    for (let i = 0; i < SETTLING; i++) encoder.encode(writer, list);
    tally.measure(() => {
      for (let i = 0; i < lists.length; i++) {
        writer.position = 0;
        encoder.encode(writer, list);
        tally.coded += writer.position;
      }
    });
    tally.count += lists.length;
    tally.octets += lists.length * octetsOf(list);
  };
}

/** Decodes blocks; what comes out is known to be `wanted`, or as many octets as that has. */
function decode(before: Uint8Array[], blocks: Uint8Array[], wanted: string[][]): Pass {
  const octets = wanted.reduce((sum, list) => sum + octetsOf(list), 0);
  const coded = blocks.reduce((sum, block) => sum + block.length, 0);
  const checked = new HpackDecoder();
  for (const block of before) checked.decode(block);
  blocks.forEach((block, i) => expectSame(checked.decode(block).flat, wanted[i], "of the decoder"));
  return (tally) => {
    const decoder = new HpackDecoder();
    for (const block of before) decoder.decode(block);
    let seen = 0;
    tally.measure(() => {
      for (let i = 0; i < blocks.length; i++) {
        const { bytes, count } = decoder.decode(blocks[i]!);
        seen += bytes - 32 * count;
      }
    });
    expectOctets(seen, octets);
    tally.count += blocks.length;
    tally.octets += octets;
    tally.coded += coded;
  };
}

const passes = new Map<string, Pass>();

function find([direction, what, kind]: string[]): Pass {
  const name = `${direction} ${what} ${kind}`;
  const known = passes.get(name);
  if (known !== undefined) return known;
  const lists = listsFor(folder, kind as ListKind, what!);
  let pass: Pass;
  if (direction === "encode" && what === "repeated") pass = encodeRepeated(lists);
  else if (direction === "encode") pass = encodeChanging(kind as ListKind, lists, what === "fresh");
  else if (what === "changing") pass = decode([], readRecords(folder, `hpack-${kind}`), lists);
  else {
    const blocks: Uint8Array[] = readRecords(folder, `hpack-${kind}-repeated`);
    const times = lists.length;
    pass = decode(blocks, new Array(times).fill(blocks.at(-1)), new Array(times).fill(lists[1]));
  }
  passes.set(name, pass);
  return pass;
}

serveRounds(find);
