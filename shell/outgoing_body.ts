import type { ExchangeId } from "../semantics/events.ts";
import { Fields, type FieldsInit } from "../semantics/fields.ts";
import type { ChunkSource } from "./body_input.ts";
import { Deferred } from "./deferred.ts";
import type { ExchangeHost } from "./host.ts";

/** A trailer section, or what makes it once the body was sent. */
export type TrailersInput = FieldsInit | (() => FieldsInit | Promise<FieldsInit>);

/** The end of a body that ends without more bytes. */
const NO_BYTES = new Uint8Array(0);

/** Where the trailers of a body come from; asked when the last byte was given. */
export type TrailersHook = () => TrailersInput | undefined;

/**
 * The body of a message that this end sends piece by piece.
 *
 * The source is read only while the engine says that more is welcome, so what waits is
 * bounded by `limits.maxSendBufferBytes` and one piece.
 */
export class OutgoingBody {
  readonly #host: ExchangeHost;
  readonly #id: ExchangeId;
  readonly #source: ChunkSource;
  readonly #trailers: TrailersHook;
  #drained: Deferred<void> | undefined;
  #stopped: Error | undefined;

  /** A body that has not begun. `trailers` is asked at its end. */
  constructor(host: ExchangeHost, id: ExchangeId, source: ChunkSource, trailers: TrailersHook) {
    this.#host = host;
    this.#id = id;
    this.#source = source;
    this.#trailers = trailers;
  }

  /** Sends it all. Rejects with the source's error, or with that of `stop`. */
  async send(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#source.read();
        if (this.#stopped !== undefined) throw this.#stopped;
        if (done) break;
        if (!(value instanceof Uint8Array)) {
          throw new TypeError("Cannot send the body: a chunk is no Uint8Array");
        }
        if (value.length === 0) continue;
        const drained = this.#sendChunk(value);
        if (drained !== undefined) await drained;
      }
    } catch (error) {
      this.#source.cancel(error);
      throw error;
    }
    const trailers = this.#trailers();
    if (trailers === undefined) endBody(this.#host, this.#id);
    else await sendEnd(this.#host, this.#id, trailers, () => this.#stopped);
  }

  #sendChunk(chunk: Uint8Array): Promise<void> | undefined {
    const isMoreWelcome = this.#host.engine.sendBody(this.#id, chunk, false);
    this.#host.wake();
    if (isMoreWelcome) return undefined;
    this.#drained = new Deferred();
    return this.#drained.promise;
  }

  /** The engine takes more again. */
  receiveDrain(): void {
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.resolve();
  }

  /** The exchange is over: nothing more can be sent. */
  stop(error: Error): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = error;
    this.#source.cancel(error);
    this.#drained?.reject(error);
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
