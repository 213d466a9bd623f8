import type { ByteWriter } from "../wire/byte_writer.ts";
import type { LiteralCache } from "../wire/literal_cache.ts";
import { writeStringLiteral } from "../wire/string_literal.ts";
import { type KnownName, NONE, UNSEEN } from "./encoder_index.ts";

/** The longest value that is remembered so as to know it again, in octets. */
const MAX_REMEMBERED = 2048;

/** The static index that a value had when it last came for its name, or `NONE`. */
export function knownHit(known: KnownName, value: string): number {
  if (known.hitIndex === NONE) return NONE;
  if (known.hitValue === value) return known.hitIndex;
  return known.olderIndex !== NONE && known.olderValue === value ? known.olderIndex : NONE;
}

/** Notes that a value was written as a static index, to know it when it comes again. */
export function noteHit(known: KnownName, value: string, index: number): void {
  known.olderValue = known.hitValue;
  known.olderIndex = known.hitIndex;
  known.hitValue = value;
  known.hitIndex = index;
}

/** Writes a name in full after the bits of `form`; from its second time on, as it was written then. */
export function writeKnownName(
  writer: ByteWriter,
  literals: LiteralCache,
  known: KnownName,
  form: number,
): void {
  const start = writer.position;
  if (known.nameSlot >= 0) {
    literals.write(writer, known.nameSlot);
  } else {
    writeStringLiteral(writer, 0, 3, known.name);
    known.nameSlot = known.nameSlot === UNSEEN ? NONE : literals.keep(writer, start);
  }
  writer.buffer[start]! |= form;
}

/** Whether a value is the one that its name had last as a literal. */
export function isLastLiteral(known: KnownName, value: string): boolean {
  return known.lineSlot !== UNSEEN && known.lastValue === value;
}

/** Remembers a value that was written as a literal, to know it when it comes again. */
export function rememberLiteral(literals: LiteralCache, known: KnownName, value: string): void {
  if (known.lineSlot >= 0) literals.free(known.lineSlot);
  const isShort = value.length <= MAX_REMEMBERED;
  known.lastValue = isShort ? value : "";
  known.lineSlot = isShort ? NONE : UNSEEN;
}
