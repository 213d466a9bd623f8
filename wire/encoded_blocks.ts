import { Attention } from "./attention.ts";
import type { ByteWriter } from "./byte_writer.ts";

/** The longest block that is worth keeping, in bytes. */
const SLOT_BYTES = 192;

const SLOTS = 8;

/**
 * Keeps the header blocks of lists that come again while the table stands still.
 *
 * A block is kept when its list is seen for the second time, and holds only for the
 * version of the table that it was made with.
 */
export class EncodedBlocks {
  #seen: number[] = [];
  #prints: number[] = [];
  #versions: number[] = [];
  /** What each slot holds. */
  #views: Uint8Array[] = [];
  #lists: (readonly string[])[] = [];
  #slab: Uint8Array | undefined;
  /** The last version of the table with anything kept; most misses end here. */
  #keptVersion = -1;
  readonly #attention: Attention = new Attention();
  /** Whether the list that was looked for last is passed over. */
  #isPassedOver = false;

  /** Writes the block of an equal list, if it is kept for this version; returns its slot, or -1. */
  write(writer: ByteWriter, flat: readonly string[], version: number): number {
    const slot = this.#keptVersion === version ? this.#find(flat) : -1;
    if (slot < 0 || this.#versions[slot] !== version) return -1;
    writer.bytes(this.#views[slot]!);
    return slot;
  }

  /** The slot of an equal list, or -1; one that never changes is known by itself. */
  #find(flat: readonly string[]): number {
    const lists = this.#lists;
    this.#isPassedOver = false;
    for (let slot = 0; slot < lists.length; slot++) if (lists[slot] === flat) return slot;
    const attention = this.#attention;
    this.#isPassedOver = !attention.isDue;
    if (this.#isPassedOver) return -1;
    const slot = this.#findEqual(flat);
    if (slot < 0) attention.miss();
    else attention.hit();
    return slot;
  }

  #findEqual(flat: readonly string[]): number {
    const lists = this.#lists;
    const print = printOf(flat);
    const slot = print & (SLOTS - 1);
    if (this.#prints[slot] !== print) return -1;
    const list = lists[slot]!;
    if (list.length !== flat.length) return -1;
    for (let i = 0; i < list.length; i++) if (list[i] !== flat[i]) return -1;
    return slot;
  }

  /**
   * Offers what `writer` holds from `start` on: a block that left the table as it was.
   * `isConstant` says that `flat` never changes. Returns the slot in which it is kept from
   * now on, or -1.
   */
  offer(
    flat: readonly string[],
    version: number,
    writer: ByteWriter,
    start: number,
    isConstant: boolean = false,
  ): number {
    const size = writer.position - start;
    if (size > SLOT_BYTES || this.#isPassedOver) return -1;
    const print = printOf(flat);
    const slot = print & (SLOTS - 1);
    if (this.#seen[slot] !== print) {
      if (this.#seen.length === 0) { for (let i = 0; i < SLOTS; i++) this.#seen.push(-1); }
      this.#seen[slot] = print;
      return -1;
    }
    const slab = this.#slab ??= this.#allocate();
    const base = slot * SLOT_BYTES;
    const buffer = writer.buffer;
    for (let i = 0; i < size; i++) slab[base + i] = buffer[start + i]!;
    this.#prints[slot] = print;
    this.#versions[slot] = version;
    this.#views[slot] = slab.subarray(base, base + size);
    this.#lists[slot] = isConstant ? flat : flat.slice();
    this.#keptVersion = version;
    return slot;
  }

  #allocate(): Uint8Array {
    const slab = new Uint8Array(SLOTS * SLOT_BYTES);
    for (let i = 0; i < SLOTS; i++) {
      this.#prints.push(-1);
      this.#versions.push(-1);
      this.#views.push(slab);
      this.#lists.push([]);
    }
    return slab;
  }
}

/** A number of 30 bits from the lengths and some characters of the values; cheap, not exact. */
function printOf(flat: readonly string[]): number {
  let print = flat.length;
  for (let i = 1; i < flat.length; i += 2) {
    const value = flat[i]!;
    const size = value.length;
    if (size > 0) {
      print = Math.imul(print ^ value.charCodeAt(size - 1) ^ value.charCodeAt(size >> 1) << 8, 0x0100_0193);
    }
    print = Math.imul(print ^ size, 0x0100_0193);
  }
  return (print ^ print >>> 15) & 0x3fff_ffff;
}
