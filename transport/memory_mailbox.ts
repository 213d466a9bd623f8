import type { Clock } from "../shell/clock.ts";
import { MemoryLane, type MemoryLink } from "./memory_link.ts";
import type { Random } from "./random.ts";

/** What a mailbox needs to know. */
export interface MailboxOptions {
  /** Time that passes between sending and arriving. */
  readonly latencyMs: number;
  /** Where time comes from. */
  readonly clock: Clock | undefined;
  /** What can hold deliveries back. */
  readonly link: MemoryLink;
  /** Whether deliveries of different keys overtake each other. */
  readonly reorder: boolean;
  /** Decides who overtakes whom. */
  readonly random: Random;
}

/** One direction of a connection: deliveries in order within a key, and between keys as the options say. */
export class Mailbox {
  readonly #options: MailboxOptions;
  /** For time: one lane for all, or one a key when they may overtake each other. */
  readonly #lanes = new Map<number, MemoryLane>();
  /** For reordering without time: what waits for the next turn. */
  readonly #queues = new Map<number, (() => void)[]>();
  #keys: number[] = [];
  #last: (() => void) | undefined;
  #isScheduled = false;
  #isClosed = false;
  readonly #unwatch: () => void;

  /** Makes an empty one. */
  constructor(options: MailboxOptions) {
    this.#options = options;
    this.#unwatch = options.link.watch(() => this.#schedule(), () => this.close());
  }

  /** Delivers `run` after everything that was sent with this key. */
  send(key: number, run: () => void): void {
    if (this.#isClosed) return;
    const { reorder, latencyMs, random } = this.#options;
    if (!reorder) return this.#lane(0).send(run);
    if (latencyMs > 0) return this.#lane(key).send(run, random() * 2 * latencyMs);
    const queue = this.#queues.get(key);
    if (queue === undefined) {
      this.#queues.set(key, [run]);
      this.#keys.push(key);
    } else {
      queue.push(run);
    }
    this.#schedule();
  }

  /** Delivers `run` after everything that was sent at all. */
  sendLast(run: () => void): void {
    if (this.#isClosed) return;
    const { reorder, latencyMs } = this.#options;
    if (!reorder) return this.#lane(0).send(run);
    if (latencyMs > 0) return this.#lane(-1).send(run, 2 * latencyMs);
    this.#last = run;
    this.#schedule();
  }

  /** Forgets everything under way. */
  close(): void {
    this.#isClosed = true;
    this.#unwatch();
    for (const lane of this.#lanes.values()) lane.close();
    this.#lanes.clear();
    this.#queues.clear();
    this.#keys = [];
    this.#last = undefined;
  }

  #lane(key: number): MemoryLane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) this.#lanes.set(key, lane = new MemoryLane(this.#options, () => {}));
    return lane;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isClosed || (this.#keys.length === 0 && this.#last === undefined)) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#drain();
    });
  }

  #drain(): void {
    const { link, random } = this.#options;
    // Some of it waits for a later turn, so that it mixes with what is sent until then.
    if (!link.isCut && random() < 0.5) return this.#schedule();
    while (!link.isCut && this.#keys.length > 0) {
      const at = Math.floor(random() * this.#keys.length);
      const key = this.#keys[at]!;
      const queue = this.#queues.get(key)!;
      const run = queue.shift()!;
      if (queue.length === 0) {
        this.#queues.delete(key);
        this.#keys[at] = this.#keys.at(-1)!;
        this.#keys.pop();
      }
      run();
      if (random() < 0.3) return this.#schedule();
    }
    if (link.isCut || this.#last === undefined) return;
    const last = this.#last;
    this.#last = undefined;
    last();
  }
}
