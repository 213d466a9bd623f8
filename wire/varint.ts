import type { ByteWriter } from "./byte_writer.ts";

/** The largest value of a QUIC integer, 2^62 - 1 (RFC 9000 section 16). */
export const MAX_VARINT = (1n << 62n) - 1n;

const TWO_30 = 1 << 30;
const TWO_32 = 2 ** 32;

/** How many octets a value takes: 1, 2, 4 or 8. */
export function varintSize(value: number): 1 | 2 | 4 | 8 {
  if (value < 64) return 1;
  if (value < 16_384) return 2;
  if (value < TWO_30) return 4;
  return 8;
}

/** How many octets an integer takes, from the first of them. */
export function varintLength(firstByte: number): number {
  return 1 << (firstByte >> 6);
}

/**
 * Writes an integer in its shortest form (RFC 9000 section 16). Throws `RangeError` for
 * what is not a whole number from 0 to 2^53 - 1; larger ones go through `writeVarintBig`.
 */
export function writeVarint(writer: ByteWriter, value: number): void {
  if (value >= 0 && value < 64 && (value | 0) === value) {
    writer.uint8(value);
    return;
  }
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`Cannot write ${value} as a varint: it is not a whole number from 0 to 2^53 - 1`);
  }
  if (value < 16_384) {
    writer.uint16(value | 0x4000);
  } else if (value < TWO_30) {
    writer.uint32((value | 0x8000_0000) >>> 0);
  } else {
    writer.uint32((Math.floor(value / TWO_32) | 0xc000_0000) >>> 0);
    writer.uint32(value % TWO_32);
  }
}

/**
 * Reads an integer at `offset`, or returns -1 when `bytes` ends within it; it takes
 * `varintLength(bytes[offset])` octets. A value above 2^53 - 1 comes as the nearest
 * number, which is enough to compare with a limit; `readVarintBig` is exact.
 */
export function readVarint(bytes: Uint8Array, offset: number): number {
  if (offset >= bytes.length) return -1;
  const first = bytes[offset]!;
  if (first < 0x40) return first;
  if (offset + (1 << (first >> 6)) > bytes.length) return -1;
  if (first < 0x80) return (first & 0x3f) << 8 | bytes[offset + 1]!;
  const high = (first & 0x3f) << 24 | bytes[offset + 1]! << 16 | bytes[offset + 2]! << 8 | bytes[offset + 3]!;
  if (first < 0xc0) return high;
  const low = bytes[offset + 4]! << 24 | bytes[offset + 5]! << 16 | bytes[offset + 6]! << 8 |
    bytes[offset + 7]!;
  return high * TWO_32 + (low >>> 0);
}

/** Writes an integer of up to 62 bits; throws `RangeError` outside of 0 to 2^62 - 1. */
export function writeVarintBig(writer: ByteWriter, value: bigint): void {
  if (value < 0n || value > MAX_VARINT) {
    throw new RangeError(`Cannot write ${value} as a varint: it is not from 0 to 2^62 - 1`);
  }
  if (value < BigInt(TWO_30)) {
    writeVarint(writer, Number(value));
    return;
  }
  writer.uint32((Number(value >> 32n) | 0xc000_0000) >>> 0);
  writer.uint32(Number(value & 0xffff_ffffn));
}

/** Reads an integer of up to 62 bits exactly, or returns -1n when `bytes` ends within it. */
export function readVarintBig(bytes: Uint8Array, offset: number): bigint {
  if (offset >= bytes.length) return -1n;
  const first = bytes[offset]!;
  const size = varintLength(first);
  if (offset + size > bytes.length) return -1n;
  if (size < 8) return BigInt(readVarint(bytes, offset));
  let value = BigInt(first & 0x3f);
  for (let i = 1; i < 8; i++) value = value << 8n | BigInt(bytes[offset + i]!);
  return value;
}
