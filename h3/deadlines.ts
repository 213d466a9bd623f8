/**
 * Deadlines of one kind: each is due the same time after it was set, so the oldest
 * is always the next one and no heap is needed.
 */
export class Deadlines {
  readonly #delayMs: number;
  /** Due times by stream, oldest first. */
  readonly #due: Map<number, number> = new Map();

  /** Makes an empty set of deadlines that are due `delayMs` after they are set. */
  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  /** How many are set. */
  get size(): number {
    return this.#due.size;
  }

  /** Whether one is set for a stream. */
  has(id: number): boolean {
    return this.#due.has(id);
  }

  /** Sets the deadline of a stream anew. */
  set(id: number, now: number): void {
    this.#due.delete(id);
    this.#due.set(id, now + this.#delayMs);
  }

  /** Forgets the deadline of a stream. */
  clear(id: number): void {
    if (this.#due.size > 0) this.#due.delete(id);
  }

  /** Forgets all. */
  clearAll(): void {
    this.#due.clear();
  }

  /** When the next one is due; `Infinity` when there is none. */
  get next(): number {
    if (this.#due.size === 0) return Infinity;
    return this.#due.values().next().value!;
  }

  /** Removes those that are due and answers their streams, oldest first. */
  takeDue(now: number): number[] {
    const found: number[] = [];
    if (this.#due.size === 0) return found;
    for (const [id, due] of this.#due) {
      if (due > now) break;
      found.push(id);
    }
    for (let i = 0; i < found.length; i++) this.#due.delete(found[i]!);
    return found;
  }
}
