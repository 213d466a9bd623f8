import type { EncoderTable } from "./encoder_table.ts";
import { failDecoderStream } from "./error.ts";

/** A section with dynamic references that the peer has not acknowledged. */
interface Section {
  /** Its Required Insert Count. */
  readonly required: number;
  /** The oldest entry that it refers to. */
  readonly oldest: number;
}

/** The sections of one stream, oldest first. */
interface Stream {
  readonly sections: Section[];
  /** The largest Required Insert Count among them. */
  required: number;
}

/**
 * The sections that are not acknowledged: they pin entries of the table, and those with
 * inserts that the peer may not have may block their stream (RFC 9204 section 2.1).
 */
export class OutstandingSections {
  readonly #table: EncoderTable;
  readonly #streams: Map<number, Stream> = new Map();
  /** Streams that may be blocked. */
  readonly #risky: Set<Stream> = new Set();
  #count = 0;

  /** Makes an empty list of sections that refer to `table`. */
  constructor(table: EncoderTable) {
    this.#table = table;
  }

  /** How many sections there are. */
  get count(): number {
    return this.#count;
  }

  /** How many streams may be blocked. */
  get riskyStreams(): number {
    return this.#risky.size;
  }

  /** Whether a stream may be blocked already. */
  isRisky(streamId: number): boolean {
    if (this.#risky.size === 0) return false;
    const stream = this.#streams.get(streamId);
    return stream !== undefined && this.#risky.has(stream);
  }

  /** Adds a section that was just encoded. */
  add(streamId: number, required: number, oldest: number): void {
    let stream = this.#streams.get(streamId);
    if (stream === undefined) {
      stream = { sections: [], required };
      this.#streams.set(streamId, stream);
    }
    stream.sections.push({ required, oldest });
    if (required > stream.required) stream.required = required;
    if (required > this.#table.knownReceived) this.#risky.add(stream);
    this.#table.pin(oldest);
    this.#count++;
  }

  /** The peer decoded the oldest section of a stream (RFC 9204 section 4.4.1). */
  acknowledge(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      failDecoderStream("9204-4.4.1", "it acknowledges a section where none is outstanding");
    }
    const section = stream.sections.shift()!;
    this.#table.unpin(section.oldest);
    this.#count--;
    if (stream.sections.length === 0) {
      this.#streams.delete(streamId);
      this.#risky.delete(stream);
    }
    if (section.required > this.#table.knownReceived) this.received(section.required);
  }

  /** The peer gave a stream up: none of its sections will be acknowledged (RFC 9204 section 4.4.2). */
  cancel(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    for (const section of stream.sections) this.#table.unpin(section.oldest);
    this.#count -= stream.sections.length;
    this.#streams.delete(streamId);
    this.#risky.delete(stream);
  }

  /** The peer is now known to have `count` inserts. */
  received(count: number): void {
    this.#table.knownReceived = count;
    for (const stream of this.#risky) {
      if (stream.required <= count) this.#risky.delete(stream);
    }
  }
}
