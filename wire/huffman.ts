import type { ByteWriter } from "./byte_writer.ts";
import { HUFFMAN_BITS, HUFFMAN_CODES } from "./huffman_table.ts";
import { latin1ToString } from "./latin1.ts";

/**
 * How a Huffman-coded string is wrong (RFC 7541 section 5.2): it holds the EOS symbol,
 * its padding is longer than 7 bits, or its padding is not a prefix of EOS.
 */
export type HuffmanErrorKind = "eos" | "long-padding" | "wrong-padding";

/** A string that is no Huffman code; each header codec gives it its own rule. */
export class HuffmanError extends Error {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "HuffmanError";
  /** How the string is wrong. */
  readonly kind: HuffmanErrorKind;

  /** Makes an error of a kind. */
  constructor(kind: HuffmanErrorKind) {
    super(`Cannot decode a Huffman string: ${KIND_TEXTS[kind]}`);
    this.kind = kind;
  }
}

const KIND_TEXTS: Record<HuffmanErrorKind, string> = {
  "eos": "it holds the EOS symbol",
  "long-padding": "its padding is longer than 7 bits",
  "wrong-padding": "its padding is not all ones",
};

const EOS = 256;

/** The scratch area stays allocated up to this size, in bytes. */
const MAX_SCRATCH_BYTES = 65_536;

const CODES = Uint32Array.from(HUFFMAN_CODES);
const BITS = Uint8Array.from(HUFFMAN_BITS);

/** Code and, in the low 5 bits, length of each octet; 0 for a code that does not fit. */
const PACKED = Int32Array.from(
  { length: 256 },
  (_, octet) => BITS[octet]! <= 27 ? CODES[octet]! << 5 | BITS[octet]! : 0,
);

/** How many octets `huffmanEncode` takes; characters above 255 count as nothing. */
export function huffmanEncodedLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 256) bits += BITS[code]!;
  }
  return (bits + 7) >>> 3;
}

/** Writes the code of a string and says its size; throws `TypeError` for a character above 255. */
export function huffmanEncode(writer: ByteWriter, text: string): number {
  const size = text.length;
  // Thirty bits is the longest code; a long text is measured instead of trusted with that much room.
  writer.reserve(size > 256 ? huffmanEncodedLength(text) + 8 : (size << 2) + 8);
  const buffer = writer.buffer;
  const start = writer.position;
  let position = start;
  let pending = 0; // its low `bits` bits wait to be stored, what is above them is stored
  let bits = 0;
  let seen = 0;
  let i = 0;
  while (i < size) {
    const octet = text.charCodeAt(i++);
    seen |= octet;
    const packed = PACKED[octet & 255]!;
    let code = packed >>> 5;
    let added = packed & 31;
    if (added === 0) {
      code = CODES[octet & 255]!;
      added = BITS[octet & 255]!;
    } else if (i < size) {
      // Two codes at once where they fit into 30 bits: nearly always.
      const second = text.charCodeAt(i);
      const secondPacked = PACKED[second & 255]!;
      const secondBits = secondPacked & 31;
      if (secondBits !== 0 && added + secondBits <= 30) {
        seen |= second;
        code = code << secondBits | secondPacked >>> 5;
        added += secondBits;
        i++;
      }
    }
    bits += added;
    if (bits < 32) {
      pending = pending << added | code;
    } else {
      bits -= 32;
      const word = pending << (added - bits) | code >>> bits;
      buffer[position] = word >>> 24;
      buffer[position + 1] = word >>> 16;
      buffer[position + 2] = word >>> 8;
      buffer[position + 3] = word;
      position += 4;
      pending = code;
    }
  }
  if (seen > 255) throw new TypeError("Cannot encode a string: a character is above 255");
  if (bits > 0) {
    const word = pending << (32 - bits) | 0xffff_ffff >>> bits;
    for (let shift = 24; bits > 0; shift -= 8, bits -= 8) buffer[position++] = word >>> shift;
  }
  writer.position = position;
  return position - start;
}

/**
 * The decoder's states are the 256 inner nodes of the code tree, 0 its root. An entry is,
 * from the low end: next state (8 bits), first octet (8), second octet (8), number of
 * octets (2), and one bit that is set when the input runs into EOS.
 */
let transitions: Int32Array | undefined;

/** The next states alone: each step waits for the one before, and this table stays in the nearest cache. */
let nextStates: Uint8Array = new Uint8Array(0);

/** The same for each 4 bits; the rows of `transitions` are made of them when they are first needed. */
let halves: Int32Array = new Int32Array(0);

/** How a string that stops in a state ends: 0 right, 1 wrong padding, 2 padding too long. */
const ENDINGS = new Uint8Array(256);

const ENDS_WRONG = 1;
const ENDS_LONG = 2;
const EOS_BIT = 1 << 26;
const ONE_OCTET = 1 << 24;

/** Marks entries of a row that is not filled in yet. */
const MISSING_BIT = 1 << 27;

function buildTransitions(): Int32Array {
  // Children of each inner node: an inner node's number, or the complement of a symbol.
  const children = new Int32Array(512);
  let nodes = 1;
  for (let symbol = 0; symbol <= EOS; symbol++) {
    const code = HUFFMAN_CODES[symbol]!;
    let node = 0;
    for (let bit = HUFFMAN_BITS[symbol]! - 1; bit > 0; bit--) {
      const slot = node << 1 | (code >>> bit & 1);
      if (children[slot] === 0) children[slot] = nodes++;
      node = children[slot]!;
    }
    children[node << 1 | (code & 1)] = ~symbol;
  }
  ENDINGS.fill(ENDS_WRONG);
  for (let node = 0, depth = 0; node >= 0; node = children[node << 1 | 1]!, depth++) {
    ENDINGS[node] = depth <= 7 ? 0 : ENDS_LONG;
  }
  halves = halfSteps(children);
  nextStates = new Uint8Array(65_536);
  return new Int32Array(65_536).fill(MISSING_BIT);
}

/** What each state makes of each 4 bits, in the form of an entry: at most one octet. */
function halfSteps(children: Int32Array): Int32Array {
  const halves = new Int32Array(4096);
  for (let at = 0; at < 4096; at++) {
    let node = at >> 4;
    let entry = 0;
    for (let bit = 3; bit >= 0 && entry !== EOS_BIT; bit--) {
      const child = children[node << 1 | (at >>> bit & 1)]!;
      if (child < 0) entry = ~child === EOS ? EOS_BIT : ~child << 8 | ONE_OCTET;
      node = child < 0 ? 0 : child;
    }
    halves[at] = entry | node;
  }
  return halves;
}

/** Fills in the rows of the states that a string comes through: a few dozen serve for most strings. */
function fillRowsFor(table: Int32Array, bytes: Uint8Array, start: number, end: number): void {
  let state = 0;
  for (let i = start; i < end; i++) {
    if (table[state << 8] === MISSING_BIT) fillRow(table, state);
    state = table[state << 8 | bytes[i]!]! & 0xff;
  }
}

/** Fills in what a state makes of each octet, out of two half steps each. */
function fillRow(table: Int32Array, state: number): void {
  for (let high = 0; high < 16; high++) {
    const first = halves[state << 4 | high]!;
    const base = (first & 0xff) << 4;
    const kept = first & (0xff00 | ONE_OCTET | EOS_BIT);
    // A second octet goes behind the first.
    const shift = (first & ONE_OCTET) === 0 ? 0 : 8;
    const row = state << 8 | high << 4;
    for (let low = 0; low < 16; low++) {
      const second = halves[base | low]!;
      const text = (second & 0xff00) << shift;
      nextStates[row | low] = second & 0xff;
      table[row | low] = (kept + (second & ONE_OCTET)) | (second & (EOS_BIT | 0xff)) | text;
    }
  }
}

let scratch = new Uint8Array(1024);

/** Grows the scratch area for one string; a very long one gets an area of its own. */
function scratchFor(size: number): Uint8Array {
  const area = new Uint8Array(size + (size >> 1));
  if (area.length <= MAX_SCRATCH_BYTES) scratch = area;
  return area;
}

/**
 * Decodes the code in `bytes` from `start` to `end`, one character an octet. Throws
 * `HuffmanError` for what RFC 7541 section 5.2 forbids.
 */
export function huffmanDecode(bytes: Uint8Array, start: number, end: number): string {
  const table = transitions ??= buildTransitions();
  const room = 2 * (end - start);
  const area = room <= scratch.length ? scratch : scratchFor(room);
  let state = 0;
  let filled = 0;
  let flags = 0;
  const next = nextStates;
  for (let i = start; i < end; i++) {
    const at = state << 8 | bytes[i]!;
    state = next[at]!;
    const entry = table[at]!;
    // Both octets are stored each time and counted afterwards: no branch on the data.
    area[filled] = entry >>> 8;
    area[filled + 1] = entry >>> 16;
    filled += entry >>> 24 & 3;
    flags |= entry;
  }
  if ((flags & MISSING_BIT) !== 0) {
    fillRowsFor(table, bytes, start, end);
    return huffmanDecode(bytes, start, end);
  }
  if ((flags & EOS_BIT) !== 0) throw new HuffmanError("eos");
  const ending = ENDINGS[state]!;
  if (ending !== 0) throw new HuffmanError(ending === ENDS_LONG ? "long-padding" : "wrong-padding");
  return latin1ToString(area, 0, filled);
}
