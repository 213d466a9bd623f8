import { PrefixIntReader } from "../wire/prefix_int.ts";
import type { EncoderTable } from "./encoder_table.ts";
import { failDecoderStream } from "./error.ts";
import type { OutstandingSections } from "./outstanding.ts";

/** What an instruction says. */
type InstructionKind = "acknowledgement" | "cancellation" | "increment";

/** Follows the instructions of the peer's decoder (RFC 9204 section 4.4), however they are cut. */
export class DecoderStreamReader {
  readonly #table: EncoderTable;
  readonly #outstanding: OutstandingSections;
  readonly #integer: PrefixIntReader = new PrefixIntReader(Number.MAX_SAFE_INTEGER);
  /** The bits above the integer of an instruction that was begun. */
  #kind: InstructionKind | undefined;

  /** Makes a reader that tells `outstanding` what the peer decoded. */
  constructor(table: EncoderTable, outstanding: OutstandingSections) {
    this.#table = table;
    this.#outstanding = outstanding;
  }

  /** Takes the next bytes of the stream; throws `QpackError` for what breaks it. */
  receive(bytes: Uint8Array): void {
    const integer = this.#integer;
    let at = 0;
    while (at < bytes.length) {
      if (this.#kind === undefined) {
        const after = this.#short(bytes, at);
        if (after > at) {
          at = after;
          continue;
        }
        this.#begin(bytes[at]!);
      }
      at = integer.read(bytes, at);
      if (integer.state === "more") return;
      const kind = this.#kind;
      this.#kind = undefined;
      if (integer.state === "over") failDecoderStream("9204-4.1.1", "an integer is too large");
      this.#apply(kind!, integer.value);
    }
  }

  /** Applies an instruction that is whole and not long, and says where it ends; `at` if it is none. */
  #short(bytes: Uint8Array, at: number): number {
    const first = bytes[at]!;
    const mask = first >= 0x80 ? 0x7f : 0x3f;
    let value = first & mask;
    let after = at + 1;
    if (value === mask) {
      for (let shift = 0;; shift += 7) {
        if (after === bytes.length || shift > 14) return at;
        const octet = bytes[after++]!;
        value += (octet & 0x7f) << shift;
        if (octet < 0x80) break;
      }
    }
    this.#apply(kindOf(first), value);
    return after;
  }

  #begin(first: number): void {
    this.#kind = kindOf(first);
    this.#integer.begin(first >= 0x80 ? 7 : 6);
  }

  #apply(kind: InstructionKind, value: number): void {
    if (kind === "acknowledgement") return this.#outstanding.acknowledge(value);
    if (kind === "cancellation") return this.#outstanding.cancel(value);
    const received = this.#table.knownReceived + value;
    if (value === 0 || received > this.#table.insertCount) {
      failDecoderStream("9204-4.4.3", "an increment is 0 or beyond what was inserted");
    }
    this.#outstanding.received(received);
  }
}

function kindOf(first: number): InstructionKind {
  if (first >= 0x80) return "acknowledgement";
  return first >= 0x40 ? "cancellation" : "increment";
}
