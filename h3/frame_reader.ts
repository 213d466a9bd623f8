import { readVarint, varintLength } from "../wire/varint.ts";

/** Octets of the longest frame header: two integers of eight. */
const MAX_HEADER_BYTES = 16;

/**
 * The position on a stream of frames: at a header, or within a payload that has a
 * length to be reached exactly (RFC 9114 section 7.1).
 *
 * `type` and `left` are the frame under way; the owner takes payload bytes itself and
 * lowers `left`, and calls `endFrame` when it is 0.
 */
export class FrameReader {
  /** Type of the frame under way, or -1 between frames. */
  type = -1;
  /** Octets of its payload that are still to come. */
  left = 0;
  /** The start of a header that a chunk ended in. */
  #partial: Uint8Array | undefined;
  #partialBytes = 0;

  /** Whether the stream may end here. */
  get isAtBoundary(): boolean {
    return this.type < 0 && this.#partialBytes === 0;
  }

  /**
   * Reads a header at `at`. Answers where the payload begins, or -1 when `bytes` ends
   * before that; what there was of it is kept.
   */
  readHeader(bytes: Uint8Array, at: number): number {
    if (this.#partialBytes > 0) return this.#continueHeader(bytes, at);
    const type = readVarint(bytes, at);
    if (type >= 0) {
      const lengthAt = at + varintLength(bytes[at]!);
      const length = readVarint(bytes, lengthAt);
      if (length >= 0) {
        this.type = type;
        this.left = length;
        return lengthAt + varintLength(bytes[lengthAt]!);
      }
    }
    return this.#continueHeader(bytes, at);
  }

  #continueHeader(bytes: Uint8Array, from: number): number {
    const partial = this.#partial ??= new Uint8Array(MAX_HEADER_BYTES);
    for (let at = from; at < bytes.length;) {
      partial[this.#partialBytes++] = bytes[at++]!;
      if (this.#parsePartial(partial)) return at;
    }
    return -1;
  }

  /** Whether the kept octets are exactly a header. */
  #parsePartial(partial: Uint8Array): boolean {
    const kept = this.#partialBytes;
    const typeBytes = varintLength(partial[0]!);
    if (kept <= typeBytes) return false;
    if (kept < typeBytes + varintLength(partial[typeBytes]!)) return false;
    this.type = readVarint(partial, 0);
    this.left = readVarint(partial, typeBytes);
    this.#partial = undefined;
    this.#partialBytes = 0;
    return true;
  }

  /** Says that the payload was taken whole: a header is next. */
  endFrame(): void {
    this.type = -1;
  }
}
