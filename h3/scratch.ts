const CHUNK_BYTES = 4096;

/**
 * Joins small body pieces of one receive, so that many small frames cost one event.
 * What it gives out is valid until `reset`.
 */
export class Scratch {
  #bytes: Uint8Array | undefined;
  #at = 0;
  /** How large joined pieces may grow, in bytes. */
  static readonly MAX_JOINED: number = CHUNK_BYTES >> 1;

  /** Forgets what was joined: the views given out are no longer valid. */
  reset(): void {
    this.#at = 0;
  }

  /** Puts `next` behind `first`; copies only `next` when `first` is what was joined last. */
  join(first: Uint8Array, next: Uint8Array): Uint8Array {
    let bytes = this.#bytes ??= new Uint8Array(CHUNK_BYTES);
    const isLast = first.buffer === bytes.buffer && first.byteOffset + first.length === this.#at;
    let start = isLast ? first.byteOffset : this.#at;
    const length = first.length + next.length;
    if (start + length > CHUNK_BYTES) {
      // The views already given out keep the old chunk alive.
      bytes = this.#bytes = new Uint8Array(CHUNK_BYTES);
      bytes.set(first, 0);
      start = 0;
    } else if (!isLast) {
      bytes.set(first, start);
    }
    bytes.set(next, start + first.length);
    this.#at = start + length;
    return bytes.subarray(start, start + length);
  }
}
