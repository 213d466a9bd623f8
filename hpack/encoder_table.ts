import { FIELD_OVERHEAD_BYTES } from "../wire/decoded_section.ts";
import { type Treatment, treatmentOf } from "../wire/indexing_policy.ts";
import { LiteralCache } from "../wire/literal_cache.ts";
import { STATIC_BY_NAME } from "./static_table.ts";

const FIRST_SLOTS = 16;

/** A name with more entries than this gets a map from value to entry. */
const LINEAR_ENTRIES = 16;

/** Names remembered beside those that have entries. */
const SPARE_NAMES = 192;

const NO_VALUES: readonly string[] = [];

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
  /** Serial of its newest entry in the dynamic table; below the table's oldest if there is none. */
  newest: number;
  /** How many entries it has there. */
  entries: number;
  /** Serials of its entries by value, once there are many. */
  byValue: Map<string, number> | undefined;
  /** The value that was last written as a literal. */
  lastValue: string | undefined;
  /** Slot of `lastValue` as written, or -1. */
  valueSlot: number;
  /** Slot of the name as written, -1 if it was written once, or -2. */
  nameSlot: number;
}

/**
 * An encoder's dynamic table (RFC 7541 section 2.3.2), to be searched by name and value.
 *
 * Entries have serials that go up by one each; the entries of one name are chained from
 * the newest to the oldest, and eviction, which takes the lowest serial, just leaves
 * the end of a chain behind.
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
  #owners: (NameRecord | undefined)[] = [];
  #values: string[] = [];
  /** Serial of the next older entry of the same name. */
  #older: number[] = [];
  #mask = -1;
  #nameLimit = SPARE_NAMES;

  /** Makes an empty table. */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** The record of a name, made if it is new. */
  record(name: string): NameRecord {
    return this.#records.get(name) ?? this.#addRecord(name);
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
      entries: 0,
      byValue: undefined,
      lastValue: undefined,
      valueSlot: -1,
      nameSlot: -2,
    };
    this.#records.set(name, record);
    return record;
  }

  #dropRecords(): void {
    for (const [name, record] of this.#records) {
      if (record.entries > 0) continue;
      if (record.valueSlot >= 0) this.literals.free(record.valueSlot);
      if (record.nameSlot >= 0) this.literals.free(record.nameSlot);
      this.#records.delete(name);
    }
    this.#nameLimit = this.#records.size + SPARE_NAMES;
  }

  /** The serial of the entry with this name and value, or -1. */
  find(record: NameRecord, value: string): number {
    if (record.entries === 0) return -1;
    if (record.byValue !== undefined) return record.byValue.get(value) ?? -1;
    const oldest = this.oldest;
    const mask = this.#mask;
    for (let serial = record.newest; serial >= oldest; serial = this.#older[serial & mask]!) {
      if (this.#values[serial & mask] === value) return serial;
    }
    return -1;
  }

  /** Adds an entry that is known to fit and evicts the oldest for it. */
  add(record: NameRecord, value: string): void {
    const size = record.name.length + value.length + FIELD_OVERHEAD_BYTES;
    this.version++;
    this.#evictTo(this.maxBytes - size);
    if (this.next - this.oldest > this.#mask) this.#grow();
    const serial = this.next++;
    const slot = serial & this.#mask;
    this.#owners[slot] = record;
    this.#values[slot] = value;
    this.#older[slot] = record.newest;
    record.newest = serial;
    record.entries++;
    this.bytes += size;
    if (record.byValue !== undefined) record.byValue.set(value, serial);
    else if (record.entries > LINEAR_ENTRIES) this.#index(record);
  }

  #index(record: NameRecord): void {
    const byValue = record.byValue = new Map<string, number>();
    for (let serial = record.newest; serial >= this.oldest; serial = this.#older[serial & this.#mask]!) {
      const value = this.#values[serial & this.#mask]!;
      if (!byValue.has(value)) byValue.set(value, serial);
    }
  }

  /** Changes the size of the table and evicts what no longer fits. */
  resize(maxBytes: number): void {
    this.version++;
    this.maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  #evictTo(bytes: number): void {
    while (this.bytes > bytes && this.oldest < this.next) {
      const serial = this.oldest++;
      const slot = serial & this.#mask;
      const record = this.#owners[slot]!;
      const value = this.#values[slot]!;
      this.bytes -= record.name.length + value.length + FIELD_OVERHEAD_BYTES;
      this.#owners[slot] = undefined;
      this.#values[slot] = "";
      record.entries--;
      const byValue = record.byValue;
      if (byValue === undefined) continue;
      if (byValue.get(value) === serial) byValue.delete(value);
      if (record.entries === 0) record.byValue = undefined;
    }
  }

  #grow(): void {
    const slots = this.#mask < 0 ? FIRST_SLOTS : (this.#mask + 1) * 2;
    const mask = slots - 1;
    const owners: (NameRecord | undefined)[] = [];
    const values: string[] = [];
    const older: number[] = [];
    for (let i = 0; i < slots; i++) {
      owners.push(undefined);
      values.push("");
      older.push(-1);
    }
    for (let serial = this.oldest; serial < this.next; serial++) {
      owners[serial & mask] = this.#owners[serial & this.#mask];
      values[serial & mask] = this.#values[serial & this.#mask]!;
      older[serial & mask] = this.#older[serial & this.#mask]!;
    }
    this.#owners = owners;
    this.#values = values;
    this.#older = older;
    this.#mask = mask;
  }
}
