import type { QuicDatagrams } from "./mod.ts";

/** How many datagrams wait unread before the oldest are dropped. */
const MAX_WAITING = 1000;

/** Datagrams in memory. */
export class MemoryDatagrams implements QuicDatagrams {
  readonly maxBytes: number;
  readonly readable: ReadableStream<Uint8Array>;
  readonly #post: (data: Uint8Array) => void;
  readonly #waiting: Uint8Array[] = [];
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #wake: (() => void) | undefined;
  #hasEnded = false;

  /** Makes one whose datagrams go out through `post`. */
  constructor(maxBytes: number, post: (data: Uint8Array) => void) {
    this.maxBytes = maxBytes;
    this.#post = post;
    this.readable = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#pull(),
    }, { highWaterMark: 0 });
  }

  send(data: Uint8Array): Promise<void> {
    if (data.length > this.maxBytes) {
      const message = `Cannot send a datagram of ${data.length} bytes: the limit is ${this.maxBytes}`;
      return Promise.reject(new RangeError(message));
    }
    if (!this.#hasEnded) this.#post(data.slice());
    return Promise.resolve();
  }

  /** A datagram of the peer has come. */
  receive(data: Uint8Array): void {
    if (this.#hasEnded) return;
    this.#waiting.push(data);
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    this.#wake?.();
  }

  /** The connection is over. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#wake !== undefined) this.#wake();
    else if (this.#waiting.length === 0) this.#closeQuietly();
  }

  async #pull(): Promise<void> {
    if (this.#waiting.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
    const first = this.#waiting.shift();
    if (first === undefined) this.#closeQuietly();
    else this.#controller.enqueue(first);
  }

  #closeQuietly(): void {
    try {
      this.#controller.close();
    } catch {
      // Its reader has left.
    }
  }
}
