import { ByteWriter } from "../wire/byte_writer.ts";
import { EncodedBlocks } from "../wire/encoded_blocks.ts";
import { isNever, type SensitivePolicy, Treatment } from "../wire/indexing_policy.ts";
import { prefixIntSize, writePrefixInt } from "../wire/prefix_int.ts";
import { writeStringLiteral } from "../wire/string_literal.ts";
import { DecoderStreamReader } from "./decoder_stream_reader.ts";
import { ENTRY_OVERHEAD_BYTES } from "./decoder_table.ts";
import { EncoderIndex, type KnownField, type KnownName, NONE } from "./encoder_index.ts";
import { EncoderTable, entryBytes } from "./encoder_table.ts";
import type { QpackEncoderOptions, QpackPeerSettings, QpackPolicy } from "./encoder_options.ts";
export type { QpackEncoderOptions, QpackPeerSettings, QpackPolicy } from "./encoder_options.ts";
import { isLastLiteral, knownHit, noteHit, rememberLiteral, writeKnownName } from "./known_values.ts";
import { moveBytes } from "./move_bytes.ts";
import { OutstandingSections } from "./outstanding.ts";

/** With more sections than this that nobody acknowledges, new ones use the static table only. */
const MAX_OUTSTANDING = 2000;

/**
 * This part of the table, at its old end, is about to be evicted: what is used there is
 * duplicated. A duplicate that may be used only when it is acknowledged is made earlier.
 */
const DRAINING_PART = { "static": 1, "safe": 4, "eager": 8 } as const;

/** A field goes into the table when it comes again within this many fields. */
const HISTORY_FIELDS = 64;

/** A name with this many fields in a row that were not known has values that mostly differ. */
const MAX_MISSES = 16;

/** A prefix of a section takes two octets, mostly. */
const USUAL_PREFIX_OCTETS = 2;

/**
 * Encodes field sections (RFC 9204): the dynamic table of the peer's decoder as far as
 * it is known, and the instructions that fill it.
 *
 * @example Usage
 * ```ts
 * import { ByteWriter, QpackEncoder } from "@tandem/http/qpack";
 * import assert from "node:assert/strict";
 *
 * const encoder = new QpackEncoder({ policy: "static" });
 * const writer = new ByteWriter();
 * encoder.encode(0, [":method", "GET", ":path", "/"], writer);
 * assert.deepEqual([...writer.take()], [0, 0, 0xd1, 0xc1]);
 * ```
 */
export class QpackEncoder {
  readonly #policy: QpackPolicy;
  readonly #maxTableBytes: number;
  readonly #index: EncoderIndex = new EncoderIndex(HISTORY_FIELDS);
  readonly #table: EncoderTable = new EncoderTable(this.#index);
  readonly #outstanding: OutstandingSections = new OutstandingSections(this.#table);
  readonly #stream: DecoderStreamReader = new DecoderStreamReader(this.#table, this.#outstanding);
  readonly #instructions: ByteWriter = new ByteWriter();
  readonly #sensitive: SensitivePolicy | undefined;
  readonly #blocks: EncodedBlocks = new EncodedBlocks();
  /** Required Insert Count and oldest reference of the sections in `#blocks`, by slot. */
  readonly #blockRequired: number[] = [];
  readonly #blockOldest: number[] = [];
  /** How many entries the peer's table can have at most: the modulus of the wire form is twice that. */
  #maxEntries = 0;
  #peerTableBytes = 0;
  #maxBlockedStreams = 0;
  /** The capacity that is wanted; the table takes it as soon as what is in use fits. */
  #wantedCapacity = 0;
  #capacityChanges = 0;
  #fieldNumber = 0;
  /** Entries below this absolute index are about to be evicted. */
  #drainBelow = 0;
  #drainComputedAt = NONE;
  // Of the section that is being encoded:
  #writer: ByteWriter = this.#instructions;
  #sectionStart = 0;
  #isDynamic = false;
  /** Whether it has a literal that was not the last of its name: it will hardly come again. */
  #isNew = false;
  #base = 0;
  #required = 0;
  #oldest = Infinity;
  /** Entries below this absolute index may be referred to. */
  #usable = 0;

  /** Makes an encoder; it uses the static table only until `setPeer` allows more. */
  constructor(options: QpackEncoderOptions = {}) {
    this.#policy = options.policy ?? "safe";
    this.#maxTableBytes = options.maxTableBytes ?? 4096;
    this.#sensitive = options.sensitive;
  }

  /** How many entries were inserted so far. */
  get insertCount(): number {
    return this.#table.insertCount;
  }

  /** How many inserts the peer is known to have. */
  get knownReceivedCount(): number {
    return this.#table.knownReceived;
  }

  /** Size of the dynamic table, in bytes. */
  get tableBytes(): number {
    return this.#table.size;
  }

  /** Capacity of the dynamic table that is in force, in bytes. */
  get tableCapacity(): number {
    return this.#table.capacity;
  }

  /** Sections with dynamic references that are not acknowledged. */
  get outstandingSections(): number {
    return this.#outstanding.count;
  }

  /** Streams that may be blocked at the peer. */
  get riskyStreams(): number {
    return this.#outstanding.riskyStreams;
  }

  /** How many bytes `takeInstructions` would hand over. */
  get instructionBytes(): number {
    return this.#instructions.length;
  }

  /** Takes the peer's SETTINGS in; from then on the dynamic table is used as they allow. */
  setPeer(settings: QpackPeerSettings): void {
    const maxTableBytes = settings.maxTableBytes ?? 0;
    this.#maxEntries = Math.floor(maxTableBytes / 32);
    this.#peerTableBytes = maxTableBytes;
    this.#maxBlockedStreams = settings.maxBlockedStreams ?? 0;
    if (this.#policy === "static" || this.#maxEntries === 0) return;
    this.#wantedCapacity = Math.min(maxTableBytes, this.#maxTableBytes);
  }

  /**
   * Changes the capacity that is used, in bytes, at most what the peer allows and the
   * option says. A smaller one comes into force as soon as the entries that must go can go.
   */
  setTableBytes(bytes: number): void {
    if (this.#policy === "static" || this.#maxEntries === 0) return;
    this.#wantedCapacity = Math.min(bytes, this.#maxTableBytes, this.#peerTableBytes);
  }

  /** Takes bytes of the peer's decoder stream, however they are cut. Throws `QpackError` of the kind `decoder-stream`. */
  receiveDecoder(bytes: Uint8Array): void {
    this.#stream.receive(bytes);
  }

  /**
   * Releases what the sections of a stream refer to, if not a byte of them was sent.
   * Once something was sent, only the peer's instructions can tell.
   */
  cancel(streamId: number): void {
    this.#outstanding.cancel(streamId);
  }

  /** The bytes that are to be sent on the encoder stream, before the sections that were encoded. */
  takeInstructions(): Uint8Array {
    return this.#instructions.take();
  }

  /** Appends what `takeInstructions` would hand over to a writer of the caller. */
  writeInstructions(writer: ByteWriter): void {
    moveBytes(this.#instructions, writer);
  }

  /** Gives back bytes that `takeInstructions` handed over and that nobody reads any more. */
  recycle(bytes: Uint8Array): void {
    this.#instructions.give(bytes);
  }

  /**
   * Writes the section of a list of fields: name, value, name, value, … Fields with a name
   * in `sensitive`, and those of the policy, are marked as never to be indexed. Throws
   * `TypeError` for a character above 255 or a name without a value, and writes nothing.
   */
  encode(
    streamId: number,
    flat: readonly string[],
    writer: ByteWriter,
    sensitive?: ReadonlySet<string>,
  ): void {
    if ((flat.length & 1) !== 0) throw new TypeError("Cannot encode fields: a name has no value");
    if (this.#wantedCapacity !== this.#table.capacity) this.#changeCapacity();
    this.#beginSection(streamId, writer);
    const version = this.#version();
    const isPlain = sensitive === undefined && this.#sensitive === undefined;
    if (isPlain && this.#repeat(streamId, flat, version)) return;
    const start = writer.position;
    try {
      this.#section(flat, sensitive, isPlain);
    } catch (error) {
      writer.position = start;
      throw error;
    }
    if (isPlain && !this.#isNew && this.#version() === version) this.#offerBlock(flat, version, start);
    if (this.#required > 0) this.#outstanding.add(streamId, this.#required, this.#oldest);
  }

  #section(flat: readonly string[], sensitive: ReadonlySet<string> | undefined, isPlain: boolean): void {
    const writer = this.#writer;
    const start = writer.position;
    const index = this.#index;
    this.#isNew = false;
    writer.uint16(0); // room for the prefix
    let buffer = writer.buffer;
    let position = writer.position;
    for (let i = 0; i < flat.length; i += 2) {
      const value = flat[i + 1]!;
      const known = index.nameAt(i >> 1, flat[i]!);
      // What is the same as last time mostly is one octet again.
      const hit = knownHit(known, value);
      if (isPlain && hit !== NONE && position + 2 <= buffer.length) {
        buffer[position++] = hit < 63 ? 0xc0 | hit : 0xff;
        if (hit >= 63) buffer[position++] = hit - 63;
        continue;
      }
      const same = isPlain && this.#isDynamic ? this.#sameAgain(known, value) : NONE;
      const relative = same === NONE ? NONE : this.#base - same - 1;
      if (relative >= 0 && relative < 63 && position < buffer.length) {
        buffer[position++] = 0x80 | relative;
        continue;
      }
      writer.position = position;
      if (same !== NONE) this.#indexed(same);
      else if (isPlain) this.#plain(known, value);
      else this.#unlike(known, value, sensitive);
      buffer = writer.buffer;
      position = writer.position;
    }
    writer.position = position;
    if (this.#required > 0) this.#writePrefix(start);
  }

  /** Writes a field under a policy, or of a list, that says what must never be indexed. */
  #unlike(known: KnownName, value: string, sensitive: ReadonlySet<string> | undefined): void {
    if (this.#isSensitive(known, value, sensitive)) this.#neverIndexed(known, value);
    else this.#mayIndex(known, value, isLastLiteral(known, value));
  }

  /** Writes a field that is not the index that its name had last. */
  #plain(known: KnownName, value: string): void {
    const isAgain = isLastLiteral(known, value);
    if (isAgain && !this.#isDynamic) this.#literal(known, value, true);
    else if (isNever(known.treatment, value)) this.#neverIndexed(known, value);
    else this.#mayIndex(known, value, isAgain);
  }

  /** Refers to the entry of the field that this name had last, if it still is what it was; else `NONE`. */
  #sameAgain(known: KnownName, value: string): number {
    const field = known.lastField;
    if (field === undefined || field.value !== value) return NONE;
    const absolute = field.newest;
    if (absolute < this.#drainBelow || absolute >= this.#usable) return NONE;
    field.seenAt = ++this.#fieldNumber;
    this.#refer(absolute);
    return absolute;
  }

  /** Writes a field that tables may hold; `isAgain` says whether it is the last literal of its name. */
  #mayIndex(known: KnownName, value: string, isAgain: boolean): void {
    const values = known.staticValues;
    for (let i = 0; i < values.length; i++) {
      if (values[i] !== value) continue;
      noteHit(known, value, known.staticIndexes[i]!);
      return writePrefixInt(this.#writer, 0xc0, 6, known.hitIndex);
    }
    if (this.#isDynamic) this.#field(known, value, isAgain);
    else this.#literal(known, value, isAgain);
  }

  #isSensitive(known: KnownName, value: string, sensitive: ReadonlySet<string> | undefined): boolean {
    if (sensitive !== undefined && sensitive.has(known.name)) return true;
    return this.#sensitive === undefined
      ? isNever(known.treatment, value)
      : this.#sensitive(known.name, value);
  }

  /**
   * Goes up with each change of the table or of what the peer is known to have; odd while
   * the section may refer to more than that.
   */
  #version(): number {
    const changes = this.#table.insertCount + this.#table.knownReceived + this.#capacityChanges;
    return 2 * changes + (this.#usable === Infinity ? 1 : 0);
  }

  /** Writes the section of an equal list again if nothing has changed since. */
  #repeat(streamId: number, flat: readonly string[], version: number): boolean {
    const slot = this.#blocks.write(this.#writer, flat, version);
    if (slot < 0) return false;
    const required = this.#blockRequired[slot]!;
    if (required > 0 && !this.#isDynamic) {
      this.#writer.position = this.#sectionStart;
      return false;
    }
    if (required > 0) this.#outstanding.add(streamId, required, this.#blockOldest[slot]!);
    return true;
  }

  #offerBlock(flat: readonly string[], version: number, start: number): void {
    const slot = this.#blocks.offer(flat, version, this.#writer, start);
    if (slot < 0) return;
    while (this.#blockRequired.length <= slot) {
      this.#blockRequired.push(0);
      this.#blockOldest.push(0);
    }
    this.#blockRequired[slot] = this.#required;
    this.#blockOldest[slot] = this.#oldest;
  }

  #changeCapacity(): void {
    const table = this.#table;
    const wanted = this.#wantedCapacity;
    if (wanted < table.capacity && !table.makeRoom(table.capacity - wanted, Infinity)) return;
    table.capacity = wanted;
    this.#capacityChanges++;
    this.#drainComputedAt = NONE;
    writePrefixInt(this.#instructions, 0x20, 5, wanted);
  }

  #beginSection(streamId: number, writer: ByteWriter): void {
    const table = this.#table;
    this.#writer = writer;
    this.#base = table.insertCount;
    this.#required = 0;
    this.#oldest = Infinity;
    this.#sectionStart = writer.position;
    this.#isDynamic = table.capacity > 0 && this.#outstanding.count < MAX_OUTSTANDING;
    if (!this.#isDynamic) {
      this.#usable = 0;
      return;
    }
    const mayBlock = this.#policy === "eager" &&
      (this.#outstanding.riskyStreams < this.#maxBlockedStreams || this.#outstanding.isRisky(streamId));
    this.#usable = mayBlock ? Infinity : table.knownReceived;
    if (this.#drainComputedAt !== table.insertCount + table.knownReceived) this.#computeDraining();
  }

  /** Finds which entries the next inserts will evict. */
  #computeDraining(): void {
    const table = this.#table;
    const wanted = table.capacity / DRAINING_PART[this.#policy];
    let room = table.capacity - table.size;
    let absolute = table.dropped;
    while (absolute < table.knownReceived && room < wanted) {
      room += table.bytesOf(absolute++);
    }
    this.#drainBelow = absolute;
    this.#drainComputedAt = table.insertCount + table.knownReceived;
  }

  /** Writes a field that is not in the static table, and decides whether the dynamic one shall hold it. */
  #field(known: KnownName, value: string, isAgain: boolean): void {
    const number = ++this.#fieldNumber;
    const isWary = known.treatment === Treatment.WARY || known.misses >= MAX_MISSES;
    let field = known.fields === 0 ? undefined : this.#index.field(known, value);
    if (field === undefined) {
      if (known.staticIndex === NONE && known.fields > 0) this.#offerName(known);
      known.misses++;
      const bytes = known.name.length + value.length + ENTRY_OVERHEAD_BYTES;
      const fits = bytes <= this.#table.capacity;
      // Where values mostly differ, one is remembered when it comes twice in a row.
      if (fits && (isAgain || !isWary)) field = this.#index.remember(known, value, number);
      if (!isWary || field === undefined) return this.#literal(known, value, isAgain);
    }
    known.misses = 0;
    const age = number - field.seenAt;
    field.seenAt = number;
    if (field.newest === NONE) {
      if (age <= HISTORY_FIELDS) this.#insert(field);
    } else if (field.newest < this.#drainBelow) {
      this.#duplicate(field);
    }
    if (field.newest !== NONE && field.newest < this.#usable) return this.#indexed(field.newest);
    if (field.older !== NONE && field.older < this.#usable) return this.#indexed(field.older);
    this.#literal(known, value, isAgain);
  }

  /** Writes an indexed field line: relative to the Base, or after it (RFC 9204 sections 4.5.2, 4.5.3). */
  #indexed(absolute: number): void {
    this.#refer(absolute);
    if (absolute < this.#base) writePrefixInt(this.#writer, 0x80, 6, this.#base - absolute - 1);
    else writePrefixInt(this.#writer, 0x10, 4, absolute - this.#base);
  }

  /** Writes a literal field line; one that comes again for its name, as it was written before. */
  #literal(known: KnownName, value: string, isAgain: boolean): void {
    const writer = this.#writer;
    const literals = this.#index.literals;
    const hasEntry = known.staticIndex === NONE && known.newest !== NONE && known.newest < this.#usable;
    if (isAgain && known.lineSlot >= 0 && !hasEntry) return literals.write(writer, known.lineSlot);
    const start = writer.position;
    this.#name(known, false);
    writeStringLiteral(writer, 0, 7, value);
    if (!isAgain) {
      rememberLiteral(literals, known, value);
      this.#isNew = true;
    } else if (known.lineSlot === NONE && !hasEntry) {
      known.lineSlot = literals.keep(writer, start);
    }
  }

  /** Writes a literal field line that no table and no cache may hold (RFC 9204 section 7.1.3). */
  #neverIndexed(known: KnownName, value: string): void {
    this.#isNew = true;
    this.#name(known, true);
    writeStringLiteral(this.#writer, 0, 7, value);
  }

  /** Writes the start of a literal field line with the best name there is (RFC 9204 sections 4.5.4 to 4.5.6). */
  #name(known: KnownName, never: boolean): void {
    const writer = this.#writer;
    if (known.staticIndex !== NONE) {
      writePrefixInt(writer, never ? 0x70 : 0x50, 4, known.staticIndex);
    } else if (known.newest !== NONE && known.newest < this.#usable) {
      const absolute = known.newest;
      this.#refer(absolute);
      if (absolute < this.#base) writePrefixInt(writer, never ? 0x60 : 0x40, 4, this.#base - absolute - 1);
      else writePrefixInt(writer, never ? 0x08 : 0, 3, absolute - this.#base);
    } else {
      writeKnownName(writer, this.#index.literals, known, never ? 0x30 : 0x20);
    }
  }

  #refer(absolute: number): void {
    if (absolute < this.#oldest) this.#oldest = absolute;
    if (absolute >= this.#required) this.#required = absolute + 1;
  }

  /** Inserts a field into the table if room can be made (RFC 9204 sections 4.3.2, 4.3.3). */
  #insert(field: KnownField): void {
    const table = this.#table;
    const { name, staticIndex } = field.name;
    // What is evicted for the new entry may still lend it its name.
    const lender = field.name.newest;
    if (!table.makeRoom(entryBytes(field), this.#oldest)) return;
    const writer = this.#instructions;
    const start = writer.position;
    try {
      if (staticIndex !== NONE) writePrefixInt(writer, 0xc0, 6, staticIndex);
      else if (lender !== NONE) writePrefixInt(writer, 0x80, 6, table.insertCount - lender - 1);
      else writeStringLiteral(writer, 0x40, 5, name);
      writeStringLiteral(writer, 0, 7, field.value);
    } catch (error) {
      // Half an instruction would spoil the stream for good.
      writer.position = start;
      throw error;
    }
    table.insert(field);
  }

  /** Sees to it that a name whose values change stands in the table, with an empty value. */
  #offerName(known: KnownName): void {
    const absolute = known.newest;
    if (absolute === NONE) this.#insert(this.#index.makeField(known, ""));
    else if (absolute < this.#drainBelow) {
      const field = this.#table.field(absolute);
      if (field.value === "") this.#duplicate(field);
    }
  }

  /** Copies an entry that is about to be evicted to the young end (RFC 9204 section 4.3.4). */
  #duplicate(field: KnownField): void {
    const table = this.#table;
    const source = field.newest;
    // Where the copy cannot be used at once, the source must not make room for it.
    const guarded = this.#usable === Infinity ? this.#oldest : Math.min(this.#oldest, source);
    if (!table.makeRoom(entryBytes(field), guarded)) return;
    writePrefixInt(this.#instructions, 0, 5, table.insertCount - source - 1);
    table.insert(field);
  }

  /** Fills in the prefix at `start`, now that all references are known (RFC 9204 section 4.5.1). */
  #writePrefix(start: number): void {
    const writer = this.#writer;
    const end = writer.position;
    const required = this.#required;
    const encoded = required % (2 * this.#maxEntries) + 1;
    const behind = required > this.#base;
    const delta = behind ? required - this.#base - 1 : this.#base - required;
    const octets = prefixIntSize(8, encoded) + prefixIntSize(7, delta);
    // The prefix takes the two octets that were left for it, mostly.
    if (octets > USUAL_PREFIX_OCTETS) {
      writer.reserve(octets - USUAL_PREFIX_OCTETS);
      writer.buffer.copyWithin(start + octets, start + USUAL_PREFIX_OCTETS, end);
    }
    writer.position = start;
    writePrefixInt(writer, 0, 8, encoded);
    writePrefixInt(writer, behind ? 0x80 : 0, 7, delta);
    writer.position = end + octets - USUAL_PREFIX_OCTETS;
  }
}
