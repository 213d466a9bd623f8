import { TransportError } from "../semantics/errors.ts";
import type { EngineEvent } from "../semantics/events.ts";
import type { Clock } from "../shell/clock.ts";
import { Deferred, ignore } from "../shell/deferred.ts";
import { Turns } from "../shell/turns.ts";
import type { ByteTransport } from "../transport/mod.ts";
import { giveBuffer, takeBuffer } from "../wire/buffer_pool.ts";
import { FIRST_ROOM, roomForRead } from "../wire/read_room.ts";
import type { H2Connection } from "./connection.ts";

/** What a driver tells its client or server. */
export interface H2DriverTarget {
  /** What the engine tells, oldest first; never empty. */
  receive(events: EngineEvent[]): void;
  /** Called in each turn before output is written. */
  turn?(): void;
  /** The transport failed; the engine is told afterwards. */
  lose(error: TransportError): void;
  /** All is over: no more calls, no timer, no buffer. */
  end(): void;
}

/** What one write takes: one array, or pieces for `writev`. */
type Output = Uint8Array | readonly Uint8Array[];

/** What a driver is made of. */
export interface H2DriverOptions {
  readonly transport: ByteTransport;
  readonly engine: H2Connection;
  readonly clock: Clock;
  readonly target: H2DriverTarget;
  /** Reading pauses when this much came during one write, in bytes. @default {16777216} */
  readonly maxReadDuringWriteBytes?: number;
}

/**
 * How many microtasks a turn waits before it writes: as many as a handler with native
 * objects needs for a short response, so that all responses of a turn are one write.
 */
const TURN_MICROTASKS = 8;

/** How long the last bytes and the peer's end are waited for, in milliseconds. */
const LINGER_MS = 1000;

/**
 * A peer that sends this much while it takes nothing is no longer read from. It is more
 * than the largest write and all socket buffers together, so two ends that both write
 * cannot wait for each other. Everything smaller is bounded by windows and limits.
 */
const MAX_READ_DURING_WRITE_BYTES = 16_777_216;

/**
 * Moves bytes between a transport and an engine: one read loop, one write at a time with
 * all that is to be written, one timer.
 */
export class H2Driver {
  readonly #transport: ByteTransport;
  readonly #engine: H2Connection;
  readonly #clock: Clock;
  readonly #target: H2DriverTarget;
  readonly #maxReadDuringWriteBytes: number;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  readonly #canGather: boolean;
  readonly #turns: Turns;
  /** What is being written. */
  #writing: Output | undefined;
  #readDuringWrite = 0;
  #writeEnded: Deferred<void> | undefined;
  #lastReceived: number;
  #isReadEnded = false;
  #isWriteEnded = false;
  #isLingering = false;
  #lingerTimer: unknown;
  #isEnded = false;

  constructor(options: H2DriverOptions) {
    this.#transport = options.transport;
    this.#engine = options.engine;
    this.#clock = options.clock;
    this.#target = options.target;
    this.#maxReadDuringWriteBytes = options.maxReadDuringWriteBytes ?? MAX_READ_DURING_WRITE_BYTES;
    this.#lastReceived = options.clock.now();
    const { engine } = options;
    this.#turns = new Turns({
      clock: options.clock,
      microtasks: TURN_MICROTASKS,
      turn: () => this.#turn(),
      engine,
    });
    this.#writer = options.transport.write === undefined ? options.transport.writable.getWriter() : undefined;
    this.#canGather = this.#writer === undefined && options.transport.writev !== undefined;
  }

  /** When the last byte came, by the clock. */
  get lastReceived(): number {
    return this.#lastReceived;
  }

  /** Begins to read and to write. */
  start(): void {
    const isDirect = this.#transport.read !== undefined;
    (isDirect ? this.#readDirectly() : this.#readStream()).catch((cause) => this.#lose(cause));
    this.wake();
  }

  /** Says that the engine was given something; a turn follows. */
  wake(): void {
    this.#turns.wake();
  }

  #turn(): void {
    try {
      this.#dispatch();
      this.#target.turn?.();
      this.#write();
    } catch (cause) {
      this.#lose(fault(cause));
      return;
    }
    if (this.#engine.isClosed) this.#linger();
  }

  #dispatch(): void {
    for (;;) {
      const events = this.#engine.take();
      if (events.length === 0) return;
      this.#target.receive(events);
    }
  }

  async #readDirectly(): Promise<void> {
    let buffer = takeBuffer(FIRST_ROOM);
    try {
      while (!this.#isEnded) {
        const read = await this.#transport.read!(buffer);
        if (this.#isEnded) return;
        if (read === null) return this.#receiveEnd();
        this.#receive(buffer.subarray(0, read));
        if (this.#isReadingPaused) await this.#untilWritten();
        const wanted = roomForRead(buffer.length, read, this.#engine.openExchanges === 0);
        if (wanted === buffer.length) continue;
        giveBuffer(buffer);
        buffer = takeBuffer(wanted);
      }
    } finally {
      // Nobody has a view of it any more: what was kept was copied.
      giveBuffer(buffer);
    }
  }

  async #readStream(): Promise<void> {
    const reader = this.#transport.readable.getReader();
    while (!this.#isEnded) {
      const { done, value } = await reader.read();
      if (this.#isEnded) return;
      if (done) return this.#receiveEnd();
      this.#receive(value);
      if (this.#isReadingPaused) await this.#untilWritten();
    }
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isLingering) return;
    const now = this.#clock.now();
    this.#lastReceived = now;
    if (this.#writing !== undefined) this.#readDuringWrite += bytes.length;
    this.#engine.receive(bytes, now);
    // What the events have views of is only valid until the next read.
    this.#dispatch();
    this.wake();
  }

  #receiveEnd(): void {
    this.#isReadEnded = true;
    if (this.#isLingering) {
      if (this.#writing === undefined) this.#end();
      return;
    }
    this.#engine.receiveEnd(this.#clock.now());
    this.#dispatch();
    this.wake();
  }

  get #isReadingPaused(): boolean {
    return this.#writing !== undefined && this.#readDuringWrite > this.#maxReadDuringWriteBytes;
  }

  #untilWritten(): Promise<void> {
    this.#writeEnded ??= new Deferred();
    return this.#writeEnded.promise;
  }

  #write(): void {
    if (this.#writing !== undefined || !this.#engine.hasOutput) return;
    const output = this.#takeOutput();
    // Output can end exchanges and let others send more.
    this.#dispatch();
    if (output.length === 0) return;
    this.#writing = output;
    this.#readDuringWrite = 0;
    this.#send(output).then(this.#onWritten, this.#onWriteFailed);
  }

  #takeOutput(): Output {
    if (!this.#canGather) return this.#engine.output();
    const pieces = this.#engine.outputPieces(this.#transport.minPieceBytes);
    return pieces.length === 1 ? pieces[0]! : pieces;
  }

  #send(output: Output): Promise<void> {
    if (!(output instanceof Uint8Array)) return this.#transport.writev!(output);
    return this.#writer === undefined ? this.#transport.write!(output) : this.#writer.write(output);
  }

  readonly #onWritten = (): void => {
    const output = this.#endWriting();
    // A stream may keep a chunk after the write; a direct call may not.
    if (output !== undefined && this.#writer === undefined) this.#engine.recycle(output);
    this.#turns.run();
  };

  readonly #onWriteFailed = (error: unknown): void => {
    this.#lose(error);
  };

  /** No write is under way any more; gives what it wrote. */
  #endWriting(): Output | undefined {
    const output = this.#writing;
    this.#writing = undefined;
    this.#writeEnded?.resolve();
    this.#writeEnded = undefined;
    return output;
  }

  /** Closes the transport, and lets the application have again what a write under way refers to. */
  #closeTransport(): void {
    this.#transport.close();
    const output = this.#endWriting();
    // A transport may still look at the array of a `write`; the collector gets that.
    if (output !== undefined && !(output instanceof Uint8Array)) this.#engine.recycle(output);
  }

  /** The engine is done: the last bytes leave, this half ends, and the peer's end is waited for a little. */
  #linger(): void {
    if (this.#isEnded) return;
    if (!this.#isLingering) {
      this.#isLingering = true;
      this.#lingerTimer = this.#clock.schedule(() => this.#end(), LINGER_MS);
    }
    if (this.#writing !== undefined || this.#engine.hasOutput) return;
    if (this.#isReadEnded) return this.#end();
    if (this.#isWriteEnded) return;
    this.#isWriteEnded = true;
    const closed = this.#writer === undefined ? this.#transport.closeWrite?.() : this.#writer.close();
    // Where the half cannot be closed or is closed already, the timer ends it.
    closed?.catch(ignore);
  }

  #lose(cause: unknown): void {
    if (this.#isEnded) return;
    const error = cause instanceof TransportError
      ? cause
      : new TransportError("lost", "Cannot go on: the transport failed", { initiator: "remote", cause });
    // Before anybody is told: what they had lent is theirs again.
    this.#closeTransport();
    if (!this.#engine.isClosed) {
      this.#target.lose(error);
      this.#engine.receiveEnd(this.#clock.now());
    }
    this.#end();
  }

  /** Ends the transport at once, whatever is under way. */
  abandon(error: TransportError): void {
    this.#lose(error);
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#turns.stop();
    if (this.#lingerTimer !== undefined) this.#clock.cancel(this.#lingerTimer);
    this.#closeTransport();
    this.#dispatch();
    this.#target.end();
  }
}

/** The error of a connection that a fault of this library ended; nothing that throws is expected in a turn. */
function fault(cause: unknown): TransportError {
  return new TransportError("lost", "Cannot go on: a fault in this library", { initiator: "local", cause });
}
