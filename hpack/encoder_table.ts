import { FIELD_OVERHEAD_BYTES } from "../wire/decoded_section.ts";
import { type Treatment, treatmentOf } from "../wire/indexing_policy.ts";
import { LiteralCache } from "../wire/literal_cache.ts";
import { STATIC_BY_NAME } from "./static_table.ts";

const FIRST_SLOTS = 4;

/** Entries looked at in one search; more than this share a bucket only if someone wants them to. */
const MAX_STEPS = 32;

/** Names remembered beside those that have entries. */
const SPARE_NAMES = 192;

/** Fields at the start of a list whose names are remembered by place. */
const MAX_PLACES = 32;

const NO_VALUES: readonly string[] = [];

/** As a serial: the complement of a static index that there is not. */
export const NO_HIT: number = ~127;

/** What the encoder knows of a name. */
export interface NameRecord {
  /** The name. */
  readonly name: string;
  /** Index of its first entry in the static table, or 0. */
  readonly staticIndex: number;
  /** The values of its entries there. */
  readonly staticValues: readonly string[];
  /** How its fields are treated. */
  readonly treatment: Treatment;
  /** Serial of its newest entry in the dynamic table; it may be evicted. */
  newest: number;
  /** The value that was last written as an index, and may be so again; always a string: comparing those is quick. */
  hitValue: string;
  /** Serial of its entry, or the complement of its static index, or `NO_HIT`. */
  hitSerial: number;
  /** The value before that, for names whose values take turns. */
  olderValue: string;
  /** What `hitSerial` was for it. */
  olderSerial: number;
  /** The value that was last written as a literal, unless `valueSlot` is -2. */
  lastValue: string;
  /** Slot of `lastValue` as written, or -1, or -2 when there is none. */
  valueSlot: number;
  /** Slot of the name as written, -1 if it was written once, or -2. */
  nameSlot: number;
}

/**
 * An encoder's dynamic table (RFC 7541 section 2.3.2), to be searched by name and value.
 *
 * Entries have serials that go up by one each. Those with equal hashes are chained from
 * the newest to the oldest, and eviction, which takes the lowest serial, just leaves the
 * end of a chain behind.
 */
export class EncoderTable {
  /** Goes up with each change, so that results can be kept while it stands. */
  version = 0;
  /** Size of the entries as RFC 7541 section 4.1 counts it, in bytes. */
  bytes = 0;
  /** The size that entries are evicted down to, in bytes. */
  maxBytes: number;
  /** Serial of the next entry. */
  next = 0;
  /** Serial of the oldest entry, or `next`. */
  oldest = 0;
  /** Literals that records refer to. */
  readonly literals: LiteralCache = new LiteralCache();
  #records: Map<string, NameRecord> = new Map();
  #places: NameRecord[] = [];
  #owners: (NameRecord | undefined)[] = [];
  #values: string[] = [];
  #hashes: number[] = [];
  /** Serial of the next older entry of the same bucket. */
  #older: number[] = [];
  /** Serial of the newest entry by hash. */
  #buckets: number[] = [];
  #mask = -1;
  /** Hash of what `find` looked for last, if that was not added yet, or -1. */
  #hash = -1;
  #nameLimit = SPARE_NAMES;

  /** Makes an empty table. */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** The record of a name, made if it is new; the list before often had the same name at its place. */
  recordAt(place: number, name: string): NameRecord {
    if (place < this.#places.length) {
      const hint = this.#places[place]!;
      if (hint.name === name) return hint;
    }
    const record = this.#records.get(name) ?? this.#addRecord(name);
    if (place <= this.#places.length && place < MAX_PLACES) this.#places[place] = record;
    return record;
  }

  #addRecord(name: string): NameRecord {
    if (this.#records.size >= this.#nameLimit) this.#dropRecords();
    const known = STATIC_BY_NAME.get(name);
    const record: NameRecord = {
      name,
      staticIndex: known === undefined ? 0 : known.index,
      staticValues: known === undefined ? NO_VALUES : known.values,
      treatment: treatmentOf(name),
      newest: -1,
      hitValue: "",
      hitSerial: NO_HIT,
      olderValue: "",
      olderSerial: NO_HIT,
      lastValue: "",
      valueSlot: -2,
      nameSlot: -2,
    };
    this.#records.set(name, record);
    return record;
  }

  #dropRecords(): void {
    this.#places = [];
    for (const [name, record] of this.#records) {
      if (this.holds(record)) continue;
      if (record.valueSlot >= 0) this.literals.free(record.valueSlot);
      if (record.nameSlot >= 0) this.literals.free(record.nameSlot);
      this.#records.delete(name);
    }
    this.#nameLimit = this.#records.size + SPARE_NAMES;
  }

  /** Whether the dynamic table has an entry of this name; `newest` is then one. */
  holds(record: NameRecord): boolean {
    return record.newest >= this.oldest;
  }

  /** The serial of the entry with this name and value, or -1. */
  find(record: NameRecord, value: string): number {
    if (record.newest < this.oldest) {
      this.#hash = -1;
      return -1;
    }
    const oldest = this.oldest;
    const mask = this.#mask;
    const hash = this.#hash = hashOf(record, value);
    let serial = this.#buckets[hash & mask]!;
    for (let steps = 0; serial >= oldest && steps < MAX_STEPS; steps++) {
      const slot = serial & mask;
      if (this.#hashes[slot] === hash && this.#owners[slot] === record && this.#values[slot] === value) {
        return serial;
      }
      serial = this.#older[slot]!;
    }
    return -1;
  }

  /**
   * Adds an entry that is known to fit and evicts the oldest for it; returns its serial. If `find` was called
   * since the last time, it was for this one.
   */
  add(record: NameRecord, value: string): number {
    const size = sizeOf(record, value);
    this.version++;
    this.#evictTo(this.maxBytes - size);
    if (this.next - this.oldest > this.#mask) this.#grow();
    const serial = this.next++;
    const slot = serial & this.#mask;
    const hash = this.#hash >= 0 ? this.#hash : hashOf(record, value);
    this.#hash = -1;
    const bucket = hash & this.#mask;
    this.#owners[slot] = record;
    this.#values[slot] = value;
    this.#hashes[slot] = hash;
    this.#older[slot] = this.#buckets[bucket]!;
    this.#buckets[bucket] = serial;
    record.newest = serial;
    this.bytes += size;
    return serial;
  }

  /** Changes the size of the table and evicts what no longer fits. */
  resize(maxBytes: number): void {
    this.version++;
    this.maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  #evictTo(bytes: number): void {
    while (this.bytes > bytes && this.oldest < this.next) {
      const slot = this.oldest++ & this.#mask;
      this.bytes -= sizeOf(this.#owners[slot]!, this.#values[slot]!);
      this.#owners[slot] = undefined;
      this.#values[slot] = "";
    }
  }

  #grow(): void {
    const slots = this.#mask < 0 ? FIRST_SLOTS : (this.#mask + 1) * 2;
    const mask = slots - 1;
    const [owners, values, hashes] = [this.#owners, this.#values, this.#hashes];
    const oldMask = this.#mask;
    this.#owners = new Array(slots).fill(undefined);
    this.#values = new Array(slots).fill("");
    this.#hashes = new Array(slots).fill(0);
    this.#older = new Array(slots).fill(-1);
    this.#buckets = new Array(slots).fill(-1);
    this.#mask = mask;
    for (let serial = this.oldest; serial < this.next; serial++) {
      const from = serial & oldMask;
      const slot = serial & mask;
      this.#owners[slot] = owners[from];
      this.#values[slot] = values[from]!;
      this.#hashes[slot] = hashes[from]!;
      const bucket = hashes[from]! & mask;
      this.#older[slot] = this.#buckets[bucket]!;
      this.#buckets[bucket] = serial;
    }
  }
}

function sizeOf(record: NameRecord, value: string): number {
  return record.name.length + value.length + FIELD_OVERHEAD_BYTES;
}

/** A number of 30 bits from the name, the length and at most 12 octets; equal fields have equal ones. */
function hashOf(record: NameRecord, value: string): number {
  const size = value.length;
  const step = size <= 12 ? 1 : Math.ceil(size / 12);
  let hash = Math.imul(record.name.length << 16 ^ size, 0x9e37_79b1);
  for (let at = 0; at < size; at += step) hash = Math.imul(hash ^ value.charCodeAt(at), 0x0100_0193);
  return (hash ^ hash >>> 15) & 0x3fff_ffff;
}
