import { ByteWriter } from "../wire/byte_writer.ts";
import { latin1ToString } from "../wire/latin1.ts";
import { failConnection } from "./errors.ts";

/** Reads the payload of an ORIGIN frame: entries of a length and an origin (RFC 9412 section 2). */
export function readOrigins(payload: Uint8Array): string[] {
  const origins: string[] = [];
  for (let at = 0; at < payload.length;) {
    const end = at + 2 + (payload[at]! << 8 | (payload[at + 1] ?? 0));
    if (at + 2 > payload.length || end > payload.length) {
      failConnection("H3_FRAME_ERROR", "9412-2:syntax", "an ORIGIN frame ends within an entry");
    }
    origins.push(latin1ToString(payload, at + 2, end));
    at = end;
  }
  return origins;
}

/** Writes the payload of an ORIGIN frame. Throws `RangeError` for an origin of more than 65,535 octets. */
export function writeOrigins(origins: readonly string[]): ByteWriter {
  const payload = new ByteWriter();
  for (const origin of origins) {
    if (origin.length > 0xffff) throw new RangeError("Cannot send an origin: it is longer than 65535 octets");
    payload.uint16(origin.length);
    payload.latin1(origin);
  }
  return payload;
}
