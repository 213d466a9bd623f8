import type { ByteWriter } from "./byte_writer.ts";

/** The largest value that readers accept unless told otherwise. */
export const MAX_PREFIX_INT = 2 ** 31 - 1;

/** What `readPrefixInt` returns when the bytes end within the integer. */
export const PREFIX_INT_MORE = -1;

/** What `readPrefixInt` returns when the integer is above the limit, in value or in octets. */
export const PREFIX_INT_OVER = -2;

/** A place in some bytes that readers move. */
export interface Cursor {
  /** Index of the next byte to read. */
  offset: number;
}

/**
 * Writes an integer with an N-bit prefix (RFC 7541 section 5.1). `firstByteBits` are the
 * bits above the prefix. Throws `RangeError` for what is not a safe whole number from 0.
 */
export function writePrefixInt(
  writer: ByteWriter,
  firstByteBits: number,
  prefixBits: number,
  value: number,
): void {
  const mask = (1 << prefixBits) - 1;
  if (value < mask && value >= 0 && (value | 0) === value) {
    writer.uint8(firstByteBits | value);
    return;
  }
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`Cannot write ${value} as a prefix integer: it is not a safe whole number from 0`);
  }
  writer.reserve(10);
  const buffer = writer.buffer;
  let position = writer.position;
  buffer[position++] = firstByteBits | mask;
  let rest = value - mask;
  while (rest >= 128) {
    buffer[position++] = rest % 128 | 0x80;
    rest = Math.floor(rest / 128);
  }
  buffer[position++] = rest;
  writer.position = position;
}

/** How many octets `writePrefixInt` takes for a value. */
export function prefixIntSize(prefixBits: number, value: number): number {
  let rest = value - ((1 << prefixBits) - 1);
  if (rest < 0) return 1;
  let size = 2;
  while (rest >= 128) {
    rest = Math.floor(rest / 128);
    size++;
  }
  return size;
}

/** How many octets may follow the first for values up to `max`; more would be padding with zeros. */
function maxOctets(max: number): number {
  return Math.ceil(Math.ceil(Math.log2(max + 1)) / 7);
}

/**
 * Reads a whole integer at `cursor.offset` and moves the cursor behind it. Returns
 * `PREFIX_INT_MORE` when `end` comes first, `PREFIX_INT_OVER` when the value is above
 * `max` or takes more octets than any value up to it needs; the cursor is then arbitrary.
 */
export function readPrefixInt(
  cursor: Cursor,
  bytes: Uint8Array,
  end: number,
  prefixBits: number,
  max: number = MAX_PREFIX_INT,
): number {
  let offset = cursor.offset;
  if (offset >= end) return PREFIX_INT_MORE;
  const mask = (1 << prefixBits) - 1;
  let value = bytes[offset++]! & mask;
  if (value < mask) {
    cursor.offset = offset;
    return value <= max ? value : PREFIX_INT_OVER;
  }
  let scale = 1;
  let left = max === MAX_PREFIX_INT ? 5 : maxOctets(max);
  for (;;) {
    if (left-- === 0) return PREFIX_INT_OVER;
    if (offset >= end) return PREFIX_INT_MORE;
    const octet = bytes[offset++]!;
    value += (octet & 0x7f) * scale;
    if (value > max) return PREFIX_INT_OVER;
    if (octet < 0x80) break;
    scale *= 128;
  }
  cursor.offset = offset;
  return value;
}

/**
 * Reads an integer that arrives in pieces.
 *
 * `begin` before each integer, then `read` with each piece until `state` is no longer `more`.
 */
export class PrefixIntReader {
  /** `more` until the last octet was read; `over` when the value is above the limit. */
  state: "more" | "done" | "over" = "more";
  /** The value, once `state` is `done`. */
  value = 0;
  readonly #max: number;
  readonly #maxOctets: number;
  #mask = 0;
  #scale = 0;
  #octets = 0;

  /** Makes a reader of values up to `max`. */
  constructor(max: number = MAX_PREFIX_INT) {
    this.#max = max;
    this.#maxOctets = maxOctets(max);
  }

  /** Begins an integer with an N-bit prefix. */
  begin(prefixBits: number): void {
    this.state = "more";
    this.value = 0;
    this.#mask = (1 << prefixBits) - 1;
    this.#scale = 0;
    this.#octets = 0;
  }

  /** Reads from `offset` up to `end` at most, and returns where it stopped. */
  read(bytes: Uint8Array, offset: number, end: number = bytes.length): number {
    let at = offset;
    while (at < end && this.state === "more") this.#octet(bytes[at++]!);
    return at;
  }

  #octet(octet: number): void {
    if (this.#scale === 0) {
      this.value = octet & this.#mask;
      this.#scale = 1;
      if (this.value < this.#mask) this.state = this.value <= this.#max ? "done" : "over";
      return;
    }
    this.value += (octet & 0x7f) * this.#scale;
    this.#scale *= 128;
    this.#octets++;
    if (this.value > this.#max) this.state = "over";
    else if (octet < 0x80) this.state = "done";
    else if (this.#octets === this.#maxOctets) this.state = "over";
  }
}
