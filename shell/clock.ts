/** Time as the shells see it; tests put a virtual one in its place. */
export interface Clock {
  /** Milliseconds from any fixed point on, never going back. */
  now(): number;
  /** Calls `callback` once after `ms`; returns a handle for `cancel`. */
  schedule(callback: () => void, ms: number): unknown;
  /** Forgets a scheduled call; harmless when it has run. */
  cancel(handle: unknown): void;
}

/** The clock of the platform. */
export const systemClock: Clock = {
  now(): number {
    return performance.now();
  },
  schedule(callback: () => void, ms: number): unknown {
    return setTimeout(callback, ms);
  },
  cancel(handle: unknown): void {
    clearTimeout(handle as number);
  },
};
