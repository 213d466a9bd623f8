/**
 * A token bucket: so many at once, and so many more a second. A limit that fires is
 * one `spend` that says no.
 *
 * @example Usage
 * ```ts
 * import { Budget } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * const budget = new Budget(2, 1);
 * assert(budget.spend(0) && budget.spend(0));
 * assert.equal(budget.spend(0), false);
 * assert.equal(budget.spend(1000), true);
 * ```
 */
export class Budget {
  readonly #burst: number;
  readonly #perMs: number;
  #left: number;
  #filledAt: number | undefined = undefined;

  /** Makes a full bucket of `burst` tokens that gains `perSecond` a second. */
  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perMs = perSecond / 1000;
    this.#left = burst;
  }

  /** The tokens that were left after the last call. */
  get left(): number {
    return this.#left;
  }

  /** Takes `count` tokens at the time `now`, in milliseconds; `false`, and none taken, when there are not as many. */
  spend(now: number, count = 1): boolean {
    if (this.#filledAt === undefined) this.#filledAt = now;
    if (now > this.#filledAt) {
      this.#left = Math.min(this.#burst, this.#left + (now - this.#filledAt) * this.#perMs);
      this.#filledAt = now;
    }
    if (this.#left < count) return false;
    this.#left -= count;
    return true;
  }

  /** Gives `count` tokens back, up to the burst. */
  refund(count: number): void {
    this.#left = Math.min(this.#burst, this.#left + count);
  }
}
