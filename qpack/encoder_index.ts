import { type Treatment, treatmentOf } from "../wire/indexing_policy.ts";
import { LiteralCache } from "../wire/literal_cache.ts";
import { STATIC_NAMES } from "./static_table.ts";

/** Absent: no entry, no place. */
export const NONE = -1;

/** Nothing was written as a literal yet; what is written twice is kept. */
export const UNSEEN = -2;

/** Names known beside those that the table or the history needs. */
const SPARE_NAMES = 192;

/** Chains of fields: about one for each that the history and a table of 4096 bytes hold. */
const BUCKETS = 256;

/** Places of a list whose last name is known. */
const MAX_PLACES = 64;

const NO_VALUES: readonly string[] = [];
const NO_INDEXES: readonly number[] = [];

/** What an encoder knows of a field: where it stands in the dynamic table and when it was seen. */
export interface KnownField {
  name: KnownName;
  value: string;
  /** A number from name and value; and the next field with one like it. */
  hash: number;
  next: KnownField | undefined;
  /** Absolute index of the newest entry with this name and value, or `NONE`. */
  newest: number;
  /** Absolute index of the entry before the newest, of which that one is a duplicate, or `NONE`. */
  older: number;
  /** Number of the field at which it was last seen. */
  seenAt: number;
  /** Whether the history still holds it. */
  isRemembered: boolean;
}

/** What an encoder knows of a name. */
export interface KnownName {
  readonly name: string;
  /** Index of the first static entry with this name, or `NONE`. */
  readonly staticIndex: number;
  /** The values that stand with it in the static table. */
  readonly staticValues: readonly string[];
  /** Their indexes. */
  readonly staticIndexes: readonly number[];
  /** Which values must never be indexed. */
  readonly treatment: Treatment;
  /** A number of its own, for hashes. */
  readonly serial: number;
  /** How many fields with this name are known. */
  fields: number;
  /** How many fields with it in a row were not known when they came. */
  misses: number;
  /** The value that was last written as a static index; always a string, as comparing those is quick. */
  hitValue: string;
  /** That index, or `NONE`. */
  hitIndex: number;
  /** The one before, for names whose values take turns. */
  olderValue: string;
  /** Its index, or `NONE`. */
  olderIndex: number;
  /** The field that was last found. */
  lastField: KnownField | undefined;
  /** Absolute index of the newest entry with this name, or `NONE`. */
  newest: number;
  /** The value that was last written as a literal, unless that is `UNSEEN`. */
  lastValue: string;
  /** Slot of that line as it was written, with the name, or `NONE`, or `UNSEEN`. */
  lineSlot: number;
  /** Slot of the name's literal, or `NONE`, or `UNSEEN`. */
  nameSlot: number;
}

/**
 * Where names and fields stand in both tables, and which fields were seen of late. A
 * field is forgotten when it has left the history and the table, so the size is bounded
 * by both.
 */
export class EncoderIndex {
  /** Literals that names refer to, as they were written. */
  readonly literals: LiteralCache = new LiteralCache();
  readonly #names: Map<string, KnownName> = new Map();
  /** The name that stood last at each place of a list. */
  readonly #places: KnownName[] = [];
  #nameLimit = SPARE_NAMES;
  readonly #historyFields: number;
  #history: KnownField[] = [];
  #next = 0;
  #serial = 0;
  /** Fields by hash, in chains. */
  readonly #buckets: (KnownField | undefined)[] = [];

  /** Makes an index that remembers `historyFields` fields beside those in the table. */
  constructor(historyFields: number) {
    this.#historyFields = historyFields;
  }

  /** How many names are known. */
  get names(): number {
    return this.#names.size;
  }

  /** What is known of a name. */
  name(name: string): KnownName {
    return this.#names.get(name) ?? this.#addName(name);
  }

  /** The same for the field at a place in its list: mostly it is the name that stood there last. */
  nameAt(place: number, name: string): KnownName {
    const places = this.#places;
    if (place < places.length) {
      const known = places[place]!;
      if (known.name === name) return known;
      return places[place] = this.name(name);
    }
    const known = this.name(name);
    if (place < MAX_PLACES) places.push(known);
    return known;
  }

  #addName(name: string): KnownName {
    if (this.#names.size >= this.#nameLimit) this.#dropNames();
    const fixed = STATIC_NAMES.get(name);
    const known: KnownName = {
      name,
      staticIndex: fixed === undefined ? NONE : fixed.indexes[0]!,
      staticValues: fixed === undefined ? NO_VALUES : fixed.values,
      staticIndexes: fixed === undefined ? NO_INDEXES : fixed.indexes,
      treatment: treatmentOf(name),
      serial: this.#serial++,
      fields: 0,
      misses: 0,
      hitValue: "",
      hitIndex: NONE,
      olderValue: "",
      olderIndex: NONE,
      lastField: undefined,
      newest: NONE,
      lastValue: "",
      lineSlot: UNSEEN,
      nameSlot: UNSEEN,
    };
    this.#names.set(name, known);
    return known;
  }

  #dropNames(): void {
    this.#places.length = 0;
    for (const [name, known] of this.#names) {
      if (known.fields > 0 || known.newest !== NONE) continue;
      if (known.lineSlot >= 0) this.literals.free(known.lineSlot);
      if (known.nameSlot >= 0) this.literals.free(known.nameSlot);
      this.#names.delete(name);
    }
    this.#nameLimit = this.#names.size + SPARE_NAMES;
  }

  /** The field with this name and value, if it is known. */
  field(name: KnownName, value: string): KnownField | undefined {
    const last = name.lastField;
    if (last !== undefined && last.value === value && last.name === name) return last;
    if (name.fields === 0) return undefined;
    const hash = hashOf(name, value);
    let field = this.#buckets[hash & (BUCKETS - 1)];
    while (field !== undefined) {
      if (field.hash === hash && field.name === name && field.value === value) {
        return name.lastField = field;
      }
      field = field.next;
    }
    return undefined;
  }

  /** Takes a field in, remembers it in the place of the one remembered longest, and gives it back. */
  remember(name: KnownName, value: string, seenAt: number): KnownField {
    const history = this.#history;
    if (history.length < this.#historyFields) {
      const field = newField(name, value, seenAt);
      field.isRemembered = true;
      history.push(field);
      this.#link(field);
      return field;
    }
    let field = history[this.#next]!;
    if (field.newest === NONE) {
      this.#unlink(field);
      field.name = name;
      field.value = value;
      field.seenAt = seenAt;
    } else {
      // The table holds it still.
      field.isRemembered = false;
      field = history[this.#next] = newField(name, value, seenAt);
      field.isRemembered = true;
    }
    this.#link(field);
    this.#next = this.#next + 1 === this.#historyFields ? 0 : this.#next + 1;
    return field;
  }

  /** The field with this name and value; if there is none, one that nothing finds until an entry holds it. */
  makeField(name: KnownName, value: string): KnownField {
    return this.field(name, value) ?? newField(name, value, NONE);
  }

  /** Notes that a new entry holds a field. */
  entered(field: KnownField, absolute: number): void {
    // Nothing found it, or making room for it has let go of it.
    if (field.newest === NONE && !field.isRemembered) this.#link(field);
    field.older = field.newest;
    field.newest = absolute;
    field.name.newest = absolute;
  }

  /** Notes that an entry was evicted. */
  evicted(field: KnownField, absolute: number): void {
    if (field.older === absolute) field.older = NONE;
    if (field.newest === absolute) field.newest = NONE;
    if (field.name.newest === absolute) field.name.newest = NONE;
    if (field.newest === NONE && !field.isRemembered) this.#unlink(field);
  }

  #link(field: KnownField): void {
    const buckets = this.#buckets;
    if (buckets.length === 0) { for (let i = 0; i < BUCKETS; i++) buckets.push(undefined); }
    const hash = field.hash = hashOf(field.name, field.value);
    field.next = buckets[hash & (BUCKETS - 1)];
    buckets[hash & (BUCKETS - 1)] = field;
    field.name.fields++;
  }

  #unlink(field: KnownField): void {
    const buckets = this.#buckets;
    const slot = field.hash & (BUCKETS - 1);
    let other = buckets[slot]!;
    if (other === field) {
      buckets[slot] = field.next;
    } else {
      while (other.next !== field) other = other.next!;
      other.next = field.next;
    }
    field.next = undefined;
    field.name.fields--;
    if (field.name.lastField === field) field.name.lastField = undefined;
  }
}

function newField(name: KnownName, value: string, seenAt: number): KnownField {
  return {
    name,
    value,
    hash: 0,
    next: undefined,
    newest: NONE,
    older: NONE,
    seenAt,
    isRemembered: false,
  };
}

/** A number of 30 bits from the name, the length and at most 12 characters; cheap, not exact. */
function hashOf(name: KnownName, value: string): number {
  const size = value.length;
  const step = size <= 12 ? 1 : Math.ceil(size / 12);
  let hash = Math.imul(name.serial << 16 ^ size, 0x9e37_79b1);
  for (let at = 0; at < size; at += step) hash = Math.imul(hash ^ value.charCodeAt(at), 0x0100_0193);
  return (hash ^ hash >>> 15) & 0x3fff_ffff;
}
