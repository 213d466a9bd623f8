/** What an entry costs beside its name and value, in bytes (RFC 9204 section 3.2.1). */
export const ENTRY_OVERHEAD_BYTES = 32;

/**
 * The dynamic table as the decoder keeps it: a ring of entries by absolute index
 * (RFC 9204 section 3.2). It grows with use and never holds more than its capacity.
 */
export class DecoderTable {
  /** Names and values in turn; entry `abs` stands at `2 * (abs & mask)`. */
  flat: string[] = new Array(16).fill("");
  /** Entries of the ring less one; the number of entries is a power of two. */
  mask = 7;
  /** How many entries were ever inserted; the next one gets this absolute index. */
  insertCount = 0;
  /** How many entries were evicted: the absolute index of the oldest that is left. */
  dropped = 0;
  /** Size of the entries, in bytes. */
  size = 0;
  #capacity = 0;

  /** What the entries may take, in bytes. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Changes the capacity and evicts what no longer fits (RFC 9204 section 3.2.2). */
  setCapacity(bytes: number): void {
    this.#capacity = bytes;
    this.#evictTo(bytes);
  }

  /** Adds an entry after evicting what stands in its way; says whether it fits at all. */
  insert(name: string, value: string): boolean {
    const bytes = name.length + value.length + ENTRY_OVERHEAD_BYTES;
    if (bytes > this.#capacity) return false;
    this.#evictTo(this.#capacity - bytes);
    if (this.insertCount - this.dropped > this.mask) this.#grow();
    const at = 2 * (this.insertCount & this.mask);
    this.flat[at] = name;
    this.flat[at + 1] = value;
    this.insertCount++;
    this.size += bytes;
    return true;
  }

  #evictTo(bytes: number): void {
    while (this.size > bytes) {
      const at = 2 * (this.dropped & this.mask);
      this.size -= this.flat[at]!.length + this.flat[at + 1]!.length + ENTRY_OVERHEAD_BYTES;
      this.flat[at] = "";
      this.flat[at + 1] = "";
      this.dropped++;
    }
  }

  #grow(): void {
    const mask = 2 * this.mask + 1;
    const flat: string[] = new Array(2 * (mask + 1)).fill("");
    for (let index = this.dropped; index < this.insertCount; index++) {
      flat[2 * (index & mask)] = this.flat[2 * (index & this.mask)]!;
      flat[2 * (index & mask) + 1] = this.flat[2 * (index & this.mask) + 1]!;
    }
    this.flat = flat;
    this.mask = mask;
  }
}
