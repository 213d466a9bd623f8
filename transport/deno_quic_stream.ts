import { TransportError } from "../semantics/errors.ts";
import { BUFFER_OFFSET, giveBuffer, takeBuffer } from "../wire/buffer_pool.ts";
import { isEarlyDataRejection, toStreamError, toTransportError } from "./deno_errors.ts";
import { readableOf } from "./direct.ts";
import type { QuicReceiveStream, QuicSendStream } from "./mod.ts";

/**
 * How much is read at once, in bytes: little at first, so that a stream that waits costs little, and more while a
 * body flows. Each is the room of a pooled buffer.
 */
const READ_BYTES = [832, 16_192, 261_952] as const;
/** After a read that fills less than one part in so many of its room, the next has less. */
const SPARSE = 64;

/** What a connection keeps from being collected. */
export interface Kept {
  /** Its place among them; -1 for none. */
  place: number;
}

/** What a stream asks of its connection. */
export interface StreamOwner {
  /** Whether the streams show their direct calls. */
  readonly direct: boolean;
  /** Keeps `half` from being collected: Deno ends the stream of a collected object with FIN. */
  keep(half: Kept): void;
  /** Lets `half` go. */
  release(half: Kept): void;
}

/**
 * The reason for Deno's `abort` and `cancel`. Deno 2.9 ignores it (the peer sees FIN, or
 * code 0); a later one may send the code.
 */
function reasonOf(code: number): Error {
  const reason = new Error(`stream error ${code}`);
  return Object.assign(reason, { name: "WebTransportError", source: "stream", streamErrorCode: code });
}

function codeOf(reason: unknown): number {
  const code = (reason as { streamErrorCode?: unknown } | null | undefined)?.streamErrorCode;
  return typeof code === "number" ? code : 0;
}

function ended(what: string): TransportError {
  return new TransportError("closed", `Cannot ${what}: this half is over`, { initiator: "user" });
}

function translate(error: unknown, what: string): Error {
  const reset = toStreamError(error);
  if (reset !== undefined) return reset;
  if (isEarlyDataRejection(error)) {
    const message = `Cannot ${what}: the server did not take the early data`;
    return new TransportError("early-rejected", message, {
      initiator: "remote",
      retry: "refused",
      cause: error,
    });
  }
  return toTransportError(error, what);
}

/** The half that writes. */
export class DenoSend implements QuicSendStream, Kept {
  readonly id: number;
  place = -1;
  readonly write?: (bytes: Uint8Array) => Promise<void>;
  readonly finish?: () => Promise<void>;
  readonly #stream: Deno.QuicSendStream;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #owner: StreamOwner;
  #writable: WritableStream<Uint8Array> | undefined;
  #priority = 0;
  #isOver = false;
  #error: Error | undefined;

  constructor(stream: Deno.QuicSendStream, owner: StreamOwner) {
    this.id = Number(stream.id);
    this.#stream = stream;
    this.#owner = owner;
    this.#writer = stream.getWriter();
    this.#writer.closed.catch(() => {});
    this.#writer.ready.catch(() => {});
    owner.keep(this);
    if (!owner.direct) return;
    this.write = (bytes) => this.#send(bytes);
    this.finish = () => this.#finish();
  }

  get writable(): WritableStream<Uint8Array> {
    return this.#writable ??= new WritableStream<Uint8Array>({
      write: (bytes) => this.#send(bytes),
      close: () => this.#finish(),
      abort: (reason) => this.reset(codeOf(reason)),
    });
  }

  get priority(): number {
    return this.#priority;
  }

  set priority(value: number) {
    if (this.#isOver || value === this.#priority) return;
    this.#priority = value;
    try {
      this.#stream.sendOrder = value;
    } catch {
      // The stream is over already: there is nothing left to put in order.
    }
  }

  reset(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // While a write is blocked this stays pending, until the peer reads or the connection ends.
    this.#writer.abort(reasonOf(code)).catch(() => {}).finally(() => this.#owner.release(this));
  }

  async #send(bytes: Uint8Array): Promise<void> {
    if (this.#isOver) throw this.#error ?? ended("write");
    if (bytes.length === 0) return;
    try {
      await this.#writer.write(bytes as Uint8Array<ArrayBuffer>);
    } catch (error) {
      throw this.#fail(error, "write");
    }
  }

  async #finish(): Promise<void> {
    if (this.#isOver) {
      if (this.#error !== undefined) throw this.#error;
      return;
    }
    this.#isOver = true;
    try {
      await this.#writer.close();
    } catch (error) {
      throw this.#fail(error, "finish the stream");
    } finally {
      this.#owner.release(this);
    }
  }

  #fail(error: unknown, what: string): Error {
    this.#error ??= translate(error, what);
    this.#isOver = true;
    this.#owner.release(this);
    return this.#error;
  }
}

/** The half that reads. */
export class DenoReceive implements QuicReceiveStream, Kept {
  readonly id: number;
  place = -1;
  readonly read?: (buffer: Uint8Array) => Promise<number | null>;
  readonly next?: () => Promise<Uint8Array | null>;
  readonly #reader: ReadableStreamBYOBReader;
  readonly #owner: StreamOwner;
  #readable: ReadableStream<Uint8Array> | undefined;
  /** Goes to Deno with each read and comes back with what was read. */
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  /** Which of `READ_BYTES` the next read has. */
  #step = 0;
  /** What did not fit into the caller's buffer. */
  #rest: Uint8Array | undefined;
  #hasEnded = false;
  #isStopped = false;
  #error: Error | undefined;

  constructor(stream: Deno.QuicReceiveStream, owner: StreamOwner) {
    this.id = Number(stream.id);
    this.#owner = owner;
    this.#reader = stream.getReader({ mode: "byob" });
    this.#reader.closed.catch(() => {});
    owner.keep(this);
    if (!owner.direct) return;
    this.read = (buffer) => this.#read(buffer);
    this.next = () => this.#next(Infinity);
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#readable ??= readableOf(
      (buffer) => this.#read(buffer),
      (reason) => this.stop(codeOf(reason)),
    );
  }

  stop(code: number): void {
    if (this.#isStopped || this.#hasEnded || this.#error !== undefined) return;
    this.#isStopped = true;
    this.#rest = undefined;
    // While a read is pending, Deno sends nothing before that read has ended.
    this.#reader.cancel(reasonOf(code)).catch(() => {}).finally(() => this.#owner.release(this));
  }

  async #read(buffer: Uint8Array): Promise<number | null> {
    const bytes = await this.#next(buffer.length);
    if (bytes === null) return null;
    const count = Math.min(bytes.length, buffer.length);
    buffer.set(count === bytes.length ? bytes : bytes.subarray(0, count));
    if (count < bytes.length) this.#rest = bytes.subarray(count);
    return count;
  }

  /** The next bytes, at least one and no more than `most` but where that is very few; `null` at the end. */
  async #next(most: number): Promise<Uint8Array | null> {
    if (this.#isStopped) throw ended("read");
    const rest = this.#rest;
    if (rest !== undefined) {
      this.#rest = undefined;
      return rest;
    }
    if (this.#hasEnded) return null;
    if (this.#error !== undefined) throw this.#error;
    const room = this.#takeRoom(most);
    const bytes = room.length; // a read takes the view's memory away
    let result: ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;
    try {
      result = await this.#reader.read(room);
    } catch (error) {
      this.#error = translate(error, "read");
      this.#owner.release(this);
      throw this.#error;
    }
    const { done, value } = result;
    if (value !== undefined) this.#buffer = new Uint8Array(value.buffer, BUFFER_OFFSET);
    if (done) this.#end();
    else this.#adapt(value.length, bytes);
    if (this.#isStopped) throw ended("read");
    return done ? null : value;
  }

  /** Room for the next read; what the last one gave is not valid any more. */
  #takeRoom(most: number): Uint8Array<ArrayBuffer> {
    const bytes = READ_BYTES[this.#step]!;
    let buffer = this.#buffer;
    this.#buffer = undefined;
    if (buffer === undefined || buffer.length !== bytes) {
      if (buffer !== undefined) giveBuffer(buffer);
      buffer = takeBuffer(bytes);
    }
    return most < bytes ? buffer.subarray(0, Math.max(most, READ_BYTES[0])) : buffer;
  }

  #adapt(count: number, room: number): void {
    if (count === room) this.#step = Math.min(this.#step + 1, READ_BYTES.length - 1);
    else if (count * SPARSE < room) this.#step = Math.max(this.#step - 1, 0);
  }

  #end(): void {
    this.#hasEnded = true;
    if (this.#buffer !== undefined) giveBuffer(this.#buffer);
    this.#buffer = undefined;
    this.#owner.release(this);
  }
}
