import type { Clock } from "./clock.ts";

/** An engine, as far as time is concerned. */
export interface TimedEngine {
  /** When it wants to be told the time, by the clock; `Infinity` for never. */
  nextDeadline(): number;
  /** Tells it the time. */
  tick(now: number): void;
}

/** What the turns of a connection are made of. */
export interface TurnsOptions {
  /** Time. */
  readonly clock: Clock;
  /** How many microtasks a turn waits for more to do. */
  readonly microtasks: number;
  /** Does all that is to be done. */
  readonly turn: () => void;
  /** Whose deadlines are kept. */
  readonly engine: TimedEngine;
}

/**
 * Decides when a connection acts: once a turn however often it is woken, and when a
 * deadline of its engine is due. There is at most one timer, and none without a deadline.
 */
export class Turns {
  readonly #options: TurnsOptions;
  #microtasksLeft = 0;
  #isDue = false;
  #isTurning = false;
  #isStopped = false;
  #timer: unknown;
  #timerAt = Infinity;

  /** Begins asleep. */
  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** Says that there is something to do; a turn follows. */
  wake(): void {
    if (this.#isDue || this.#isTurning || this.#isStopped) return;
    this.#isDue = true;
    this.#microtasksLeft = this.#options.microtasks;
    queueMicrotask(this.#wait);
  }

  readonly #wait = (): void => {
    if (--this.#microtasksLeft > 0) {
      queueMicrotask(this.#wait);
      return;
    }
    this.#isDue = false;
    this.run();
  };

  /** Has a turn now. */
  run(): void {
    if (this.#isStopped) return;
    this.#isTurning = true;
    try {
      this.#options.turn();
    } finally {
      this.#isTurning = false;
    }
    this.#arm();
  }

  /** Has no more turns and forgets the timer. */
  stop(): void {
    this.#isStopped = true;
    this.disarm();
  }

  /** Forgets the timer until the next turn. */
  disarm(): void {
    if (this.#timer !== undefined) this.#options.clock.cancel(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Infinity;
  }

  #arm(): void {
    if (this.#isStopped) return;
    const { clock, engine } = this.#options;
    const deadline = engine.nextDeadline();
    // A timer that is too early only looks again; setting it anew each turn would cost more.
    if (deadline === this.#timerAt || (deadline > this.#timerAt && deadline !== Infinity)) return;
    this.disarm();
    if (deadline === Infinity) return;
    this.#timerAt = deadline;
    this.#timer = clock.schedule(this.#onTimer, Math.max(0, deadline - clock.now()));
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#timerAt = Infinity;
    this.#options.engine.tick(this.#options.clock.now());
    this.run();
  };
}
