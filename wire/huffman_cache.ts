import { Attention } from "./attention.ts";
import { huffmanDecode } from "./huffman.ts";

/** Longest and shortest code that is worth keeping, in bytes. */
const SLOT_BYTES = 64;
const MIN_BYTES = 3;

const SLOTS = 32;

/** Strings decoded before anything is kept, so that short connections hold nothing. */
const WARM_UP = 16;

/**
 * Decodes Huffman strings and keeps those that come again.
 *
 * A string is kept when it is seen for the second time, in a slab that is made once;
 * a run of strings that never repeat costs a hash each and displaces nothing.
 */
export class HuffmanCache {
  readonly #attention: Attention = new Attention();
  #calls = 0;
  /** Hash of what was last seen, and of what is kept, by slot. */
  #seen: Int32Array | undefined;
  #kept: Int32Array | undefined;
  #slab: Uint8Array | undefined;
  #sizes: Uint8Array | undefined;
  #texts: string[] = [];

  /** Decodes the code in `bytes` from `start` to `end`; throws as `huffmanDecode` does. */
  decode(bytes: Uint8Array, start: number, end: number): string {
    const size = end - start;
    if (size > SLOT_BYTES || size < MIN_BYTES) return huffmanDecode(bytes, start, end);
    if (this.#seen === undefined) {
      if (++this.#calls > WARM_UP) this.#allocate();
      return huffmanDecode(bytes, start, end);
    }
    if (!this.#attention.isDue) return huffmanDecode(bytes, start, end);
    let hash = size;
    // At most eight octets go into the hash; all are compared.
    const step = (size >> 3) + 1;
    for (let i = end - 1; i >= start; i -= step) hash = Math.imul(hash ^ bytes[i]!, 0x0100_0193);
    const slot = (hash ^ hash >>> 15) & (SLOTS - 1);
    if (this.#kept![slot] === hash && this.#equals(slot, bytes, start, size)) {
      this.#attention.hit();
      return this.#texts[slot]!;
    }
    this.#attention.miss();
    const text = huffmanDecode(bytes, start, end);
    if (this.#seen[slot] === hash) this.#keep(slot, hash, bytes, start, size, text);
    else this.#seen[slot] = hash;
    return text;
  }

  #allocate(): void {
    this.#seen = new Int32Array(SLOTS);
    this.#kept = new Int32Array(SLOTS);
    this.#slab = new Uint8Array(SLOTS * SLOT_BYTES);
    this.#sizes = new Uint8Array(SLOTS);
    for (let i = 0; i < SLOTS; i++) this.#texts.push("");
  }

  #equals(slot: number, bytes: Uint8Array, start: number, size: number): boolean {
    if (this.#sizes![slot] !== size) return false;
    const slab = this.#slab!;
    const base = slot * SLOT_BYTES;
    for (let i = 0; i < size; i++) if (slab[base + i] !== bytes[start + i]) return false;
    return true;
  }

  #keep(slot: number, hash: number, bytes: Uint8Array, start: number, size: number, text: string): void {
    const slab = this.#slab!;
    const base = slot * SLOT_BYTES;
    for (let i = 0; i < size; i++) slab[base + i] = bytes[start + i]!;
    this.#kept![slot] = hash;
    this.#sizes![slot] = size;
    this.#texts[slot] = text;
  }
}
