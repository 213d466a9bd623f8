import { ByteQueue } from "../wire/byte_queue.ts";
import { isFixedMemory } from "../wire/fixed_memory.ts";
import { joinBytes, lengthOf } from "../wire/join_bytes.ts";
import { Flag, FRAME_HEADER_BYTES, FrameType } from "./constants.ts";
import type { Core } from "./core.ts";
import { writeFrameHeader, writeHeaders } from "./frame_writer.ts";
import type { Stream } from "./stream.ts";
import { traceFields, traceFrameParts } from "./tracing.ts";

/** What one output holds at most, unless control frames alone are more: a pooled buffer of 1 MiB. */
const MAX_OUTPUT_BYTES = 1_048_000;

/** A frame is longer than usual where it refers to this much and more, in bytes. */
const MIN_LONG_FRAME_BYTES = 262_144;

/** Content up to this size is short, in bytes. */
const MAX_SHORT_BYTES = 1024;

/** Writes the head of a stream at once; writers of messages never change the array that they give out for one. */
export function sendHead(
  core: Core,
  stream: Stream,
  flat: readonly string[],
  sensitive: ReadonlySet<string> | undefined,
  end: boolean,
): void {
  sendSection(core, stream, flat, sensitive, end, true);
}

function sendSection(
  core: Core,
  stream: Stream,
  flat: readonly string[],
  sensitive: ReadonlySet<string> | undefined,
  end: boolean,
  isConstant: boolean,
): void {
  const { out } = core;
  const start = out.position;
  const bytes = writeHeaders(
    out,
    core.encoder,
    stream.id,
    end,
    core.peerSettings.maxFrameBytes,
    flat,
    sensitive,
    isConstant,
  );
  if (core.trace !== undefined) traceFields(core.trace, "out", stream.id, flat, bytes);
  core.queued(
    FrameType.HEADERS,
    end ? Flag.END_HEADERS | Flag.END_STREAM : Flag.END_HEADERS,
    stream.id,
    start,
  );
}

/** The largest payload of a DATA frame, in bytes. */
function maxFrameBytes(core: Core): number {
  return Math.min(core.peerSettings.maxFrameBytes, core.options.maxSendFrameBytes);
}

/**
 * The payload of a longer frame that refers to content as a whole, in bytes, or 0 where there is no such:
 * where little is referred to, where the peer has not said that it takes one, or where others take turns.
 */
function longFrameBytes(core: Core, stream: Stream): number {
  if (!core.loan.isWanted || stream.isIncremental) return 0;
  const chunk = stream.chunk!;
  const most = Math.min(core.peerSettings.maxFrameBytes, core.options.maxLentFrameBytes);
  const bytes = Math.min(chunk.length - stream.chunkOffset, stream.sendWindow, core.sendWindow, most);
  return bytes >= MIN_LONG_FRAME_BYTES && isFixedMemory(chunk) ? bytes : 0;
}

/** Adds what can be sent of all bodies to the output, by priority and as far as the windows go. */
export function fillOutput(core: Core): void {
  const { scheduler, out, loan } = core;
  for (let stream = scheduler.nextEnding; stream !== undefined; stream = scheduler.nextEnding) {
    sendEnd(core, stream);
  }
  const maxFrame = maxFrameBytes(core);
  while (core.sendWindow > 0) {
    const room = MAX_OUTPUT_BYTES - out.position - loan.bytes - FRAME_HEADER_BYTES;
    if (room < maxFrame && room < 1024) return;
    const stream = scheduler.next();
    if (stream === undefined) return;
    const long = longFrameBytes(core, stream);
    // A long frame is all that an output refers to.
    if (long > 0 && loan.bytes > 0) return;
    sendData(core, stream, long > 0 ? long : Math.min(maxFrame, room));
  }
}

/**
 * Writes the whole content of a message at once, with its end, if it is short and nothing else waits:
 * to schedule it would cost more. Says whether it did.
 */
export function sendShortEnd(core: Core, stream: Stream, data: Uint8Array): boolean {
  const size = data.length;
  const { out, scheduler } = core;
  if (
    size > MAX_SHORT_BYTES || stream.queuedBytes > 0 || size > stream.sendWindow || size > core.sendWindow ||
    scheduler.hasContent || scheduler.hasEnding || out.position > MAX_OUTPUT_BYTES / 2
  ) {
    return false;
  }
  beginData(core, stream, size, true);
  out.bytes(data);
  core.endWrite(stream);
  return true;
}

/** Queues content, which the engine refers to, and the end; says whether more is welcome at once. */
export function queueContent(core: Core, stream: Stream, data: Uint8Array, end: boolean): boolean {
  if (data.length > 0) {
    if (stream.chunk === undefined) stream.chunk = data;
    else (stream.chunks ??= []).push(data);
    stream.queuedBytes += data.length;
  }
  if (end) stream.isEndQueued = true;
  core.scheduler.update(stream);
  if (!end && stream.queuedBytes < core.limits.maxSendBufferBytes) return true;
  stream.wantsDrain = !end;
  return false;
}

/**
 * Queues a copy of content. What can leave now goes into the output without a detour, where nothing
 * else waits; an output holds as much of that as a stream may queue.
 */
export function copyContent(core: Core, stream: Stream, pieces: readonly Uint8Array[]): boolean {
  const { out, scheduler } = core;
  const maxFrame = maxFrameBytes(core);
  const room = core.limits.maxSendBufferBytes - out.position;
  const isNext = stream.queuedBytes === 0 && !scheduler.hasContent && !scheduler.hasEnding;
  let left = Math.min(lengthOf(pieces), room, stream.sendWindow, core.sendWindow);
  if (!isNext || room < maxFrame || left <= 0) {
    return queueContent(core, stream, joinBytes(pieces), false);
  }
  out.reserve(left + Math.ceil(left / maxFrame) * FRAME_HEADER_BYTES);
  const queue = new ByteQueue();
  for (let i = 0; i < pieces.length; i++) queue.push(pieces[i]!);
  for (; left > 0; left -= maxFrame) {
    let size = Math.min(left, maxFrame);
    beginData(core, stream, size, false);
    while (size > 0) {
      const part = queue.readSome(size);
      out.bytes(part);
      size -= part.length;
    }
  }
  const rest: Uint8Array[] = [];
  while (queue.length > 0) rest.push(queue.readSome(queue.length));
  return rest.length === 0 || queueContent(core, stream, joinBytes(rest), false);
}

/** Writes the header of a DATA frame, and takes its content from the windows. */
function beginData(core: Core, stream: Stream, size: number, ends: boolean): void {
  const { out } = core;
  const flags = ends ? Flag.END_STREAM : 0;
  writeFrameHeader(out, size, FrameType.DATA, flags, stream.id);
  if (core.trace !== undefined) {
    traceFrameParts(core.trace, "out", FrameType.DATA, flags, stream.id, size, out.buffer, -1, -1);
  }
  stream.sendWindow -= size;
  stream.sentBytes += size;
  core.sendWindow -= size;
  core.contentBytes += size;
}

/** Writes one DATA frame. */
function sendData(core: Core, stream: Stream, max: number): void {
  const { out } = core;
  let size = stream.queuedBytes;
  if (size > max) size = max;
  if (size > stream.sendWindow) size = stream.sendWindow;
  if (size > core.sendWindow) size = core.sendWindow;
  const isLast = size === stream.queuedBytes;
  if (!isLast && !core.loan.isWanted) out.reserve(reserveFor(core, stream));
  const ends = isLast && stream.isEndQueued;
  beginData(core, stream, size, ends);
  stream.queuedBytes -= size;
  takeContent(core, stream, size);
  if (ends) {
    core.endWrite(stream);
    return;
  }
  if (isLast && stream.trailers !== undefined) sendEnd(core, stream);
  else if (isLast || stream.sendWindow <= 0) core.scheduler.update(stream);
  if (stream.wantsDrain && stream.queuedBytes * 2 <= core.limits.maxSendBufferBytes) {
    stream.wantsDrain = false;
    if (stream.isWriteOpen) core.giveBack({ type: "drain", id: stream.id }, stream);
  }
}

/** Room for all that the stream can send now, so that the buffer grows once. */
function reserveFor(core: Core, stream: Stream): number {
  const content = Math.min(stream.queuedBytes, stream.sendWindow, core.sendWindow);
  const frames = Math.ceil(content / maxFrameBytes(core));
  return Math.min(content + frames * FRAME_HEADER_BYTES, MAX_OUTPUT_BYTES - core.out.position);
}

/** Takes content from the chunks of a stream: refers to it if that is wanted, else copies it, once. */
function takeContent(core: Core, stream: Stream, size: number): void {
  const { out, loan } = core;
  let left = size;
  while (left > 0) {
    const chunk = stream.chunk!;
    const from = stream.chunkOffset;
    const to = Math.min(chunk.length, from + left);
    if (loan.isWanted && to - from >= loan.minBytes && isFixedMemory(chunk)) {
      loan.add(stream, core.epoch, out.position, chunk, from, to);
    } else out.bytes(chunk, from, to);
    left -= to - from;
    if (to < chunk.length) {
      stream.chunkOffset = to;
      return;
    }
    stream.chunkOffset = 0;
    stream.chunk = stream.chunks?.shift();
  }
}

/** Writes the end of a message that has no more content: trailers, or an empty DATA frame. */
function sendEnd(core: Core, stream: Stream): void {
  const trailers = stream.trailers;
  core.scheduler.remove(stream);
  if (trailers !== undefined) {
    sendSection(core, stream, trailers, stream.trailersSensitive, true, false);
  } else {
    beginData(core, stream, 0, true);
  }
  core.endWrite(stream);
}
