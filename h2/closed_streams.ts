/** How a stream came to its end: both halves in order, reset by this end, reset by the peer. */
export type Ending = "ended" | "reset-by-us" | "reset-by-peer";

/**
 * The short memory of closed streams: what late frames on them mean. Bounded in number and
 * time; the oldest goes first. Looked up only when a frame arrives for a stream that is not
 * in the table.
 */
export class ClosedStreams {
  readonly #max: number;
  readonly #keepMs: number;
  readonly #ids: number[] = [];
  readonly #endings: Ending[] = [];
  readonly #times: number[] = [];
  /** Where the next goes once the ring is full. */
  #next = 0;
  /** The highest id that was reset by this end and is forgotten. */
  #forgottenReset = 0;

  constructor(max: number, keepMs: number) {
    this.#max = Math.floor(max);
    this.#keepMs = keepMs;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#ids.length;
  }

  /** Remembers a stream. */
  add(id: number, ending: Ending, now: number): void {
    if (this.#max === 0) {
      if (ending === "reset-by-us") this.#forget(id);
      return;
    }
    if (this.#ids.length < this.#max) {
      this.#ids.push(id);
      this.#endings.push(ending);
      this.#times.push(now);
      return;
    }
    const at = this.#next;
    if (this.#endings[at] === "reset-by-us") this.#forget(this.#ids[at]!);
    this.#ids[at] = id;
    this.#endings[at] = ending;
    this.#times[at] = now;
    this.#next = at + 1 === this.#max ? 0 : at + 1;
  }

  /** How a stream ended; `undefined` when that is not remembered. */
  find(id: number, now: number): Ending | undefined {
    const at = this.#ids.lastIndexOf(id);
    if (at < 0) return id <= this.#forgottenReset ? "reset-by-us" : undefined;
    const ending = this.#endings[at]!;
    // A reset is remembered longer than its neighbours: who forgot it must be lenient for ever.
    if (now - this.#times[at]! <= this.#keepMs || ending === "reset-by-us") return ending;
    return undefined;
  }

  #forget(id: number): void {
    if (id > this.#forgottenReset) this.#forgottenReset = id;
  }
}
