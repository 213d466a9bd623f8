import { Deferred } from "../shell/deferred.ts";
import { type QuicReceiveStream, QuicStreamError } from "../transport/mod.ts";
import { giveBuffer, takeBuffer } from "../wire/buffer_pool.ts";

/** What a receive pump tells its driver. */
export interface ReceivePumpTarget {
  /** Bytes came; they are valid during the call. */
  receive(id: number, bytes: Uint8Array, fin: boolean): void;
  /** The peer reset the stream. */
  receiveReset(id: number, code: number | undefined): void;
  /** Whether to go on reading. */
  wantsData(id: number): boolean;
  /** The stream failed by no doing of the peer; the connection should be over. */
  failed(error: unknown): void;
  /** The stream is over. */
  ended(id: number): void;
}

/** Room for heads and for streams that say little, in bytes. */
const SMALL_READ_BYTES = 2048;
/** Room once a body flows, in bytes. */
const LARGE_READ_BYTES = 65_000;

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Reads one QUIC stream to its end, as long as the engine wants data. */
export class ReceivePump {
  readonly id: number;
  readonly #stream: QuicReceiveStream;
  readonly #target: ReceivePumpTarget;
  #resumed: Deferred<void> | undefined;
  #isEnded = false;

  /** Begins to read. */
  constructor(stream: QuicReceiveStream, target: ReceivePumpTarget) {
    this.id = stream.id;
    this.#stream = stream;
    this.#target = target;
  }

  /** Reads until the stream ends. Never rejects. */
  async run(): Promise<void> {
    try {
      await (this.#stream.read === undefined ? this.#readStream() : this.#readDirectly());
    } catch (error) {
      if (this.#isEnded) return;
      if (error instanceof QuicStreamError) this.#target.receiveReset(this.id, error.wireCode);
      else this.#target.failed(error);
    }
    this.#end();
  }

  /** Goes on reading. */
  resume(): void {
    this.#resumed?.resolve();
    this.#resumed = undefined;
  }

  /** Asks the peer to send no more; nothing is reported after. */
  stop(code: number): void {
    if (this.#isEnded) return;
    this.#stream.stop(code);
    this.#end();
  }

  /** The connection is gone. */
  abandon(): void {
    this.#end();
  }

  async #readDirectly(): Promise<void> {
    let buffer = takeBuffer(SMALL_READ_BYTES);
    try {
      while (!this.#isEnded) {
        const read = await this.#stream.read!(buffer);
        if (this.#isEnded) return;
        if (read === null) return this.#target.receive(this.id, NO_BYTES, true);
        this.#target.receive(this.id, buffer.subarray(0, read), false);
        if (!this.#isEnded && !this.#target.wantsData(this.id)) await this.#pause();
        if (read < buffer.length || buffer.length >= LARGE_READ_BYTES) continue;
        giveBuffer(buffer);
        buffer = takeBuffer(LARGE_READ_BYTES);
      }
    } finally {
      giveBuffer(buffer);
    }
  }

  async #readStream(): Promise<void> {
    const reader = this.#stream.readable.getReader();
    while (!this.#isEnded) {
      const { done, value } = await reader.read();
      if (this.#isEnded) return;
      if (done) return this.#target.receive(this.id, NO_BYTES, true);
      this.#target.receive(this.id, value, false);
      if (!this.#isEnded && !this.#target.wantsData(this.id)) await this.#pause();
    }
  }

  #pause(): Promise<void> {
    this.#resumed ??= new Deferred();
    return this.#resumed.promise;
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.resume();
    this.#target.ended(this.id);
  }
}
