/** Builders of HTTP/3 bytes, apart from the engine's own. */
import { QpackEncoder } from "../../qpack/mod.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";

/** A QUIC integer in its shortest form, or in `size` octets. */
export function varint(value: number | bigint, size?: 1 | 2 | 4 | 8): number[] {
  const big = BigInt(value);
  const octets = size ?? (big < 64n ? 1 : big < 16_384n ? 2 : big < 1n << 30n ? 4 : 8);
  const bytes: number[] = [];
  for (let i = octets - 1; i >= 0; i--) bytes.push(Number((big >> BigInt(8 * i)) & 0xffn));
  bytes[0] = bytes[0]! | { 1: 0, 2: 0x40, 4: 0x80, 8: 0xc0 }[octets];
  return bytes;
}

/** Bytes in a row. */
export function join(...parts: readonly (ArrayLike<number> | number)[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const part of parts) {
    if (typeof part === "number") bytes.push(part);
    else for (let i = 0; i < part.length; i++) bytes.push(part[i]!);
  }
  return Uint8Array.from(bytes);
}

/** A frame. */
export function frame(type: number | bigint, payload: ArrayLike<number> = []): Uint8Array<ArrayBuffer> {
  return join(varint(type), varint(payload.length), payload);
}

/** The header of a frame whose payload does not follow whole. */
export function frameHeader(type: number, length: number | bigint): Uint8Array<ArrayBuffer> {
  return join(varint(type), varint(length));
}

/** A field section by the static table only. */
export function section(flat: readonly string[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  new QpackEncoder({ policy: "static" }).encode(0, flat, writer);
  return writer.buffer.slice(0, writer.position);
}

/** A HEADERS frame. */
export function headers(flat: readonly string[]): Uint8Array<ArrayBuffer> {
  return frame(1, section(flat));
}

/** A DATA frame of so many octets, or of these. */
export function data(payload: number | ArrayLike<number> | string): Uint8Array<ArrayBuffer> {
  if (typeof payload === "number") return frame(0, new Uint8Array(payload).fill(0x61));
  return frame(0, typeof payload === "string" ? new TextEncoder().encode(payload) : payload);
}

/** A SETTINGS frame. */
export function settings(...entries: readonly (number | bigint)[]): Uint8Array<ArrayBuffer> {
  return frame(4, join(...entries.map((entry) => varint(entry))));
}

/** A GOAWAY frame. */
export function goaway(id: number | bigint): Uint8Array<ArrayBuffer> {
  return frame(7, varint(id));
}

/** The fields of a simple request. */
export const GET: readonly string[] = [
  ":method",
  "GET",
  ":scheme",
  "https",
  ":authority",
  "a.example",
  ":path",
  "/",
];

/** The fields of a request with a body. */
export const POST: readonly string[] = [":method", "POST", ...GET.slice(2)];

/** The fields of a simple response. */
export const OK: readonly string[] = [":status", "200"];
