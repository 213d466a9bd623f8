/** A declared length is believed up to this many bytes before any of them has arrived. */
const MAX_TRUSTED_BYTES = 1_048_576;

/** Collects a body into one array; a declared length, when it is kept, saves all further copies. */
export class Collector {
  #bytes: Uint8Array<ArrayBuffer>;
  #used = 0;
  readonly #declared: number;

  /** `declared` is the content length, or -1. */
  constructor(declared: number) {
    this.#declared = declared;
    this.#bytes = new Uint8Array(Math.max(0, Math.min(declared, MAX_TRUSTED_BYTES)));
  }

  /** Bytes so far. */
  get length(): number {
    return this.#used;
  }

  /** Copies what arrived. */
  add(data: Uint8Array): void {
    const needed = this.#used + data.length;
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#bytes.set(data, this.#used);
    this.#used = needed;
  }

  /** The whole, in an array of exactly its size. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes;
    return this.#used === bytes.length ? bytes : bytes.slice(0, this.#used);
  }

  #grow(needed: number): void {
    let size = Math.max(needed, this.#bytes.length * 2, 4096);
    if (this.#declared >= needed) size = Math.min(size, this.#declared);
    const grown = new Uint8Array(size);
    grown.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = grown;
  }
}
