import { ENTRY_OVERHEAD_BYTES } from "./decoder_table.ts";
import type { EncoderIndex, KnownField } from "./encoder_index.ts";

/**
 * The dynamic table as the encoder keeps it. An entry leaves only when the peer is known
 * to have it and no section that is not acknowledged can refer to it (RFC 9204 section 2.1.1).
 *
 * Entries leave oldest first, so a section guards all that it refers to by pinning the
 * oldest entry of that.
 */
export class EncoderTable {
  /** How many entries were ever inserted; the next one gets this absolute index. */
  insertCount = 0;
  /** How many entries were evicted: the absolute index of the oldest that is left. */
  dropped = 0;
  /** Size of the entries, in bytes. */
  size = 0;
  /** What the entries may take, in bytes. */
  capacity = 0;
  /** How many inserts the peer is known to have. */
  knownReceived = 0;
  #fields: (KnownField | undefined)[] = new Array(16).fill(undefined);
  #pins: number[] = new Array(16).fill(0);
  #mask = 15;
  readonly #index: EncoderIndex;

  /** Makes a table whose entries `index` finds. */
  constructor(index: EncoderIndex) {
    this.#index = index;
  }

  /** The field of an entry. */
  field(absolute: number): KnownField {
    return this.#fields[absolute & this.#mask]!;
  }

  /** Size of an entry, in bytes. */
  bytesOf(absolute: number): number {
    return entryBytes(this.field(absolute));
  }

  /** Keeps an entry, and all that are newer, from leaving. */
  pin(absolute: number): void {
    this.#pins[absolute & this.#mask]!++;
  }

  /** Takes one pin away. */
  unpin(absolute: number): void {
    this.#pins[absolute & this.#mask]!--;
  }

  /**
   * Evicts the oldest entries until `bytes` are free and says whether that could be done;
   * nothing from the absolute index `guarded` on leaves. Evicts nothing when it cannot be done.
   */
  makeRoom(bytes: number, guarded: number): boolean {
    let free = this.capacity - this.size;
    if (bytes <= free) return true;
    if (bytes > this.capacity) return false;
    const limit = Math.min(guarded, this.knownReceived);
    let last = this.dropped;
    while (free < bytes) {
      if (last >= limit || this.#pins[last & this.#mask]! > 0) return false;
      free += entryBytes(this.#fields[last & this.#mask]!);
      last++;
    }
    while (this.dropped < last) this.#evictOldest();
    return true;
  }

  /** Adds an entry for which there is room. */
  insert(field: KnownField): void {
    if (this.insertCount - this.dropped > this.#mask) this.#grow();
    const at = this.insertCount & this.#mask;
    this.#fields[at] = field;
    this.#pins[at] = 0;
    this.#index.entered(field, this.insertCount);
    this.insertCount++;
    this.size += entryBytes(field);
  }

  #evictOldest(): void {
    const absolute = this.dropped++;
    const at = absolute & this.#mask;
    const field = this.#fields[at]!;
    this.#fields[at] = undefined;
    this.size -= entryBytes(field);
    this.#index.evicted(field, absolute);
  }

  #grow(): void {
    const mask = 2 * this.#mask + 1;
    const fields: (KnownField | undefined)[] = new Array(mask + 1).fill(undefined);
    const pins: number[] = new Array(mask + 1).fill(0);
    for (let absolute = this.dropped; absolute < this.insertCount; absolute++) {
      fields[absolute & mask] = this.#fields[absolute & this.#mask];
      pins[absolute & mask] = this.#pins[absolute & this.#mask]!;
    }
    this.#fields = fields;
    this.#pins = pins;
    this.#mask = mask;
  }
}

/** What a field takes in the table, in bytes. */
export function entryBytes(field: KnownField): number {
  return field.name.name.length + field.value.length + ENTRY_OVERHEAD_BYTES;
}
