import type { Clock } from "./clock.ts";
import { Deferred } from "./deferred.ts";

/** The connection of a server, as its graceful end sees it. */
export interface GracefulEndTarget {
  /** Takes no new exchanges; once the open ones are over the connection ends. */
  begin(): void;
  /** Ends the connection now. */
  close(): void;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  /** Resolves once no handler runs. */
  handlersEnded(): Promise<void>;
}

/** What a graceful end goes by. */
export interface GracefulEndOptions {
  /** Time. */
  readonly clock: Clock;
  /** How long exchanges and handlers may take unless a call says so, in milliseconds. */
  readonly graceMs: number;
  /** Begins the end when it aborts. */
  readonly signal: AbortSignal | undefined;
}

/** The graceful end of a server's connection: by call or by signal, with a time at which it is cut short. */
export class GracefulEnd {
  readonly #target: GracefulEndTarget;
  readonly #options: GracefulEndOptions;
  readonly #cutOff: Deferred<void> = new Deferred();
  #timer: unknown;

  /** Watches the signal; one that has aborted already begins the end at once. */
  constructor(target: GracefulEndTarget, options: GracefulEndOptions) {
    this.#target = target;
    this.#options = options;
    if (options.signal?.aborted === true) this.shutdown();
    else options.signal?.addEventListener("abort", this.#onSignal);
  }

  readonly #onSignal = (): void => {
    this.shutdown();
  };

  /** Begins the end, or sets another time for it; resolves when connection and handlers are done. */
  async shutdown(graceMs: number = this.#options.graceMs): Promise<void> {
    const { closed } = this.#target;
    this.#limit(graceMs);
    this.#target.begin();
    await closed;
    // The last response has left; its handler may still be at work on something.
    await Promise.race([this.#target.handlersEnded(), this.#cutOff.promise]);
    this.#cancel();
  }

  /** The connection is over: the signal has nothing to say any more. */
  forgetSignal(): void {
    this.#options.signal?.removeEventListener("abort", this.#onSignal);
  }

  #limit(graceMs: number): void {
    this.#cancel();
    this.#timer = this.#options.clock.schedule(() => {
      this.#timer = undefined;
      this.#target.close();
      this.#cutOff.resolve();
    }, graceMs);
  }

  #cancel(): void {
    if (this.#timer !== undefined) this.#options.clock.cancel(this.#timer);
    this.#timer = undefined;
  }
}
