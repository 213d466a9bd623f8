import { Attention } from "../wire/attention.ts";
import type { SharedFields } from "../wire/decoded_section.ts";

/** Fewer fields are not worth it. */
const MIN_FIELDS = 4;
const MAX_OCTETS = 64;

const NONE: SharedFields = { flat: [] };

/**
 * The last fields of a block that are nothing but indices. Most often the next block ends
 * with the same octets: the requests of one client differ in their path and a field or two.
 *
 * It holds only what the dynamic table holds, and is dropped when that changes.
 */
export class RepeatedTail {
  /** The fields; the same object as long as it stands. */
  fields: SharedFields = NONE;
  /** Their size as a section counts it, in bytes. */
  bytes = 0;
  readonly #octets: number[] = [];
  readonly #attention: Attention = new Attention();

  /** Whether a block ends with these fields, from `at` on. */
  isAt(block: Uint8Array, at: number, end: number): boolean {
    const octets = this.#octets;
    if (octets.length === 0 || octets.length !== end - at) return false;
    for (let i = 0; i < octets.length; i++) if (octets[i] !== block[at + i]) return false;
    this.#attention.hit();
    return true;
  }

  /** Keeps the fields of `flat` from `from` on, which the octets from `at` to `end` stand for, if that is worth it. */
  offer(
    block: Uint8Array,
    at: number,
    end: number,
    flat: readonly string[],
    from: number,
    bytes: number,
  ): void {
    if (end - at > MAX_OCTETS || flat.length - from < 2 * MIN_FIELDS || !this.#attention.isDue) return;
    this.#attention.miss();
    this.#octets.length = 0;
    for (let i = at; i < end; i++) this.#octets.push(block[i]!);
    this.fields = { flat: flat.slice(from) };
    this.bytes = bytes;
  }

  /** Forgets the fields: their indices stand for others now. */
  drop(): void {
    if (this.#octets.length === 0) return;
    this.#octets.length = 0;
    this.fields = NONE;
  }
}
