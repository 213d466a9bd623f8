import { NO_BYTES } from "../wire/buffer_pool.ts";
import type { Core } from "./core.ts";

/**
 * Gathers a header block that comes in several frames (RFC 9113 section 4.3). Two bounds
 * hold while it grows: on CONTINUATION frames and on bytes.
 */
export class HeaderBlock {
  readonly #core: Core;
  #bytes: Uint8Array = NO_BYTES;
  #length = 0;
  #frames = 0;
  /** The stream of the block. */
  stream = 0;
  /** Whether a block has begun and is not whole. */
  isOpen = false;
  /** Whether the message ends with the block. */
  endsStream = false;
  /** Whether the priority part named the stream itself. */
  dependsOnItself = false;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Begins a block. */
  open(stream: number, endsStream: boolean, dependsOnItself: boolean): void {
    this.isOpen = true;
    this.stream = stream;
    this.endsStream = endsStream;
    this.dependsOnItself = dependsOnItself;
    this.#length = 0;
    this.#frames = 0;
  }

  /** Judges the next frame by its length; says whether the connection goes on. */
  admitContinuation(length: number): boolean {
    const { limits } = this.#core;
    if (++this.#frames > limits.maxContinuationFrames) {
      this.#core.failLimit("limit:continuation_frames", "a header block has too many CONTINUATION frames");
      return false;
    }
    if (this.#length + length > limits.maxHeaderListBytes * limits.headerListGrace) {
      this.#core.failLimit("limit:header_list_bytes", "a header block is far too large");
      return false;
    }
    return true;
  }

  /** Adds a part. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const total = this.#length + end - start;
    if (total > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(1024, total * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(start, end), this.#length);
    this.#length = total;
  }

  /** Ends the block and hands it over; the buffer is not kept. */
  close(): Uint8Array {
    const block = this.#bytes.subarray(0, this.#length);
    this.#bytes = NO_BYTES;
    this.#length = 0;
    this.isOpen = false;
    return block;
  }
}
