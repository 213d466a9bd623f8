import { giveBuffer, takeBuffer } from "../wire/buffer_pool.ts";
import { varintSize } from "../wire/varint.ts";
import type { Command, StreamRef, WriteCommand } from "./command.ts";

/** The longest write command, in bytes; a frame larger than that is one by itself. */
const MAX_WRITE_BYTES = 65_536;
/** Room of the first buffer of a turn and of the ones after it, in bytes. */
const FIRST_BUFFER_BYTES = 3904;
const NEXT_BUFFER_BYTES = 65_344;

const NO_COMMANDS: Command[] = [];

/** A buffer that write commands are views of. */
interface Slab {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the next frame goes. */
  at: number;
  /** Write commands that the driver is not done with. */
  pending: number;
}

/** A write command under construction: its view is made when it is taken. */
interface PendingWrite {
  readonly type: "write";
  readonly stream: StreamRef;
  data: Uint8Array;
  fin: boolean;
}

/**
 * Collects commands. Frames are written whole into pooled buffers; what one stream
 * writes in a row becomes one command. A buffer goes back to the pool when the driver
 * is done with all that it carries, so an idle connection holds none.
 */
export class Outbox {
  #commands: Command[] = [];
  // Beside each command: where its bytes are, if it is a write.
  #slabs: (Slab | undefined)[] = [];
  #starts: number[] = [];
  #ends: number[] = [];
  #slab: Slab | undefined = undefined;
  readonly #byBuffer: Map<ArrayBufferLike, Slab> = new Map();
  /** Whether the bytes written last became part of the command before. */
  wasMerged = false;

  /** Whether there is anything to take. */
  get isEmpty(): boolean {
    return this.#commands.length === 0;
  }

  /** How many buffers the driver has not given back. */
  get heldBuffers(): number {
    return this.#byBuffer.size;
  }

  /** Adds a command that carries no stream bytes. */
  push(command: Exclude<Command, WriteCommand>): void {
    this.#add(command, undefined, 0, 0);
  }

  /** Writes one frame; answers how many bytes that were. */
  frame(stream: StreamRef, type: number, payload: Uint8Array, from: number, to: number): number {
    const length = to - from;
    const slab = this.#room(varintSize(type) + varintSize(length) + length);
    const start = slab.at;
    const at = putFrameHeader(slab, type, length);
    if (length > 0) slab.bytes.set(length === payload.length ? payload : payload.subarray(from, to), at);
    slab.at = at + length;
    this.#write(stream, slab, start, slab.at);
    return slab.at - start;
  }

  /** The same, but the payload is not copied: it becomes a write command of its own. */
  lentFrame(stream: StreamRef, type: number, payload: Uint8Array, from: number, to: number): number {
    const length = to - from;
    const slab = this.#room(varintSize(type) + varintSize(length));
    const start = slab.at;
    slab.at = putFrameHeader(slab, type, length);
    this.#write(stream, slab, start, slab.at);
    this.#add({ type: "write", stream, data: payload.subarray(from, to), fin: false }, undefined, 0, 0);
    return slab.at - start + length;
  }

  /** Writes bytes as they are; answers how many. */
  raw(stream: StreamRef, data: Uint8Array): number {
    if (data.length === 0) return 0;
    const slab = this.#room(data.length);
    const start = slab.at;
    slab.bytes.set(data, start);
    slab.at = start + data.length;
    this.#write(stream, slab, start, slab.at);
    return data.length;
  }

  /** Ends a stream: with its last write if that is the last command, else by a command. */
  finish(stream: StreamRef): void {
    const last = this.#commands[this.#commands.length - 1];
    if (last !== undefined && last.type === "write" && last.stream === stream) {
      (last as PendingWrite).fin = true;
      return;
    }
    this.push({ type: "finish", stream });
  }

  /** All commands since the last call, oldest first. */
  take(): Command[] {
    const commands = this.#commands;
    if (commands.length === 0) return NO_COMMANDS;
    const slabs = this.#slabs;
    for (let i = 0; i < commands.length; i++) {
      const slab = slabs[i];
      if (slab === undefined) continue;
      (commands[i] as PendingWrite).data = slab.bytes.subarray(this.#starts[i]!, this.#ends[i]!);
    }
    this.#commands = [];
    this.#slabs.length = this.#starts.length = this.#ends.length = 0;
    return commands;
  }

  /** Takes note that the driver is done with the bytes of a write command; answers whether they lay in a buffer. */
  release(data: Uint8Array): boolean {
    const current = this.#slab;
    const slab = current !== undefined && current.bytes.buffer === data.buffer
      ? current
      : this.#byBuffer.get(data.buffer);
    if (slab === undefined) return false;
    if (--slab.pending > 0) return true;
    this.#byBuffer.delete(data.buffer);
    if (slab === current) this.#slab = undefined;
    giveBuffer(slab.bytes);
    return true;
  }

  /** Forgets everything, also the buffers: the connection is over and the driver may still read them. */
  discard(): void {
    this.#slab = undefined;
    this.#byBuffer.clear();
  }

  #write(stream: StreamRef, slab: Slab, start: number, end: number): void {
    const at = this.#commands.length - 1;
    const last = this.#commands[at];
    if (
      last !== undefined && last.type === "write" && last.stream === stream && !last.fin &&
      this.#slabs[at] === slab && this.#ends[at] === start && end - this.#starts[at]! <= MAX_WRITE_BYTES
    ) {
      this.#ends[at] = end;
      this.wasMerged = true;
      return;
    }
    this.wasMerged = false;
    slab.pending++;
    const write: PendingWrite = { type: "write", stream, data: slab.bytes, fin: false };
    this.#add(write, slab, start, end);
  }

  #add(command: Command, slab: Slab | undefined, start: number, end: number): void {
    this.#commands.push(command);
    this.#slabs.push(slab);
    this.#starts.push(start);
    this.#ends.push(end);
  }

  /** A buffer with room for `size` bytes in a row. */
  #room(size: number): Slab {
    const current = this.#slab;
    if (current !== undefined && current.bytes.length - current.at >= size) return current;
    const wanted = current === undefined ? FIRST_BUFFER_BYTES : NEXT_BUFFER_BYTES;
    const slab: Slab = { bytes: takeBuffer(size > wanted ? size : wanted), at: 0, pending: 0 };
    this.#byBuffer.set(slab.bytes.buffer, slab);
    this.#slab = slab;
    return slab;
  }
}

/** Stores a frame header where the next frame goes; answers where it ends. */
function putFrameHeader(slab: Slab, type: number, length: number): number {
  return putVarint(slab.bytes, putVarint(slab.bytes, slab.at, type), length);
}

/** Stores a QUIC integer in its shortest form; answers where it ends. */
function putVarint(bytes: Uint8Array, at: number, value: number): number {
  if (value < 64) {
    bytes[at] = value;
    return at + 1;
  }
  if (value < 16_384) {
    bytes[at] = value >>> 8 | 0x40;
    bytes[at + 1] = value;
    return at + 2;
  }
  if (value < 1 << 30) {
    bytes[at] = value >>> 24 | 0x80;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    return at + 4;
  }
  const high = Math.floor(value / 2 ** 32);
  bytes[at] = high >>> 24 | 0xc0;
  bytes[at + 1] = high >>> 16;
  bytes[at + 2] = high >>> 8;
  bytes[at + 3] = high;
  bytes[at + 4] = value >>> 24;
  bytes[at + 5] = value >>> 16;
  bytes[at + 6] = value >>> 8;
  bytes[at + 7] = value;
  return at + 8;
}
