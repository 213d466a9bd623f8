import { Deferred, ignore } from "../shell/deferred.ts";
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

/**
 * How many microtasks the first bytes of a request stream wait for what may be right behind
 * them: QUIC reads give the end of a stream by itself, and a head with its end is a whole message.
 */
const FIRST_READ_MICROTASKS = 10;

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
    if (this.#isRequest && !(await this.#readHead())) return;
    await (this.#stream.next === undefined ? this.#readInto() : this.#readLent());
  }

  /** Reads the rest into buffers of this end. */
  async #readInto(): Promise<void> {
    let buffer = takeBuffer(SMALL_READ_BYTES);
    try {
      while (!this.#isEnded) {
        const read = await this.#stream.read!(buffer);
        if (this.#isEnded) return;
        if (read === null) return this.#target.receive(this.id, NO_BYTES, true);
        await this.#pass(buffer.subarray(0, read));
        if (read < buffer.length || buffer.length >= LARGE_READ_BYTES) continue;
        giveBuffer(buffer);
        buffer = takeBuffer(LARGE_READ_BYTES);
      }
    } finally {
      giveBuffer(buffer);
    }
  }

  /** Reads the rest in the memory of the transport, which saves a copy. */
  async #readLent(): Promise<void> {
    while (!this.#isEnded) {
      const bytes = await this.#stream.next!();
      if (this.#isEnded) return;
      if (bytes === null) return this.#target.receive(this.id, NO_BYTES, true);
      const pause = this.#pass(bytes);
      if (pause !== undefined) await pause;
    }
  }

  async #readHead(): Promise<boolean> {
    const buffer = takeBuffer(SMALL_READ_BYTES);
    try {
      return await this.#readFirst(buffer);
    } finally {
      giveBuffer(buffer);
    }
  }

  /** Reads the first bytes, with what is right behind them; says whether there is more to read. */
  async #readFirst(buffer: Uint8Array): Promise<boolean> {
    for (let length = 0; length < buffer.length;) {
      const reading = this.#stream.read!(buffer.subarray(length));
      const isLate = length > 0 && !(await isSoon(reading));
      // The read under way fills what is behind.
      if (isLate && !this.#isEnded) await this.#pass(buffer.subarray(0, length));
      const read = await reading;
      if (this.#isEnded) return false;
      if (read === null) {
        this.#target.receive(this.id, isLate ? NO_BYTES : buffer.subarray(0, length), true);
        return false;
      }
      length += read;
      if (!isLate) continue;
      await this.#pass(buffer.subarray(length - read, length));
      return true;
    }
    await this.#pass(buffer);
    return true;
  }

  async #readStream(): Promise<void> {
    const reader = this.#stream.readable.getReader();
    let next = reader.read();
    for (let isFirst = this.#isRequest;; isFirst = false) {
      const { done, value } = await next;
      if (this.#isEnded) return;
      if (done) return this.#target.receive(this.id, NO_BYTES, true);
      next = reader.read();
      next.catch(ignore);
      if (isFirst && await isSoon(next) && (await next).done) {
        return this.#target.receive(this.id, value, true);
      }
      await this.#pass(value);
    }
  }

  get #isRequest(): boolean {
    return this.id % 4 < 2;
  }

  /** Passes bytes on; a promise where reading has to wait. */
  #pass(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#isEnded) return;
    this.#target.receive(this.id, bytes, false);
    if (!this.#isEnded && !this.#target.wantsData(this.id)) return this.#pause();
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

/** Says whether a promise is fulfilled within a few microtasks. */
async function isSoon(promise: Promise<unknown>): Promise<boolean> {
  let isFulfilled = false;
  promise.then(() => isFulfilled = true, ignore);
  for (let i = 0; i < FIRST_READ_MICROTASKS && !isFulfilled; i++) await undefined;
  return isFulfilled;
}
