import type { Stream } from "./stream.ts";

const LEAST_BITS = 3;

/** Spreads ids that follow each other over the table, so that runs of full slots stay short. */
const SPREAD = 0x9e37_79b1;

/**
 * The open streams by id: a flat table with open addressing, since ids are odd numbers that
 * only grow and streams come and go by the thousand. (A `Map` leaves a chain of old tables
 * behind, which makes garbage live longer and collections many times dearer.)
 */
export class StreamTable {
  #slots: (Stream | undefined)[] = new Array(1 << LEAST_BITS).fill(undefined);
  #mask = (1 << LEAST_BITS) - 1;
  /** How far a product is shifted to give a slot. */
  #shift = 32 - LEAST_BITS;
  #size = 0;

  /** How many streams there are. */
  get size(): number {
    return this.#size;
  }

  /** The stream of an id. */
  get(id: number): Stream | undefined {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let at = Math.imul(id, SPREAD) >>> this.#shift;; at = (at + 1) & mask) {
      const stream = slots[at];
      if (stream === undefined || stream.id === id) return stream;
    }
  }

  /** Adds a stream whose id is not there. */
  add(stream: Stream): void {
    if (++this.#size * 2 > this.#slots.length) this.#grow();
    this.#put(stream);
  }

  /** Removes the stream of an id, if it is there. */
  delete(id: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let at = Math.imul(id, SPREAD) >>> this.#shift;
    for (;; at = (at + 1) & mask) {
      const stream = slots[at];
      if (stream === undefined) return;
      if (stream.id === id) break;
    }
    this.#size--;
    // Those behind that would no longer be found move up.
    for (let next = (at + 1) & mask;; next = (next + 1) & mask) {
      const stream = slots[next];
      if (stream === undefined) break;
      const home = Math.imul(stream.id, SPREAD) >>> this.#shift;
      if (((next - home) & mask) < ((next - at) & mask)) continue;
      slots[at] = stream;
      at = next;
    }
    slots[at] = undefined;
  }

  /** All streams, in order of id. */
  values(): Stream[] {
    const found: Stream[] = [];
    for (const stream of this.#slots) if (stream !== undefined) found.push(stream);
    return found.sort((a, b) => a.id - b.id);
  }

  /** Removes all. */
  clear(): void {
    this.#slots = new Array(1 << LEAST_BITS).fill(undefined);
    this.#mask = (1 << LEAST_BITS) - 1;
    this.#shift = 32 - LEAST_BITS;
    this.#size = 0;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Array(old.length * 2).fill(undefined);
    this.#mask = old.length * 2 - 1;
    this.#shift--;
    for (const stream of old) if (stream !== undefined) this.#put(stream);
  }

  #put(stream: Stream): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let at = Math.imul(stream.id, SPREAD) >>> this.#shift;
    while (slots[at] !== undefined) at = (at + 1) & mask;
    slots[at] = stream;
  }
}
