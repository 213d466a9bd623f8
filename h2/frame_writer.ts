import type { HpackEncoder } from "../hpack/mod.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import { Flag, FRAME_HEADER_BYTES, FrameType } from "./constants.ts";

/** Writes the header of a frame. */
export function writeFrameHeader(
  out: ByteWriter,
  length: number,
  type: number,
  flags: number,
  stream: number,
): void {
  out.reserve(FRAME_HEADER_BYTES);
  const { buffer, position } = out;
  buffer[position] = length >>> 16;
  buffer[position + 1] = length >>> 8;
  buffer[position + 2] = length;
  buffer[position + 3] = type;
  buffer[position + 4] = flags;
  buffer[position + 5] = stream >>> 24;
  buffer[position + 6] = stream >>> 16;
  buffer[position + 7] = stream >>> 8;
  buffer[position + 8] = stream;
  out.position = position + FRAME_HEADER_BYTES;
}

/**
 * Writes a field section as HEADERS and, where it is longer than a frame may be,
 * CONTINUATION. `isConstant` says that `flat` never changes. Returns the size of the
 * encoded block in bytes.
 */
export function writeHeaders(
  out: ByteWriter,
  encoder: HpackEncoder,
  stream: number,
  endStream: boolean,
  maxFrameBytes: number,
  flat: readonly string[],
  sensitive: ReadonlySet<string> | undefined,
  isConstant: boolean,
): number {
  const start = out.position;
  const flags = endStream ? Flag.END_HEADERS | Flag.END_STREAM : Flag.END_HEADERS;
  writeFrameHeader(out, 0, FrameType.HEADERS, flags, stream);
  try {
    encoder.encode(out, flat, sensitive, isConstant);
  } catch (error) {
    out.position = start;
    throw error;
  }
  const length = out.position - start - FRAME_HEADER_BYTES;
  if (length > maxFrameBytes) {
    splitBlock(out, start, length, maxFrameBytes, stream, endStream);
  } else {
    const buffer = out.buffer;
    buffer[start] = length >>> 16;
    buffer[start + 1] = length >>> 8;
    buffer[start + 2] = length;
  }
  return length;
}

function splitBlock(
  out: ByteWriter,
  start: number,
  length: number,
  maxFrameBytes: number,
  stream: number,
  endStream: boolean,
): void {
  const block = out.buffer.slice(start + FRAME_HEADER_BYTES, start + FRAME_HEADER_BYTES + length);
  out.position = start;
  for (let from = 0; from < length; from += maxFrameBytes) {
    const to = Math.min(length, from + maxFrameBytes);
    const flags = (to === length ? Flag.END_HEADERS : 0) | (from === 0 && endStream ? Flag.END_STREAM : 0);
    writeFrameHeader(out, to - from, from === 0 ? FrameType.HEADERS : FrameType.CONTINUATION, flags, stream);
    out.bytes(block, from, to);
  }
}

/** Writes RST_STREAM. */
export function writeReset(out: ByteWriter, stream: number, code: number): void {
  writeFrameHeader(out, 4, FrameType.RST_STREAM, 0, stream);
  out.uint32(code);
}

/** Writes SETTINGS with entries id, value, id, value, … */
export function writeSettings(out: ByteWriter, entries: readonly number[]): void {
  writeFrameHeader(out, entries.length * 3, FrameType.SETTINGS, 0, 0);
  for (let i = 0; i < entries.length; i += 2) {
    out.uint16(entries[i]!);
    out.uint32(entries[i + 1]!);
  }
}

/** Writes PING with the eight octets as two numbers. */
export function writePing(out: ByteWriter, high: number, low: number, ack: boolean): void {
  writeFrameHeader(out, 8, FrameType.PING, ack ? Flag.ACK : 0, 0);
  out.uint32(high);
  out.uint32(low);
}

/** Writes GOAWAY; `debug` is Latin-1. */
export function writeGoaway(out: ByteWriter, lastStream: number, code: number, debug: string): void {
  writeFrameHeader(out, 8 + debug.length, FrameType.GOAWAY, 0, 0);
  out.uint32(lastStream);
  out.uint32(code);
  out.latin1(debug);
}

/** Writes WINDOW_UPDATE; `stream` is 0 for the connection. */
export function writeWindowUpdate(out: ByteWriter, stream: number, increment: number): void {
  writeFrameHeader(out, 4, FrameType.WINDOW_UPDATE, 0, stream);
  out.uint32(increment);
}

/** Writes PRIORITY_UPDATE for a request stream (RFC 9218 section 7.1). */
export function writePriorityUpdate(out: ByteWriter, stream: number, value: string): void {
  writeFrameHeader(out, 4 + value.length, FrameType.PRIORITY_UPDATE, 0, 0);
  out.uint32(stream);
  out.latin1(value);
}

/** Writes ORIGIN (RFC 8336 section 2). */
export function writeOrigins(out: ByteWriter, origins: readonly string[]): void {
  const length = origins.reduce((sum, origin) => sum + 2 + origin.length, 0);
  writeFrameHeader(out, length, FrameType.ORIGIN, 0, 0);
  for (const origin of origins) {
    out.uint16(origin.length);
    out.latin1(origin);
  }
}

/** Writes ALTSVC (RFC 7838 section 4); on a request stream `origin` is empty. */
export function writeAltSvc(out: ByteWriter, stream: number, origin: string, value: string): void {
  writeFrameHeader(out, 2 + origin.length + value.length, FrameType.ALTSVC, 0, stream);
  out.uint16(origin.length);
  out.latin1(origin);
  out.latin1(value);
}
