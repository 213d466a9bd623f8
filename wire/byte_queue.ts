import { NO_BYTES } from "./buffer_pool.ts";

/**
 * Received chunks in a row, given out as views.
 *
 * A read within one chunk is a view of it; only a read across chunks copies, and what
 * it joined stays joined, so no byte is joined twice by reads of growing size.
 */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  /** Index of the first chunk that has unread bytes. */
  #head = 0;
  /** How much of that chunk is read. */
  #offset = 0;
  /** Chunks from this index on are views of memory that belongs to the caller. */
  #borrowed = 0;
  #length = 0;

  /** How many bytes are unread. */
  get length(): number {
    return this.#length;
  }

  /** Adds a chunk at the end; it is kept by reference until it is read, or until `keep`. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /**
   * Copies what is unread of the chunks pushed since the last call, so that the caller
   * may use their memory again. Bytes that the queue owns already are not copied again.
   */
  keep(): void {
    const chunks = this.#chunks;
    for (let i = Math.max(this.#borrowed, this.#head); i < chunks.length; i++) {
      if (i === this.#head && this.#offset > 0) {
        chunks[i] = chunks[i]!.slice(this.#offset);
        this.#offset = 0;
      } else {
        chunks[i] = chunks[i]!.slice();
      }
    }
    this.#borrowed = chunks.length;
  }

  /** The octet `at` places ahead, or -1 when there are not that many. */
  peekUint8(at: number = 0): number {
    if (at >= this.#length) return -1;
    let i = this.#head;
    let rest = at + this.#offset;
    while (rest >= this.#chunks[i]!.length) rest -= this.#chunks[i++]!.length;
    return this.#chunks[i]![rest]!;
  }

  /** The next `size` bytes without reading them, or `undefined` when there are fewer. */
  peek(size: number): Uint8Array | undefined {
    if (size > this.#length) return undefined;
    if (size === 0) return NO_BYTES;
    const first = this.#chunks[this.#head]!;
    if (size <= first.length - this.#offset) return first.subarray(this.#offset, this.#offset + size);
    return this.#join(size);
  }

  /** Reads the next `size` bytes, or nothing and `undefined` when there are fewer. */
  read(size: number): Uint8Array | undefined {
    const bytes = this.peek(size);
    if (bytes !== undefined) this.skip(size);
    return bytes;
  }

  /** Reads what is there without a copy: at least one byte if there is any, at most `max`. */
  readSome(max: number): Uint8Array {
    if (this.#length === 0 || max <= 0) return NO_BYTES;
    const first = this.#chunks[this.#head]!;
    const size = Math.min(max, first.length - this.#offset);
    const bytes = first.subarray(this.#offset, this.#offset + size);
    this.skip(size);
    return bytes;
  }

  /** Drops the next `size` bytes; throws `RangeError` when there are fewer. */
  skip(size: number): void {
    if (size > this.#length) {
      throw new RangeError(`Cannot skip ${size} bytes: there are ${this.#length}`);
    }
    this.#length -= size;
    let rest = size;
    while (rest > 0) {
      const left = this.#chunks[this.#head]!.length - this.#offset;
      if (rest < left) {
        this.#offset += rest;
        return;
      }
      rest -= left;
      this.#chunks[this.#head] = NO_BYTES;
      this.#head++;
      this.#offset = 0;
    }
    this.#compact();
  }

  /** Drops everything. */
  clear(): void {
    this.#chunks.length = 0;
    this.#head =
      this.#offset =
      this.#borrowed =
      this.#length =
        0;
  }

  /** Forgets read chunks, all at once or when they are the larger part. */
  #compact(): void {
    if (this.#length === 0) {
      this.clear();
    } else if (this.#head > 32 && this.#head > this.#chunks.length >> 1) {
      this.#chunks.splice(0, this.#head);
      this.#borrowed = Math.max(0, this.#borrowed - this.#head);
      this.#head = 0;
    }
  }

  /** Makes one chunk of the next `size` bytes, which span several. */
  #join(size: number): Uint8Array {
    const joined = new Uint8Array(size);
    let filled = 0;
    let i = this.#head;
    let offset = this.#offset;
    while (filled < size) {
      const chunk = this.#chunks[i]!;
      const part = Math.min(size - filled, chunk.length - offset);
      joined.set(chunk.subarray(offset, offset + part), filled);
      filled += part;
      offset += part;
      if (offset < chunk.length) break;
      i++;
      offset = 0;
    }
    // The chunk of the last byte may have a rest: cut it and put the joined part before it.
    if (offset > 0) this.#chunks[i] = this.#chunks[i]!.subarray(offset);
    for (let dropped = this.#head; dropped < i - 1; dropped++) this.#chunks[dropped] = NO_BYTES;
    this.#head = i - 1;
    this.#chunks[this.#head] = joined;
    this.#offset = 0;
    return joined;
  }
}
