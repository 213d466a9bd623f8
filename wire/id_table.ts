/** What the table holds: it has a number of its own. */
export interface Numbered {
  /** Unique in the table. */
  readonly id: number;
}

const LEAST_BITS = 3;

/** Spreads ids that follow each other over the table, so that runs of full slots stay short. */
const SPREAD = 0x9e37_79b1;

/**
 * What is open, by id: a flat table with open addressing, since ids only grow and items come
 * and go by the thousand. (A `Map` leaves a chain of old tables behind, and what is in them
 * outlives several collections, which makes those many times dearer.)
 */
export class IdTable<T extends Numbered> {
  #slots: (T | undefined)[] = new Array(1 << LEAST_BITS).fill(undefined);
  #mask = (1 << LEAST_BITS) - 1;
  /** How far a product is shifted to give a slot. */
  #shift = 32 - LEAST_BITS;
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** The one with an id. */
  get(id: number): T | undefined {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let at = Math.imul(id, SPREAD) >>> this.#shift;; at = (at + 1) & mask) {
      const found = slots[at];
      if (found === undefined || found.id === id) return found;
    }
  }

  /** Adds one whose id is not there. */
  add(item: T): void {
    if (++this.#size * 2 > this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#put(item);
  }

  /** Removes the one with an id, if it is there. */
  delete(id: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let at = Math.imul(id, SPREAD) >>> this.#shift;
    for (;; at = (at + 1) & mask) {
      const found = slots[at];
      if (found === undefined) return;
      if (found.id === id) break;
    }
    this.#size--;
    // Those behind that would no longer be found move up.
    for (let next = (at + 1) & mask;; next = (next + 1) & mask) {
      const found = slots[next];
      if (found === undefined) break;
      const home = Math.imul(found.id, SPREAD) >>> this.#shift;
      if (((next - home) & mask) < ((next - at) & mask)) continue;
      slots[at] = found;
      at = next;
    }
    slots[at] = undefined;
  }

  /** All of them as they are now, in order of id. */
  values(): T[] {
    const found: T[] = [];
    for (const item of this.#slots) if (item !== undefined) found.push(item);
    return found.sort((a, b) => a.id - b.id);
  }

  /** Removes all. */
  clear(): void {
    this.#size = 0;
    this.#slots = new Array(1 << LEAST_BITS).fill(undefined);
    this.#mask = (1 << LEAST_BITS) - 1;
    this.#shift = 32 - LEAST_BITS;
  }

  #resize(length: number): void {
    const old = this.#slots;
    this.#slots = new Array(length).fill(undefined);
    this.#mask = length - 1;
    this.#shift = 32 - Math.log2(length);
    for (const item of old) if (item !== undefined) this.#put(item);
  }

  #put(item: T): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let at = Math.imul(item.id, SPREAD) >>> this.#shift;
    while (slots[at] !== undefined) at = (at + 1) & mask;
    slots[at] = item;
  }
}
