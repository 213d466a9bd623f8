import { encodeText } from "./encode_text.ts";
import { ignore } from "./deferred.ts";

/**
 * What a body can be made from. Bytes belong to the exchange until it says that they are free: the
 * promise of `reply` or `respond` at a server, `closed` at a client, however it settles. The chunks
 * of a stream or an iterable are given away for good.
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

/** What one read of a body source gives; the shape of a reader's answer. */
export interface ChunkResult {
  /** Whether the source has ended. */
  readonly done: boolean;
  /** The next bytes, unless it has. */
  readonly value?: Uint8Array | undefined;
}

/** A body that comes piece by piece. */
export interface ChunkSource {
  /** Asks for the next piece. */
  read(): Promise<ChunkResult>;
  /** Says that no more is wanted. Never throws. */
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
  if (body instanceof ReadableStream) return new StreamChunks(body);
  return iteratorChunks((body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]());
}

/** Drops a body that is not going to be sent: cancels a stream, ends an iterable. */
export function dropBody(body: BodyInput, reason: unknown): void {
  if (body instanceof ReadableStream) {
    if (!body.locked) body.cancel(reason).catch(ignore);
  } else if (typeof body === "object" && body !== null && Symbol.asyncIterator in body) {
    iteratorChunks((body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()).cancel(reason);
  }
}

/** The pieces of a stream. */
class StreamChunks implements ChunkSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(readable: ReadableStream<Uint8Array>) {
    this.#reader = readable.getReader();
  }

  read(): Promise<ChunkResult> {
    return this.#reader.read();
  }

  cancel(reason: unknown): void {
    this.#reader.cancel(reason).catch(ignore);
  }
}

function iteratorChunks(iterator: AsyncIterator<Uint8Array>): ChunkSource {
  return {
    async read(): Promise<ChunkResult> {
      const { done, value } = await iterator.next();
      return done === true ? { done: true } : { done: false, value };
    },
    cancel(): void {
      // What fails while it is told to stop concerns nobody any more.
      Promise.resolve().then(() => iterator.return?.()).catch(ignore);
    },
  };
}
