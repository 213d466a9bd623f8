import { Attention } from "./attention.ts";
import type { DecodedSection } from "./decoded_section.ts";

/** The longest block that is worth keeping, in bytes. */
const SLOT_BYTES = 192;

const SLOTS = 8;

/** At most this many octets of a block go into its hash; all of them are compared. */
const HASHED = 24;

/** Stands for a hash that is not computed yet. */
const UNKNOWN = -1;

/** Stands for the hash of a block that is passed over. */
const PASSED_OVER = -2;

/**
 * Keeps the results of header blocks that come again while the table stands still.
 *
 * A block is kept when it is seen for the second time. A kept result holds only for the
 * version of the table that it was made with.
 */
export class BlockCache {
  #seen: number[] = [];
  #kept: number[] = [];
  #versions: number[] = [];
  #sizes: number[] = [];
  #sections: (DecodedSection | undefined)[] = [];
  #slab: Uint8Array | undefined;
  /** The last version of the table with anything kept; most misses end here. */
  #keptVersion = -1;
  /** The hash of the block that was looked for last, or one of the constants above. */
  #hash = UNKNOWN;
  readonly #attention: Attention = new Attention();

  /** The result of an identical block, `bytes` from `start` to `end`, under the same version of the table, if kept. */
  find(
    bytes: Uint8Array,
    version: number,
    start: number = 0,
    end: number = bytes.length,
  ): DecodedSection | undefined {
    const attention = this.#attention;
    if (!attention.isDue) {
      this.#hash = PASSED_OVER;
      return undefined;
    }
    const slot = this.#slotOf(bytes, version, start, end);
    if (slot < 0) {
      attention.miss();
      return undefined;
    }
    attention.hit();
    return this.#sections[slot];
  }

  #slotOf(bytes: Uint8Array, version: number, start: number, end: number): number {
    this.#hash = UNKNOWN;
    if (this.#keptVersion !== version) return -1;
    const size = end - start;
    if (size > SLOT_BYTES) return -1;
    const hash = this.#hash = hashBlock(bytes, start, end);
    const slot = hash & (SLOTS - 1);
    if (this.#kept[slot] !== hash || this.#versions[slot] !== version || this.#sizes[slot] !== size) {
      return -1;
    }
    const slab = this.#slab!;
    const base = slot * SLOT_BYTES;
    for (let i = 0; i < size; i++) if (slab[base + i] !== bytes[start + i]) return -1;
    return slot;
  }

  /** Offers the result of the block that was looked for last, and that left the table as it was. */
  offer(
    bytes: Uint8Array,
    version: number,
    section: DecodedSection,
    start: number = 0,
    end: number = bytes.length,
  ): void {
    const size = end - start;
    if (size > SLOT_BYTES || size === 0 || this.#hash === PASSED_OVER) return;
    const hash = this.#hash >= 0 ? this.#hash : hashBlock(bytes, start, end);
    this.#hash = UNKNOWN;
    const slot = hash & (SLOTS - 1);
    if (this.#seen.length === 0) { for (let i = 0; i < SLOTS; i++) this.#seen.push(-1); }
    if (this.#seen[slot] !== hash) {
      this.#seen[slot] = hash;
      return;
    }
    if (this.#slab === undefined) this.#allocate();
    const slab = this.#slab!;
    const base = slot * SLOT_BYTES;
    for (let i = 0; i < size; i++) slab[base + i] = bytes[start + i]!;
    this.#kept[slot] = hash;
    this.#versions[slot] = version;
    this.#sizes[slot] = size;
    this.#sections[slot] = section;
    this.#keptVersion = version;
  }

  #allocate(): void {
    this.#slab = new Uint8Array(SLOTS * SLOT_BYTES);
    for (let i = 0; i < SLOTS; i++) {
      this.#kept.push(-1);
      this.#versions.push(-1);
      this.#sizes.push(0);
      this.#sections.push(undefined);
    }
  }
}

/** A number of 30 bits, which stays a small integer in arrays. */
function hashBlock(bytes: Uint8Array, start: number, end: number): number {
  const size = end - start;
  const step = size <= HASHED ? 1 : Math.ceil(size / HASHED);
  let hash = size;
  for (let i = start; i < end; i += step) hash = Math.imul(hash ^ bytes[i]!, 0x0100_0193);
  return (hash ^ hash >>> 15) & 0x3fff_ffff;
}
