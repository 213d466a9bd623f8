import { IdTable } from "../wire/id_table.ts";
import type { EncoderTable } from "./encoder_table.ts";
import { failDecoderStream } from "./error.ts";

/** A section with dynamic references that the peer has not acknowledged. */
interface Section {
  /** Its stream. */
  id: number;
  /** Its Required Insert Count. */
  required: number;
  /** The oldest entry that it refers to. */
  oldest: number;
  /** The next section of the same stream. */
  next: Section | undefined;
}

/** Sections that are kept to be used again. */
const MAX_SPARE = 64;

/**
 * The sections that are not acknowledged: they pin entries of the table, and those with
 * inserts that the peer may not have may block their stream (RFC 9204 section 2.1).
 */
export class OutstandingSections {
  readonly #table: EncoderTable;
  /** The oldest section of each stream. */
  readonly #streams: IdTable<Section> = new IdTable();
  /** Streams that may be blocked, in no order: a handful, as the peer allows few. */
  readonly #riskyIds: number[] = [];
  /** The insert that ends it, for each of those. */
  readonly #riskyUntil: number[] = [];
  #spare: Section | undefined;
  #spareCount = 0;
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
    return this.#riskyIds.length;
  }

  /** Whether a stream may be blocked already. */
  isRisky(streamId: number): boolean {
    return this.#riskyIds.includes(streamId);
  }

  /** Adds a section that was just encoded. */
  add(streamId: number, required: number, oldest: number): void {
    const section = this.#make(streamId, required, oldest);
    let last = this.#streams.get(streamId);
    if (last === undefined) {
      this.#streams.add(section);
    } else {
      while (last.next !== undefined) last = last.next;
      last.next = section;
    }
    if (required > this.#table.knownReceived) this.#addRisky(streamId, required);
    this.#table.pin(oldest);
    this.#count++;
  }

  /** The peer decoded the oldest section of a stream (RFC 9204 section 4.4.1). */
  acknowledge(streamId: number): void {
    const section = this.#streams.get(streamId);
    if (section === undefined) {
      failDecoderStream("9204-4.4.1", "it acknowledges a section where none is outstanding");
    }
    this.#streams.delete(streamId);
    if (section.next !== undefined) this.#streams.add(section.next);
    const { required } = section;
    this.#release(section);
    if (required > this.#table.knownReceived) this.received(required);
  }

  /** The peer gave a stream up: none of its sections will be acknowledged (RFC 9204 section 4.4.2). */
  cancel(streamId: number): void {
    let section = this.#streams.get(streamId);
    if (section === undefined) return;
    this.#streams.delete(streamId);
    const risky = this.#riskyIds.indexOf(streamId);
    if (risky >= 0) this.#removeRisky(risky);
    while (section !== undefined) {
      const next: Section | undefined = section.next;
      this.#release(section);
      section = next;
    }
  }

  /** The peer is now known to have `count` inserts. */
  received(count: number): void {
    this.#table.knownReceived = count;
    const until = this.#riskyUntil;
    for (let i = until.length - 1; i >= 0; i--) if (until[i]! <= count) this.#removeRisky(i);
  }

  #addRisky(streamId: number, required: number): void {
    const at = this.#riskyIds.indexOf(streamId);
    if (at >= 0) {
      this.#riskyUntil[at] = Math.max(required, this.#riskyUntil[at]!);
      return;
    }
    this.#riskyIds.push(streamId);
    this.#riskyUntil.push(required);
  }

  #removeRisky(at: number): void {
    const id = this.#riskyIds.pop()!;
    const until = this.#riskyUntil.pop()!;
    if (at === this.#riskyIds.length) return;
    this.#riskyIds[at] = id;
    this.#riskyUntil[at] = until;
  }

  #make(id: number, required: number, oldest: number): Section {
    const section = this.#spare;
    if (section === undefined) return { id, required, oldest, next: undefined };
    this.#spare = section.next;
    this.#spareCount--;
    section.id = id;
    section.required = required;
    section.oldest = oldest;
    section.next = undefined;
    return section;
  }

  #release(section: Section): void {
    this.#table.unpin(section.oldest);
    this.#count--;
    if (this.#spareCount >= MAX_SPARE) return;
    section.next = this.#spare;
    this.#spare = section;
    this.#spareCount++;
  }
}
