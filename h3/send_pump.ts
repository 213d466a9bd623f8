import { ignore } from "../shell/deferred.ts";
import type { StreamRef } from "./command.ts";
import { type QuicSendStream, QuicStreamError } from "../transport/mod.ts";

/** What a send pump tells its driver. */
export interface SendPumpTarget {
  /** A write is done, well or not: its bytes may be used again. */
  written(data: Uint8Array): void;
  /** The peer stopped the stream. */
  stopped(code: number | undefined): void;
  /** The stream failed by no doing of the peer; the connection should be over. */
  failed(error: unknown): void;
  /** The stream is over: FIN or reset was sent, or the connection is gone. */
  ended(): void;
}

interface Write {
  readonly data: Uint8Array;
  readonly fin: boolean;
}

/**
 * Writes one QUIC stream: one write at a time, in order, then FIN or a reset. Before the
 * stream is there, what is to be written waits.
 */
export class SendPump {
  /** The stream id, or what stands for it. */
  readonly id: StreamRef;
  readonly #target: SendPumpTarget;
  #stream: QuicSendStream | undefined;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #queue: Write[] = [];
  #isWriting = false;
  #isFinishing = false;
  #resetCode: number | undefined;
  #isEnded = false;
  #order: number | undefined;

  /** A pump for a stream that may not be there yet. */
  constructor(id: StreamRef, target: SendPumpTarget) {
    this.id = id;
    this.#target = target;
  }

  /** Whether nothing more can be written. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Takes the stream; what waits is written. */
  attach(stream: QuicSendStream): void {
    if (this.#resetCode !== undefined) return stream.reset(this.#resetCode);
    if (this.#isEnded) return;
    this.#stream = stream;
    if (this.#order !== undefined && "priority" in stream) stream.priority = this.#order;
    if (stream.write === undefined) {
      this.#writer = stream.writable.getWriter();
      // Errors while nothing is being written.
      this.#writer.closed.catch((error) => this.#fail(error));
    } else {
      stream.onStopped = (code) => this.#receiveStop(code);
    }
    this.#pump();
  }

  /** Writes bytes, and FIN after them when asked for. */
  write(data: Uint8Array, fin: boolean): void {
    if (this.#isEnded) {
      this.#target.written(data);
      return;
    }
    this.#queue.push({ data, fin });
    this.#pump();
  }

  /** Sends FIN after what was written. */
  finish(): void {
    if (this.#isEnded) return;
    this.#isFinishing = true;
    this.#pump();
  }

  /** Ends the stream early; what waits is dropped. */
  reset(code: number): void {
    if (this.#isEnded) return;
    this.#resetCode = code;
    this.#drop();
    this.#stream?.reset(code);
    this.#end();
  }

  /** Changes the send order. */
  prioritize(order: number): void {
    this.#order = order;
    if (this.#stream !== undefined && !this.#isEnded) this.#stream.priority = order;
  }

  /** The connection is gone: nothing is written any more. */
  abandon(): void {
    if (this.#isEnded) return;
    this.#drop();
    this.#end();
  }

  #pump(): void {
    if (this.#stream === undefined || this.#isWriting || this.#isEnded) return;
    const next = this.#queue.shift();
    if (next !== undefined) {
      this.#isWriting = true;
      const written = this.#writer === undefined
        ? this.#stream.write!(next.data)
        : this.#writer.write(next.data);
      written.then(() => this.#onWritten(next), (error) => this.#onFailed(next, error));
      return;
    }
    if (!this.#isFinishing) return;
    const finished = this.#writer === undefined ? this.#stream.finish!() : this.#writer.close();
    // A peer that has stopped the stream needs no FIN.
    finished.catch(ignore);
    this.#end();
  }

  #onWritten(write: Write): void {
    this.#isWriting = false;
    if (write.fin) this.#isFinishing = true;
    this.#target.written(write.data);
    this.#pump();
  }

  #onFailed(write: Write, error: unknown): void {
    this.#isWriting = false;
    this.#fail(error);
    this.#target.written(write.data);
  }

  /** The stream takes no more. */
  #fail(error: unknown): void {
    if (this.#isEnded) return;
    if (error instanceof QuicStreamError) return this.#receiveStop(error.wireCode);
    this.#drop();
    this.#end();
    this.#target.failed(error);
  }

  /** The peer wants no more. Who is told knows nothing yet of bytes that will not be written. */
  #receiveStop(code: number | undefined): void {
    if (this.#isEnded) return;
    this.#target.stopped(code);
    this.reset(code ?? 0);
  }

  #drop(): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const { data } of queue) this.#target.written(data);
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#target.ended();
  }
}
