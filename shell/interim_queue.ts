import type { ResponseHead } from "../semantics/head.ts";

/** The interim responses of an exchange, for one reader; how many there can be is a limit of the engine. */
export class InterimQueue implements AsyncIterable<ResponseHead> {
  #heads: ResponseHead[] = [];
  #isEnded = false;
  #wake: (() => void) | undefined;

  /** One more arrived. */
  push(head: ResponseHead): void {
    this.#heads.push(head);
    this.#wake?.();
  }

  /** No more can come. */
  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  /** Yields each, and ends with the final response. */
  async *[Symbol.asyncIterator](): AsyncIterator<ResponseHead> {
    for (;;) {
      const head = this.#heads.shift();
      if (head !== undefined) {
        yield head;
        continue;
      }
      if (this.#isEnded) return;
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
  }
}
