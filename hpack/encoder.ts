import type { ByteWriter } from "../wire/byte_writer.ts";
import { FIELD_OVERHEAD_BYTES } from "../wire/decoded_section.ts";
import { writePrefixInt } from "../wire/prefix_int.ts";
import { type StringForm, writeStringLiteral } from "../wire/string_literal.ts";
import { DEFAULT_TABLE_BYTES } from "./decoder.ts";
import { EncodedBlocks } from "../wire/encoded_blocks.ts";
import { EncoderTable, type NameRecord, NO_HIT } from "./encoder_table.ts";
import { isNever, type SensitivePolicy, Treatment } from "../wire/indexing_policy.ts";
import { STATIC_COUNT } from "./static_table.ts";

/** How an encoder behaves. */
export interface HpackEncoderOptions {
  /** Table that is used at most, whatever the peer allows, in bytes. @default {4096} */
  readonly maxTableBytes?: number;
  /** Which fields must never be indexed. @default {isSensitiveField} */
  readonly sensitive?: SensitivePolicy;
  /**
   * Which other fields go into the table: `adaptive` leaves out those whose values mostly
   * differ until one comes twice in a row, `eager` takes all. @default {"adaptive"}
   */
  readonly indexing?: "adaptive" | "eager";
  /** How strings are written; `plain` costs bytes and saves time. @default {"shorter"} */
  readonly strings?: StringForm;
}

/** The longest value that is remembered so as to know it again, in octets. */
const MAX_REMEMBERED = 2048;

/** First octets of the representations (RFC 7541 section 6). */
const INDEXED = 0x80;
const WITH_INDEXING = 0x40;
const SIZE_UPDATE = 0x20;
const NEVER_INDEXED = 0x10;
const WITHOUT_INDEXING = 0x00;

/**
 * Encodes the header blocks of one direction of a connection, in order (RFC 7541).
 *
 * @example Usage
 * ```ts
 * import { ByteWriter, HpackDecoder, HpackEncoder } from "@tandem/http/hpack";
 * import assert from "node:assert/strict";
 *
 * const writer = new ByteWriter();
 * new HpackEncoder().encode(writer, [":status", "200", "server", "tandem"]);
 * const section = new HpackDecoder().decode(writer.take());
 * assert.deepEqual(section.flat, [":status", "200", "server", "tandem"]);
 * ```
 */
export class HpackEncoder {
  readonly #table: EncoderTable = new EncoderTable(DEFAULT_TABLE_BYTES);
  readonly #blocks: EncodedBlocks = new EncodedBlocks();
  readonly #policy: SensitivePolicy | undefined;
  readonly #isEager: boolean;
  readonly #form: StringForm;
  readonly #capBytes: number;
  /** What the table shall be from the next block on. */
  #targetBytes: number;
  /** The lowest it was to be since the last block. */
  #lowestBytes: number;
  /** Whether the list had a literal that was not the last of its name: it will hardly come again. */
  #isNew = false;
  /** Whether the two tables may differ, because a block was begun and not sent. */
  #mustEmpty = false;

  /** Makes an encoder whose peer allows the 4096 bytes of RFC 9113 section 6.5.2. */
  constructor(options: HpackEncoderOptions = {}) {
    this.#capBytes = options.maxTableBytes ?? DEFAULT_TABLE_BYTES;
    this.#policy = options.sensitive;
    this.#isEager = options.indexing === "eager";
    this.#form = options.strings ?? "shorter";
    this.#targetBytes = this.#lowestBytes = Math.min(this.#capBytes, DEFAULT_TABLE_BYTES);
  }

  /** Size of the dynamic table at the moment, in bytes. */
  get tableBytes(): number {
    return this.#table.bytes;
  }

  /**
   * Sets what the peer allows, its SETTINGS_HEADER_TABLE_SIZE, in bytes. The next block
   * says what becomes of it: twice if it went down and up between (RFC 7541 section 4.2).
   */
  setMaxTableBytes(bytes: number): void {
    this.#targetBytes = Math.min(bytes, this.#capBytes);
    if (this.#targetBytes < this.#lowestBytes) this.#lowestBytes = this.#targetBytes;
  }

  /**
   * Writes one block with the fields of `flat`: name, value, name, value, …, names in lower
   * case. Those whose name is in `sensitive` are never indexed, as are those of the policy.
   * `isConstant` says that this array never changes: it is then known again by itself.
   * Throws `TypeError` for a character above 255 and writes nothing.
   */
  encode(
    writer: ByteWriter,
    flat: readonly string[],
    sensitive?: ReadonlySet<string>,
    isConstant: boolean = false,
  ): void {
    const start = writer.position;
    try {
      this.#encode(writer, flat, sensitive, isConstant);
    } catch (error) {
      writer.position = start;
      // The peer will not see what this block did to the table: empty it on both sides.
      this.#mustEmpty = true;
      throw error;
    }
  }

  #encode(
    writer: ByteWriter,
    flat: readonly string[],
    sensitive: ReadonlySet<string> | undefined,
    isConstant: boolean,
  ): void {
    if ((flat.length & 1) !== 0) throw new TypeError("Cannot encode fields: a name has no value");
    const table = this.#table;
    if (this.#lowestBytes !== table.maxBytes || this.#targetBytes !== table.maxBytes || this.#mustEmpty) {
      this.#resize(writer);
    }
    const version = table.version;
    const start = writer.position;
    const isPlain = sensitive === undefined && this.#policy === undefined;
    if (isPlain && this.#blocks.write(writer, flat, version) >= 0) return;
    this.#isNew = false;
    let buffer = writer.buffer;
    let position = writer.position;
    for (let i = 0; i < flat.length; i += 2) {
      const value = flat[i + 1]!;
      const record = table.recordAt(i >> 1, flat[i]!);
      // What was an index last time nearly always is one octet again.
      if (isPlain && position < buffer.length) {
        const serial = record.hitValue === value
          ? record.hitSerial
          : record.olderValue === value
          ? record.olderSerial
          : NO_HIT;
        const index = serial < 0 ? ~serial : serial < table.oldest ? 127 : STATIC_COUNT + table.next - serial;
        if (index < 127) {
          buffer[position++] = INDEXED | index;
          continue;
        }
      }
      writer.position = position;
      const isNow = isPlain ? isNever(record.treatment, value) : this.#isSensitive(record, value, sensitive);
      if (isNow) this.#writeNeverIndexed(writer, record, value);
      else this.#writeField(writer, record, value);
      buffer = writer.buffer;
      position = writer.position;
    }
    writer.position = position;
    if (isPlain && !this.#isNew && table.version === version) {
      this.#blocks.offer(flat, version, writer, start, isConstant);
    }
  }

  #isSensitive(record: NameRecord, value: string, sensitive: ReadonlySet<string> | undefined): boolean {
    if (sensitive !== undefined && sensitive.has(record.name)) return true;
    return this.#policy === undefined ? isNever(record.treatment, value) : this.#policy(record.name, value);
  }

  #resize(writer: ByteWriter): void {
    const table = this.#table;
    const target = this.#targetBytes;
    const lowest = this.#mustEmpty ? 0 : this.#lowestBytes;
    const goesDown = lowest < target && (lowest < table.maxBytes || this.#mustEmpty);
    if (goesDown) {
      writePrefixInt(writer, SIZE_UPDATE, 5, lowest);
      table.resize(lowest);
    }
    if (table.maxBytes !== target || this.#mustEmpty) {
      writePrefixInt(writer, SIZE_UPDATE, 5, target);
      table.resize(target);
    }
    this.#mustEmpty = false;
    this.#lowestBytes = target;
  }

  #writeField(writer: ByteWriter, record: NameRecord, value: string): void {
    const table = this.#table;
    const values = record.staticValues;
    for (let i = 0; i < values.length; i++) {
      if (values[i] !== value) continue;
      noteHit(record, value, ~(record.staticIndex + i));
      writer.uint8(INDEXED | record.staticIndex + i);
      return;
    }
    const serial = table.find(record, value);
    if (serial >= 0) {
      noteHit(record, value, serial);
      writePrefixInt(writer, INDEXED, 7, STATIC_COUNT + table.next - serial);
      return;
    }
    const size = record.name.length + value.length + FIELD_OVERHEAD_BYTES;
    const isWary = record.treatment === Treatment.WARY && !this.#isEager;
    // An entry that takes most of the table would push out more than it saves.
    const isLarge = size * 4 > table.maxBytes * 3;
    if (isWary || isLarge) {
      const isAgain = isLastLiteral(record, value);
      if (isLarge || !isAgain) {
        this.#writeLiteral(writer, record, value, isAgain);
        return;
      }
    }
    this.#writeName(writer, record, WITH_INDEXING, 6);
    writeStringLiteral(writer, 0, 7, value, this.#form);
    table.add(record, value);
  }

  /** Writes a field that no table and no cache may hold (RFC 7541 section 7.1.3). */
  #writeNeverIndexed(writer: ByteWriter, record: NameRecord, value: string): void {
    this.#isNew = true;
    this.#writeName(writer, record, NEVER_INDEXED, 4);
    writeStringLiteral(writer, 0, 7, value, this.#form);
  }

  /** Writes a field that stays out of the table; `isAgain` says whether it is the last such of its name. */
  #writeLiteral(writer: ByteWriter, record: NameRecord, value: string, isAgain: boolean): void {
    this.#writeName(writer, record, WITHOUT_INDEXING, 4);
    const literals = this.#table.literals;
    if (isAgain && record.valueSlot >= 0) {
      literals.write(writer, record.valueSlot);
      return;
    }
    const start = writer.position;
    writeStringLiteral(writer, 0, 7, value, this.#form);
    if (isAgain) {
      record.valueSlot = literals.keep(writer, start);
      return;
    }
    if (record.valueSlot >= 0) literals.free(record.valueSlot);
    const isShort = value.length <= MAX_REMEMBERED;
    record.lastValue = isShort ? value : "";
    record.valueSlot = isShort ? -1 : -2;
    this.#isNew = true;
  }

  /** Writes the form of a literal with the name, as an index if there is one. */
  #writeName(writer: ByteWriter, record: NameRecord, form: number, prefixBits: number): void {
    const table = this.#table;
    if (record.staticIndex > 0) {
      writePrefixInt(writer, form, prefixBits, record.staticIndex);
      return;
    }
    if (table.holds(record)) {
      writePrefixInt(writer, form, prefixBits, STATIC_COUNT + table.next - record.newest);
      return;
    }
    writer.uint8(form);
    const literals = table.literals;
    if (record.nameSlot >= 0) {
      literals.write(writer, record.nameSlot);
      return;
    }
    const start = writer.position;
    writeStringLiteral(writer, 0, 7, record.name, this.#form);
    record.nameSlot = record.nameSlot === -2 ? -1 : literals.keep(writer, start);
  }
}

/** Whether a value is the one that its name had last as a literal. */
function isLastLiteral(record: NameRecord, value: string): boolean {
  return record.valueSlot !== -2 && record.lastValue === value;
}

/** Notes that a value was written as an index, to know it when it comes again. */
function noteHit(record: NameRecord, value: string, serial: number): void {
  if (record.hitValue !== value) {
    record.olderValue = record.hitValue;
    record.olderSerial = record.hitSerial;
    record.hitValue = value;
  }
  record.hitSerial = serial;
}
