import { ByteWriter } from "../wire/byte_writer.ts";
import { writeVarint } from "../wire/varint.ts";
import { CONTROL_STREAM, GREASE_STREAM } from "./command.ts";
import type { Core } from "./core.ts";

const NOTHING: Uint8Array = new Uint8Array(0);

/** A reserved number for a seed: 0x1f * N + 0x21 (RFC 9114 section 7.2.8). */
export function reservedNumber(seed: number): number {
  return 0x1f * (Math.abs(Math.trunc(seed)) % 1_000_000) + 0x21;
}

/** Adds a reserved setting, which means nothing, to the entries of SETTINGS. */
export function addGreaseSetting(entries: number[], seed: number): void {
  entries.push(reservedNumber(seed), Math.abs(Math.trunc(seed)) % 997);
}

/** Opens a stream of a reserved type and writes a reserved frame on the control stream. */
export function writeGrease(core: Core, seed: number): void {
  const writer = new ByteWriter();
  writeVarint(writer, reservedNumber(seed + 1));
  writer.latin1("tandem");
  core.out.push({ type: "openUni", token: GREASE_STREAM, order: 0 });
  core.out.raw(GREASE_STREAM, writer.buffer.subarray(0, writer.position));
  core.controlWrite();
  core.out.finish(GREASE_STREAM);
  writer.clear();
  core.frame(CONTROL_STREAM, reservedNumber(seed + 2), writer.buffer, 0, 0);
}

/** Writes a reserved frame on a request stream; answers its bytes. */
export function writeGreaseFrame(core: Core, id: number, seed: number): number {
  const payload = Uint8Array.of(seed & 0xff, seed >> 8 & 0xff);
  return core.frame(id, reservedNumber(seed + 3), payload, 0, payload.length);
}

/** Writes an empty reserved frame on the control stream: it means nothing, but QUIC has it acknowledged. */
export function writeReserved(core: Core): void {
  if (core.isClosed) return;
  core.frame(CONTROL_STREAM, reservedNumber(core.counters.bytesIn), NOTHING, 0, 0);
}
