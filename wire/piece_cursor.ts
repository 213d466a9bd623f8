import type { ByteWriter } from "./byte_writer.ts";

/** Goes through the bytes of several pieces as if they were one. */
export class PieceCursor {
  readonly #pieces: readonly Uint8Array[];
  #index = 0;
  #offset = 0;

  /** Begins with the first byte of the first piece. */
  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces;
  }

  /** Copies the next `size` bytes, which there are. */
  copy(out: ByteWriter, size: number): void {
    for (let left = size; left > 0;) {
      const piece = this.#pieces[this.#index]!;
      const from = this.#offset;
      const to = Math.min(piece.length, from + left);
      out.bytes(piece, from, to);
      left -= to - from;
      this.#offset = to;
      if (to === piece.length) {
        this.#index++;
        this.#offset = 0;
      }
    }
  }

  /** What is left, as pieces. */
  rest(): Uint8Array[] {
    const pieces = this.#pieces.slice(this.#index);
    if (this.#offset > 0) pieces[0] = pieces[0]!.subarray(this.#offset);
    return pieces;
  }
}
