import { TransportError } from "../semantics/errors.ts";
import { readableOf } from "./direct.ts";
import type { ArrivedBytes } from "./memory_chunks.ts";
import { type QuicReceiveStream, type QuicSendStream, QuicStreamError } from "./mod.ts";

/** What a stream asks of its connection. */
export interface StreamWire {
  /** Runs `run` at the other end, in order with what else this stream sent that way. */
  send(run: () => void): void;
  /** Whether `reset` and `stop` carry their code, or are a FIN and a 0. */
  readonly isExact: boolean;
  /** Whether this end sees the codes of its peer. */
  readonly reportsCodes: boolean;
  /** How much may be unread at the other end before writes wait. */
  readonly windowBytes: number;
  /** Called once when this half is over at this end. */
  onDone(): void;
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** The code in the reason of an `abort` or `cancel`, as WebTransport has it; 0 without one. */
export function codeOf(reason: unknown): number {
  const code = (reason as { streamErrorCode?: unknown } | null | undefined)?.streamErrorCode;
  return typeof code === "number" ? code : 0;
}

function ended(what: string): TransportError {
  return new TransportError("closed", `Cannot ${what}: this half is over`, { initiator: "user" });
}

/** The half that writes. `peer` is the half that reads, at the other end. */
export class MemorySend implements QuicSendStream {
  readonly id: number;
  readonly write?: (bytes: Uint8Array) => Promise<void>;
  readonly finish?: () => Promise<void>;
  priority?: number;
  onStopped?: ((code: number | undefined) => void) | undefined;
  readonly #wire: StreamWire;
  readonly #peer: () => MemoryReceive;
  #unreadBytes = 0;
  #error: Error | undefined;
  #isOver = false;
  #pending: Waiting<void> | undefined;
  #writable: WritableStream<Uint8Array> | undefined;
  #controller: WritableStreamDefaultController | undefined;

  constructor(id: number, wire: StreamWire, peer: () => MemoryReceive, direct: boolean) {
    this.id = id;
    this.#wire = wire;
    this.#peer = peer;
    if (!direct) return;
    this.write = (bytes) => this.#send(bytes);
    this.finish = () => this.#finish();
  }

  get writable(): WritableStream<Uint8Array> {
    return this.#writable ??= new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        if (this.#error !== undefined) controller.error(this.#error);
      },
      write: (bytes) => this.#send(bytes),
      close: () => this.#finish(),
      abort: (reason) => this.reset(codeOf(reason)),
    });
  }

  reset(code: number): void {
    if (this.#isOver) return;
    const peer = this.#peer;
    if (this.#wire.isExact) this.#wire.send(() => peer().receiveReset(code));
    else this.#wire.send(() => peer().receiveFin());
    this.fail(ended("write"));
  }

  /** The other end has read `count` bytes. */
  receiveCredit(count: number): void {
    this.#unreadBytes -= count;
    if (this.#unreadBytes > this.#wire.windowBytes) return;
    this.#pending?.resolve();
    this.#pending = undefined;
  }

  /** The other end wants no more. */
  receiveStop(code: number): void {
    if (this.#isOver) return;
    const peer = this.#peer;
    // A stopped sender answers with a reset that repeats the code (RFC 9000 section 3.5).
    this.#wire.send(() => peer().receiveReset(code));
    const wireCode = this.#wire.reportsCodes ? code : undefined;
    const isWriting = this.#pending !== undefined;
    this.fail(new QuicStreamError("stopped", wireCode));
    if (!isWriting) this.onStopped?.(wireCode);
  }

  /** Ends this half with an error for whoever writes. */
  fail(error: Error): void {
    this.#error ??= error;
    this.#pending?.reject(this.#error);
    this.#pending = undefined;
    this.#controller?.error(this.#error);
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#wire.onDone();
  }

  #send(bytes: Uint8Array): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#isOver) return Promise.reject(ended("write"));
    if (bytes.length === 0) return Promise.resolve();
    const copy = bytes.slice();
    const peer = this.#peer;
    this.#unreadBytes += copy.length;
    this.#wire.send(() => peer().receiveBytes(copy));
    if (this.#unreadBytes <= this.#wire.windowBytes) return Promise.resolve();
    return new Promise((resolve, reject) => this.#pending = { resolve, reject });
  }

  #finish(): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#isOver) return Promise.resolve();
    const peer = this.#peer;
    this.#wire.send(() => peer().receiveFin());
    this.#end();
    return Promise.resolve();
  }
}

/** The half that reads. `peer` is the half that writes, at the other end. */
export class MemoryReceive implements QuicReceiveStream {
  readonly id: number;
  readonly read?: (buffer: Uint8Array) => Promise<number | null>;
  readonly #wire: StreamWire;
  readonly #peer: () => MemorySend;
  readonly #arrived: ArrivedBytes;
  #hasFin = false;
  #error: Error | undefined;
  #isOver = false;
  #isStopped = false;
  #pending: (Waiting<number | null> & { readonly buffer: Uint8Array }) | undefined;
  #readable: ReadableStream<Uint8Array> | undefined;

  constructor(id: number, wire: StreamWire, peer: () => MemorySend, arrived: ArrivedBytes, direct: boolean) {
    this.id = id;
    this.#wire = wire;
    this.#peer = peer;
    this.#arrived = arrived;
    if (direct) this.read = (buffer) => this.#read(buffer);
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#readable ??= readableOf(
      (buffer) => this.#read(buffer),
      (reason) => this.stop(codeOf(reason)),
    );
  }

  stop(code: number): void {
    if (this.#isStopped || this.#isOver) return;
    this.#isStopped = true;
    this.#arrived.clear();
    this.#settle(ended("read"));
    const peer = this.#peer;
    if (this.#hasFin) return this.#end();
    const wireCode = this.#wire.isExact ? code : 0;
    this.#wire.send(() => peer().receiveStop(wireCode));
  }

  /** Bytes have come. */
  receiveBytes(bytes: Uint8Array): void {
    if (this.#isOver || this.#hasFin) return;
    // Nobody will read them: give the credit back, so that the sender gets to see the stop.
    if (this.#isStopped) return this.#giveCredit(bytes.length);
    this.#arrived.push(bytes);
    this.#settle();
  }

  /** The end has come. */
  receiveFin(): void {
    if (this.#isOver) return;
    this.#hasFin = true;
    if (this.#isStopped) return this.#end();
    this.#settle();
  }

  /** A reset has come: what is unread is lost. */
  receiveReset(code: number): void {
    if (this.#isOver || this.#hasFin) return;
    this.fail(new QuicStreamError("reset", this.#wire.reportsCodes ? code : undefined));
  }

  /** Ends this half with an error; `keep` lets what has arrived be read first. */
  fail(error: Error, keep = false): void {
    if (this.#isOver) return;
    this.#error ??= error;
    if (!keep) this.#arrived.clear();
    if (!keep) this.#hasFin = false;
    this.#settle();
    this.#end();
  }

  #giveCredit(count: number): void {
    const peer = this.#peer;
    this.#wire.send(() => peer().receiveCredit(count));
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#wire.onDone();
  }

  #read(buffer: Uint8Array): Promise<number | null> {
    if (this.#pending !== undefined) {
      return Promise.reject(new TypeError("Cannot read: another read is pending"));
    }
    if (this.#isStopped) return Promise.reject(ended("read"));
    return new Promise((resolve, reject) => {
      this.#pending = { buffer, resolve, reject };
      this.#settle();
    });
  }

  #settle(error?: Error): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    const hasNews = error !== undefined || this.#arrived.length > 0 || this.#hasFin ||
      this.#error !== undefined;
    if (!hasNews) return;
    // Giving credit may bring more bytes at once: by then this read must be over.
    this.#pending = undefined;
    if (error !== undefined) pending.reject(error);
    else if (this.#arrived.length > 0) this.#fill(pending);
    else if (this.#hasFin) this.#finish(pending);
    else pending.reject(this.#error);
  }

  #fill(pending: Waiting<number | null> & { readonly buffer: Uint8Array }): void {
    const count = this.#arrived.take(pending.buffer);
    this.#giveCredit(count);
    pending.resolve(count);
  }

  #finish(pending: Waiting<number | null>): void {
    pending.resolve(null);
    this.#end();
  }
}
