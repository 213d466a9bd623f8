import { TransportError } from "../semantics/errors.ts";
import { isEarlyDataRejection, toStreamError, toTransportError } from "./deno_errors.ts";
import { readableOf } from "./direct.ts";
import type { QuicReceiveStream, QuicSendStream } from "./mod.ts";

/** Reads begin with this much, so that a stream that waits costs little. */
const MIN_READ_BYTES = 2048;

/** Reads grow to this much while a body flows. */
const MAX_READ_BYTES = 262_144;

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
  #buffer: ArrayBuffer | undefined;
  #readBytes = MIN_READ_BYTES;
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
    this.next = () => this.#next(MAX_READ_BYTES);
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
    const bytes = await this.#next(Math.max(MIN_READ_BYTES, buffer.length));
    if (bytes === null) return null;
    const count = Math.min(bytes.length, buffer.length);
    buffer.set(count === bytes.length ? bytes : bytes.subarray(0, count));
    if (count < bytes.length) this.#rest = bytes.subarray(count);
    return count;
  }

  /** The next bytes, at least one and as many as `most`, unless they are a rest; `null` at the end. */
  async #next(most: number): Promise<Uint8Array | null> {
    if (this.#isStopped) throw ended("read");
    const rest = this.#rest;
    if (rest !== undefined) {
      this.#rest = undefined;
      return rest;
    }
    if (this.#hasEnded) return null;
    if (this.#error !== undefined) throw this.#error;
    const bytes = await this.#readChunk(most);
    if (this.#isStopped) throw ended("read");
    return bytes;
  }

  /** What Deno has next, at least one byte; `null` at the end. */
  async #readChunk(most: number): Promise<Uint8Array | null> {
    const size = Math.min(this.#readBytes, most);
    const memory = this.#buffer !== undefined && this.#buffer.byteLength >= size
      ? this.#buffer
      : new ArrayBuffer(this.#readBytes);
    this.#buffer = undefined;
    try {
      const { done, value } = await this.#reader.read(new Uint8Array(memory, 0, size));
      if (done) {
        this.#hasEnded = true;
        this.#owner.release(this);
        return null;
      }
      this.#adapt(value.length, size);
      this.#buffer = value.buffer.byteLength >= this.#readBytes ? value.buffer : undefined;
      return value;
    } catch (error) {
      this.#error = translate(error, "read");
      this.#owner.release(this);
      throw this.#error;
    }
  }

  #adapt(count: number, size: number): void {
    if (count === size) this.#readBytes = Math.min(Math.max(this.#readBytes, size * 4), MAX_READ_BYTES);
    else if (count * 16 < this.#readBytes && this.#readBytes > MIN_READ_BYTES) this.#readBytes /= 4;
  }
}
