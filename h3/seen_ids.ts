/**
 * Which stream ids of one kind the peer has used. QUIC opens all lower streams of a
 * kind with a higher one, but their first bytes may come in any order: what was
 * skipped is remembered until it comes.
 */
export class SeenIds {
  /** The lowest id above all that came. */
  #next: number;
  /** Ids below that have not come yet. */
  readonly #skipped: Set<number> = new Set();

  /** Starts with nothing seen; `first` is the lowest id of the kind. */
  constructor(first: number) {
    this.#next = first;
  }

  /** The lowest id above all that came. */
  get next(): number {
    return this.#next;
  }

  /** How many lower ones have not come yet. */
  get skipped(): number {
    return this.#skipped.size;
  }

  /** How many ids an arrival of `id` would skip. */
  gap(id: number): number {
    return id < this.#next ? 0 : (id - this.#next) / 4;
  }

  /** Whether an id has come. */
  has(id: number): boolean {
    return id < this.#next && !this.#skipped.has(id);
  }

  /** Notes that an id came, and says whether it is new. */
  see(id: number): boolean {
    if (id === this.#next) {
      this.#next = id + 4;
      return true;
    }
    if (id < this.#next) return this.#skipped.delete(id);
    for (let lower = this.#next; lower < id; lower += 4) this.#skipped.add(lower);
    this.#next = id + 4;
    return true;
  }
}
