import type { ExchangeId } from "../semantics/events.ts";
import { Fields, type FieldsInit } from "../semantics/fields.ts";
import type { ChunkResult, ChunkSink, ChunkSource } from "./body_input.ts";
import type { ExchangeHost } from "./host.ts";

/** A trailer section, or what makes it once the body was sent. */
export type TrailersInput = FieldsInit | (() => FieldsInit | Promise<FieldsInit>);

/** The end of a body that ends without more bytes. */
const NO_BYTES = new Uint8Array(0);

/** Where the trailers of a body come from; asked when the last byte was given. */
export type TrailersHook = () => TrailersInput | undefined;

/** Who is told how the body fared. */
export interface BodyOwner {
  /** All was given to the engine, trailers included. */
  bodySent(): void;
  /** The source failed, or the body was stopped. */
  bodyFailed(error: unknown): void;
}

/**
 * The body of a message that this end sends piece by piece.
 *
 * The source is read only while the engine says that more is welcome, so what waits is
 * bounded by `limits.maxSendBufferBytes` and one piece. Driven by callbacks: a short body
 * of a native response costs two reads and nothing else.
 */
export class OutgoingBody implements ChunkSink {
  readonly #host: ExchangeHost;
  readonly #id: ExchangeId;
  readonly #source: ChunkSource;
  readonly #trailers: TrailersHook;
  #owner: BodyOwner | undefined;
  /** Whether it waits until the engine takes more. */
  #isWaiting = false;
  #stopped: Error | undefined;

  /** A body that has not begun. `trailers` is asked at its end. */
  constructor(host: ExchangeHost, id: ExchangeId, source: ChunkSource, trailers: TrailersHook) {
    this.#host = host;
    this.#id = id;
    this.#source = source;
    this.#trailers = trailers;
  }

  /** Begins to send; `owner` is told once, never during this call. */
  start(owner: BodyOwner): void {
    this.#owner = owner;
    this.#read();
  }

  /** Sends it all. Rejects with the source's error, or with that of `stop`. */
  send(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.start({ bodySent: resolve, bodyFailed: reject });
    return promise;
  }

  #read(): void {
    this.#source.pull(this);
  }

  readonly onChunk = (result: ChunkResult): void => {
    if (this.#stopped !== undefined) return this.#fail(this.#stopped);
    try {
      if (result.done) return this.#end();
      const chunk = result.value;
      if (!(chunk instanceof Uint8Array)) {
        throw new TypeError("Cannot send the body: a chunk is no Uint8Array");
      }
      if (chunk.length > 0) this.#sent(this.#host.engine.sendBody(this.#id, chunk, false));
    } catch (error) {
      return this.#fail(error);
    }
    if (!this.#isWaiting) this.#read();
  };

  readonly onPieces = (pieces: readonly Uint8Array[]): void => {
    if (this.#stopped !== undefined) return this.#fail(this.#stopped);
    try {
      this.#sent(this.#host.engine.copyBody(this.#id, pieces));
    } catch (error) {
      return this.#fail(error);
    }
    if (!this.#isWaiting) this.#read();
  };

  readonly onFailure = (error: unknown): void => {
    this.#fail(this.#stopped ?? error);
  };

  /** The engine was given bytes, and said whether more is welcome. */
  #sent(isMoreWelcome: boolean): void {
    this.#isWaiting = !isMoreWelcome;
    this.#host.wake();
  }

  #end(): void {
    const trailers = this.#trailers();
    if (trailers !== undefined) {
      sendEnd(this.#host, this.#id, trailers, () => this.#stopped).then(
        () => this.#owner!.bodySent(),
        (error) => this.#owner!.bodyFailed(error),
      );
      return;
    }
    endBody(this.#host, this.#id);
    this.#owner!.bodySent();
  }

  #fail(error: unknown): void {
    this.#source.cancel(error);
    this.#owner!.bodyFailed(error);
  }

  /** The engine takes more again. */
  receiveDrain(): void {
    if (!this.#isWaiting || this.#stopped !== undefined) return;
    this.#isWaiting = false;
    this.#read();
  }

  /** The exchange is over: nothing more can be sent. */
  stop(error: Error): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = error;
    this.#source.cancel(error);
    if (this.#isWaiting) queueMicrotask(() => this.#fail(error));
  }
}

function endBody(host: ExchangeHost, id: ExchangeId): void {
  host.engine.sendBody(id, NO_BYTES, true);
  host.wake();
}

/** Ends a message with its trailer section, or without one; `stopped` tells whether that is still of use. */
export async function sendEnd(
  host: ExchangeHost,
  id: ExchangeId,
  trailers: TrailersInput | undefined,
  stopped: () => Error | undefined,
): Promise<void> {
  const init = typeof trailers === "function" ? await trailers() : trailers;
  const error = stopped();
  if (error !== undefined) throw error;
  const fields = init === undefined ? undefined : Fields.from(init);
  if (fields === undefined || fields.size === 0) return endBody(host, id);
  host.engine.sendTrailers(id, fields);
  host.wake();
}
