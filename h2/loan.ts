import type { EngineEvent } from "../semantics/events.ts";
import type { Stream } from "./stream.ts";

/** Content from this size on is referred to, unless a transport says otherwise; below, a copy costs less, in bytes. */
export const MIN_LENT_BYTES = 8192;

/** Stands for all that is empty; nothing is ever added to it. */
const NOTHING: never[] = [];

/**
 * What one output has on loan from the application: content that it refers to where it lies,
 * and the events that give that memory back, which wait until the output was recycled.
 *
 * Only one output at a time has a loan; those that are taken meanwhile copy.
 */
export class Loan {
  /** The number of the output that has the loan; -1 while none has. */
  #epoch = -1;
  /** Whether the output that is being made may refer to content. */
  isWanted = false;
  /** From what size on content is referred to, in bytes. */
  minBytes = MIN_LENT_BYTES;
  /** Content that the output which is being made refers to, in bytes. */
  bytes = 0;
  /** What the output that is being made refers to; made when something is lent. */
  #chunks: Uint8Array[] = NOTHING;
  /** Where each chunk belongs among the engine's own octets. */
  #cuts: number[] = NOTHING;
  #pieces: readonly Uint8Array[] = NOTHING;
  #held: EngineEvent[] = NOTHING;

  /** Whether an output refers to content of the stream; without one, to any. */
  has(stream?: Stream): boolean {
    return this.#epoch >= 0 && (stream === undefined || stream.lentIn === this.#epoch);
  }

  /** The output that is made next may refer to content of `minBytes` and more, unless another one does. */
  begin(minBytes: number): void {
    this.minBytes = minBytes;
    this.isWanted = !this.has();
  }

  /** Refers to a part of a chunk, after `at` octets of the engine's own in output number `epoch`. */
  add(stream: Stream, epoch: number, at: number, chunk: Uint8Array, from: number, to: number): void {
    stream.lentIn = this.#epoch = epoch;
    if (this.#chunks === NOTHING) {
      this.#chunks = [];
      this.#cuts = [];
    }
    this.#chunks.push(chunk.subarray(from, to));
    this.#cuts.push(at);
    this.bytes += to - from;
  }

  /** Makes the pieces of the output; the first is the engine's own. */
  take(own: Uint8Array): readonly Uint8Array[] {
    this.isWanted = false;
    this.bytes = 0;
    if (own.length === 0) return NOTHING;
    if (this.#chunks.length === 0) return [own];
    const pieces: Uint8Array[] = [];
    let from = 0;
    for (let i = 0; i < this.#chunks.length; i++) {
      const at = this.#cuts[i]!;
      if (at > from) pieces.push(own.subarray(from, at));
      pieces.push(this.#chunks[i]!);
      from = at;
    }
    if (from < own.length) pieces.push(from === 0 ? own : own.subarray(from));
    this.#chunks.length = this.#cuts.length = 0;
    this.#pieces = pieces;
    return pieces;
  }

  /** Keeps an event until the loan is over. */
  hold(event: EngineEvent): void {
    if (this.#held === NOTHING) this.#held = [];
    this.#held.push(event);
  }

  /** Ends the loan, if these are its pieces, and tells what was held. */
  end(pieces: readonly Uint8Array[], events: EngineEvent[]): void {
    if (!this.has() || pieces !== this.#pieces) return;
    this.#epoch = -1;
    this.#pieces = NOTHING;
    for (let i = 0; i < this.#held.length; i++) events.push(this.#held[i]!);
    this.#held = NOTHING;
  }
}
