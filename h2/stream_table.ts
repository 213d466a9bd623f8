import type { Stream } from "./stream.ts";

const LEAST_SLOTS = 8;

/**
 * The open streams by id: a flat table with open addressing, since ids are odd numbers that
 * only grow and streams come and go by the thousand. (A `Map` leaves a chain of old tables
 * behind, which makes garbage live longer and collections many times dearer.)
 */
export class StreamTable {
  #slots: (Stream | undefined)[] = new Array(LEAST_SLOTS).fill(undefined);
  #mask = LEAST_SLOTS - 1;
  #size = 0;

  /** How many streams there are. */
  get size(): number {
    return this.#size;
  }

  /** The stream of an id. */
  get(id: number): Stream | undefined {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let at = (id >>> 1) & mask;; at = (at + 1) & mask) {
      const stream = slots[at];
      if (stream === undefined || stream.id === id) return stream;
    }
  }

  /** Adds a stream whose id is not there. */
  add(stream: Stream): void {
    if (++this.#size * 2 > this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#put(stream);
  }

  /** Removes the stream of an id, if it is there. */
  delete(id: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let at = (id >>> 1) & mask;
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
      const home = (stream.id >>> 1) & mask;
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
    this.#slots = new Array(LEAST_SLOTS).fill(undefined);
    this.#mask = LEAST_SLOTS - 1;
    this.#size = 0;
  }

  #resize(length: number): void {
    const old = this.#slots;
    this.#slots = new Array(length).fill(undefined);
    this.#mask = length - 1;
    for (const stream of old) if (stream !== undefined) this.#put(stream);
  }

  #put(stream: Stream): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let at = (stream.id >>> 1) & mask;
    while (slots[at] !== undefined) at = (at + 1) & mask;
    slots[at] = stream;
  }
}
