import { huffmanDecode, HuffmanError } from "../wire/huffman.ts";
import { latin1ToString } from "../wire/latin1.ts";

/** Makes the string of a literal, coded or not; `undefined` when it is no Huffman code. */
export function readOctets(
  bytes: Uint8Array,
  start: number,
  end: number,
  huffman: boolean,
): string | undefined {
  if (!huffman) return latin1ToString(bytes, start, end);
  try {
    return huffmanDecode(bytes, start, end);
  } catch (error) {
    if (error instanceof HuffmanError) return undefined;
    throw error;
  }
}
