import type { ByteWriter } from "../wire/byte_writer.ts";

/** Appends all that `from` holds to `to`, and empties `from`. */
export function moveBytes(from: ByteWriter, to: ByteWriter): void {
  if (from.position === 0) return;
  to.bytes(from.buffer, 0, from.position);
  from.clear();
}
