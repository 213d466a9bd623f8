/** Misses in a row after which a cache is looked into less often. */
const PATIENCE = 32;

/** How many of the next are passed over then, for each that is looked at. */
const PASSED_OVER = 7;

/**
 * Says when a cache is worth a look: always while something is found now and then, and one time
 * in eight once nothing was for long, as where each request has a path of its own.
 */
export class Attention {
  #misses = 0;
  #left = 0;

  /** Whether to look this time. */
  get isDue(): boolean {
    if (this.#misses < PATIENCE) return true;
    if (this.#left > 0) {
      this.#left--;
      return false;
    }
    this.#left = PASSED_OVER;
    return true;
  }

  /** Something was found. */
  hit(): void {
    this.#misses = 0;
  }

  /** Nothing was found. */
  miss(): void {
    this.#misses++;
  }
}
