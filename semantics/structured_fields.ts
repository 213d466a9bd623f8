/** A bare item of a structured field (RFC 9651 section 3.3). */
export type BareItem =
  | { readonly type: "integer" | "decimal" | "date"; readonly value: number }
  | { readonly type: "string" | "token" | "display"; readonly value: string }
  | { readonly type: "bytes"; readonly value: Uint8Array }
  | { readonly type: "boolean"; readonly value: boolean };

/** Parameters of an item or an inner list (RFC 9651 section 3.1.2). */
export type Parameters = ReadonlyMap<string, BareItem>;

/** An item with its parameters (RFC 9651 section 3.3). */
export interface Item {
  /** The item itself. */
  readonly bare: BareItem;
  /** Its parameters. */
  readonly parameters: Parameters;
}

/** A list inside a list or dictionary (RFC 9651 section 3.1.1). */
export interface InnerList {
  /** Its items. */
  readonly items: readonly Item[];
  /** Its own parameters. */
  readonly parameters: Parameters;
}

/** A member of a dictionary or list. */
export type Member = Item | InnerList;

const TRUE: BareItem = { type: "boolean", value: true };
const NO_PARAMETERS: Parameters = new Map();

/** Thrown inside this file only, where a text is no structured field. */
const FAILURE = Symbol("not a structured field");

/** Reads a dictionary (RFC 9651 section 3.2); `undefined` when the text is not one. */
export function parseDictionary(text: string): ReadonlyMap<string, Member> | undefined {
  return attempt(text, (parser) => parser.dictionary());
}

/** Reads a list (RFC 9651 section 3.1); `undefined` when the text is not one. */
export function parseList(text: string): readonly Member[] | undefined {
  return attempt(text, (parser) => parser.list());
}

/** Reads an item (RFC 9651 section 3.3); `undefined` when the text is not one. */
export function parseItem(text: string): Item | undefined {
  return attempt(text, (parser) => parser.item());
}

function attempt<T>(text: string, parse: (parser: Parser) => T): T | undefined {
  try {
    const parser = new Parser(text);
    parser.skipSpaces();
    const result = parse(parser);
    parser.skipSpaces();
    return parser.isAtEnd ? result : undefined;
  } catch (error) {
    if (error === FAILURE) return undefined;
    throw error;
  }
}

/** Walks over a text from left to right (RFC 9651 section 4.2). */
class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  skipSpaces(): void {
    while (this.#peek() === " ") this.#at++;
  }

  dictionary(): ReadonlyMap<string, Member> {
    const members = new Map<string, Member>();
    while (!this.isAtEnd) {
      const key = this.#key();
      let member: Member;
      if (this.#skip("=")) member = this.#member();
      else member = { bare: TRUE, parameters: this.#parameters() };
      members.set(key, member);
      if (!this.#nextMember()) break;
    }
    return members;
  }

  list(): readonly Member[] {
    const members: Member[] = [];
    while (!this.isAtEnd) {
      members.push(this.#member());
      if (!this.#nextMember()) break;
    }
    return members;
  }

  item(): Item {
    const bare = this.#bareItem();
    return { bare, parameters: this.#parameters() };
  }

  /** Steps over a comma; `false` at the end of the text. */
  #nextMember(): boolean {
    this.#skipWhiteSpace();
    if (this.isAtEnd) return false;
    this.#expect(",");
    this.#skipWhiteSpace();
    if (this.isAtEnd) throw FAILURE;
    return true;
  }

  #member(): Member {
    return this.#peek() === "(" ? this.#innerList() : this.item();
  }

  #innerList(): InnerList {
    this.#expect("(");
    const items: Item[] = [];
    while (true) {
      this.skipSpaces();
      if (this.#skip(")")) return { items, parameters: this.#parameters() };
      items.push(this.item());
      const next = this.#peek();
      if (next !== " " && next !== ")") throw FAILURE;
    }
  }

  #parameters(): Parameters {
    if (this.#peek() !== ";") return NO_PARAMETERS;
    const parameters = new Map<string, BareItem>();
    while (this.#skip(";")) {
      this.skipSpaces();
      const key = this.#key();
      const value = this.#skip("=") ? this.#bareItem() : TRUE;
      parameters.set(key, value);
    }
    return parameters;
  }

  #key(): string {
    return this.#match(/[a-z*][a-z0-9_\-.*]*/y)[0];
  }

  #bareItem(): BareItem {
    const first = this.#peek();
    if (first === '"') return { type: "string", value: this.#string() };
    if (first === "?") return { type: "boolean", value: this.#match(/\?[01]/y)[0] === "?1" };
    if (first === ":") return this.#bytes();
    if (first === "@") return this.#date();
    if (first === "%") return { type: "display", value: this.#displayString() };
    if (first === "-" || (first >= "0" && first <= "9")) return this.#number();
    return { type: "token", value: this.#token() };
  }

  #number(): BareItem {
    const [text, whole, fraction] = this.#match(/-?([0-9]+)(?:\.([0-9]*))?/y);
    if (fraction === undefined) {
      if (whole!.length > 15) throw FAILURE;
      return { type: "integer", value: Number(text) + 0 };
    }
    if (whole!.length > 12 || fraction.length < 1 || fraction.length > 3) throw FAILURE;
    return { type: "decimal", value: Number(text) + 0 };
  }

  #date(): BareItem {
    this.#expect("@");
    const number = this.#number();
    if (number.type !== "integer") throw FAILURE;
    return { type: "date", value: number.value };
  }

  #string(): string {
    const [, inside] = this.#match(/"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y);
    return inside!.replace(/\\(.)/g, "$1");
  }

  #token(): string {
    const [text] = this.#match(/[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y);
    return text;
  }

  #bytes(): BareItem {
    const [, encoded] = this.#match(/:([A-Za-z0-9+/=]*):/y);
    try {
      const octets = atob(encoded!);
      const value = new Uint8Array(octets.length);
      for (let i = 0; i < octets.length; i++) value[i] = octets.charCodeAt(i);
      return { type: "bytes", value };
    } catch {
      throw FAILURE;
    }
  }

  #displayString(): string {
    const [, inside] = this.#match(/%"((?:[\x20-\x21\x23-\x24\x26-\x7e]|%[0-9a-f]{2})*)"/y);
    try {
      return decodeURIComponent(inside!);
    } catch {
      throw FAILURE;
    }
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #skip(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #expect(char: string): void {
    if (!this.#skip(char)) throw FAILURE;
  }

  #skipWhiteSpace(): void {
    while (this.#peek() === " " || this.#peek() === "\t") this.#at++;
  }

  #match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) throw FAILURE;
    this.#at = pattern.lastIndex;
    return found;
  }
}
