import type { ByteWriter } from "./byte_writer.ts";

/** The longest string literal that is worth keeping, with its length, in bytes. */
const SLOT_BYTES = 128;

const SLOTS = 32;

/** String literals as they were written, kept to be written again; made when first used. */
export class LiteralCache {
  #slab: Uint8Array | undefined;
  #sizes: number[] = [];
  #free: number[] = [];

  /** Keeps what `writer` holds from `start` on; returns the slot, or -1 if there is none. */
  keep(writer: ByteWriter, start: number): number {
    const size = writer.position - start;
    if (size > SLOT_BYTES) return -1;
    const slab = this.#slab ??= this.#allocate();
    const slot = this.#free.pop();
    if (slot === undefined) return -1;
    const base = slot * SLOT_BYTES;
    const buffer = writer.buffer;
    for (let i = 0; i < size; i++) slab[base + i] = buffer[start + i]!;
    this.#sizes[slot] = size;
    return slot;
  }

  /** Writes what a slot holds. */
  write(writer: ByteWriter, slot: number): void {
    const base = slot * SLOT_BYTES;
    writer.bytes(this.#slab!, base, base + this.#sizes[slot]!);
  }

  /** Gives a slot back. */
  free(slot: number): void {
    this.#free.push(slot);
  }

  #allocate(): Uint8Array {
    for (let slot = 0; slot < SLOTS; slot++) {
      this.#free.push(slot);
      this.#sizes.push(0);
    }
    return new Uint8Array(SLOTS * SLOT_BYTES);
  }
}
