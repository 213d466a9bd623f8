import { type Limits, resolveLimits } from "../semantics/limits.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Deferred } from "./deferred.ts";

/** The connection of a server, as its graceful end sees it. */
export interface GracefulEndTarget {
  /** Takes no new exchanges after `shutdown`, and ends at `close`. */
  readonly engine: { shutdown(): void; close(): void };
  /** Says that the engine was given something. */
  readonly driver: { wake(): void };
  /** Resolves once no handler runs; looked at when the connection is over. */
  readonly core: { readonly handlersEnded: Promise<void> };
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
}

/** What a graceful end goes by: options of the server. */
export interface GracefulEndOptions {
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
  /** Of these `drainTimeoutMs`: how long exchanges and handlers may take unless a call says so. */
  readonly limits?: Partial<Limits>;
  /** Begins the end when it aborts. */
  readonly signal?: AbortSignal;
}

/** The graceful end of a server's connection: by call or by signal, with a time at which it is cut short. */
export class GracefulEnd {
  readonly #target: GracefulEndTarget;
  readonly #options: GracefulEndOptions;
  /** Both are there when they are needed: most connections end without. */
  #cutOff: Deferred<void> | undefined;
  #onSignal: (() => void) | undefined;
  #timer: unknown;

  /** Watches the signal; one that has aborted already begins the end at once. */
  constructor(target: GracefulEndTarget, options: GracefulEndOptions) {
    this.#target = target;
    this.#options = options;
    const { signal } = options;
    if (signal === undefined) return;
    this.#onSignal = () => void this.shutdown();
    if (signal.aborted) this.#onSignal();
    else signal.addEventListener("abort", this.#onSignal);
  }

  /** Begins the end, or sets another time for it; resolves when connection and handlers are done. */
  async shutdown(graceMs?: number): Promise<void> {
    const { engine, driver, core, closed } = this.#target;
    const cutOff = this.#cutOff ??= new Deferred();
    this.#limit(graceMs ?? resolveLimits("server", this.#options.limits).drainTimeoutMs, cutOff);
    engine.shutdown();
    driver.wake();
    await closed;
    // The last response has left; its handler may still be at work on something.
    await Promise.race([core.handlersEnded, cutOff.promise]);
    this.#cancel();
  }

  /** The connection is over: the signal has nothing to say any more. */
  forgetSignal(): void {
    if (this.#onSignal !== undefined) this.#options.signal?.removeEventListener("abort", this.#onSignal);
  }

  #limit(graceMs: number, cutOff: Deferred<void>): void {
    this.#cancel();
    this.#timer = this.#clock.schedule(() => {
      const { engine, driver } = this.#target;
      this.#timer = undefined;
      engine.close();
      driver.wake();
      cutOff.resolve();
    }, graceMs);
  }

  #cancel(): void {
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
    this.#timer = undefined;
  }

  get #clock(): Clock {
    return this.#options.clock ?? systemClock;
  }
}
