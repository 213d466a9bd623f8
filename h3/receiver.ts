import type { RequestHead } from "../semantics/head.ts";
import { MessageWriter } from "../semantics/message_writer.ts";
import { parsePriority } from "../semantics/priority.ts";
import { ReceivedBody } from "../semantics/received_body.ts";
import type { RuleId } from "../semantics/rules/mod.ts";
import { Violation } from "../semantics/violation.ts";
import { NO_BYTES } from "../wire/buffer_pool.ts";
import { ByteQueue } from "../wire/byte_queue.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import type { DecodedSection } from "../wire/decoded_section.ts";
import type { Core } from "./core.ts";
import { countLimit } from "./counters.ts";
import { ANSWERS, failConnection, H3ErrorCode, type H3ErrorName } from "./errors.ts";
import { type Exchange, sendOrder } from "./exchange.ts";
import { FrameType, isHttp2Frame } from "./frame_types.ts";
import { Scratch } from "./scratch.ts";
import { abortSending, respondBare, traceSection } from "./sender.ts";

/** How many bytes may be kept behind a section that waits for QPACK inserts, whatever the driver reads ahead. */
const MAX_KEPT_BYTES = 1_048_576;

/** Takes bytes of a request stream, and FIN if it comes with them. */
export function receiveStream(core: Core, exchange: Exchange, bytes: Uint8Array, fin: boolean): void {
  if (exchange.receiving === "blocked") return keep(core, exchange, bytes, fin);
  if (exchange.receiving !== "open") return;
  if (fin) exchange.hasFin = true;
  if (!receiveFrames(core, exchange, bytes, fin)) return;
  if (fin) return receiveFin(core, exchange);
  flushBody(core, exchange, false);
  watchHead(core, exchange);
}

/** Walks over the frames in `bytes`; answers `false` when the stream is to be left alone. */
function receiveFrames(core: Core, exchange: Exchange, bytes: Uint8Array, fin: boolean): boolean {
  const { frames } = exchange;
  for (let at = 0;;) {
    if (frames.type < 0) {
      if (at >= bytes.length) return true;
      at = frames.readHeader(bytes, at);
      if (at < 0) return true;
      if (!beginFrame(core, exchange)) return false;
    }
    const end = at + Math.min(frames.left, bytes.length - at);
    const isWhole = end - at === frames.left;
    frames.left -= end - at;
    if (frames.type === FrameType.DATA) {
      if (end > at) addBody(core, exchange, bytes.subarray(at, end));
      if (exchange.receiving !== "open") return false;
    } else if (frames.type === FrameType.HEADERS) {
      const section = gatherSection(exchange, bytes, at, end, isWhole);
      if (section !== undefined) {
        frames.endFrame();
        if (!receiveSection(core, exchange, section, bytes, end, fin)) return false;
        at = end;
        continue;
      }
    }
    if (!isWhole) return true;
    frames.endFrame();
    at = end;
  }
}

/** Checks the frame whose header was just read. */
function beginFrame(core: Core, exchange: Exchange): boolean {
  const { type, left } = exchange.frames;
  core.counters.framesIn++;
  if (core.trace !== undefined) core.traceFrame("in", exchange.id, type, left);
  switch (type) {
    case FrameType.DATA:
      return beginData(core, exchange, left);
    case FrameType.HEADERS:
      flushBody(core, exchange, false);
      if (exchange.reader.isTunnel) {
        failConnection("H3_FRAME_UNEXPECTED", "9114-4.4", "HEADERS in a tunnel");
      }
      if (left > core.limits.maxHeaderListBytes * core.limits.headerListGrace) {
        failConnection("H3_EXCESSIVE_LOAD", "limit:header_list_bytes", "a field section is far too large");
      }
      return true;
    case FrameType.PUSH_PROMISE:
      return failPushPromise(core, left);
    case FrameType.CANCEL_PUSH:
      return unexpected("9114-7.2.3:stream", "CANCEL_PUSH");
    case FrameType.SETTINGS:
      return unexpected("9114-7.2.4", "SETTINGS");
    case FrameType.GOAWAY:
      return unexpected("9114-7.2.6", "GOAWAY");
    case FrameType.MAX_PUSH_ID:
      return unexpected("9114-7.2.7", "MAX_PUSH_ID");
    case FrameType.ORIGIN:
      return unexpected("9412-2:stream", "ORIGIN");
    case FrameType.PRIORITY_UPDATE_REQUEST:
    case FrameType.PRIORITY_UPDATE_PUSH:
      return unexpected("9218-7.2:stream", "PRIORITY_UPDATE");
  }
  if (isHttp2Frame(type)) return unexpected("9114-7.2.8", "a frame of HTTP/2");
  core.counters.unknownFrames++;
  core.glitch();
  return true;
}

function unexpected(rule: RuleId, name: string): never {
  failConnection("H3_FRAME_UNEXPECTED", rule, `${name} on a request stream`);
}

function failPushPromise(core: Core, length: number): never {
  if (core.isServer) unexpected("9114-7.2.5", "PUSH_PROMISE");
  if (length === 0) failConnection("H3_FRAME_ERROR", "9114-7.1", "a PUSH_PROMISE is empty");
  failConnection("H3_ID_ERROR", "9114-4.6", "a push is promised that was not allowed");
}

/** Checks a DATA frame as a whole, before any of it is passed on. */
function beginData(core: Core, exchange: Exchange, length: number): boolean {
  const violation = exchange.reader.receiveBody(length, false);
  if (violation !== undefined) {
    violate(core, exchange, violation, undefined);
    return false;
  }
  if (length > 0) {
    exchange.emptyFrames = 0;
    exchange.isSmallFrame = length < core.limits.smallDataFrameBytes;
  } else if (++exchange.emptyFrames > core.limits.maxEmptyDataFrames) {
    failConnection("H3_EXCESSIVE_LOAD", "limit:empty_data", "there are too many empty DATA frames in a row");
  }
  return true;
}

/** Adds a piece of content; small ones are joined, so that many of them are one event. */
function addBody(core: Core, exchange: Exchange, piece: Uint8Array): void {
  const last = core.body;
  if (last === undefined) {
    core.body = piece;
  } else if (last.length + piece.length <= Scratch.MAX_JOINED) {
    core.body = core.scratch.join(last, piece);
  } else {
    flushBody(core, exchange, false);
    core.body = piece;
  }
}

/** Tells the shell of the content so far. */
function flushBody(core: Core, exchange: Exchange, end: boolean): void {
  const data = core.body;
  if (data === undefined) return;
  core.body = undefined;
  core.events.push(new ReceivedBody(exchange.id, data, 0, data.length, end));
  exchange.unread += data.length;
  exchange.receivedSince += data.length;
  const { limits } = core;
  if (end) return;
  if (exchange.isSmallFrame && data.length < limits.smallDataFrameBytes) {
    exchange.isSmallFrame = false;
    exchange.smallDebt += limits.smallDataFrameBytes - data.length;
    if (exchange.smallDebt > limits.smallDataBudgetBytes) {
      const detail = "small DATA frames cost more than they carry";
      faultStream(core, exchange, "H3_EXCESSIVE_LOAD", "limit:small_data", detail, 413);
      return;
    }
  }
  if (
    exchange.unread >= core.options.maxUnreadBytes || exchange.smallDebt * 2 > limits.smallDataBudgetBytes
  ) {
    exchange.isPaused = true;
    core.receiveRates.clear(exchange.id);
  }
}

/** Takes note that the application took body bytes; reading goes on when it had stopped. */
export function consumeBody(core: Core, exchange: Exchange, bytes: number): void {
  const left = Math.max(0, exchange.unread - bytes);
  exchange.smallDebt = exchange.unread === 0 ? 0 : Math.floor(exchange.smallDebt * (left / exchange.unread));
  exchange.unread = left;
  if (!exchange.isPaused || left * 2 > core.options.maxUnreadBytes) return;
  if (exchange.smallDebt * 4 > core.limits.smallDataBudgetBytes) return;
  exchange.isPaused = false;
  if (exchange.receiving !== "open") return;
  core.out.push({ type: "resume", stream: exchange.id });
  watchRate(core, exchange);
}

/** The section that ends at `end`, or `undefined` while it is not whole; what there is of it is kept. */
function gatherSection(
  exchange: Exchange,
  bytes: Uint8Array,
  from: number,
  end: number,
  isWhole: boolean,
): Uint8Array | undefined {
  const held = exchange.section;
  if (held === undefined && isWhole) return bytes.subarray(from, end);
  const writer = exchange.section = held ?? new ByteWriter();
  writer.bytes(bytes, from, end);
  return isWhole ? writer.buffer.subarray(0, writer.position) : undefined;
}

/** Decodes a whole section and acts on it; answers whether frames may follow at once. */
function receiveSection(
  core: Core,
  exchange: Exchange,
  section: Uint8Array,
  bytes: Uint8Array,
  end: number,
  fin: boolean,
): boolean {
  const decoded = core.decoder.decode(exchange.id, section);
  if (exchange.section !== undefined) {
    exchange.section.clear();
    exchange.section = undefined;
  }
  if (decoded !== "blocked") {
    if (core.trace !== undefined) traceSection(core, exchange, decoded, section.length);
    return receiveDecoded(core, exchange, decoded, fin && end === bytes.length);
  }
  core.counters.blockedSections++;
  if (core.trace !== undefined) core.traceState("qpack", "blocked", exchange.id);
  exchange.receiving = "blocked";
  core.receiveRates.clear(exchange.id);
  watchHead(core, exchange);
  keep(core, exchange, bytes.subarray(end), fin);
  return false;
}

/** Keeps what follows a blocked section. */
function keep(core: Core, exchange: Exchange, bytes: Uint8Array, fin: boolean): void {
  if (fin) exchange.hasFin = exchange.keptFin = true;
  if (bytes.length === 0) return;
  const kept = exchange.kept ??= new ByteQueue();
  if (kept.length + bytes.length > MAX_KEPT_BYTES) {
    const detail = "too much follows a field section that is blocked";
    faultStream(core, exchange, "H3_EXCESSIVE_LOAD", "limit:blocked_bytes", detail, 431);
    return;
  }
  kept.push(bytes);
  kept.keep();
}

/** Goes on with a stream whose section has all inserts that it needs. */
export function resumeStream(core: Core, id: number): void {
  const exchange = core.exchanges.get(id);
  if (exchange === undefined || exchange.receiving !== "blocked") return;
  if (core.trace !== undefined) core.traceState("qpack", "resumed", id);
  const decoded = core.decoder.resume(id);
  exchange.receiving = "open";
  const kept = exchange.kept;
  const fin = exchange.keptFin;
  exchange.kept = undefined;
  if (core.trace !== undefined) traceSection(core, exchange, decoded, 0);
  const rest = kept === undefined || kept.length === 0 ? NO_BYTES : kept.read(kept.length)!;
  if (!receiveDecoded(core, exchange, decoded, fin && rest.length === 0)) return;
  if (!fin && !exchange.isPaused) core.out.push({ type: "resume", stream: id });
  receiveStream(core, exchange, rest, fin);
}

/** Acts on a decoded section. */
function receiveDecoded(core: Core, exchange: Exchange, section: DecodedSection, end: boolean): boolean {
  const result = exchange.reader.receiveSection(section, end);
  if (result instanceof Violation) {
    violate(core, exchange, result, section);
    return false;
  }
  core.heads.clear(exchange.id);
  switch (result.kind) {
    case "request":
      return receiveRequest(core, exchange, result.head, end);
    case "interim":
      core.events.push({ type: "interim", id: exchange.id, head: result.head });
      return true;
    case "response":
      exchange.hasHead = true;
      if (exchange.reader.isTunnel) exchange.writer!.startTunnel();
      core.events.push({ type: "response", id: exchange.id, head: result.head, end });
      return true;
    case "trailers":
      // The message is complete when the stream ends, not before.
      exchange.trailers = result.fields;
      return true;
  }
}

function receiveRequest(core: Core, exchange: Exchange, head: RequestHead, end: boolean): boolean {
  exchange.hasHead = true;
  exchange.isConnect = head.method === "CONNECT";
  exchange.writer = new MessageWriter({ role: "response", method: head.method });
  if (exchange.isEarly && !core.options.allowsEarly(head)) {
    refuseEarly(core, exchange);
    return false;
  }
  if (!exchange.isPrioritySet) {
    const value = head.fields.get("priority");
    if (value !== undefined) exchange.priority = parsePriority(value);
  }
  const early = exchange.isEarly || head.fields.get("early-data") === "1";
  exchange.isAnnounced = true;
  core.events.push(
    early
      ? { type: "request", id: exchange.id, head, end, early }
      : { type: "request", id: exchange.id, head, end },
  );
  if (!end) watchRate(core, exchange);
  return true;
}

/** Answers 425 to a request that may not be early (RFC 8470 section 5.2); the client repeats it later. */
function refuseEarly(core: Core, exchange: Exchange): void {
  core.counters.tooEarly++;
  if (core.trace !== undefined) core.traceState("stream", "too-early", exchange.id, { rule: "8470-5.2" });
  giveUpReceiving(core, exchange, "H3_NO_ERROR");
  respondBare(core, exchange, 425);
  core.settle(exchange, false);
}

/** Takes the end of the peer's half. */
function receiveFin(core: Core, exchange: Exchange): void {
  if (!exchange.frames.isAtBoundary) {
    failConnection("H3_FRAME_ERROR", "9114-7.1", "a stream ends within a frame");
  }
  if (core.isServer && !exchange.hasHead) {
    const detail = "the stream ends before the request";
    return faultStream(core, exchange, "H3_REQUEST_INCOMPLETE", "9114-4.1:incomplete", detail, 400);
  }
  const { reader } = exchange;
  const isTold = reader.state === "end" && exchange.trailers === undefined;
  if (reader.state !== "end") {
    const violation = reader.receiveEnd();
    if (violation !== undefined) {
      core.body = undefined;
      return violate(core, exchange, violation, undefined);
    }
  }
  if (exchange.trailers !== undefined) {
    flushBody(core, exchange, false);
    core.events.push({ type: "trailers", id: exchange.id, fields: exchange.trailers });
    exchange.trailers = undefined;
  } else if (core.body !== undefined) {
    flushBody(core, exchange, true);
  } else if (!isTold) {
    core.events.push(new ReceivedBody(exchange.id, NO_BYTES, 0, 0, true));
  }
  if (exchange.receiving !== "open") return;
  exchange.receiving = "ended";
  core.heads.clear(exchange.id);
  core.receiveRates.clear(exchange.id);
  core.settle(exchange, true);
}

/** Answers a broken message rule, as the table of the protocol says. */
function violate(
  core: Core,
  exchange: Exchange,
  violation: Violation,
  section: DecodedSection | undefined,
): void {
  const answer = ANSWERS[violation.kind];
  const { rule, detail } = violation;
  if (answer.scope === "connection") failConnection(answer.code, rule, detail);
  const { maxHeaderListBytes, headerListGrace } = core.limits;
  if (section !== undefined && section.bytes > maxHeaderListBytes * headerListGrace) {
    failConnection("H3_EXCESSIVE_LOAD", "limit:header_list_bytes", "a field section is far too large");
  }
  faultStream(core, exchange, answer.code, rule, detail, answer.status);
}

/** Gives up an exchange for something that the peer did. */
export function faultStream(
  core: Core,
  exchange: Exchange,
  code: H3ErrorName,
  rule: RuleId,
  detail: string,
  status: number,
): void {
  core.body = undefined;
  countLimit(core.counters, rule);
  if (core.trace !== undefined) core.traceState("stream", "failed", exchange.id, { code, rule });
  const error = core.streamError(exchange, code, detail, "remote", rule);
  giveUpReceiving(core, exchange, code);
  const mayAnswer = core.isServer && exchange.isSending && !exchange.hasSentHead;
  if (mayAnswer && (status === 431 || !core.options.exactStreamErrors)) respondBare(core, exchange, status);
  else abortSending(core, exchange, code);
  core.emitAborted(exchange, "both", error);
  core.settle(exchange, false);
  core.counters.errorResets++;
  if (core.errorResets.spend(core.now)) return;
  failConnection("H3_EXCESSIVE_LOAD", "limit:error_resets", "errors of the peer caused too many resets");
}

/** Gives up the receiving half: what still comes is dropped. */
export function giveUpReceiving(core: Core, exchange: Exchange, code: H3ErrorName): void {
  if (!exchange.isReceiving) return;
  if (!exchange.hasFin && exchange.sending !== "held") {
    core.out.push({ type: "stop", stream: exchange.id, code: H3ErrorCode[code] });
  }
  endReceiving(core, exchange);
}

/** Drops what was kept of the receiving half, and tells the peer's encoder. */
export function endReceiving(core: Core, exchange: Exchange): void {
  if (!exchange.hasFin || exchange.receiving === "blocked" || !exchange.hasHead) {
    core.decoder.cancel(exchange.id);
  }
  exchange.receiving = "aborted";
  exchange.kept = undefined;
  exchange.trailers = undefined;
  exchange.section?.clear();
  exchange.section = undefined;
  core.heads.clear(exchange.id);
  core.receiveRates.clear(exchange.id);
}

/** Sets the deadline of a section that was begun, or of a request that has no head yet. */
export function watchHead(core: Core, exchange: Exchange): void {
  const isBegun = exchange.section !== undefined || exchange.receiving === "blocked" ||
    exchange.frames.type === FrameType.HEADERS || (core.isServer && !exchange.hasHead);
  if (!isBegun || !exchange.isReceiving || core.heads.has(exchange.id)) return;
  core.heads.set(exchange.id, core.now);
}

/** Watches how fast a request body comes. */
function watchRate(core: Core, exchange: Exchange): void {
  if (!core.isServer || exchange.isConnect || exchange.isSlowAllowed || core.limits.minDataRate === 0) return;
  exchange.receivedSince = 0;
  core.receiveRates.set(exchange.id, core.now);
}

/** Tells the transport the order of an exchange whose priority is known or changed. */
export function pushOrder(core: Core, exchange: Exchange): void {
  if (!core.options.sendOrder || !exchange.isSending) return;
  core.out.push({ type: "priority", stream: exchange.id, order: sendOrder(exchange.priority, exchange.id) });
}
