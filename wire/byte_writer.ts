import { giveBuffer, NO_BYTES, takeBuffer } from "./buffer_pool.ts";

/** Below this many bytes a loop copies as fast as a call. */
const SHORT_COPY = 32;

/** How many buffers that were taken a writer remembers, so as to accept them back. */
const MAX_TAKEN = 8;

/** An output is expected to be as large as the one before, up to this size, in bytes. */
const MAX_EXPECTED = 32_768;

/**
 * Collects output in one growing buffer, big endian.
 *
 * Buffers come from a pool shared by all writers, so an idle one holds nothing.
 * Codecs that write many bytes call `reserve` once, then store into `buffer` from
 * `position` on, and set `position`; any later call may replace `buffer`.
 */
export class ByteWriter {
  /** The bytes written so far, up to `position`, and room behind them. */
  buffer: Uint8Array<ArrayBuffer> = NO_BYTES;
  /** Where the next byte goes. */
  position = 0;
  /** Whole buffers behind the views handed out, oldest first. */
  readonly #taken: Uint8Array<ArrayBuffer>[] = [];
  /** Room that the first buffer of the next output has at least, so that it need not grow. */
  #expected = 0;

  /** How many bytes are written and not taken. */
  get length(): number {
    return this.position;
  }

  /** Makes sure that `bytes` more can be stored into `buffer`. */
  reserve(bytes: number): void {
    const needed = this.position + bytes;
    if (needed > this.buffer.length) this.#grow(needed);
  }

  #grow(needed: number): void {
    const old = this.buffer;
    const buffer = takeBuffer(Math.max(needed, old.length === 0 ? this.#expected : old.length << 1));
    if (this.position > 0) buffer.set(old.subarray(0, this.position));
    this.buffer = buffer;
    if (old.length > 0) giveBuffer(old);
  }

  /** Writes one octet. */
  uint8(value: number): void {
    if (this.position === this.buffer.length) this.#grow(this.position + 1);
    this.buffer[this.position++] = value;
  }

  /** Writes two octets. */
  uint16(value: number): void {
    this.reserve(2);
    const { buffer, position } = this;
    buffer[position] = value >>> 8;
    buffer[position + 1] = value;
    this.position = position + 2;
  }

  /** Writes three octets. */
  uint24(value: number): void {
    this.reserve(3);
    const { buffer, position } = this;
    buffer[position] = value >>> 16;
    buffer[position + 1] = value >>> 8;
    buffer[position + 2] = value;
    this.position = position + 3;
  }

  /** Writes four octets. */
  uint32(value: number): void {
    this.reserve(4);
    const { buffer, position } = this;
    buffer[position] = value >>> 24;
    buffer[position + 1] = value >>> 16;
    buffer[position + 2] = value >>> 8;
    buffer[position + 3] = value;
    this.position = position + 4;
  }

  /** Copies `bytes`, or the part from `start` to `end`. */
  bytes(bytes: Uint8Array, start: number = 0, end: number = bytes.length): void {
    const size = end - start;
    if (size <= 0) return;
    this.reserve(size);
    const { buffer, position } = this;
    if (size <= SHORT_COPY) {
      for (let i = 0; i < size; i++) buffer[position + i] = bytes[start + i]!;
    } else {
      buffer.set(size === bytes.length ? bytes : bytes.subarray(start, end), position);
    }
    this.position = position + size;
  }

  /** Writes one octet a character; throws `TypeError` for a character above 255. */
  latin1(text: string): void {
    const size = text.length;
    this.reserve(size);
    const { buffer, position } = this;
    let all = 0;
    for (let i = 0; i < size; i++) {
      const code = text.charCodeAt(i);
      all |= code;
      buffer[position + i] = code;
    }
    if (all > 255) throw new TypeError("Cannot write a string: a character is above 255");
    this.position = position + size;
  }

  /** Overwrites one octet at `at`, which counts from the start of what is not taken. */
  patchUint8(at: number, value: number): void {
    this.#check(at, 1);
    this.buffer[at] = value;
  }

  /** Overwrites three octets at `at`. */
  patchUint24(at: number, value: number): void {
    this.#check(at, 3);
    const buffer = this.buffer;
    buffer[at] = value >>> 16;
    buffer[at + 1] = value >>> 8;
    buffer[at + 2] = value;
  }

  /** Overwrites four octets at `at`. */
  patchUint32(at: number, value: number): void {
    this.#check(at, 4);
    const buffer = this.buffer;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
  }

  #check(at: number, size: number): void {
    if (at < 0 || at + size > this.position) {
      throw new RangeError(`Cannot patch ${size} octets at ${at}: ${this.position} are written`);
    }
  }

  /** Hands over what was written; the writer then holds no buffer. `give` brings it back. */
  take(): Uint8Array<ArrayBuffer> {
    if (this.position === 0) return NO_BYTES;
    const { buffer, position } = this;
    this.buffer = NO_BYTES;
    this.position = 0;
    this.#expected = Math.min(position, MAX_EXPECTED);
    if (this.#taken.length === MAX_TAKEN) this.#taken.shift();
    this.#taken.push(buffer);
    return buffer.subarray(0, position);
  }

  /**
   * Returns what `take` handed over, for re-use: nobody may read it any more. Anything
   * else, and the same a second time, is ignored.
   */
  give(view: Uint8Array): void {
    const taken = this.#taken;
    for (let i = 0; i < taken.length; i++) {
      const buffer = taken[i]!;
      if (buffer.buffer !== view.buffer) continue;
      taken.splice(i, 1);
      if (buffer.length === 0) return; // was transferred away
      giveBuffer(buffer);
      return;
    }
  }

  /** Forgets what was written and gives the buffer back to the pool. */
  clear(): void {
    this.position = 0;
    if (this.buffer.length === 0) return;
    giveBuffer(this.buffer);
    this.buffer = NO_BYTES;
  }
}
