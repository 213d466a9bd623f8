import type { RuleId } from "../semantics/rules/mod.ts";
import { malformed, Violation } from "../semantics/violation.ts";
import { ByteQueue } from "../wire/byte_queue.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { readVarint, varintLength, writeVarint } from "../wire/varint.ts";

/** Types of capsules (RFC 9297 section 5.4). */
export const CapsuleType = {
  /** A datagram that came on the stream. */
  DATAGRAM: 0x00,
} as const;

/** One capsule. */
export interface Capsule {
  /** Its type; those that are not known are to be ignored. */
  readonly type: number;
  /** Its value, which is the reader's until the next `receive`. */
  readonly value: Uint8Array;
}

/** How a `CapsuleReader` is set up. */
export interface CapsuleReaderOptions {
  /** The longest value that is kept, in bytes; a longer one of a type in `wanted` is a violation. @default {65536} */
  readonly maxValueBytes?: number;
  /** The types that are kept; others are skipped without being kept. @default {[CapsuleType.DATAGRAM]} */
  readonly wanted?: readonly number[];
}

/** Octets of the longest capsule header: two integers of eight. */
const MAX_HEADER_BYTES = 16;

/**
 * Takes the bytes of a tunnel apart into capsules (RFC 9297 section 3.2), however they
 * are cut. It works on the body of an extended CONNECT of either protocol.
 *
 * @example Usage
 * ```ts
 * import { CapsuleReader, writeCapsule } from "@tandem/http/h3";
 * import assert from "node:assert/strict";
 *
 * const reader = new CapsuleReader();
 * const capsules = reader.receive(writeCapsule(0, Uint8Array.of(1, 2)));
 * assert(Array.isArray(capsules));
 * assert.deepEqual([...capsules[0]!.value], [1, 2]);
 * assert.equal(reader.receiveEnd(), undefined);
 * ```
 */
export class CapsuleReader {
  readonly #maxValueBytes: number;
  readonly #wanted: ReadonlySet<number>;
  readonly #queue: ByteQueue = new ByteQueue();
  /** Octets of a value that are skipped. */
  #skip = 0;

  /** Makes a reader for one direction of a tunnel. */
  constructor(options: CapsuleReaderOptions = {}) {
    this.#maxValueBytes = options.maxValueBytes ?? 65_536;
    this.#wanted = new Set(options.wanted ?? [CapsuleType.DATAGRAM]);
  }

  /** Takes bytes of the tunnel; answers the capsules that are whole now, or what is wrong with them. */
  receive(bytes: Uint8Array): Capsule[] | Violation {
    const queue = this.#queue;
    const found: Capsule[] = [];
    queue.push(bytes);
    for (;;) {
      if (this.#skip > 0) {
        const size = Math.min(this.#skip, queue.length);
        queue.skip(size);
        this.#skip -= size;
        if (this.#skip > 0) break;
      }
      const capsule = this.#next();
      if (capsule === undefined) break;
      if (capsule instanceof Violation) return capsule;
      if (capsule !== SKIPPED) found.push(capsule);
    }
    queue.keep();
    return found;
  }

  #next(): Capsule | Violation | undefined {
    const queue = this.#queue;
    const header = queue.peek(Math.min(queue.length, MAX_HEADER_BYTES))!;
    const type = readVarint(header, 0);
    if (type < 0) return undefined;
    const lengthAt = varintLength(header[0]!);
    const length = readVarint(header, lengthAt);
    if (length < 0) return undefined;
    const headerBytes = lengthAt + varintLength(header[lengthAt]!);
    if (!this.#wanted.has(type)) {
      queue.skip(headerBytes);
      this.#skip = length;
      return SKIPPED;
    }
    if (length > this.#maxValueBytes) return malformed(RULE, "a capsule is longer than is taken");
    if (queue.length < headerBytes + length) return undefined;
    queue.skip(headerBytes);
    return { type, value: queue.read(length)! };
  }

  /** Takes the end of the tunnel; answers what is wrong with it. */
  receiveEnd(): Violation | undefined {
    if (this.#queue.length === 0 && this.#skip === 0) return undefined;
    return malformed(RULE, "the stream ends within a capsule");
  }
}

const RULE: RuleId = "9297-3.3";
const SKIPPED: Capsule = { type: -1, value: new Uint8Array(0) };

/** Makes the bytes of one capsule, to be sent as body of a tunnel. */
export function writeCapsule(type: number, value: Uint8Array): Uint8Array {
  const writer = new ByteWriter();
  writeVarint(writer, type);
  writeVarint(writer, value.length);
  writer.bytes(value);
  const capsule = writer.buffer.slice(0, writer.position);
  writer.clear();
  return capsule;
}
