import { Timers } from "./timers.ts";

/** Time as the shells see it; tests put a virtual one in its place. */
export interface Clock {
  /** Milliseconds from any fixed point on, never going back. */
  now(): number;
  /** Calls `callback` once after `ms`; returns a handle for `cancel`. */
  schedule(callback: () => void, ms: number): unknown;
  /** Forgets a scheduled call; harmless when it has run. */
  cancel(handle: unknown): void;
}

const timers = new Timers({
  now: () => performance.now(),
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (handle) => clearTimeout(handle as number),
});

/** The clock of the platform. All that is scheduled shares one timer of it. */
export const systemClock: Clock = {
  now(): number {
    return performance.now();
  },
  schedule(callback: () => void, ms: number): unknown {
    return timers.schedule(callback, ms);
  },
  cancel(handle: unknown): void {
    timers.cancel(handle);
  },
};
