/** What `Timers` needs of the platform. */
export interface TimerPlatform {
  /** Milliseconds from any fixed point on, never going back. */
  now(): number;
  /** Calls `callback` once after `ms`; returns a handle. */
  set(callback: () => void, ms: number): unknown;
  /** Forgets a call. */
  clear(handle: unknown): void;
}

/** A call that is scheduled; its place in the heap is -1 when it is not, or no more. */
class Scheduled {
  readonly at: number;
  readonly serial: number;
  readonly callback: () => void;
  place = -1;

  constructor(at: number, serial: number, callback: () => void) {
    this.at = at;
    this.serial = serial;
    this.callback = callback;
  }
}

/** Platforms take a longer time for none at all, in milliseconds. */
const MAX_DELAY_MS = 0x7fff_ffff;

/**
 * Many timers with one of the platform's, which is dear: the timer of an idle connection
 * would be a tenth of what the connection holds.
 *
 * A binary heap by time. The timer of the platform is set for the first call or earlier: it
 * is not put off when that call is cancelled, but gone once nothing is scheduled, so that it
 * keeps no program alive.
 */
export class Timers {
  readonly #platform: TimerPlatform;
  readonly #heap: Scheduled[] = [];
  #handle: unknown;
  /** For when the platform's timer is set; `Infinity` while it is not. */
  #setFor = Infinity;
  #nextSerial = 0;
  #isRunning = false;

  /** Schedules nothing yet. */
  constructor(platform: TimerPlatform) {
    this.#platform = platform;
  }

  /** Calls `callback` once after `ms`; those of one time in any order. */
  schedule(callback: () => void, ms: number): unknown {
    const scheduled = new Scheduled(this.#platform.now() + Math.max(0, ms), this.#nextSerial++, callback);
    this.#put(scheduled, this.#heap.length);
    this.#rise(scheduled);
    if (this.#heap[0] === scheduled) this.#arm();
    return scheduled;
  }

  /** Forgets a call; harmless when it was made. */
  cancel(handle: unknown): void {
    if (!(handle instanceof Scheduled) || handle.place < 0) return;
    this.#remove(handle);
    if (this.#heap.length === 0) this.#arm();
  }

  readonly #run = (): void => {
    // A platform's clock and its timers need not agree to the millisecond, nor at all in tests.
    const now = Math.max(this.#platform.now(), this.#setFor);
    this.#handle = undefined;
    this.#setFor = Infinity;
    // What is scheduled from now on has a turn of its own, however soon it is due.
    const end = this.#nextSerial;
    this.#isRunning = true;
    try {
      for (;;) {
        const first = this.#heap[0];
        if (first === undefined || first.at > now || first.serial >= end) break;
        this.#remove(first);
        first.callback();
      }
    } finally {
      this.#isRunning = false;
      // One that throws takes nothing from the others.
      this.#arm();
    }
  };

  #arm(): void {
    const first = this.#heap[0];
    if (this.#isRunning || (first !== undefined && first.at >= this.#setFor)) return;
    if (this.#setFor !== Infinity) this.#platform.clear(this.#handle);
    this.#handle = undefined;
    this.#setFor = Infinity;
    if (first === undefined) return;
    const now = this.#platform.now();
    const delay = Math.min(Math.max(0, first.at - now), MAX_DELAY_MS);
    this.#setFor = Math.min(first.at, now + MAX_DELAY_MS);
    this.#handle = this.#platform.set(this.#run, delay);
  }

  #put(scheduled: Scheduled, place: number): void {
    this.#heap[place] = scheduled;
    scheduled.place = place;
  }

  #remove(scheduled: Scheduled): void {
    const last = this.#heap.pop()!;
    if (last !== scheduled) {
      this.#put(last, scheduled.place);
      this.#rise(last);
      this.#sink(last);
    }
    scheduled.place = -1;
  }

  #rise(scheduled: Scheduled): void {
    while (scheduled.place > 0) {
      const at = scheduled.place;
      const parent = this.#heap[(at - 1) >> 1]!;
      if (parent.at <= scheduled.at) return;
      this.#put(scheduled, parent.place);
      this.#put(parent, at);
    }
  }

  #sink(scheduled: Scheduled): void {
    const heap = this.#heap;
    for (;;) {
      const at = scheduled.place;
      let child = heap[2 * at + 1];
      if (child === undefined) return;
      const other = heap[2 * at + 2];
      if (other !== undefined && other.at < child.at) child = other;
      if (scheduled.at <= child.at) return;
      this.#put(scheduled, child.place);
      this.#put(child, at);
    }
  }
}
