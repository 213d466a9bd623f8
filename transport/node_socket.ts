import type { Socket } from "node:net";
import { TransportError } from "../semantics/errors.ts";
import { freeBytes } from "../wire/free_bytes.ts";
import type { DirectCalls } from "./direct.ts";

/** How long a closed connection waits for the peer to close as well, in milliseconds. */
const LINGER_MS = 1000;

/** What the calls over a socket need to know. */
export interface NodeSocketOptions {
  /** Makes a `TransportError` of what the socket fails with. */
  readonly translate: (error: unknown, what: string) => TransportError;
  /** How much may wait unread before the socket is paused, in bytes. */
  readonly maxUnreadBytes: number;
  /** Whether `writev` is offered; of no use over TLS, which copies the pieces together. @default {false} */
  readonly canGather?: boolean;
  /** Whether nobody else sees what the socket receives, so that its memory can go back early. @default {false} */
  readonly isOwn?: boolean;
}

interface PendingRead {
  readonly buffer: Uint8Array;
  readonly resolve: (count: number | null) => void;
  readonly reject: (reason: unknown) => void;
}

interface PendingWrite {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** The direct calls over a socket of Node's, plain or TLS. */
export class NodeSocketCalls implements DirectCalls {
  /** Told of the first failure; for who waits for the handshake. */
  onFailure: ((error: unknown) => void) | undefined;
  readonly writev?: (pieces: readonly Uint8Array[]) => Promise<void>;
  readonly #socket: Socket;
  readonly #options: NodeSocketOptions;
  readonly #chunks: Uint8Array[] = [];
  #offset = 0;
  #unreadBytes = 0;
  #hasEnded = false;
  #isClosed = false;
  #error: unknown;
  #pending: PendingRead | undefined;
  #writing: PendingWrite | undefined;

  constructor(socket: Socket, options: NodeSocketOptions) {
    this.#socket = socket;
    this.#options = options;
    if (options.canGather === true) this.writev = (pieces) => this.#writePieces(pieces);
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    socket.on("end", () => this.#end());
    socket.on("error", (error: unknown) => this.#fail(error));
    socket.on("close", () => {
      this.#fail(new TransportError("reset", "The peer has broken the connection", { initiator: "remote" }));
    });
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#isClosed) return Promise.reject(this.#translate(undefined, "read"));
    if (this.#unreadBytes > 0) return Promise.resolve(this.#take(buffer));
    if (this.#hasEnded) return Promise.resolve(null);
    if (this.#error !== undefined) return Promise.reject(this.#translate(this.#error, "read"));
    return new Promise((resolve, reject) => this.#pending = { buffer, resolve, reject });
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#isClosed || this.#error !== undefined) {
      return Promise.reject(this.#translate(this.#error, "write"));
    }
    if (bytes.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#writing = { resolve, reject };
      this.#socket.write(bytes, this.#onWritten);
    });
  }

  /** One `writev` of the system, with the memory of the pieces as it is. */
  #writePieces(pieces: readonly Uint8Array[]): Promise<void> {
    if (pieces.length === 1) return this.write(pieces[0]!);
    if (this.#isClosed || this.#error !== undefined) {
      return Promise.reject(this.#translate(this.#error, "write"));
    }
    const last = pieces.length - 1;
    if (last < 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#writing = { resolve, reject };
      const socket = this.#socket;
      socket.cork();
      for (let i = 0; i < last; i++) socket.write(pieces[i]!);
      socket.write(pieces[last]!, this.#onWritten);
      socket.uncork();
    });
  }

  readonly #onWritten = (error: unknown): void => {
    const writing = this.#writing;
    this.#writing = undefined;
    if (error === undefined || error === null) writing?.resolve();
    else writing?.reject(this.#translate(error, "write"));
  };

  closeWrite(): Promise<void> {
    if (this.#isClosed || this.#error !== undefined) {
      return Promise.reject(this.#translate(this.#error, "end the sending half"));
    }
    return new Promise((resolve) => this.#socket.end(() => resolve()));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#chunks.length = 0;
    this.#unreadBytes = 0;
    const socket = this.#socket;
    const isWriting = this.#writing !== undefined;
    this.#failCalls(undefined);
    // Whose write has failed may use its bytes again, so they must not leave later.
    if (isWriting) {
      socket.destroy();
      return;
    }
    // Destroying a socket while the peer still talks would reset it, and lose what was written.
    if (this.#hasEnded || this.#error !== undefined) {
      socket.destroySoon();
      return;
    }
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => clearTimeout(timer));
    socket.once("end", () => socket.destroySoon());
    socket.resume();
    socket.end();
  }

  #receive(chunk: Uint8Array): void {
    if (this.#isClosed) return;
    const pending = this.#pending;
    this.#pending = undefined;
    // Who waits has taken all that came before.
    if (pending !== undefined && chunk.length <= pending.buffer.length) {
      const { length } = chunk;
      pending.buffer.set(chunk);
      this.#free(chunk);
      pending.resolve(length);
      return;
    }
    this.#chunks.push(chunk);
    this.#unreadBytes += chunk.length;
    if (this.#unreadBytes > this.#options.maxUnreadBytes) this.#socket.pause();
    pending?.resolve(this.#take(pending.buffer));
  }

  #end(): void {
    this.#hasEnded = true;
    this.#pending?.resolve(null);
    this.#pending = undefined;
  }

  #fail(error: unknown): void {
    this.#error ??= error;
    this.onFailure?.(error);
    this.#failCalls(error);
  }

  #failCalls(error: unknown): void {
    this.#pending?.reject(this.#translate(error, "read"));
    this.#pending = undefined;
    this.#writing?.reject(this.#translate(error, "write"));
    this.#writing = undefined;
  }

  #translate(error: unknown, what: string): TransportError {
    if (!this.#isClosed) return this.#options.translate(error, what);
    return new TransportError("closed", `Cannot ${what}: this end is closed`, {
      initiator: "user",
      cause: error,
    });
  }

  #take(buffer: Uint8Array): number {
    const first = this.#chunks[0]!;
    const count = Math.min(first.length - this.#offset, buffer.length);
    buffer.set(first.subarray(this.#offset, this.#offset + count));
    this.#offset += count;
    this.#unreadBytes -= count;
    if (this.#offset === first.length) {
      this.#chunks.shift();
      this.#offset = 0;
      this.#free(first);
    }
    if (this.#unreadBytes <= this.#options.maxUnreadBytes && this.#socket.isPaused()) this.#socket.resume();
    return count;
  }

  #free(chunk: Uint8Array): void {
    if (this.#options.isOwn === true) freeBytes(chunk);
  }
}
