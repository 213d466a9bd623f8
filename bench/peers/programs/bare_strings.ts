/**
 * How little the strings of a field list can cost in JavaScript: each value is compared with the last two that
 * stood at its place, and what is neither is written as a Huffman code; for all else stands one octet. It is no
 * codec, and nothing could read what it writes: `deno run -A bare_strings.ts FOLDER`, asked for rounds as
 * `memory_rounds.mjs` says.
 */
import { ByteWriter } from "../../../wire/byte_writer.ts";
import { writeStringLiteral } from "../../../wire/string_literal.ts";
import type { ListKind } from "../../field_lists.ts";
import { type EncodeOne, encodePass, listsFor } from "./encode_lists.ts";
import { serveRounds, type Tally } from "./memory_rounds.mjs";

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

function begin(): EncodeOne {
  const last: string[] = [];
  const older: string[] = [];
  return (flat) => {
    writer.position = 0;
    write(flat, last, older);
    return writer.position;
  };
}

const passes = new Map<string, Pass>();

serveRounds(([, what, kind]: string[]) => {
  const name = `${what} ${kind}`;
  const known = passes.get(name);
  if (known !== undefined) return known;
  const lists = listsFor(folder, kind as ListKind, what!);
  const pass = encodePass(kind as ListKind, lists, what === "fresh", begin);
  passes.set(name, pass);
  return pass;
});
