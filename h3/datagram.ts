import type { Core } from "./core.ts";
import { failConnection } from "./errors.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { readVarint, varintLength, writeVarint } from "../wire/varint.ts";

/** The largest quarter stream id: 2^60 - 1 (RFC 9297 section 2.1). */
const MAX_QUARTER_ID = 2 ** 60;

/** Takes a QUIC datagram apart and passes it to its exchange (RFC 9297 section 2.1). */
export function receiveDatagram(core: Core, bytes: Uint8Array): void {
  const quarter = readVarint(bytes, 0);
  if (quarter < 0) failConnection("H3_DATAGRAM_ERROR", "9297-2.1", "a datagram ends within its id");
  if (quarter >= MAX_QUARTER_ID) {
    failConnection("H3_DATAGRAM_ERROR", "9297-2.1", "a datagram names what cannot be a stream");
  }
  const exchange = core.exchanges.get(quarter * 4);
  if (exchange === undefined || !exchange.isAnnounced || !exchange.isReceiving) {
    core.counters.datagramsDropped++;
    return;
  }
  core.counters.datagramsIn++;
  if (core.trace !== undefined) core.traceState("datagram", "in", exchange.id, { bytes: bytes.length });
  const data = bytes.subarray(varintLength(bytes[0]!));
  core.events.push({ type: "datagram", id: exchange.id, data });
}

/** Sends a datagram of an exchange, if both ends take them; answers whether it was handed over. */
export function sendDatagram(core: Core, id: number, data: Uint8Array): boolean {
  const exchange = core.exchanges.get(id);
  if (exchange === undefined || !exchange.isSending) return false;
  // 9297 section 2.1.1: only when both ends announced it.
  if (!core.options.datagrams || !core.peer.datagrams) {
    core.traceState("limit", "datagram-dropped", id, { rule: "9297-2.1.1" });
    return false;
  }
  const writer = new ByteWriter();
  writeVarint(writer, id / 4);
  const bytes = new Uint8Array(writer.position + data.length);
  bytes.set(writer.buffer.subarray(0, writer.position));
  bytes.set(data, writer.position);
  writer.clear();
  core.counters.datagramsOut++;
  if (core.trace !== undefined) core.traceState("datagram", "out", id, { bytes: bytes.length });
  core.out.push({ type: "datagram", data: bytes });
  return true;
}
