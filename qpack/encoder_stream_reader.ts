import { type Cursor, PREFIX_INT_MORE, PREFIX_INT_OVER, readPrefixInt } from "../wire/prefix_int.ts";
import { type DecoderTable, ENTRY_OVERHEAD_BYTES } from "./decoder_table.ts";
import { failEncoderStream } from "./error.ts";
import { readOctets } from "./octets.ts";
import { STATIC_COUNT, STATIC_FLAT } from "./static_table.ts";

/** What the readers of one instruction answer when its end is not there yet. */
const MORE = -1;

/** The longest code of one octet, in bits: a coded string is no shorter than its bits by this. */
const MAX_CODE_BITS = 30;

/** Bounds of an encoder stream. */
export interface EncoderStreamLimits {
  /** The capacity that was announced, in bytes. */
  readonly maxTableBytes: number;
  /** What an unfinished instruction may hold, in bytes. */
  readonly maxEncoderStreamBytes: number;
}

/**
 * Follows the instructions of the peer's encoder (RFC 9204 section 4.3), however
 * they are cut, and applies each to the table as soon as it is whole.
 */
export class EncoderStreamReader {
  readonly #table: DecoderTable;
  readonly #limits: EncoderStreamLimits;
  readonly #cursor: Cursor = { offset: 0 };
  /** The start of an instruction whose end has not come. */
  #kept: Uint8Array = NO_BYTES;
  #keptLength = 0;
  /** How long the kept instruction is at least; no use in looking at it before. */
  #needed = 0;

  /** Makes a reader that applies what it reads to `table`. */
  constructor(table: DecoderTable, limits: EncoderStreamLimits) {
    this.#table = table;
    this.#limits = limits;
  }

  /** Takes the next bytes of the stream; throws `QpackError` for what breaks it. */
  receive(bytes: Uint8Array): void {
    if (this.#keptLength === 0) {
      const done = this.#run(bytes, bytes.length);
      if (done < bytes.length) this.#keep(bytes, done);
      return;
    }
    this.#keep(bytes, 0);
    if (this.#keptLength < this.#needed) return;
    const done = this.#run(this.#kept, this.#keptLength);
    if (done === 0) return;
    this.#kept.copyWithin(0, done, this.#keptLength);
    this.#keptLength -= done;
    if (this.#keptLength === 0) this.#kept = NO_BYTES;
  }

  #keep(bytes: Uint8Array, start: number): void {
    const length = this.#keptLength + bytes.length - start;
    if (length > this.#kept.length) {
      const grown = new Uint8Array(Math.max(64, this.#needed, length, 2 * this.#kept.length));
      grown.set(this.#kept.subarray(0, this.#keptLength));
      this.#kept = grown;
    }
    this.#kept.set(bytes.subarray(start), this.#keptLength);
    this.#keptLength = length;
  }

  /** Applies all whole instructions and says where the first unfinished one begins. */
  #run(bytes: Uint8Array, end: number): number {
    const cursor = this.#cursor;
    cursor.offset = 0;
    for (;;) {
      const start = cursor.offset;
      if (start === end) return start;
      this.#needed = 0;
      if (!this.#instruction(bytes, end)) {
        this.#needed -= start;
        const { maxEncoderStreamBytes } = this.#limits;
        if (Math.max(end - start, this.#needed) > maxEncoderStreamBytes) {
          failEncoderStream("limit:encoder_stream_bytes", "an instruction is longer than the limit");
        }
        return start;
      }
    }
  }

  /** Reads and applies one instruction; `false` when it is not whole. */
  #instruction(bytes: Uint8Array, end: number): boolean {
    const first = bytes[this.#cursor.offset]!;
    if (first >= 0x80) return this.#insertWithNameReference(bytes, end, (first & 0x40) !== 0);
    if (first >= 0x40) return this.#insertWithLiteralName(bytes, end);
    if (first >= 0x20) return this.#setCapacity(bytes, end);
    return this.#duplicate(bytes, end);
  }

  #insertWithNameReference(bytes: Uint8Array, end: number, isStatic: boolean): boolean {
    const index = this.#integer(bytes, end, 6);
    if (index === MORE) return false;
    let name: string;
    if (isStatic) {
      if (index >= STATIC_COUNT) failEncoderStream("9204-3.1", `static index ${index} is beyond the table`);
      name = STATIC_FLAT[2 * index]!;
    } else {
      name = this.#table.flat[this.#place(index)]!;
    }
    const value = this.#string(bytes, end, 7, name.length);
    if (value === undefined) return false;
    this.#insert(name, value);
    return true;
  }

  #insertWithLiteralName(bytes: Uint8Array, end: number): boolean {
    const name = this.#string(bytes, end, 5, 0);
    if (name === undefined) return false;
    const value = this.#string(bytes, end, 7, name.length);
    if (value === undefined) return false;
    this.#insert(name, value);
    return true;
  }

  #setCapacity(bytes: Uint8Array, end: number): boolean {
    const capacity = this.#integer(bytes, end, 5);
    if (capacity === MORE) return false;
    if (capacity > this.#limits.maxTableBytes) {
      failEncoderStream("9204-4.3.1", `a capacity of ${capacity} is above the announced maximum`);
    }
    this.#table.setCapacity(capacity);
    return true;
  }

  #duplicate(bytes: Uint8Array, end: number): boolean {
    const index = this.#integer(bytes, end, 5);
    if (index === MORE) return false;
    const place = this.#place(index);
    this.#insert(this.#table.flat[place]!, this.#table.flat[place + 1]!);
    return true;
  }

  #insert(name: string, value: string): void {
    if (!this.#table.insert(name, value)) {
      failEncoderStream("9204-3.2.2", "an entry is larger than the capacity");
    }
  }

  /** Where the entry with a relative index stands in the table's list. */
  #place(index: number): number {
    const table = this.#table;
    const absolute = table.insertCount - 1 - index;
    if (absolute < table.dropped) {
      failEncoderStream("9204-2.2.3", "it refers to an entry that is not in the table");
    }
    return 2 * (absolute & table.mask);
  }

  #integer(bytes: Uint8Array, end: number, prefixBits: number): number {
    const value = readPrefixInt(this.#cursor, bytes, end, prefixBits);
    if (value === PREFIX_INT_OVER) failEncoderStream("9204-4.1.1", "an integer is too large");
    return value === PREFIX_INT_MORE ? MORE : value;
  }

  /** `beside` is the size of the name, when it is known: what can never fit is refused at once. */
  #string(bytes: Uint8Array, end: number, prefixBits: number, beside: number): string | undefined {
    const cursor = this.#cursor;
    if (cursor.offset >= end) return undefined;
    const huffman = (bytes[cursor.offset]! & (1 << prefixBits)) !== 0;
    const length = this.#integer(bytes, end, prefixBits);
    if (length === MORE) return undefined;
    const least = huffman ? Math.floor((8 * length - 7) / MAX_CODE_BITS) : length;
    if (least + beside + ENTRY_OVERHEAD_BYTES > this.#table.capacity) {
      failEncoderStream("9204-3.2.2", "an entry is larger than the capacity");
    }
    const start = cursor.offset;
    if (start + length > end) {
      this.#needed = start + length;
      return undefined;
    }
    cursor.offset = start + length;
    const text = readOctets(bytes, start, start + length, huffman);
    if (text === undefined) failEncoderStream("9204-4.1.2", "a string is no Huffman code");
    return text;
  }
}

const NO_BYTES = new Uint8Array(0);
