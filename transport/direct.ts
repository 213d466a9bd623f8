import type { ByteTransport, TransportInfo } from "./mod.ts";

/** How much the readable half asks for at once when it is used as a Web Stream. */
const CHUNK_BYTES = 16_384;

/** The calls that a byte transport is made of. */
export interface DirectCalls {
  /** Fills `buffer`, resolves with the count, or `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Resolves when all of `bytes` was taken. */
  write(bytes: Uint8Array): Promise<void>;
  /** The same for pieces one after the other, where they need not be copied together first. */
  writev?(pieces: readonly Uint8Array[]): Promise<void>;
  /** From what size on a piece costs `writev` less than a copy, in bytes. */
  readonly minPieceBytes?: number;
  /** Ends this half. */
  closeWrite(): Promise<void>;
  /** Ends both halves; never throws. */
  close(): void;
}

/** A byte transport that shows Web Streams alone; they are made when they are touched. */
class StreamsOnly implements ByteTransport {
  readonly info: TransportInfo;
  protected readonly calls: DirectCalls;
  #readable: ReadableStream<Uint8Array> | undefined;
  #writable: WritableStream<Uint8Array> | undefined;

  constructor(calls: DirectCalls, info: TransportInfo) {
    this.calls = calls;
    this.info = info;
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#readable ??= readableOf((buffer) => this.calls.read(buffer));
  }

  get writable(): WritableStream<Uint8Array> {
    const { calls } = this;
    return this.#writable ??= new WritableStream<Uint8Array>({
      write: (bytes) => calls.write(bytes),
      close: () => calls.closeWrite(),
      abort: () => calls.close(),
    });
  }

  close(): void {
    this.calls.close();
  }
}

/** One that shows the calls as well. */
class Direct extends StreamsOnly {
  read(buffer: Uint8Array): Promise<number | null> {
    return this.calls.read(buffer);
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.calls.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.calls.closeWrite();
  }
}

/** One whose calls take pieces. */
class Gathering extends Direct {
  get minPieceBytes(): number | undefined {
    return this.calls.minPieceBytes;
  }

  writev(pieces: readonly Uint8Array[]): Promise<void> {
    return this.calls.writev!(pieces);
  }
}

/**
 * Makes a byte transport of calls.
 *
 * @param direct whether the calls are shown as well, or only the Web Streams made of them
 */
export function directTransport(calls: DirectCalls, info: TransportInfo, direct = true): ByteTransport {
  if (!direct) return new StreamsOnly(calls, info);
  return calls.writev === undefined ? new Direct(calls, info) : new Gathering(calls, info);
}

/** Makes a readable byte stream of a call that fills a buffer; `cancel` is called when its reader leaves. */
export function readableOf(
  read: (buffer: Uint8Array) => Promise<number | null>,
  cancel?: (reason: unknown) => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: CHUNK_BYTES,
    async pull(controller: ReadableByteStreamController): Promise<void> {
      const request = controller.byobRequest!;
      const count = await read(request.view as Uint8Array);
      if (count === null) {
        controller.close();
        request.respond(0);
        return;
      }
      request.respond(count);
    },
    cancel(reason: unknown): void {
      cancel?.(reason);
    },
  });
}
