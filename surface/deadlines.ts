import type { Clock } from "../shell/clock.ts";
import type { FetchTimeouts } from "./client_options.ts";

/** A part of a fetch that has a time of its own. */
export type Phase = "connect" | "head" | "body";

const TIMEOUT_OF = { connect: "connectMs", head: "headMs", body: "bodyMs" } as const;
const WANTED = {
  connect: "no connection",
  head: "no response",
  body: "nothing more of the body",
  total: "not done",
} as const;

/** One part took too long. */
export class DeadlineError extends Error {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "DeadlineError";
  /** Which part it was. */
  readonly phase: Phase | "total";

  /** Makes an error for a part and its time. */
  constructor(phase: Phase | "total", ms: number) {
    super(`Cannot fetch: ${WANTED[phase]} within ${ms} ms`);
    this.phase = phase;
  }
}

/** The times of one fetch and the caller's signal, in one signal; no timer is left after `done()`. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timeouts: FetchTimeouts;
  readonly #outer: AbortSignal | undefined;
  readonly #controller: AbortController = new AbortController();
  #timer: unknown;
  #total: unknown;

  /** Starts the time for all of it. */
  constructor(clock: Clock, timeouts: FetchTimeouts, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.#timeouts = timeouts;
    this.#outer = signal;
    if (signal?.aborted === true) this.#controller.abort(signal.reason);
    else signal?.addEventListener("abort", this.#onAbort);
    this.#total = this.#schedule("total", timeouts.totalMs ?? Infinity);
  }

  /** Aborts when the caller's does, and when a part takes too long. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the caller gave up. */
  get isAborted(): boolean {
    return this.#controller.signal.aborted && !(this.#controller.signal.reason instanceof DeadlineError);
  }

  readonly #onAbort = (): void => {
    this.#controller.abort(this.#outer!.reason);
    this.done();
  };

  #schedule(phase: Phase | "total", ms: number): unknown {
    if (ms === Infinity) return undefined;
    return this.#clock.schedule(() => {
      this.#controller.abort(new DeadlineError(phase, ms));
      this.done();
    }, ms);
  }

  /** A part begins; the one before it is over. */
  begin(phase: Phase): void {
    this.rest();
    const ms = this.#timeouts[TIMEOUT_OF[phase]] ?? (phase === "connect" ? 30_000 : Infinity);
    this.#timer = this.#schedule(phase, ms);
  }

  /** Nothing is waited for at the moment. */
  rest(): void {
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
    this.#timer = undefined;
  }

  /** It is over. */
  done(): void {
    this.rest();
    if (this.#total !== undefined) this.#clock.cancel(this.#total);
    this.#total = undefined;
    this.#outer?.removeEventListener("abort", this.#onAbort);
  }
}
