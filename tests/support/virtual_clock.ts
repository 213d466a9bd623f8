import type { Clock } from "../../shell/clock.ts";

interface Scheduled {
  readonly at: number;
  readonly callback: () => void;
}

/** Time that stands still until a test lets it pass. */
export class VirtualClock implements Clock {
  #now: number;
  #next = 1;
  readonly #scheduled: Map<number, Scheduled> = new Map();

  constructor(now: number = 1000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  schedule(callback: () => void, ms: number): unknown {
    const handle = this.#next++;
    this.#scheduled.set(handle, { at: this.#now + Math.max(0, ms), callback });
    return handle;
  }

  cancel(handle: unknown): void {
    this.#scheduled.delete(handle as number);
  }

  /** How many calls are scheduled. */
  get pending(): number {
    return this.#scheduled.size;
  }

  /** Lets `ms` pass: calls what is due, in order, and lets promises settle before and after each. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (;;) {
      const due = this.#earliest();
      if (due === undefined || due[1].at > until) break;
      this.#scheduled.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].callback();
      await settle();
    }
    this.#now = until;
    await settle();
  }

  #earliest(): [number, Scheduled] | undefined {
    let found: [number, Scheduled] | undefined;
    for (const entry of this.#scheduled) {
      if (found === undefined || entry[1].at < found[1].at) found = entry;
    }
    return found;
  }
}

/** Lets all microtasks and what they cause run, without letting time pass. */
export async function settle(turns: number = 4): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  try {
    for (let i = 0; i < turns; i++) {
      await new Promise<void>((resolve) => {
        port1.onmessage = () => resolve();
        port2.postMessage(null);
      });
    }
  } finally {
    port1.close();
    port2.close();
  }
}
