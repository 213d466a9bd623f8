import type { Fields } from "../semantics/fields.ts";
import { measureSection } from "../semantics/message_writer.ts";
import type { RuleId } from "../semantics/rules/mod.ts";
import type { DecodedSection } from "../wire/decoded_section.ts";
import type { Core } from "./core.ts";
import { failConnection, H3ErrorCode, type H3ErrorName } from "./errors.ts";
import { type Exchange, sendOrder } from "./exchange.ts";
import { FrameType } from "./frame_types.ts";
import { endLentWrite } from "./loan.ts";
import type { H3Settings } from "./settings.ts";

/** The largest payload of the first DATA frames, in bytes; like the next, it fits a pooled buffer with its header. */
const FIRST_PIECE_BYTES = 65_280;
/** The same once the transport has taken one of those, in bytes: fewer writes cost less. */
const MAX_PIECE_BYTES = 261_888;
/** How many pieces of one stream the driver may hold unwritten before more frames are made. */
const PIECES_IN_FLIGHT = 2;
/** The longest header of a DATA frame, in bytes: what is in flight is counted with it. */
const MAX_HEADER_BYTES = 9;
/** Pieces up to this size become frames at once, in one write with what comes before, in bytes. */
const SMALL_PIECE_BYTES = 16_384;

/**
 * A trailer section that every receiver must refuse (RFC 9114 sections 4.2 and 4.3): a
 * pseudo-field, and a field with an upper-case name, because some look for the one only and
 * some for the other. Neither needs the dynamic table.
 */
const POISON: Uint8Array = new Uint8Array([0, 0, 0xc1, 0x21, 0x58, 0]);

type Sensitive = ReadonlySet<string> | undefined;

/** Throws `RangeError` for a section that is larger than the peer takes, before anything changes. */
export function checkSectionSize(settings: H3Settings, pseudoBytes: number, fields: Fields): void {
  const max = settings.maxFieldSectionBytes;
  if (max === Infinity || pseudoBytes + measureSection(fields.flat) <= max) return;
  const rule: RuleId = "9114-4.2.2";
  throw new RangeError(`Cannot send a field section: the peer takes ${max} bytes at most [${rule}]`);
}

/** Writes a field section as a HEADERS frame, after the encoder instructions that it needs. */
export function writeSection(
  core: Core,
  exchange: Exchange,
  flat: readonly string[],
  sensitive: Sensitive,
): void {
  const { section } = core;
  section.position = 0;
  core.encoder.encode(exchange.id, flat, section, sensitive);
  core.flushEncoder();
  const encodedBytes = section.position;
  track(core, exchange, core.frame(exchange.id, FrameType.HEADERS, section.buffer, 0, encodedBytes));
  if (core.trace === undefined) return;
  let rawBytes = 0;
  for (let i = 0; i < flat.length; i++) rawBytes += flat[i]!.length;
  core.trace({ type: "fields", direction: "out", stream: exchange.id, flat, encodedBytes, rawBytes });
}

/** Tells the hook of a section that was received. */
export function traceSection(
  core: Core,
  exchange: Exchange,
  section: DecodedSection,
  encodedBytes: number,
): void {
  const { flat } = section;
  let rawBytes = 0;
  for (let i = 0; i < flat.length; i++) rawBytes += flat[i]!.length;
  core.trace?.({ type: "fields", direction: "in", stream: exchange.id, flat, encodedBytes, rawBytes });
}

/**
 * Queues body bytes, or copies them into a frame at once if they are few. Answers whether more is
 * welcome; with `end`, whether they were copied.
 */
export function queueBody(core: Core, exchange: Exchange, data: Uint8Array, end: boolean): boolean {
  if (end) endQueue(exchange);
  if (
    exchange.queuedBytes === 0 && data.length <= SMALL_PIECE_BYTES &&
    exchange.inFlight + data.length <= maxInFlight(exchange) && exchange.sending !== "held"
  ) {
    if (data.length > 0) writeData(core, exchange, data, 0, data.length);
    if (end) {
      finishSending(core, exchange);
      return true;
    }
  } else {
    if (data.length > 0) {
      exchange.queue.push(data);
      exchange.queuedBytes += data.length;
    }
    if (exchange.sending !== "held") core.waiting.add(exchange);
  }
  if (end) return false;
  if (exchange.queuedBytes + exchange.inFlight < core.limits.maxSendBufferBytes) return true;
  exchange.owesDrain = true;
  return false;
}

/** Says that nothing more will be queued. */
export function endQueue(exchange: Exchange): void {
  if (exchange.sending === "held") exchange.heldEnd = true;
  else exchange.sending = "ending";
}

/** Writes a request that was held back while data was early. */
export function releaseHeld(core: Core, exchange: Exchange): void {
  const { id } = exchange;
  const flat = exchange.heldSection;
  core.out.push({ type: "openRequest", stream: id });
  if (exchange.receiving === "aborted") {
    core.out.push({ type: "stop", stream: id, code: H3ErrorCode.H3_REQUEST_CANCELLED });
  }
  if (exchange.sending !== "held" || flat === undefined) {
    // It was given up meanwhile; its stream is opened all the same, so that the ids are kept.
    core.out.push({ type: "reset", stream: id, code: exchange.abortCode });
    return;
  }
  exchange.sending = exchange.heldEnd ? "ending" : "open";
  exchange.heldSection = undefined;
  writeSection(core, exchange, flat, exchange.heldSensitive);
  exchange.hasSentHead = true;
  if (exchange.queuedBytes > 0) core.waiting.add(exchange);
  else if (exchange.heldEnd) finishSending(core, exchange);
  else giveDrain(core, exchange);
}

function writeData(core: Core, exchange: Exchange, data: Uint8Array, from: number, to: number): void {
  track(core, exchange, core.data(exchange, data, from, to));
}

/** Counts bytes that are under way; on a server, reading them may take only so long. */
function track(core: Core, exchange: Exchange, bytes: number): void {
  const { minDataRate, dataRateGraceMs } = core.limits;
  if (core.isServer && minDataRate > 0 && !exchange.isSlowAllowed) {
    if (exchange.inFlight === 0) exchange.sendDue = core.now + dataRateGraceMs;
    exchange.sendDue += bytes * 1000 / minDataRate;
    if (!core.sendRates.has(exchange.id)) core.sendRates.set(exchange.id, core.now);
  }
  exchange.inFlight += bytes;
}

/** Makes frames of what waits, as much as the driver may hold; the most urgent exchange goes first. */
export function flushWaiting(core: Core): void {
  const { waiting } = core;
  if (waiting.size === 0) return;
  if (waiting.size === 1) {
    for (const exchange of waiting) flush(core, exchange);
    return;
  }
  const ready: Exchange[] = [];
  for (const exchange of waiting) if (exchange.inFlight < maxInFlight(exchange)) ready.push(exchange);
  ready.sort(byPriority);
  for (let i = 0; i < ready.length; i++) flush(core, ready[i]!);
}

function byPriority(a: Exchange, b: Exchange): number {
  return sendOrder(b.priority, b.id) - sendOrder(a.priority, a.id) || a.id - b.id;
}

function pieceBytes(exchange: Exchange): number {
  return exchange.isFlowing ? MAX_PIECE_BYTES : FIRST_PIECE_BYTES;
}

function maxInFlight(exchange: Exchange): number {
  return PIECES_IN_FLIGHT * (MAX_HEADER_BYTES + pieceBytes(exchange));
}

function flush(core: Core, exchange: Exchange): void {
  const { queue } = exchange;
  while (exchange.queuedBytes > 0) {
    const piece = queue[0]!;
    const from = exchange.queueOffset;
    const to = Math.min(piece.length, from + pieceBytes(exchange));
    if (exchange.inFlight + to - from > maxInFlight(exchange)) return;
    writeData(core, exchange, piece, from, to);
    exchange.queuedBytes -= to - from;
    if (to < piece.length) {
      exchange.queueOffset = to;
    } else {
      queue.shift();
      exchange.queueOffset = 0;
    }
  }
  if (exchange.queuedBytes > 0) return;
  core.waiting.delete(exchange);
  if (exchange.sending === "ending") finishSending(core, exchange);
  else giveDrain(core, exchange);
}

/** Writes the trailers, if there are any, and FIN. */
export function finishSending(core: Core, exchange: Exchange): void {
  if (exchange.pendingTrailers !== undefined && exchange.pendingTrailers.length > 0) {
    writeSection(core, exchange, exchange.pendingTrailers, exchange.pendingSensitive);
    exchange.pendingTrailers = undefined;
  }
  core.out.finish(exchange.id);
  exchange.sending = "ended";
  if (core.trace !== undefined) core.traceState("stream", "half-closed (local)", exchange.id);
  core.settle(exchange, true);
}

function giveDrain(core: Core, exchange: Exchange): void {
  if (!exchange.owesDrain || exchange.sending !== "open") return;
  if (exchange.queuedBytes + exchange.inFlight > core.limits.maxSendBufferBytes >> 1) return;
  exchange.owesDrain = false;
  core.events.push({ type: "drain", id: exchange.id });
}

/** Takes note that the driver is done with a write on an exchange; `isLent` says whose memory that was. */
export function noteWritten(core: Core, id: number, bytes: number, isLent: boolean): void {
  const exchange = core.exchanges.get(id) ?? core.leaving.get(id);
  if (exchange === undefined) return;
  exchange.inFlight -= bytes;
  if (isLent) endLentWrite(core, exchange);
  if (bytes >= FIRST_PIECE_BYTES) exchange.isFlowing = true;
  if (exchange.inFlight === 0) {
    core.sendRates.clear(id);
    core.aborts.clear(id);
    if (core.leaving.delete(id)) core.onIdle();
  }
  giveDrain(core, exchange);
}

/** Answers a request with a bare status and ends this half; the shell has no part in it. */
export function respondBare(core: Core, exchange: Exchange, status: number): void {
  dropQueue(core, exchange);
  exchange.hasSentHead = true;
  writeSection(core, exchange, [":status", String(status), "content-length", "0"], undefined);
  core.out.finish(exchange.id);
  exchange.sending = "ended";
}

/** Gives up the sending half: by a reset, or by the ladder where there is none. */
export function abortSending(core: Core, exchange: Exchange, code: H3ErrorName): void {
  if (!exchange.isSending) return;
  core.counters.resetsOut++;
  const wireCode = H3ErrorCode[code];
  exchange.abortCode = wireCode;
  if (exchange.sending === "held") {
    dropQueue(core, exchange);
    exchange.sending = "aborted";
    return;
  }
  if (core.options.exactStreamErrors) {
    dropQueue(core, exchange);
    core.out.push({ type: "reset", stream: exchange.id, code: wireCode });
  } else {
    endByLadder(core, exchange, code);
  }
  exchange.sending = "aborted";
}

/**
 * Ends an unfinished message so that nobody takes it for whole, with FIN only: by a
 * malformed trailer section, or with the whole connection. Content that is short of what
 * was declared would do by the RFC, but Firefox takes that for whole.
 */
function endByLadder(core: Core, exchange: Exchange, code: H3ErrorName): void {
  dropQueue(core, exchange);
  const looksWhole = exchange.hasSentHead;
  if (looksWhole && core.options.abortLadder === "strict") {
    failConnection(code, "9114-4.1.1:cancelled", "an unfinished message cannot be ended by itself");
  }
  // In a tunnel there is no message, and no HEADERS frame may stand there.
  if (looksWhole && !exchange.isConnect) {
    core.counters.poisoned++;
    track(core, exchange, core.frame(exchange.id, FrameType.HEADERS, POISON, 0, POISON.length));
    // Who looks at trailers has stopped reading by now. Who skips them, as Firefox does, finds
    // a DATA frame where none may be, and gives the connection up rather than take the message.
    track(core, exchange, core.frame(exchange.id, FrameType.DATA, POISON, 0, 0));
  }
  core.out.finish(exchange.id);
  if (exchange.inFlight > 0) core.aborts.set(exchange.id, core.now);
}

/** Forgets what waits to be written. */
export function dropQueue(core: Core, exchange: Exchange): void {
  exchange.queue.length = 0;
  exchange.queueOffset = exchange.queuedBytes = 0;
  exchange.pendingTrailers = undefined;
  exchange.heldSection = undefined;
  core.waiting.delete(exchange);
}

/** Lets the peer's STOP_SENDING end the sending half. Answers whether it was still open. */
export function stopSending(core: Core, exchange: Exchange, code: number): boolean {
  const wasSending = exchange.isSending;
  if (wasSending || exchange.inFlight > 0) core.out.push({ type: "reset", stream: exchange.id, code });
  if (!wasSending) return false;
  dropQueue(core, exchange);
  exchange.sending = "aborted";
  return true;
}
