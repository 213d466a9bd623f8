import type { Random } from "./random.ts";

/** How reads are cut: as written, byte by byte, or anywhere. */
export type Chunking = "whole" | "byte" | "random";

/** What has arrived and is not read yet. */
export class ArrivedBytes {
  readonly #chunking: Chunking;
  readonly #random: Random;
  /** The first chunk is read from `#offset` on. */
  readonly #chunks: Uint8Array[] = [];
  #offset = 0;
  #length = 0;

  /** Makes an empty one that cuts reads in the given way. */
  constructor(chunking: Chunking, random: Random) {
    this.#chunking = chunking;
    this.#random = random;
  }

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** Keeps `bytes` as they are. */
  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  /** Throws everything away. */
  clear(): void {
    this.#chunks.length = 0;
    this.#offset = 0;
    this.#length = 0;
  }

  /** Moves at least one byte to `buffer` and returns how many; something must wait. */
  take(buffer: Uint8Array): number {
    const count = this.#cut(buffer.length);
    let filled = 0;
    while (filled < count) {
      const first = this.#chunks[0]!;
      const part = Math.min(first.length - this.#offset, count - filled);
      buffer.set(first.subarray(this.#offset, this.#offset + part), filled);
      filled += part;
      this.#offset += part;
      if (this.#offset < first.length) break;
      this.#chunks.shift();
      this.#offset = 0;
    }
    this.#length -= count;
    return count;
  }

  #cut(room: number): number {
    if (this.#chunking === "byte") return 1;
    if (this.#chunking === "whole") return Math.min(this.#chunks[0]!.length - this.#offset, room);
    const most = Math.min(this.#length, room);
    // Half of the cuts are tiny: there the decoders have their corners.
    const span = this.#random() < 0.5 ? Math.min(most, 12) : most;
    return 1 + Math.floor(this.#random() * span);
  }
}
