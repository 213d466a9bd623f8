import { HUFFMAN_BITS, HUFFMAN_CODES } from "../../wire/huffman_table.ts";
import { STATIC_FIELDS } from "../../hpack/static_table_data.ts";

const SYMBOLS = new Map(
  HUFFMAN_CODES.map((code, symbol) => [code.toString(2).padStart(HUFFMAN_BITS[symbol]!, "0"), symbol]),
);

/** What the slow decoder throws; the message is the kind that `HpackError` should have. */
export class NaiveError extends Error {}

/** A decoder by the letter of RFC 7541, with lists for tables and no thought of speed: an oracle. */
export class NaiveHpackDecoder {
  table: [name: string, value: string][] = [];
  maxBytes = 4096;
  limitBytes = 4096;
  /** Sizes set since the last block. */
  #lowered: number[] = [];
  #bytes: number[] = [];

  setMaxTableBytes(bytes: number): void {
    this.limitBytes = bytes;
    this.#lowered.push(bytes);
  }

  decode(block: Uint8Array): [name: string, value: string, never: boolean][] {
    this.#bytes = [...block];
    const fields: [string, string, boolean][] = [];
    let required = Math.min(...this.#lowered, Infinity);
    if (required >= this.maxBytes) required = Infinity;
    this.#lowered = [];
    let isStart = true;
    for (;;) {
      const first = this.#bytes[0];
      const isUpdate = first !== undefined && first >> 5 === 1;
      if (isStart && !isUpdate && required !== Infinity) throw new NaiveError("size-update-missing");
      if (first === undefined) return fields;
      if (isUpdate) {
        if (!isStart) throw new NaiveError("size-update-misplaced");
        const size = this.#integer(5);
        if (size > this.limitBytes) throw new NaiveError("size-update-too-large");
        if (size > required) throw new NaiveError("size-update-missing");
        required = Infinity;
        this.maxBytes = size;
        this.#evict();
        continue;
      }
      isStart = false;
      if (first >> 7 === 1) {
        const index = this.#integer(7);
        if (index === 0) throw new NaiveError("index-zero");
        fields.push([...this.#entry(index), false]);
      } else if (first >> 6 === 1) {
        const name = this.#name(6);
        const value = this.#string();
        this.table.unshift([name, value]);
        this.#evict();
        fields.push([name, value, false]);
      } else {
        const name = this.#name(4);
        fields.push([name, this.#string(), first >> 4 === 1]);
      }
    }
  }

  #evict(): void {
    const size = () => this.table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (size() > this.maxBytes) this.table.pop();
  }

  #entry(index: number): [string, string] {
    if (index <= 61) return [STATIC_FIELDS[index * 2 - 2]!, STATIC_FIELDS[index * 2 - 1]!];
    const entry = this.table[index - 62];
    if (entry === undefined) throw new NaiveError("index-out-of-range");
    return entry;
  }

  #octet(): number {
    const octet = this.#bytes.shift();
    if (octet === undefined) throw new NaiveError("truncated");
    return octet;
  }

  #integer(prefixBits: number): number {
    const mask = 2 ** prefixBits - 1;
    let value = this.#octet() & mask;
    if (value < mask) return value;
    for (let i = 0; i < 5; i++) {
      const octet = this.#octet();
      value += (octet & 127) * 128 ** i;
      if (value >= 2 ** 31) throw new NaiveError("integer-overflow");
      if (octet < 128) return value;
    }
    throw new NaiveError("integer-overflow");
  }

  #name(prefixBits: number): string {
    const index = this.#integer(prefixBits);
    return index === 0 ? this.#string() : this.#entry(index)[0];
  }

  #string(): string {
    const isCoded = (this.#bytes[0] ?? 0) > 127;
    const size = this.#integer(7);
    if (size > this.#bytes.length) throw new NaiveError("truncated");
    const bytes = this.#bytes.splice(0, size);
    if (!isCoded) return String.fromCharCode(...bytes);
    let text = "";
    let code = "";
    for (const bit of bytes.map((octet) => octet.toString(2).padStart(8, "0")).join("")) {
      code += bit;
      const symbol = SYMBOLS.get(code);
      if (symbol === undefined) continue;
      if (symbol === 256) throw new NaiveError("huffman-eos");
      text += String.fromCharCode(symbol);
      code = "";
    }
    if (code.includes("0")) throw new NaiveError("huffman-padding");
    if (code.length > 7) throw new NaiveError("huffman-padding-length");
    return text;
  }
}
