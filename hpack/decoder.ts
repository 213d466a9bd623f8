import { type DecodedSection, FIELD_OVERHEAD_BYTES, mayKeep } from "../wire/decoded_section.ts";
import { huffmanDecode, HuffmanError } from "../wire/huffman.ts";
import { HuffmanCache } from "../wire/huffman_cache.ts";
import { latin1ToString } from "../wire/latin1.ts";
import { type Cursor, PREFIX_INT_MORE, PREFIX_INT_OVER, readPrefixInt } from "../wire/prefix_int.ts";
import { BlockCache } from "../wire/block_cache.ts";
import { DecoderTable } from "./decoder_table.ts";
import { HpackError, type HpackErrorKind, HUFFMAN_KINDS } from "./hpack_error.ts";
import { RepeatedTail } from "./repeated_tail.ts";
import { STATIC_COUNT, STATIC_NAMES, STATIC_SIZES, STATIC_VALUES } from "./static_table.ts";

/** The table size before any SETTINGS, in bytes (RFC 9113 section 6.5.2). */
export const DEFAULT_TABLE_BYTES = 4096;

/** Bounds of a decoder. */
export interface HpackDecoderOptions {
  /** Table that the peer's encoder may use at the start, in bytes. @default {4096} */
  readonly maxTableBytes?: number;
  /** Size of a field section, as RFC 9113 section 6.5.2 counts it, in bytes. @default {262144} */
  readonly maxListBytes?: number;
  /** Fields in a section. @default {1000} */
  readonly maxFields?: number;
}

/**
 * Decodes the header blocks of one direction of a connection, in order (RFC 7541).
 *
 * @example Usage
 * ```ts
 * import { HpackDecoder } from "@tandem/http/hpack";
 * import assert from "node:assert/strict";
 *
 * const decoder = new HpackDecoder();
 * const section = decoder.decode(new Uint8Array([0x82, 0x84]));
 * assert.deepEqual(section.flat, [":method", "GET", ":path", "/"]);
 * assert.equal(section.bytes, 80);
 * ```
 */
export class HpackDecoder {
  readonly #table: DecoderTable;
  readonly #blocks: BlockCache = new BlockCache();
  readonly #strings: HuffmanCache = new HuffmanCache();
  readonly #tail: RepeatedTail = new RepeatedTail();
  readonly #cursor: Cursor = { offset: 0 };
  readonly #maxListBytes: number;
  readonly #maxFields: number;
  /** What the table may be set to. */
  #limitBytes: number;
  /** What the next block must go down to first, or -1. */
  #requiredBytes = -1;
  #failed: HpackErrorKind | undefined;

  /** Makes a decoder with an empty table. */
  constructor(options: HpackDecoderOptions = {}) {
    this.#limitBytes = options.maxTableBytes ?? DEFAULT_TABLE_BYTES;
    this.#maxListBytes = options.maxListBytes ?? 262_144;
    this.#maxFields = options.maxFields ?? 1000;
    this.#table = new DecoderTable(this.#limitBytes);
  }

  /** Size of the dynamic table at the moment, in bytes. */
  get tableBytes(): number {
    return this.#table.bytes;
  }

  /** The entries of the dynamic table, newest first. */
  get tableEntries(): [name: string, value: string][] {
    const table = this.#table;
    const entries: [string, string][] = [];
    for (let age = 0; age < table.count; age++) entries.push([table.nameAt(age), table.valueAt(age)]);
    return entries;
  }

  /**
   * Sets what the peer's encoder may use, in bytes: a SETTINGS_HEADER_TABLE_SIZE of ours that
   * the peer has acknowledged. If its table is larger, its next block must begin by lowering it
   * (RFC 7541 section 4.2).
   */
  setMaxTableBytes(bytes: number): void {
    this.#limitBytes = bytes;
    if (bytes >= this.#table.maxBytes) return;
    if (this.#requiredBytes < 0 || bytes < this.#requiredBytes) this.#requiredBytes = bytes;
  }

  /**
   * Decodes one whole block: `bytes`, or the part from `start` to `end`. Throws `HpackError` for a block that is wrong; the table is then
   * lost, and each later call throws the same. The result may be shared between calls.
   */
  decode(bytes: Uint8Array, start: number = 0, end: number = bytes.length): DecodedSection {
    if (this.#failed !== undefined) throw new HpackError(this.#failed);
    const version = this.#table.version;
    if (this.#requiredBytes < 0) {
      const known = this.#blocks.find(bytes, version, start, end);
      if (known !== undefined) return known;
    }
    try {
      const section = this.#decode(bytes, start, end);
      if (this.#table.version === version && mayKeep(section)) {
        this.#blocks.offer(bytes, version, section, start, end);
      }
      return section;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #fail(error: unknown): unknown {
    const kind = error instanceof HuffmanError
      ? HUFFMAN_KINDS[error.kind]
      : error instanceof HpackError
      ? error.kind
      : undefined;
    this.#failed = kind ?? "truncated";
    return error instanceof HuffmanError ? new HpackError(kind!) : error;
  }

  #decode(block: Uint8Array, start: number, end: number): DecodedSection {
    const table = this.#table;
    const cursor = this.#cursor;
    const maxListBytes = this.#maxListBytes;
    const maxFields = this.#maxFields;
    const tail = this.#tail;
    const flat: string[] = [];
    let sensitive: string[] | undefined;
    let bytes = 0;
    let count = 0;
    let tooLarge = false;
    cursor.offset = start;
    if (end > start && (block[start]! & 0xe0) === 0x20 || this.#requiredBytes >= 0) {
      this.#sizeUpdates(block, end);
    }
    // Where the indices at the end begin: in the block, in `flat` and in `bytes`.
    let tailStart = cursor.offset;
    let tailFrom = 0;
    let tailBytes = 0;

    while (cursor.offset < end) {
      const first = block[cursor.offset]!;
      let name: string;
      let value: string;
      if (first >= 0x80) {
        const index = this.#integer(block, end, 7);
        if (index <= STATIC_COUNT) {
          if (index === 0) throw new HpackError("index-zero");
          name = STATIC_NAMES[index]!;
          value = STATIC_VALUES[index]!;
          bytes += STATIC_SIZES[index]!;
        } else {
          const age = index - STATIC_COUNT - 1;
          if (age >= table.count) throw new HpackError("index-out-of-range");
          name = table.nameAt(age);
          value = table.valueAt(age);
          bytes += name.length + value.length + FIELD_OVERHEAD_BYTES;
        }
      } else if (first >= 0x40) {
        name = this.#name(block, end, 6);
        value = this.#string(block, end, false);
        table.add(name, value);
        tail.drop();
        bytes += name.length + value.length + FIELD_OVERHEAD_BYTES;
      } else {
        if (first >= 0x20) throw new HpackError("size-update-misplaced");
        name = this.#name(block, end, 4);
        value = this.#string(block, end, first < 0x10);
        bytes += name.length + value.length + FIELD_OVERHEAD_BYTES;
      }
      count++;
      if (bytes > maxListBytes || count > maxFields) tooLarge = true;
      if (tooLarge) continue;
      flat.push(name, value);
      if (first >= 0x80) continue;
      if (first < 0x20 && first >= 0x10) sensitive = withName(sensitive, name);
      tailStart = cursor.offset;
      tailFrom = flat.length;
      tailBytes = bytes;
      if (!tail.isAt(block, tailStart, end)) continue;
      const { fields } = tail;
      const more = fields.flat;
      if (bytes + tail.bytes > maxListBytes || count + more.length / 2 > maxFields) continue;
      for (let i = 0; i < more.length; i += 2) flat.push(more[i]!, more[i + 1]!);
      bytes += tail.bytes;
      count += more.length / 2;
      return { flat, sensitive, bytes, count, tooLarge, validated: undefined, tail: fields };
    }
    if (!tooLarge) tail.offer(block, tailStart, end, flat, tailFrom, bytes - tailBytes);
    return { flat, sensitive, bytes, count, tooLarge, validated: undefined, tail: undefined };
  }

  /** Reads the changes of the table size at the start of a block, and demands one if it is due. */
  #sizeUpdates(block: Uint8Array, end: number): void {
    while (this.#cursor.offset < end && (block[this.#cursor.offset]! & 0xe0) === 0x20) {
      const bytes = this.#integer(block, end, 5);
      if (bytes > this.#limitBytes) throw new HpackError("size-update-too-large");
      if (this.#requiredBytes >= 0) {
        if (bytes > this.#requiredBytes) throw new HpackError("size-update-missing");
        this.#requiredBytes = -1;
      }
      if (bytes === this.#table.maxBytes) continue;
      this.#table.resize(bytes);
      this.#tail.drop();
    }
    if (this.#requiredBytes >= 0) throw new HpackError("size-update-missing");
  }

  #integer(block: Uint8Array, end: number, prefixBits: number): number {
    const cursor = this.#cursor;
    const mask = (1 << prefixBits) - 1;
    const value = block[cursor.offset]! & mask;
    if (value < mask) {
      cursor.offset++;
      return value;
    }
    const read = readPrefixInt(cursor, block, end, prefixBits);
    if (read === PREFIX_INT_MORE) throw new HpackError("truncated");
    if (read === PREFIX_INT_OVER) throw new HpackError("integer-overflow");
    return read;
  }

  /** Reads the name of a literal: an index or, after index 0, a string. */
  #name(block: Uint8Array, end: number, prefixBits: number): string {
    const index = this.#integer(block, end, prefixBits);
    if (index === 0) return this.#string(block, end, prefixBits === 4);
    if (index <= STATIC_COUNT) return STATIC_NAMES[index]!;
    const age = index - STATIC_COUNT - 1;
    if (age >= this.#table.count) throw new HpackError("index-out-of-range");
    return this.#table.nameAt(age);
  }

  /** Reads a string; one that no table will hold, but may, is `repeatable` and may be in the cache. */
  #string(block: Uint8Array, end: number, repeatable: boolean): string {
    const cursor = this.#cursor;
    if (cursor.offset >= end) throw new HpackError("truncated");
    const isCoded = block[cursor.offset]! >= 0x80;
    const size = this.#integer(block, end, 7);
    const start = cursor.offset;
    const stop = start + size;
    if (stop > end) throw new HpackError("truncated");
    cursor.offset = stop;
    if (!isCoded) return latin1ToString(block, start, stop);
    return repeatable ? this.#strings.decode(block, start, stop) : huffmanDecode(block, start, stop);
  }
}

function withName(names: string[] | undefined, name: string): string[] {
  if (names === undefined) return [name];
  if (!names.includes(name)) names.push(name);
  return names;
}
