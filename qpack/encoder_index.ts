import { STATIC_NAMES } from "./static_table.ts";

/** Absent: no entry, no place. */
export const NONE = -1;

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
  /** Static indexes by value. */
  readonly staticValues: ReadonlyMap<string, number> | undefined;
  /** Fields with this name, by value. */
  readonly fields: Map<string, KnownField>;
  /** Absolute index of the newest entry with this name, or `NONE`. */
  newest: number;
}

/**
 * Where names and fields stand in both tables, and which fields were seen of late. A
 * field is forgotten when it has left the history and the table, so the size is bounded
 * by both.
 */
export class EncoderIndex {
  readonly #names: Map<string, KnownName> = new Map();
  readonly #history: (KnownField | undefined)[];
  #next = 0;

  /** Makes an index that remembers `historyFields` fields beside those in the table. */
  constructor(historyFields: number) {
    this.#history = new Array(historyFields).fill(undefined);
  }

  /** What is known of a name; static names are known from the start. */
  name(name: string): KnownName | undefined {
    return this.#names.get(name);
  }

  /** Takes a name in. */
  addName(name: string): KnownName {
    const fixed = STATIC_NAMES.get(name);
    const known: KnownName = {
      name,
      staticIndex: fixed === undefined ? NONE : fixed.index,
      staticValues: fixed?.values,
      fields: new Map(),
      newest: NONE,
    };
    this.#names.set(name, known);
    return known;
  }

  /** Takes a field in and remembers it in the place of the one remembered longest. */
  remember(name: KnownName, value: string, seenAt: number): KnownField {
    const field: KnownField = { name, value, newest: NONE, older: NONE, seenAt, isRemembered: true };
    name.fields.set(value, field);
    const history = this.#history;
    const old = history[this.#next];
    if (old !== undefined) {
      old.isRemembered = false;
      this.#release(old);
    }
    history[this.#next] = field;
    this.#next = this.#next + 1 === history.length ? 0 : this.#next + 1;
    return field;
  }

  /** Notes that a new entry holds a field. */
  entered(field: KnownField, absolute: number): void {
    if (field.newest === NONE && !field.isRemembered) {
      // Making room for it may have let go of it.
      field.name.fields.set(field.value, field);
      this.#names.set(field.name.name, field.name);
    }
    field.older = field.newest;
    field.newest = absolute;
    field.name.newest = absolute;
  }

  /** Notes that an entry was evicted. */
  evicted(field: KnownField, absolute: number): void {
    if (field.older === absolute) field.older = NONE;
    if (field.newest === absolute) field.newest = NONE;
    if (field.name.newest === absolute) field.name.newest = NONE;
    this.#release(field);
  }

  /** Forgets a field that neither the history nor the table holds, and a name without fields. */
  #release(field: KnownField): void {
    if (field.isRemembered || field.newest !== NONE) return;
    const { name } = field;
    if (name.fields.get(field.value) === field) name.fields.delete(field.value);
    if (name.fields.size === 0 && name.staticIndex === NONE) this.#names.delete(name.name);
  }
}
