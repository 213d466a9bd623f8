import type { ByteWriter } from "./byte_writer.ts";

/** The longest literal that is worth keeping, in bytes. */
const SLOT_BYTES = 128;

const SLOTS = 32;

/** Up to this many bytes a loop copies as fast as a call that has its view at hand. */
const SHORT_COPY = 12;

/** Literals as they were written, kept to be written again; made when first used. */
export class LiteralCache {
  #slab: Uint8Array | undefined;
  /** What each slot holds. */
  #views: Uint8Array[] = [];
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
    this.#views[slot] = slab.subarray(base, base + size);
    return slot;
  }

  /** Writes what a slot holds. */
  write(writer: ByteWriter, slot: number): void {
    const view = this.#views[slot]!;
    const size = view.length;
    writer.reserve(size);
    const { buffer, position } = writer;
    if (size > SHORT_COPY) buffer.set(view, position);
    else for (let i = 0; i < size; i++) buffer[position + i] = view[i]!;
    writer.position = position + size;
  }

  /** Gives a slot back. */
  free(slot: number): void {
    this.#free.push(slot);
  }

  #allocate(): Uint8Array {
    const slab = new Uint8Array(SLOTS * SLOT_BYTES);
    for (let slot = 0; slot < SLOTS; slot++) {
      this.#free.push(slot);
      this.#views.push(slab);
    }
    return slab;
  }
}
