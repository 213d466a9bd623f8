import type { Clock } from "../shell/clock.ts";
import { systemClock } from "../shell/clock.ts";

/**
 * The wire between two ends in memory, in the hands of a test.
 *
 * @example Usage
 * ```ts
 * import { MemoryLink, memoryPair } from "@tandem/http/transport/memory";
 *
 * const link = new MemoryLink();
 * const [client, server] = memoryPair({ link });
 * link.cut(); // from here on nothing arrives
 * link.heal(); // now it does, in order
 * client.close();
 * server.close();
 * ```
 */
export class MemoryLink {
  #isCut = false;
  #isReset = false;
  readonly #onHeal = new Set<() => void>();
  readonly #onReset = new Set<() => void>();

  /** Whether nothing passes at the moment. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Whether the link is gone for good. */
  get isReset(): boolean {
    return this.#isReset;
  }

  /** Holds back everything that is sent from now on or still under way, both ways. */
  cut(): void {
    this.#isCut = true;
  }

  /** Lets everything through again, what was held back first. */
  heal(): void {
    if (!this.#isCut) return;
    this.#isCut = false;
    for (const call of [...this.#onHeal]) call();
  }

  /** Breaks the link for good: both ends fail, what was under way is lost. */
  reset(): void {
    if (this.#isReset) return;
    this.#isReset = true;
    for (const call of [...this.#onReset]) call();
  }

  /** For the two ends: calls `onHeal` and `onReset` when it happens, until the returned function is called. */
  watch(onHeal: () => void, onReset: () => void): () => void {
    this.#onHeal.add(onHeal);
    this.#onReset.add(onReset);
    return (): void => {
      this.#onHeal.delete(onHeal);
      this.#onReset.delete(onReset);
    };
  }
}

/** What a lane needs to know. */
export interface MemoryLaneOptions {
  /** Time that passes between sending and arriving. */
  readonly latencyMs: number;
  /** Where time comes from. */
  readonly clock: Clock | undefined;
  /** What can hold deliveries back. */
  readonly link: MemoryLink;
}

/** A row of deliveries that arrive in order, after a time, while the link is whole. */
export class MemoryLane {
  readonly #latencyMs: number;
  readonly #clock: Clock;
  readonly #link: MemoryLink;
  readonly #deliveries: { readonly at: number; readonly run: () => void }[] = [];
  readonly #unwatch: () => void;
  #timer: unknown = undefined;
  #isRunning = false;

  /** Makes a lane; `onReset` is called when its link breaks for good. */
  constructor(options: MemoryLaneOptions, onReset: () => void) {
    this.#latencyMs = options.latencyMs;
    this.#clock = options.clock ?? systemClock;
    this.#link = options.link;
    this.#unwatch = this.#link.watch(() => this.#run(), onReset);
  }

  /** Runs `run` at the other end, after all that was sent before; `extraMs` delays it and what follows. */
  send(run: () => void, extraMs = 0): void {
    const delay = this.#latencyMs + extraMs;
    this.#deliveries.push({ at: delay === 0 ? -Infinity : this.#clock.now() + delay, run });
    this.#run();
  }

  /** Forgets everything under way, and leaves the link. */
  close(): void {
    this.#deliveries.length = 0;
    this.#unwatch();
    this.#cancelTimer();
  }

  #cancelTimer(): void {
    if (this.#timer === undefined) return;
    this.#clock.cancel(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    if (this.#isRunning || this.#link.isCut) return;
    this.#isRunning = true;
    while (this.#deliveries.length > 0 && !this.#link.isCut) {
      const first = this.#deliveries[0]!;
      const wait = first.at === -Infinity ? 0 : first.at - this.#clock.now();
      if (wait > 0) {
        this.#timer ??= this.#clock.schedule(() => {
          this.#timer = undefined;
          this.#run();
        }, wait);
        break;
      }
      this.#deliveries.shift();
      first.run();
    }
    this.#isRunning = false;
    if (this.#deliveries.length === 0) this.#cancelTimer();
  }
}
