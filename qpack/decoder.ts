import { ByteWriter } from "../wire/byte_writer.ts";
import type { DecodedSection } from "../wire/decoded_section.ts";
import { writePrefixInt } from "../wire/prefix_int.ts";
import { DecoderTable } from "./decoder_table.ts";
import { EncoderStreamReader } from "./encoder_stream_reader.ts";
import { failSection } from "./error.ts";
import { moveBytes } from "./move_bytes.ts";
import { SectionReader } from "./section_reader.ts";

/** Options of a `QpackDecoder`. */
export interface QpackDecoderOptions {
  /** SETTINGS_QPACK_MAX_TABLE_CAPACITY that was announced, in bytes. @default {0} */
  readonly maxTableBytes?: number;
  /** SETTINGS_QPACK_BLOCKED_STREAMS that was announced. @default {0} */
  readonly maxBlockedStreams?: number;
  /** Size of a section, as RFC 9114 section 4.2.2 counts it, at which it is cut, in bytes. @default {32768} */
  readonly maxListBytes?: number;
  /** Fields of a section at which it is cut. @default {100} */
  readonly maxFields?: number;
  /** Bytes of an unfinished encoder instruction. @default {131072} */
  readonly maxEncoderStreamBytes?: number;
}

/** A section that waits for entries of the table. */
interface Waiting {
  readonly section: Uint8Array;
  readonly required: number;
  /** Whether all it needs has come, so that `resume` can be called. */
  isReady: boolean;
}

/** A section is longer than anything within the limits if it is longer than this many times the limit. */
const MAX_CODED_GROWTH = 4;

/**
 * Decodes field sections (RFC 9204): the dynamic table that the peer's encoder fills,
 * sections that wait for it, and the instructions that go back.
 *
 * @example Usage
 * ```ts
 * import { QpackDecoder } from "@tandem/http/qpack";
 * import assert from "node:assert/strict";
 *
 * const decoder = new QpackDecoder({ maxTableBytes: 220, maxBlockedStreams: 1 });
 * const section = Uint8Array.of(0x02, 0x00, 0x80);
 * assert.equal(decoder.decode(4, section), "blocked");
 * const ready = decoder.receiveEncoder(Uint8Array.of(0x3f, 0xbd, 0x01, 0xc1, 0x01, 0x2f));
 * assert.deepEqual(ready, [4]);
 * assert.deepEqual(decoder.resume(4).flat, [":path", "/"]);
 * assert.deepEqual([...decoder.takeInstructions()], [0x84]);
 * ```
 */
export class QpackDecoder {
  readonly #table: DecoderTable = new DecoderTable();
  readonly #stream: EncoderStreamReader;
  readonly #sections: SectionReader;
  readonly #maxTableBytes: number;
  readonly #maxBlockedStreams: number;
  readonly #maxListBytes: number;
  readonly #waiting: Map<number, Waiting> = new Map();
  #blocked = 0;
  readonly #instructions: ByteWriter = new ByteWriter();
  /** How many inserts the peer knows that we have. */
  #knownReceived = 0;

  /** Makes a decoder; without options it takes only the static table. */
  constructor(options: QpackDecoderOptions = {}) {
    this.#maxTableBytes = options.maxTableBytes ?? 0;
    this.#maxBlockedStreams = options.maxBlockedStreams ?? 0;
    this.#maxListBytes = options.maxListBytes ?? 32_768;
    this.#stream = new EncoderStreamReader(this.#table, {
      maxTableBytes: this.#maxTableBytes,
      maxEncoderStreamBytes: options.maxEncoderStreamBytes ?? 131_072,
    });
    this.#sections = new SectionReader(this.#table, this.#maxTableBytes, {
      maxListBytes: this.#maxListBytes,
      maxFields: options.maxFields ?? 100,
    });
  }

  /** How many entries the peer inserted so far. */
  get insertCount(): number {
    return this.#table.insertCount;
  }

  /** Size of the dynamic table, in bytes (RFC 9204 section 3.2.1). */
  get tableBytes(): number {
    return this.#table.size;
  }

  /** Capacity of the dynamic table that the peer set, in bytes. */
  get tableCapacity(): number {
    return this.#table.capacity;
  }

  /** How many streams wait for entries of the table. */
  get blockedStreams(): number {
    return this.#blocked;
  }

  /** How many bytes `takeInstructions` would hand over, or a few more. */
  get instructionBytes(): number {
    return this.#instructions.length + (this.#table.insertCount > this.#knownReceived ? 1 : 0);
  }

  /**
   * Takes bytes of the peer's encoder stream, however they are cut. Answers the streams
   * whose section can be resumed now. Throws `QpackError` of the kind `encoder-stream`.
   */
  receiveEncoder(bytes: Uint8Array): number[] {
    this.#stream.receive(bytes);
    const ready: number[] = [];
    if (this.#blocked === 0) return ready;
    for (const [streamId, waiting] of this.#waiting) {
      if (waiting.isReady || waiting.required > this.#table.insertCount) continue;
      waiting.isReady = true;
      this.#blocked--;
      ready.push(streamId);
    }
    return ready;
  }

  /**
   * Decodes a whole field section, or keeps a copy of it and answers `"blocked"` when
   * it needs entries that are still to come (RFC 9204 section 2.2.1). The result may be
   * shared between calls. Throws
   * `QpackError` of the kind `decompression`, `TypeError` while the stream has a section
   * that waits.
   */
  decode(streamId: number, section: Uint8Array): DecodedSection | "blocked" {
    if (this.#waiting.size > 0 && this.#waiting.has(streamId)) {
      throw new TypeError(`Cannot decode a section of stream ${streamId}: an earlier one waits`);
    }
    const sections = this.#sections;
    sections.readPrefix(section);
    const { required } = sections;
    if (required <= this.#table.insertCount) return this.#finish(streamId, section);
    if (this.#blocked >= this.#maxBlockedStreams) {
      failSection("9204-2.1.2", `it would be one more than the ${this.#maxBlockedStreams} that may block`);
    }
    if (section.length > MAX_CODED_GROWTH * this.#maxListBytes + 1024) {
      return this.#abandon(streamId, section);
    }
    this.#waiting.set(streamId, { section: section.slice(), required, isReady: false });
    this.#blocked++;
    return "blocked";
  }

  /** Decodes the section of a stream that `receiveEncoder` named. Throws like `decode`. */
  resume(streamId: number): DecodedSection {
    const waiting = this.#waiting.get(streamId);
    if (waiting === undefined || !waiting.isReady) {
      throw new TypeError(`Cannot resume stream ${streamId}: it has no section that is ready`);
    }
    this.#waiting.delete(streamId);
    this.#sections.readPrefix(waiting.section);
    return this.#finish(streamId, waiting.section);
  }

  /**
   * Gives up a stream that was reset or is no longer read: drops the section that waits
   * and tells the peer's encoder (RFC 9204 section 2.2.2.2).
   */
  cancel(streamId: number): void {
    const waiting = this.#waiting.get(streamId);
    if (waiting !== undefined) {
      this.#waiting.delete(streamId);
      if (!waiting.isReady) this.#blocked--;
    }
    // Without a table no section can refer to it, and the peer need not be told.
    if (this.#maxTableBytes > 0) writePrefixInt(this.#instructions, 0x40, 6, streamId);
  }

  /**
   * The bytes that are to be sent on the decoder stream, in order: acknowledgements,
   * cancellations, and one increment for inserts that no acknowledgement covered.
   */
  takeInstructions(): Uint8Array {
    this.#countInserts();
    return this.#instructions.take();
  }

  /** Appends what `takeInstructions` would hand over to a writer of the caller. */
  writeInstructions(writer: ByteWriter): void {
    this.#countInserts();
    moveBytes(this.#instructions, writer);
  }

  /** Gives back bytes that `takeInstructions` handed over and that nobody reads any more. */
  recycle(bytes: Uint8Array): void {
    this.#instructions.give(bytes);
  }

  #countInserts(): void {
    const increment = this.#table.insertCount - this.#knownReceived;
    if (increment === 0) return;
    writePrefixInt(this.#instructions, 0, 6, increment);
    this.#knownReceived = this.#table.insertCount;
  }

  #finish(streamId: number, section: Uint8Array): DecodedSection {
    const sections = this.#sections;
    const decoded = sections.read(section);
    if (sections.required > 0) {
      writePrefixInt(this.#instructions, 0x80, 7, streamId);
      if (sections.required > this.#knownReceived) this.#knownReceived = sections.required;
    }
    return decoded;
  }

  /** A section so long that it cannot be within the limits is not worth keeping. */
  #abandon(streamId: number, section: Uint8Array): DecodedSection {
    this.cancel(streamId);
    const bytes = Math.floor(section.length / MAX_CODED_GROWTH);
    return { flat: [], sensitive: undefined, bytes, count: 0, tooLarge: true };
  }
}
