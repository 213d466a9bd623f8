import { keepSecret, lowerName } from "./field_rules.ts";

/** What a list of fields can be made from. */
export type FieldsInit =
  | Fields
  | Headers
  | Readonly<Record<string, string>>
  | Iterable<readonly [name: string, value: string]>;

/**
 * Makes a list that shows `flat` from `from` on without copying it: a change copies first.
 * For the reader of messages; whoever else holds `flat` must leave it alone.
 */
export let viewFields: (flat: string[], from: number, sensitive: readonly string[] | undefined) => Fields;

/** Adds a list at the end of a flat section. For the writer of messages. */
export let appendFieldsTo: (fields: Fields, target: string[]) => void;

/** What was last kept with the list, unless the list has changed since. For the writer of messages. */
export let readMemo: (fields: Fields) => unknown;

/** Keeps something with the list until it changes. For the writer of messages. */
export let writeMemo: (fields: Fields, memo: unknown) => void;

/**
 * An ordered list of fields, as they stand on the wire (RFC 9110 section 5).
 *
 * Names are in lower case; a name may occur more than once and order is kept.
 * Names and values are byte strings: each character is one octet (0 to 255).
 *
 * @example Usage
 * ```ts
 * import { Fields } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * const fields = Fields.from({ "Content-Type": "text/plain" });
 * fields.append("vary", "accept");
 * fields.append("vary", "cookie");
 * assert.equal(fields.get("vary"), "accept, cookie");
 * assert.deepEqual([...fields][0], ["content-type", "text/plain"]);
 * ```
 */
export class Fields {
  /** Name, value, …; what stands before `#from` (pseudo-fields) is not part of the list. */
  #flat: string[];
  #from: number;
  /** Whether others hold `#flat` too, so that a change needs a copy first. */
  #shared: boolean;
  /** A list as the codecs give it; a set once somebody asks or adds. */
  #sensitive: ReadonlySet<string> | readonly string[] | undefined;
  /** What the writer of messages keeps here until the next change. */
  #memo: unknown;

  /**
   * Takes over `flat`: name, value, name, value, …, with names in lower case. The
   * array belongs to the list afterwards. `Fields.from` takes anything else.
   */
  constructor(flat: string[] = []) {
    this.#flat = flat;
    this.#from = 0;
    this.#shared = false;
    this.#sensitive = undefined;
    this.#memo = undefined;
  }

  static {
    viewFields = (flat, from, sensitive) => {
      const fields = new Fields(flat);
      fields.#from = from;
      fields.#shared = true;
      fields.#sensitive = sensitive;
      return fields;
    };
    appendFieldsTo = (fields, target) => {
      const flat = fields.#flat;
      for (let i = fields.#from; i < flat.length; i++) target.push(flat[i]!);
    };
    readMemo = (fields) => fields.#memo;
    writeMemo = (fields, memo) => {
      fields.#memo = memo;
    };
  }

  /** Makes a list from headers, a record or pairs; names are put in lower case. A list is given back as it is. */
  static from(init: FieldsInit | undefined): Fields {
    if (init instanceof Fields) return init;
    const fields = new Fields();
    if (init === undefined) return fields;
    if (init instanceof Headers) {
      init.forEach((value, name) => {
        fields.#flat.push(name, value);
      });
      return fields;
    }
    const pairs = Symbol.iterator in init
      ? init as Iterable<readonly [string, string]>
      : Object.entries(init);
    for (const [name, value] of pairs) fields.append(name, value);
    return fields;
  }

  /** How many fields there are. */
  get size(): number {
    return (this.#flat.length - this.#from) >> 1;
  }

  /** The list itself: name, value, name, value, …; for codecs, to be read only. */
  get flat(): readonly string[] {
    if (this.#from !== 0) this.#own();
    return this.#flat;
  }

  /** Names that no codec may put into a table, here or at any hop (RFC 7541 section 7.1.3). */
  get sensitive(): ReadonlySet<string> | undefined {
    const marks = this.#sensitive;
    if (marks === undefined || marks instanceof Set) return marks;
    return this.#sensitive = new Set(marks);
  }

  /** All values of a name joined with `, ` (cookie: `; `), or `undefined`. `name` is in lower case. */
  get(name: string): string | undefined {
    const flat = this.#flat;
    let found: string | undefined;
    for (let i = this.#from; i < flat.length; i += 2) {
      if (flat[i] !== name) continue;
      if (found === undefined) found = flat[i + 1]!;
      else found += (name === "cookie" ? "; " : ", ") + flat[i + 1]!;
    }
    return found;
  }

  /** Each value of a name, in order. `name` is in lower case. */
  getAll(name: string): string[] {
    const flat = this.#flat;
    const found: string[] = [];
    for (let i = this.#from; i < flat.length; i += 2) if (flat[i] === name) found.push(flat[i + 1]!);
    return found;
  }

  /** Whether a name occurs. `name` is in lower case. */
  has(name: string): boolean {
    const flat = this.#flat;
    for (let i = this.#from; i < flat.length; i += 2) if (flat[i] === name) return true;
    return false;
  }

  /** Adds a field at the end; the name is put in lower case. */
  append(name: string, value: string): void {
    this.#change();
    this.#flat.push(lowerName(name), value);
  }

  /** Replaces all fields of a name by one, at the end; the name is put in lower case. */
  set(name: string, value: string): void {
    this.delete(name);
    this.append(name, value);
  }

  /** Removes all fields of a name and says whether there were any. */
  delete(name: string): boolean {
    const wanted = lowerName(name);
    if (!this.has(wanted)) return false;
    this.#change();
    const flat = this.#flat;
    let to = 0;
    for (let i = 0; i < flat.length; i += 2) {
      if (flat[i] === wanted) continue;
      flat[to] = flat[i]!;
      flat[to + 1] = flat[i + 1]!;
      to += 2;
    }
    flat.length = to;
    return true;
  }

  /** Marks a name as never to be indexed; the mark travels with the list. */
  markSensitive(name: string): void {
    const marks = new Set(this.#sensitive);
    const lower = lowerName(name);
    keepSecret(lower);
    marks.add(lower);
    this.#sensitive = marks;
  }

  /** A list of its own with the same fields and marks. */
  clone(): Fields {
    const copy = new Fields(this.#flat.slice(this.#from));
    copy.#sensitive = this.#sensitive;
    return copy;
  }

  /**
   * Adds the fields to native headers, new ones unless some are given. Those join what repeats;
   * the crumbs of a cookie (RFC 9113 section 8.2.3) become one field again, which comes last.
   * Throws `TypeError` for what native headers do not take.
   */
  toHeaders(headers: Headers = new Headers()): Headers {
    const flat = this.#flat;
    let hasCookie = false;
    for (let i = this.#from; i < flat.length; i += 2) {
      if (flat[i] === "cookie") hasCookie = true;
      else headers.append(flat[i]!, flat[i + 1]!);
    }
    if (hasCookie) headers.append("cookie", this.get("cookie")!);
    return headers;
  }

  /** Yields `[name, value]` in order. */
  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    const flat = this.#flat;
    for (let i = this.#from; i < flat.length; i += 2) yield [flat[i]!, flat[i + 1]!];
  }

  #change(): void {
    this.#memo = undefined;
    if (this.#shared) this.#own();
  }

  #own(): void {
    this.#flat = this.#flat.slice(this.#from);
    this.#from = 0;
    this.#shared = false;
  }
}
