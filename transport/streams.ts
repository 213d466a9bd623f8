import { TransportError } from "../semantics/errors.ts";
import type { ByteTransport, TransportInfo } from "./mod.ts";

/** A bare pair of Web Streams. */
export interface StreamPair {
  /** Bytes from the peer. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Bytes to the peer. */
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * Makes a byte transport of any pair of Web Streams: a tunnel, a WebSocketStream, a child
 * process, a compartment of another connection.
 *
 * The pair belongs to the transport from here on. There are no direct calls, so the shells
 * use the Web Streams.
 *
 * @param info what is known about the pair @default {{ kind: "streams" }}
 *
 * @example Usage
 * ```ts
 * import { streamsTransport } from "@tandem/http/transport";
 *
 * const there = new TransformStream<Uint8Array, Uint8Array>();
 * const back = new TransformStream<Uint8Array, Uint8Array>();
 * const near = streamsTransport({ readable: back.readable, writable: there.writable });
 * const far = streamsTransport({ readable: there.readable, writable: back.writable });
 * near.close();
 * far.close();
 * ```
 */
export function streamsTransport(pair: StreamPair, info: TransportInfo = { kind: "streams" }): ByteTransport {
  return new StreamsTransport(pair, info);
}

/** Holds reader and writer itself, as streams that somebody has locked cannot be closed from outside. */
class StreamsTransport implements ByteTransport {
  readonly info: TransportInfo;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ended = new AbortController();
  #isFinished = false;

  constructor(pair: StreamPair, info: TransportInfo) {
    this.info = info;
    this.#reader = pair.readable.getReader();
    this.#writer = pair.writable.getWriter();
    // Whoever reads or writes learns of failures; these two are not asked.
    this.#reader.closed.catch(() => {});
    this.#writer.closed.catch(() => {});
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => this.#onClose(() => controller.error(closedHere("read"))),
      pull: (controller) => this.#pull(controller),
      cancel: (reason) => this.#reader.cancel(reason),
    }, { highWaterMark: 0 });
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => this.#onClose(() => controller.error(closedHere("write"))),
      write: (bytes) => this.#writer.write(bytes),
      close: () => this.#finish(),
      abort: () => this.close(),
    });
  }

  close(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    const reason = closedHere("go on");
    this.#reader.cancel(reason).catch(() => {});
    if (!this.#isFinished) this.#writer.abort(reason).catch(() => {});
  }

  #onClose(call: () => void): void {
    this.#ended.signal.addEventListener("abort", call, { once: true });
  }

  #finish(): Promise<void> {
    this.#isFinished = true;
    return this.#writer.close();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const { done, value } = await this.#reader.read();
    if (this.#ended.signal.aborted) return;
    if (done) return controller.close();
    if (!(value instanceof Uint8Array)) {
      this.close();
      throw new TypeError("Cannot read: the stream gave something that is no Uint8Array");
    }
    controller.enqueue(value);
  }
}

function closedHere(what: string): TransportError {
  return new TransportError("closed", `Cannot ${what}: this end is closed`, { initiator: "user" });
}
