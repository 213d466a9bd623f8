import type { Clock } from "../shell/clock.ts";

/** How a connection over QUIC is kept from its idle timeout. */
export interface HeartbeatOptions {
  /** Time between two beats, in milliseconds. */
  readonly intervalMs: number;
}

/**
 * Beats now and then while there is something to protect. HTTP/3 has no PING: a beat is a
 * reserved frame, which the peer ignores and its QUIC acknowledges, so that neither end's
 * idle timeout runs out while a response takes its time. A peer that is gone acknowledges
 * nothing, and the idle timeout ends the connection.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #isBusy: () => boolean;
  readonly #beat: () => void;
  #timer: unknown;
  #isStopped = false;

  /** Begins to beat. Throws `RangeError` for an interval that is not over 0. */
  constructor(clock: Clock, options: HeartbeatOptions, isBusy: () => boolean, beat: () => void) {
    if (!(options.intervalMs > 0)) {
      throw new RangeError("Cannot keep the connection alive: intervalMs has to be over 0");
    }
    this.#clock = clock;
    this.#intervalMs = options.intervalMs;
    this.#isBusy = isBusy;
    this.#beat = beat;
    this.#schedule();
  }

  /** Ends it; no timer is left. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    this.#timer = this.#clock.schedule(() => {
      this.#timer = undefined;
      if (this.#isBusy()) this.#beat();
      if (!this.#isStopped) this.#schedule();
    }, this.#intervalMs);
  }
}
