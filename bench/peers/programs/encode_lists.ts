/** The lists that encoders are compared with, and one pass over them; as `compare_memory.ts` tells them apart. */
import { type ListKind, listMaker, makeLists } from "../../field_lists.ts";
import { octetsOf, readLists } from "./corpus_files.mjs";
import { BATCH, type Tally } from "./memory_rounds.mjs";

/** Encodes one list, whose number it is told, and says how many octets that took. */
export type EncodeOne = (flat: readonly string[], index: number) => number;

/** The lists of a kind: `kept` ones are made here, all others are read, each string for itself. */
export function listsFor(folder: string, kind: ListKind, what: string): string[][] {
  const read: string[][] = readLists(folder, kind);
  return what === "kept" ? makeLists(kind, read.length) : read;
}

/** A pass over lists that differ, by an encoder that `begin` makes anew for each. */
export function encodePass(
  kind: ListKind,
  lists: readonly string[][],
  isFresh: boolean,
  begin: () => EncodeOne,
): (tally: Tally) => void {
  const octets = lists.reduce((sum, list) => sum + octetsOf(list), 0);
  return (tally) => {
    const make = listMaker(kind);
    const encodeOne = begin();
    for (let from = 0; from < lists.length; from += BATCH) {
      const count = Math.min(BATCH, lists.length - from);
      // Fresh ones are as an application makes them: literals, and what it has just put together of pieces.
      const batch = isFresh ? Array.from({ length: count }, make) : lists.slice(from, from + count);
      tally.measure(() => {
        for (let i = 0; i < count; i++) tally.coded += encodeOne(batch[i]!, from + i);
      });
    }
    tally.count += lists.length;
    tally.octets += octets;
  };
}
