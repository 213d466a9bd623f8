import { type Treatment, treatmentOf } from "../wire/indexing_policy.ts";
import { LiteralCache } from "../wire/literal_cache.ts";
import { STATIC_NAMES } from "./static_table.ts";

/** Absent: no entry, no place. */
export const NONE = -1;

/** The name was not written as a literal yet; its second time it is kept. */
export const UNSEEN = -2;

/** Names known beside those that the table or the history needs. */
const SPARE_NAMES = 192;

const NO_VALUES: readonly string[] = [];
const NO_INDEXES: readonly number[] = [];

/** What an encoder knows of a field: where it stands in the dynamic table and when it was seen. */
export interface KnownField {
  readonly name: KnownName;
  readonly value: string;
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
  /** Fields with this name, by value. */
  readonly fields: Map<string, KnownField>;
  /** The field that was last found. */
  lastField: KnownField | undefined;
  /** Absolute index of the newest entry with this name, or `NONE`. */
  newest: number;
  /** The value that was last written as a literal. */
  lastValue: string | undefined;
  /** Slot of that literal, or `NONE`. */
  valueSlot: number;
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
  #nameLimit = SPARE_NAMES;
  readonly #historyFields: number;
  #history: KnownField[] = [];
  #next = 0;

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

  #addName(name: string): KnownName {
    if (this.#names.size >= this.#nameLimit) this.#dropNames();
    const fixed = STATIC_NAMES.get(name);
    const known: KnownName = {
      name,
      staticIndex: fixed === undefined ? NONE : fixed.indexes[0]!,
      staticValues: fixed === undefined ? NO_VALUES : fixed.values,
      staticIndexes: fixed === undefined ? NO_INDEXES : fixed.indexes,
      treatment: treatmentOf(name),
      fields: new Map(),
      lastField: undefined,
      newest: NONE,
      lastValue: undefined,
      valueSlot: NONE,
      nameSlot: UNSEEN,
    };
    this.#names.set(name, known);
    return known;
  }

  #dropNames(): void {
    for (const [name, known] of this.#names) {
      if (known.fields.size > 0 || known.newest !== NONE) continue;
      if (known.valueSlot >= 0) this.literals.free(known.valueSlot);
      if (known.nameSlot >= 0) this.literals.free(known.nameSlot);
      this.#names.delete(name);
    }
    this.#nameLimit = this.#names.size + SPARE_NAMES;
  }

  /** The field with this name and value, if it is known. */
  field(name: KnownName, value: string): KnownField | undefined {
    const last = name.lastField;
    if (last !== undefined && last.value === value) return last;
    if (name.fields.size === 0) return undefined;
    const field = name.fields.get(value);
    if (field !== undefined) name.lastField = field;
    return field;
  }

  /** Takes a field in and remembers it in the place of the one remembered longest. */
  remember(name: KnownName, value: string, seenAt: number): void {
    const field: KnownField = { name, value, newest: NONE, older: NONE, seenAt, isRemembered: true };
    name.fields.set(value, field);
    const history = this.#history;
    if (history.length < this.#historyFields) {
      history.push(field);
      return;
    }
    const old = history[this.#next]!;
    old.isRemembered = false;
    if (old.newest === NONE) release(old);
    history[this.#next] = field;
    this.#next = this.#next + 1 === this.#historyFields ? 0 : this.#next + 1;
  }

  /** Makes a field that nothing finds until an entry holds it; the one there is, if there is one. */
  makeField(name: KnownName, value: string): KnownField {
    const known = name.fields.get(value);
    if (known !== undefined) return known;
    return { name, value, newest: NONE, older: NONE, seenAt: NONE, isRemembered: false };
  }

  /** Notes that a new entry holds a field. */
  entered(field: KnownField, absolute: number): void {
    // Making room for it may have let go of it.
    if (field.newest === NONE && !field.isRemembered) field.name.fields.set(field.value, field);
    field.older = field.newest;
    field.newest = absolute;
    field.name.newest = absolute;
  }

  /** Notes that an entry was evicted. */
  evicted(field: KnownField, absolute: number): void {
    if (field.older === absolute) field.older = NONE;
    if (field.newest === absolute) field.newest = NONE;
    if (field.name.newest === absolute) field.name.newest = NONE;
    if (field.newest === NONE && !field.isRemembered) release(field);
  }
}

/** Forgets a field that neither the history nor the table holds. */
function release(field: KnownField): void {
  const { name } = field;
  name.fields.delete(field.value);
  if (name.lastField === field) name.lastField = undefined;
}
