import { encodeText } from "./encode_text.ts";
import { ignore } from "./deferred.ts";
import { ReceivedStream } from "./received_stream.ts";

/**
 * What a body can be made from. Bytes belong to the exchange until it says that they are free: the
 * promise of `reply` or `respond` at a server, `closed` at a client, however it settles. The chunks
 * of a stream or an iterable are given away for good. The stream of a received body that nobody has read from is
 * sent on without a copy of its own.
 */
export type BodyInput =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | null
  | undefined;

/** How a whole body is taken. */
export interface WholeBodyOptions {
  /** A larger body is given up: the promise rejects with `RangeError`. @default {Infinity} */
  readonly maxBytes?: number;
}

/**
 * Looks at the next piece of a body. The piece lies in memory of the connection: it is only valid
 * until this returns, and is not to be written to.
 */
export type ChunkVisitor = (chunk: Uint8Array) => void;

/** A piece of a body, or its end; the shape of a reader's answer. */
export interface ChunkResult {
  /** Whether the source has ended. */
  readonly done: boolean;
  /** The next bytes, unless it has. */
  readonly value?: Uint8Array | undefined;
}

/** Who is given the pieces of a body: one call for each time that it asks. */
export interface ChunkSink {
  /** Takes the next piece, which is its own, or the end. */
  readonly onChunk: (result: ChunkResult) => void;
  /** Takes a copy of the next pieces, which are only valid until this returns. */
  readonly onPieces: (pieces: readonly Uint8Array[]) => void;
  /** The body was cut off. */
  readonly onFailure: (error: unknown) => void;
}

/** A body that comes piece by piece. */
export interface ChunkSource {
  /** Asks for the next piece; one call of `sink` follows, never during this one. */
  pull(sink: ChunkSink): void;
  /** Says that no more is wanted; a call that is owed still follows. Never throws. */
  cancel(reason: unknown): void;
}

/** Bytes that are all there, or `undefined` for a body that comes piece by piece. `null` is no body. */
export function wholeBody(body: BodyInput): Uint8Array | null | undefined {
  if (body === null || body === undefined) return null;
  if (typeof body === "string") return encodeText(body);
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  return undefined;
}

/** Throws `TypeError` for what is no body that comes piece by piece, or is locked; touches nothing. */
export function checkChunks(body: BodyInput): void {
  if (body instanceof Blob) return;
  if (body instanceof ReadableStream) {
    if (body.locked) throw new TypeError("Cannot send the body: the stream is locked");
    return;
  }
  if (typeof body === "object" && body !== null && Symbol.asyncIterator in body) return;
  throw new TypeError("Cannot send the body: it is no text, bytes, Blob, stream or async iterable");
}

/** Opens a body that comes piece by piece; takes the lock of a stream. Throws `TypeError` for what is no body. */
export function openChunks(body: BodyInput): ChunkSource {
  checkChunks(body);
  if (body instanceof Blob) return new StreamChunks(body.stream());
  if (body instanceof ReadableStream) return ReceivedStream.sourceOf(body) ?? new StreamChunks(body);
  return new IteratorChunks((body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]());
}

/** Drops a body that is not going to be sent: cancels a stream, ends an iterable. */
export function dropBody(body: BodyInput, reason: unknown): void {
  if (body instanceof ReadableStream) {
    if (!body.locked) body.cancel(reason).catch(ignore);
  } else if (typeof body === "object" && body !== null && Symbol.asyncIterator in body) {
    new IteratorChunks((body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()).cancel();
  }
}

/** The pieces of a stream. */
class StreamChunks implements ChunkSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(readable: ReadableStream<Uint8Array>) {
    this.#reader = readable.getReader();
  }

  pull(sink: ChunkSink): void {
    this.#reader.read().then(sink.onChunk, sink.onFailure);
  }

  cancel(reason: unknown): void {
    this.#reader.cancel(reason).catch(ignore);
  }
}

/** The pieces of an iterable. */
class IteratorChunks implements ChunkSource {
  readonly #iterator: AsyncIterator<Uint8Array>;

  constructor(iterator: AsyncIterator<Uint8Array>) {
    this.#iterator = iterator;
  }

  pull(sink: ChunkSink): void {
    this.#next().then(sink.onChunk, sink.onFailure);
  }

  async #next(): Promise<ChunkResult> {
    const { done, value } = await this.#iterator.next();
    return done === true ? { done: true } : { done: false, value };
  }

  cancel(): void {
    // What fails while it is told to stop concerns nobody any more.
    Promise.resolve().then(() => this.#iterator.return?.()).catch(ignore);
  }
}
