import { NO_BYTES } from "../wire/buffer_pool.ts";
import { Flag, FRAME_HEADER_BYTES } from "./constants.ts";

/** What becomes of a frame, decided by its header. */
export const FrameAction = {
  /** Nothing more is read: the connection is over. */
  STOP: 0,
  /** The payload is wanted whole. */
  GATHER: 1,
  /** The payload is wanted in pieces as it comes (DATA). */
  PIECES: 2,
  /** The payload is passed over. */
  SKIP: 3,
} as const;

/** What becomes of a frame. */
export type FrameAction = typeof FrameAction[keyof typeof FrameAction];

/** Who takes the frames. After each call it may be over: `isStopped`. */
export interface FrameSink {
  /** Whether nothing more is to be read. */
  readonly isStopped: boolean;
  /** Judges a frame by its header, before anything of its payload is kept. */
  receiveFrameHeader(type: number, flags: number, stream: number, length: number): FrameAction;
  /** Takes a whole payload, `bytes` from `start` to `end`, valid during the call. */
  receiveFrame(
    type: number,
    flags: number,
    stream: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** Takes the start of a DATA frame: `content` octets come, after `length - content` of padding. */
  receiveDataStart(stream: number, flags: number, length: number, content: number): void;
  /** Takes the next piece of a DATA frame; `isLast` when none follows. Empty only when the frame is. */
  receiveDataPiece(bytes: Uint8Array, start: number, end: number, isLast: boolean): void;
  /** The padding of a DATA frame is not shorter than its payload. */
  receiveBadPadding(stream: number): void;
}

/** Where in a frame the reader is; apart from where a message is. */
type Position = "header" | "payload" | "pad length" | "content" | "skip";

/**
 * Takes bytes apart into frames (RFC 9113 section 4.1). Frames that lie whole in what
 * arrives are read in place; of others only the part that is there is kept, never more
 * than the sink has agreed to by the header. DATA is passed on piece by piece.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  /** What is there of a header that is not whole; made when one comes in two reads. */
  #header: Uint8Array = NO_BYTES;
  #headerBytes = 0;
  #position: Position = "header";
  #type = 0;
  #flags = 0;
  #stream = 0;
  #length = 0;
  /** Octets of the present part that have not come. */
  #left = 0;
  /** Octets of padding behind the content. */
  #padding = 0;
  #kept: Uint8Array | undefined;
  #keptBytes = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Whether a frame has begun and is not whole. */
  get isMidFrame(): boolean {
    return this.#position !== "header" || this.#headerBytes > 0;
  }

  /** Whether a frame other than DATA, or a header, has begun and is not whole. */
  get isMidControl(): boolean {
    return this.#position === "payload" || this.#headerBytes > 0;
  }

  /** Takes the next bytes, from `at` on. */
  receive(bytes: Uint8Array, at: number): void {
    const sink = this.#sink;
    const size = bytes.length;
    while (at < size) {
      if (this.#position === "header") {
        // The quick way: the header lies whole in what arrived.
        if (this.#headerBytes === 0 && size - at >= FRAME_HEADER_BYTES) {
          this.#readHeader(bytes, at);
          at += FRAME_HEADER_BYTES;
        } else {
          if (this.#headerBytes === 0) this.#header = new Uint8Array(FRAME_HEADER_BYTES);
          while (at < size && this.#headerBytes < FRAME_HEADER_BYTES) {
            this.#header[this.#headerBytes++] = bytes[at++]!;
          }
          if (this.#headerBytes < FRAME_HEADER_BYTES) return;
          this.#headerBytes = 0;
          this.#readHeader(this.#header, 0);
        }
        const length = this.#length;
        const action = sink.receiveFrameHeader(this.#type, this.#flags, this.#stream, length);
        if (sink.isStopped) return;
        if (size - at >= length && this.#takeWhole(action, bytes, at)) {
          at += length;
          if (sink.isStopped) return;
          continue;
        }
        this.#begin(action);
        if (sink.isStopped) return;
      }
      if (this.#position === "header") continue;
      at = this.#readPayload(bytes, at);
      if (sink.isStopped) return;
    }
  }

  #readHeader(bytes: Uint8Array, at: number): void {
    this.#length = bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!;
    this.#type = bytes[at + 3]!;
    this.#flags = bytes[at + 4]!;
    this.#stream = (bytes[at + 5]! & 0x7f) << 24 | bytes[at + 6]! << 16 | bytes[at + 7]! << 8 |
      bytes[at + 8]!;
  }

  /** Hands on a payload that lies whole in what arrived; says whether it did, or it must be read in parts. */
  #takeWhole(action: FrameAction, bytes: Uint8Array, at: number): boolean {
    const sink = this.#sink;
    const end = at + this.#length;
    if (action === FrameAction.GATHER) {
      sink.receiveFrame(this.#type, this.#flags, this.#stream, bytes, at, end);
      return true;
    }
    if (action !== FrameAction.PIECES || (this.#flags & Flag.PADDED) !== 0) return false;
    sink.receiveDataStart(this.#stream, this.#flags, this.#length, this.#length);
    if (!sink.isStopped) sink.receiveDataPiece(bytes, at, end, true);
    return true;
  }

  #begin(action: FrameAction): void {
    this.#left = this.#length;
    switch (action) {
      case FrameAction.STOP:
        return;
      case FrameAction.GATHER:
        this.#position = "payload";
        return;
      case FrameAction.SKIP:
        if (this.#length > 0) this.#position = "skip";
        return;
      case FrameAction.PIECES:
        if ((this.#flags & Flag.PADDED) !== 0) this.#position = "pad length";
        else this.#beginContent(this.#length, 0);
    }
  }

  #beginContent(content: number, padding: number): void {
    this.#sink.receiveDataStart(this.#stream, this.#flags, this.#length, content);
    if (this.#sink.isStopped) return;
    this.#padding = padding;
    this.#left = content;
    if (content > 0) {
      this.#position = "content";
      return;
    }
    this.#sink.receiveDataPiece(NO_BYTES, 0, 0, true);
    this.#beginPadding();
  }

  #beginPadding(): void {
    this.#left = this.#padding;
    this.#position = this.#left > 0 ? "skip" : "header";
  }

  /** Reads as much of the payload as there is; returns where the rest begins. */
  #readPayload(bytes: Uint8Array, at: number): number {
    const room = bytes.length - at;
    switch (this.#position) {
      case "payload":
        return this.#keep(bytes, at, Math.min(room, this.#left));
      case "pad length": {
        if (room === 0) return at;
        const padding = bytes[at]!;
        if (padding >= this.#length) this.#sink.receiveBadPadding(this.#stream);
        else this.#beginContent(this.#length - 1 - padding, padding);
        return at + 1;
      }
      case "content": {
        const end = at + Math.min(room, this.#left);
        this.#left -= end - at;
        if (end > at) this.#sink.receiveDataPiece(bytes, at, end, this.#left === 0);
        if (this.#left === 0) this.#beginPadding();
        return end;
      }
      default: {
        const skipped = Math.min(room, this.#left);
        this.#left -= skipped;
        if (this.#left === 0) this.#position = "header";
        return at + skipped;
      }
    }
  }

  /** Keeps a part of a payload, in a buffer that grows with what really came. */
  #keep(bytes: Uint8Array, at: number, size: number): number {
    const total = this.#keptBytes + size;
    let kept = this.#kept;
    if (kept === undefined || kept.length < total) {
      const grown = new Uint8Array(Math.min(this.#length, Math.max(256, total * 2)));
      if (kept !== undefined) grown.set(kept.subarray(0, this.#keptBytes));
      this.#kept = kept = grown;
    }
    kept.set(bytes.subarray(at, at + size), this.#keptBytes);
    this.#keptBytes = total;
    this.#left -= size;
    if (this.#left === 0) {
      this.#kept = undefined;
      this.#keptBytes = 0;
      this.#position = "header";
      this.#sink.receiveFrame(this.#type, this.#flags, this.#stream, kept, 0, total);
    }
    return at + size;
  }
}
