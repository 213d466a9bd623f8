import type { ChunkSource } from "./body_input.ts";

/** What a stream of received bytes is fed by. */
export interface ReceivedStreamSource extends UnderlyingDefaultSource<Uint8Array> {
  /** Locks the stream, and gives what takes its place; `undefined` where a part was read. */
  passOn(): ChunkSource | undefined;
}

/** The stream of a body that this library received: known again when it is sent on, which then costs one copy less. */
export class ReceivedStream extends ReadableStream<Uint8Array> {
  readonly #source: ReceivedStreamSource;

  /** A stream that asks for a piece only when it is read. */
  constructor(source: ReceivedStreamSource) {
    super(source, { highWaterMark: 0 });
    this.#source = source;
  }

  /** Opens a stream by its own source, if it has one and nobody has read from it. */
  static sourceOf(stream: ReadableStream<Uint8Array>): ChunkSource | undefined {
    return #source in stream ? stream.#source.passOn() : undefined;
  }
}
