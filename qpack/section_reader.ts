import { type DecodedSection, FIELD_OVERHEAD_BYTES, mayKeep } from "../wire/decoded_section.ts";
import { BlockCache } from "../wire/block_cache.ts";
import { huffmanDecode, HuffmanError } from "../wire/huffman.ts";
import { HuffmanCache } from "../wire/huffman_cache.ts";
import { latin1ToString } from "../wire/latin1.ts";
import { type Cursor, PREFIX_INT_MORE, PREFIX_INT_OVER, readPrefixInt } from "../wire/prefix_int.ts";
import type { DecoderTable } from "./decoder_table.ts";
import { failSection } from "./error.ts";
import { STATIC_COUNT, STATIC_FLAT } from "./static_table.ts";

/** What a section may hold before it is cut. */
export interface SectionLimits {
  /** Size of the fields, as RFC 9114 section 4.2.2 counts it, in bytes. */
  readonly maxListBytes: number;
  /** Number of fields. */
  readonly maxFields: number;
}

/**
 * Reads encoded field sections (RFC 9204 section 4.5): first the prefix, then, when
 * the table has all that the section needs, its field lines.
 */
export class SectionReader {
  /** Required Insert Count of the section whose prefix was read last. */
  required = 0;
  #base = 0;
  readonly #cursor: Cursor = { offset: 0 };
  readonly #table: DecoderTable;
  readonly #limits: SectionLimits;
  readonly #blocks: BlockCache = new BlockCache();
  readonly #strings: HuffmanCache = new HuffmanCache();
  /** How many entries the table can have at most: the modulus of the wire form is twice that. */
  readonly #maxEntries: number;

  /** Makes a reader over a table whose announced maximum is `maxTableBytes`. */
  constructor(table: DecoderTable, maxTableBytes: number, limits: SectionLimits) {
    this.#table = table;
    this.#limits = limits;
    this.#maxEntries = Math.floor(maxTableBytes / 32);
  }

  /** Reads the prefix (RFC 9204 section 4.5.1); `required` then says what the section needs. */
  readPrefix(bytes: Uint8Array): void {
    const cursor = this.#cursor;
    cursor.offset = 0;
    this.required = this.#requiredInsertCount(this.#integer(bytes, 8));
    const negative = cursor.offset < bytes.length && bytes[cursor.offset]! >= 0x80;
    const delta = this.#integer(bytes, 7);
    if (!negative) {
      this.#base = this.required + delta;
      return;
    }
    if (delta >= this.required) failSection("9204-4.5.1.2", "its Base is negative");
    this.#base = this.required - delta - 1;
  }

  /** Undoes the modulus of the wire form (RFC 9204 section 4.5.1.1). */
  #requiredInsertCount(encoded: number): number {
    if (encoded === 0) return 0;
    const fullRange = 2 * this.#maxEntries;
    if (encoded > fullRange) failSection("9204-4.5.1.1", "its Required Insert Count is out of range");
    const maxValue = this.#table.insertCount + this.#maxEntries;
    const rounded = Math.floor(maxValue / fullRange) * fullRange;
    let required = rounded + encoded - 1;
    if (required > maxValue) {
      if (required <= fullRange) failSection("9204-4.5.1.1", "its Required Insert Count is out of range");
      required -= fullRange;
    }
    if (required === 0) failSection("9204-4.5.1.1", "its Required Insert Count is 0 in disguise");
    return required;
  }

  /**
   * Reads the field lines after the prefix that was read last (RFC 9204 section 4.5.2 on).
   * The result may be shared between calls.
   */
  read(bytes: Uint8Array): DecodedSection {
    // Each insert and each eviction makes this larger, and with it what references mean.
    const version = this.#table.insertCount + this.#table.dropped;
    const known = this.#blocks.find(bytes, version);
    if (known !== undefined) return known;
    try {
      const section = this.#readLines(bytes);
      if (mayKeep(section)) this.#blocks.offer(bytes, version, section);
      return section;
    } catch (error) {
      if (error instanceof HuffmanError) failSection("9204-4.1.2", "a string is no Huffman code");
      throw error;
    }
  }

  #readLines(bytes: Uint8Array): DecodedSection {
    const { maxListBytes, maxFields } = this.#limits;
    const cursor = this.#cursor;
    const end = bytes.length;
    const flat: string[] = [];
    let sensitive: string[] | undefined;
    let size = 0;
    let count = 0;
    let tooLarge = false;
    while (cursor.offset < end) {
      const first = bytes[cursor.offset]!;
      let name: string;
      let value: string;
      let never = false;
      if (first >= 0x80) {
        // Indexed field line: static (11) or relative to the Base (10).
        const index = this.#integer(bytes, 6);
        if (first >= 0xc0) {
          if (index >= STATIC_COUNT) failSection("9204-3.1", `static index ${index} is beyond the table`);
          name = STATIC_FLAT[2 * index]!;
          value = STATIC_FLAT[2 * index + 1]!;
        } else {
          const at = this.#place(this.#base - index - 1);
          name = this.#table.flat[at]!;
          value = this.#table.flat[at + 1]!;
        }
      } else if (first >= 0x40) {
        // Literal with a name from the static table (0101) or relative to the Base.
        never = (first & 0x20) !== 0;
        const index = this.#integer(bytes, 4);
        if ((first & 0x10) !== 0) {
          if (index >= STATIC_COUNT) failSection("9204-3.1", `static index ${index} is beyond the table`);
          name = STATIC_FLAT[2 * index]!;
        } else {
          name = this.#table.flat[this.#place(this.#base - index - 1)]!;
        }
        value = this.#string(bytes, 7, !never);
      } else if (first >= 0x20) {
        never = (first & 0x10) !== 0;
        name = this.#string(bytes, 3, true);
        value = this.#string(bytes, 7, !never);
      } else if (first >= 0x10) {
        const at = this.#place(this.#base + this.#integer(bytes, 4));
        name = this.#table.flat[at]!;
        value = this.#table.flat[at + 1]!;
      } else {
        never = (first & 0x08) !== 0;
        name = this.#table.flat[this.#place(this.#base + this.#integer(bytes, 3))]!;
        value = this.#string(bytes, 7, !never);
      }
      count++;
      size += name.length + value.length + FIELD_OVERHEAD_BYTES;
      if (size > maxListBytes || count > maxFields) {
        tooLarge = true;
        continue;
      }
      flat.push(name, value);
      if (never && !(sensitive ??= []).includes(name)) sensitive.push(name);
    }
    return { flat, sensitive, bytes: size, count, tooLarge, validated: undefined, tail: undefined };
  }

  /** Where the entry with an absolute index stands in the table's list. */
  #place(absolute: number): number {
    const table = this.#table;
    if (absolute >= this.required) {
      failSection("9204-2.2.1", "it refers beyond its Required Insert Count");
    }
    if (absolute < table.dropped) {
      failSection("9204-2.2.3", "it refers to an entry that is not in the table");
    }
    return 2 * (absolute & table.mask);
  }

  #integer(bytes: Uint8Array, prefixBits: number): number {
    const cursor = this.#cursor;
    const mask = (1 << prefixBits) - 1;
    if (cursor.offset < bytes.length) {
      const value = bytes[cursor.offset]! & mask;
      if (value < mask) {
        cursor.offset++;
        return value;
      }
    }
    const value = readPrefixInt(cursor, bytes, bytes.length, prefixBits);
    if (value === PREFIX_INT_MORE) failSection("9204-4.5", "it ends within an integer");
    if (value === PREFIX_INT_OVER) failSection("9204-4.1.1", "an integer is too large");
    return value;
  }

  /** Reads a string; one that is `repeatable` may be in the cache. */
  #string(bytes: Uint8Array, prefixBits: number, repeatable: boolean): string {
    const cursor = this.#cursor;
    const huffman = cursor.offset < bytes.length && (bytes[cursor.offset]! & (1 << prefixBits)) !== 0;
    const length = this.#integer(bytes, prefixBits);
    const start = cursor.offset;
    const end = start + length;
    if (end > bytes.length) failSection("9204-4.5", "it ends within a string");
    cursor.offset = end;
    if (!huffman) return latin1ToString(bytes, start, end);
    return repeatable ? this.#strings.decode(bytes, start, end) : huffmanDecode(bytes, start, end);
  }
}
