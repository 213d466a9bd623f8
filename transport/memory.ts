/**
 * Transports whose two ends are in one process: for tests, and for a client and a
 * server that share a program. The same seed gives the same course of events.
 *
 * @module
 */

import { TransportError } from "../semantics/errors.ts";
import type { Clock } from "../shell/clock.ts";
import { joinBytes } from "../wire/join_bytes.ts";
import { directTransport } from "./direct.ts";
import { ArrivedBytes, type Chunking } from "./memory_chunks.ts";
import { MemoryLane, MemoryLink } from "./memory_link.ts";
import type { ByteTransport, TransportInfo } from "./mod.ts";
import { type Random, seededRandom } from "./random.ts";

export { type Chunking, type Clock, MemoryLink };
export { type MemoryQuicEndOptions, memoryQuicPair, type MemoryQuicPairOptions } from "./memory_quic.ts";

/** How a pair in memory behaves. */
export interface MemoryPairOptions {
  /** Where the random cuts start from. @default {1} */
  readonly seed?: number;
  /**
   * How reads are cut: as written (`whole`), one byte a read (`byte`), or anywhere, also
   * across writes (`random`). @default {"whole"}
   */
  readonly chunk?: Chunking;
  /** How long bytes are under way, in milliseconds. @default {0} */
  readonly latencyMs?: number;
  /** Where time comes from; only asked when there is latency. @default {systemClock} */
  readonly clock?: Clock;
  /** Whether the direct calls are there, or the Web Streams alone. @default {true} */
  readonly direct?: boolean;
  /** How much one direction holds before writes wait, in bytes. @default {1048576} */
  readonly bufferBytes?: number;
  /** A handle to cut, heal and break the link. @default {new MemoryLink()} */
  readonly link?: MemoryLink;
  /** The application protocol that both ends report. */
  readonly alpn?: string;
}

/**
 * Makes two byte transports that are each other's peer.
 *
 * Each end closes its half with `closeWrite()` (or `writable.close()`), both with `close()`.
 * After a `close()` this end's calls reject with `closed`; the peer reads what arrived,
 * then the end, and its writes reject with `reset`.
 *
 * @example Usage
 * ```ts
 * import { memoryPair } from "@tandem/http/transport/memory";
 * import assert from "node:assert/strict";
 *
 * const [client, server] = memoryPair({ chunk: "byte" });
 * await client.write!(new TextEncoder().encode("hi"));
 * const buffer = new Uint8Array(8);
 * assert.equal(await server.read!(buffer), 1);
 * client.close();
 * server.close();
 * ```
 */
export function memoryPair(options: MemoryPairOptions = {}): [ByteTransport, ByteTransport] {
  const link = options.link ?? new MemoryLink();
  const random = seededRandom(options.seed ?? 1);
  const up = new MemoryPipe(options, link, random);
  const down = new MemoryPipe(options, link, random);
  return [endOf(up, down, options, 0), endOf(down, up, options, 1)];
}

function endOf(
  outgoing: MemoryPipe,
  incoming: MemoryPipe,
  options: MemoryPairOptions,
  side: number,
): ByteTransport {
  const here = { hostname: "memory", port: side };
  const there = { hostname: "memory", port: 1 - side };
  const info: TransportInfo = {
    kind: "memory",
    local: here,
    remote: there,
    ...(options.alpn === undefined ? {} : { alpn: options.alpn }),
  };
  let isClosed = false;
  const calls = {
    read: (buffer: Uint8Array): Promise<number | null> => incoming.read(buffer),
    write: (bytes: Uint8Array): Promise<void> => outgoing.write(bytes.slice()),
    writev: (pieces: readonly Uint8Array[]): Promise<void> => outgoing.write(joinBytes(pieces)),
    closeWrite: (): Promise<void> => outgoing.closeWrite(),
    close(): void {
      if (isClosed) return;
      isClosed = true;
      incoming.closeByReader();
      outgoing.closeByWriter(() => incoming.receiveClose());
    },
  };
  return directTransport(calls, info, options.direct ?? true);
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

function closedHere(what: string): TransportError {
  return new TransportError("closed", `Cannot ${what}: this end is closed`, { initiator: "user" });
}

function resetByPeer(what: string): TransportError {
  return new TransportError("reset", `Cannot ${what}: the peer has closed the connection`, {
    initiator: "remote",
  });
}

/** One direction. */
class MemoryPipe {
  readonly #lane: MemoryLane;
  readonly #maxBytes: number;
  readonly #arrived: ArrivedBytes;
  /** Arrived or under way. */
  #heldBytes = 0;
  #hasEnded = false;
  #isFinished = false;
  #isReaderGone = false;
  #isWriterGone = false;
  #readError: TransportError | undefined;
  #writeError: TransportError | undefined;
  #pendingRead: PendingRead | undefined;
  #pendingWrite: PendingWrite | undefined;

  constructor(options: MemoryPairOptions, link: MemoryLink, random: Random) {
    this.#lane = new MemoryLane(
      { latencyMs: options.latencyMs ?? 0, clock: options.clock, link },
      () => this.#fail(resetByPeer("go on")),
    );
    this.#arrived = new ArrivedBytes(options.chunk ?? "whole", random);
    this.#maxBytes = options.bufferBytes ?? 1_048_576;
  }

  /** Sends `bytes`, which nobody else may touch. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#writeError !== undefined) return Promise.reject(this.#writeError);
    if (this.#isFinished) return Promise.reject(closedHere("write"));
    if (bytes.length === 0) return Promise.resolve();
    this.#heldBytes += bytes.length;
    this.#lane.send(() => {
      if (this.#readError !== undefined) return;
      this.#arrived.push(bytes);
      this.#settleRead();
    });
    if (this.#heldBytes <= this.#maxBytes) return Promise.resolve();
    return new Promise((resolve, reject) => this.#pendingWrite = { resolve, reject });
  }

  closeWrite(): Promise<void> {
    if (this.#writeError !== undefined) return Promise.reject(this.#writeError);
    this.#finish();
    return Promise.resolve();
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#readError !== undefined) return Promise.reject(this.#readError);
    if (this.#pendingRead !== undefined) {
      return Promise.reject(new TypeError("Cannot read: another read is pending"));
    }
    if (buffer.length === 0) return Promise.resolve(0);
    if (this.#arrived.length > 0) return Promise.resolve(this.#take(buffer));
    if (this.#hasEnded) return Promise.resolve(null);
    return new Promise((resolve, reject) => this.#pendingRead = { buffer, resolve, reject });
  }

  /** The end that writes has closed the whole transport; `onSeen` runs when the other end can know. */
  closeByWriter(onSeen: () => void): void {
    this.#finish();
    this.#failWrites(closedHere("write"));
    this.#lane.send(onSeen);
    this.#isWriterGone = true;
    if (this.#isReaderGone) this.#lane.close();
  }

  /** The end that reads has closed the whole transport. */
  closeByReader(): void {
    this.#failReads(closedHere("read"));
    this.#arrived.clear();
    this.#isReaderGone = true;
    if (this.#isWriterGone) this.#lane.close();
  }

  /** The end that writes has learned that the other one is gone. */
  receiveClose(): void {
    this.#failWrites(resetByPeer("write"));
  }

  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#lane.send(() => {
      this.#hasEnded = true;
      this.#settleRead();
    });
  }

  #fail(error: TransportError): void {
    this.#lane.close();
    this.#arrived.clear();
    if (!this.#hasEnded) this.#failReads(error);
    this.#failWrites(error);
  }

  #failReads(error: TransportError): void {
    this.#readError ??= error;
    this.#pendingRead?.reject(error);
    this.#pendingRead = undefined;
  }

  #failWrites(error: TransportError): void {
    this.#writeError ??= error;
    this.#pendingWrite?.reject(error);
    this.#pendingWrite = undefined;
  }

  #settleRead(): void {
    const pending = this.#pendingRead;
    if (pending === undefined) return;
    if (this.#arrived.length > 0) {
      this.#pendingRead = undefined;
      pending.resolve(this.#take(pending.buffer));
    } else if (this.#hasEnded) {
      this.#pendingRead = undefined;
      pending.resolve(null);
    }
  }

  #take(buffer: Uint8Array): number {
    const count = this.#arrived.take(buffer);
    this.#heldBytes -= count;
    if (this.#pendingWrite !== undefined && this.#heldBytes <= this.#maxBytes) {
      this.#pendingWrite.resolve();
      this.#pendingWrite = undefined;
    }
    return count;
  }
}
