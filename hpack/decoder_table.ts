import { FIELD_OVERHEAD_BYTES } from "../wire/decoded_section.ts";

/** Slots at the start; the ring doubles as entries come. */
const FIRST_SLOTS = 4;

/** A decoder's dynamic table (RFC 7541 section 2.3.2): a ring that grows with its content. */
export class DecoderTable {
  /** Goes up with each change, so that results can be kept while it stands. */
  version = 0;
  /** How many entries there are. */
  count = 0;
  /** Size of the entries as RFC 7541 section 4.1 counts it, in bytes. */
  bytes = 0;
  /** The size that entries are evicted down to, in bytes. */
  maxBytes: number;
  #names: string[] = [];
  #values: string[] = [];
  #mask = -1;
  /** Slot of the next entry. */
  #next = 0;

  /** Makes an empty table. */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** The name of an entry; 0 is the newest. The caller has checked it against `count`. */
  nameAt(age: number): string {
    return this.#names[this.#next - 1 - age & this.#mask]!;
  }

  /** The value of an entry; 0 is the newest. */
  valueAt(age: number): string {
    return this.#values[this.#next - 1 - age & this.#mask]!;
  }

  /** Adds an entry and evicts the oldest for it; one that is too large only evicts (section 4.4). */
  add(name: string, value: string): void {
    const size = name.length + value.length + FIELD_OVERHEAD_BYTES;
    this.version++;
    this.#evictTo(this.maxBytes - size);
    if (size > this.maxBytes) return;
    if (this.count > this.#mask) this.#grow();
    this.#names[this.#next] = name;
    this.#values[this.#next] = value;
    this.#next = this.#next + 1 & this.#mask;
    this.count++;
    this.bytes += size;
  }

  /** Changes the size of the table and evicts what no longer fits (section 4.3). */
  resize(maxBytes: number): void {
    this.version++;
    this.maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  #evictTo(bytes: number): void {
    while (this.bytes > bytes && this.count > 0) {
      const slot = this.#next - this.count & this.#mask;
      this.bytes -= this.#names[slot]!.length + this.#values[slot]!.length + FIELD_OVERHEAD_BYTES;
      this.#names[slot] = this.#values[slot] = "";
      this.count--;
    }
  }

  #grow(): void {
    const slots = this.#mask < 0 ? FIRST_SLOTS : (this.#mask + 1) * 2;
    const names: string[] = [];
    const values: string[] = [];
    for (let age = this.count - 1; age >= 0; age--) {
      names.push(this.nameAt(age));
      values.push(this.valueAt(age));
    }
    while (names.length < slots) {
      names.push("");
      values.push("");
    }
    this.#names = names;
    this.#values = values;
    this.#mask = slots - 1;
    this.#next = this.count;
  }
}
