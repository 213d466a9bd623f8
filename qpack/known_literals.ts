import type { ByteWriter } from "../wire/byte_writer.ts";
import type { LiteralCache } from "../wire/literal_cache.ts";
import { writeStringLiteral } from "../wire/string_literal.ts";
import { type KnownName, NONE, UNSEEN } from "./encoder_index.ts";

/** The longest value that is remembered so as to know it again, in octets. */
const MAX_REMEMBERED = 2048;

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

/**
 * Writes a value in full; one that comes again for its name, as it was written before.
 * Returns whether it is another one than last time.
 */
export function writeKnownValue(
  writer: ByteWriter,
  literals: LiteralCache,
  known: KnownName,
  value: string,
): boolean {
  const isAgain = known.lastValue === value;
  if (isAgain && known.valueSlot >= 0) {
    literals.write(writer, known.valueSlot);
    return false;
  }
  const start = writer.position;
  writeStringLiteral(writer, 0, 7, value);
  if (isAgain) {
    known.valueSlot = literals.keep(writer, start);
    return false;
  }
  if (known.valueSlot >= 0) literals.free(known.valueSlot);
  known.valueSlot = NONE;
  known.lastValue = value.length <= MAX_REMEMBERED ? value : undefined;
  return true;
}
