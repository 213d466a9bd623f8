/**
 * How little the strings of a field list can cost in JavaScript: each value is compared with the last two that
 * stood at its place, and what is neither is written as a Huffman code; for all else stands one octet. It is no
 * codec, and nothing could read what it writes: `deno run -A bare_strings.ts FOLDER`, asked for rounds as
 * `memory_rounds.mjs` says.
 */
import { ByteWriter } from "../../../wire/byte_writer.ts";
import { writeStringLiteral } from "../../../wire/string_literal.ts";
import { type ListKind, listMaker, makeLists } from "../../field_lists.ts";
import { octetsOf, readLists } from "./corpus_files.mjs";
import { BATCH, serveRounds, type Tally } from "./memory_rounds.mjs";

const folder = Deno.args[0]!;
const writer = new ByteWriter();
const INDEX = 0x80;

type Pass = (tally: Tally) => void;

function write(flat: readonly string[], last: string[], older: string[]): void {
  for (let i = 1; i < flat.length; i += 2) {
    const value = flat[i]!;
    if (last[i] === value || older[i] === value) {
      writer.uint8(INDEX);
      continue;
    }
    older[i] = last[i] ?? "";
    last[i] = value;
    writeStringLiteral(writer, 0, 7, value);
  }
}

function encode(kind: ListKind, lists: string[][], isFresh: boolean): Pass {
  const octets = lists.reduce((sum, list) => sum + octetsOf(list), 0);
  return (tally) => {
    const make = listMaker(kind);
    const last: string[] = [];
    const older: string[] = [];
    for (let from = 0; from < lists.length; from += BATCH) {
      const count = Math.min(BATCH, lists.length - from);
      const batch = isFresh ? Array.from({ length: count }, make) : lists.slice(from, from + count);
      tally.measure(() => {
        for (let i = 0; i < count; i++) {
          writer.position = 0;
          write(batch[i]!, last, older);
          tally.coded += writer.position;
        }
      });
    }
    tally.count += lists.length;
    tally.octets += octets;
  };
}

const passes = new Map<string, Pass>();

serveRounds(([, what, kind]: string[]) => {
  const name = `${what} ${kind}`;
  const known = passes.get(name);
  if (known !== undefined) return known;
  const read: string[][] = readLists(folder, kind);
  const lists = what === "kept" ? makeLists(kind as ListKind, read.length) : read;
  const pass = encode(kind as ListKind, lists, what === "fresh");
  passes.set(name, pass);
  return pass;
});
