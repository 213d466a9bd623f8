import { HpackError } from "../hpack/mod.ts";
import type { SectionResult } from "../semantics/mod.ts";
import { MessageReader, MessageWriter, parsePriority, Violation } from "../semantics/mod.ts";
import { ReceivedBody } from "../semantics/received_body.ts";
import type { DecodedSection } from "../wire/decoded_section.ts";
import { Flag, FrameType } from "./constants.ts";
import type { Core } from "./core.ts";
import { ANSWERS, H2ErrorCode } from "./errors.ts";
import { FrameAction, type FrameSink } from "./frame_reader.ts";
import { writeHeaders } from "./frame_writer.ts";
import { HeaderBlock } from "./header_block.ts";
import { checkFrameHeader } from "./frame_rules.ts";
import {
  receiveAltSvc,
  receiveGoaway,
  receiveOrigins,
  receivePing,
  receivePriorityUpdate,
  receiveSettings,
} from "./inbound_control.ts";
import { readUint31, readUint32 } from "./octets.ts";
import { PingKind, sendPing } from "./pings.ts";
import { Stream } from "./stream.ts";
import { traceFields, traceFrameParts } from "./tracing.ts";
import { receiveReset, receiveWindowUpdate } from "./inbound_stream.ts";

/** Takes the frames of the peer: HEADERS, CONTINUATION and DATA here, the rest by its helpers. */
export class Inbound implements FrameSink {
  readonly #core: Core;
  readonly #block: HeaderBlock;
  /** Whether the peer's first frame was seen. */
  #isFirst = true;
  /** The stream of the DATA frame that is being read; `undefined` when it is dropped. */
  #dataStream: Stream | undefined;
  #dataEnds = false;

  constructor(core: Core) {
    this.#core = core;
    this.#block = new HeaderBlock(core);
  }

  /** Whether nothing more is to be read. */
  get isStopped(): boolean {
    return this.#core.state === "closed";
  }

  /** Whether a header block has begun and is not whole. */
  get isMidBlock(): boolean {
    return this.#block.isOpen;
  }

  /** Judges a frame by its header. */
  receiveFrameHeader(type: number, flags: number, id: number, length: number): FrameAction {
    const core = this.#core;
    core.counters.framesIn++;
    if (core.trace !== undefined && type === FrameType.DATA) {
      traceFrameParts(core.trace, "in", type, flags, id, length, NONE, -1, -1);
    }
    if (this.#isFirst) {
      if (type !== FrameType.SETTINGS) {
        core.fail(H2ErrorCode.PROTOCOL_ERROR, "9113-3.4:settings", "the first frame is not SETTINGS");
        return FrameAction.STOP;
      }
      // Some clients acknowledge our SETTINGS before they send theirs.
      this.#isFirst = (flags & Flag.ACK) !== 0;
    }
    if (this.#block.isOpen && (type !== FrameType.CONTINUATION || id !== this.#block.stream)) {
      const rule = type > FrameType.CONTINUATION ? "9113-5.5" : "9113-4.3";
      core.fail(H2ErrorCode.PROTOCOL_ERROR, rule, "another frame interrupts a header block");
      return FrameAction.STOP;
    }
    const action = checkFrameHeader(core, type, flags, id, length);
    if (core.trace !== undefined && type > FrameType.CONTINUATION && action !== FrameAction.GATHER) {
      traceFrameParts(core.trace, "in", type, flags, id, length, NONE, -1, -1);
    }
    if (type === FrameType.CONTINUATION && action === FrameAction.GATHER) {
      if (!this.#block.isOpen) {
        const detail = "CONTINUATION follows no open header block";
        core.fail(H2ErrorCode.PROTOCOL_ERROR, "9113-6.10", detail);
        return FrameAction.STOP;
      }
      if (!this.#block.admitContinuation(length)) return FrameAction.STOP;
    }
    return action;
  }

  /** Takes a whole payload. */
  receiveFrame(type: number, flags: number, id: number, bytes: Uint8Array, start: number, end: number): void {
    const core = this.#core;
    if (core.trace !== undefined) {
      traceFrameParts(core.trace, "in", type, flags, id, end - start, bytes, start, end);
    }
    switch (type) {
      case FrameType.HEADERS:
        this.#receiveHeaders(flags, id, bytes, start, end);
        break;
      case FrameType.WINDOW_UPDATE:
        receiveWindowUpdate(core, id, readUint31(bytes, start));
        break;
      case FrameType.CONTINUATION: {
        this.#block.append(bytes, start, end);
        if ((flags & Flag.END_HEADERS) === 0) return;
        const block = this.#block.close();
        this.#decode(id, block, 0, block.length, this.#block.endsStream, this.#block.dependsOnItself);
        break;
      }
      case FrameType.RST_STREAM:
        receiveReset(core, id, readUint32(bytes, start));
        break;
      case FrameType.SETTINGS:
        receiveSettings(core, flags, bytes, start, end);
        break;
      case FrameType.PING:
        receivePing(core, flags, readUint32(bytes, start), readUint32(bytes, start + 4));
        break;
      case FrameType.GOAWAY:
        receiveGoaway(core, readUint31(bytes, start), readUint32(bytes, start + 4));
        break;
      case FrameType.PRIORITY:
        this.#receivePriority(id, readUint31(bytes, start));
        break;
      case FrameType.PRIORITY_UPDATE:
        receivePriorityUpdate(core, bytes, start, end);
        break;
      case FrameType.ORIGIN:
        receiveOrigins(core, bytes, start, end);
        break;
      case FrameType.ALTSVC:
        receiveAltSvc(core, id, bytes, start, end);
    }
    if (core.queuedFrames > core.limits.maxQueuedFrames) {
      core.failLimit("limit:queued_frames", "too many frames wait for the peer to read");
    }
  }

  #receivePriority(id: number, dependsOn: number): void {
    const core = this.#core;
    core.glitch();
    if (dependsOn !== id || core.state === "closed") return;
    const stream = core.find(id);
    // RFC 9113 has no rule for it any more; an idle stream cannot be reset.
    if (stream !== undefined) {
      core.resetForError(stream, H2ErrorCode.PROTOCOL_ERROR, "7540-5.3.1", "a stream depends on itself");
    } else if (core.isIdle(id)) {
      core.fail(H2ErrorCode.PROTOCOL_ERROR, "7540-5.3.1", "a stream depends on itself");
    }
  }

  // ---------------------------------------------------------------- HEADERS

  #receiveHeaders(flags: number, id: number, bytes: Uint8Array, start: number, end: number): void {
    const core = this.#core;
    let padding = 0;
    if ((flags & Flag.PADDED) !== 0) padding = bytes[start++]!;
    let dependsOnItself = false;
    if ((flags & Flag.PRIORITY) !== 0) {
      dependsOnItself = end - start >= 4 && readUint31(bytes, start) === id;
      start += 5;
    }
    if (padding > end - start) {
      core.fail(H2ErrorCode.PROTOCOL_ERROR, "9113-6.2:padding", "the padding of HEADERS is too long");
      return;
    }
    end -= padding;
    const endsStream = (flags & Flag.END_STREAM) !== 0;
    if ((flags & Flag.END_HEADERS) !== 0) {
      this.#decode(id, bytes, start, end, endsStream, dependsOnItself);
    } else {
      this.#block.open(id, endsStream, dependsOnItself);
      this.#block.append(bytes, start, end);
    }
  }

  /** Decodes a whole block, whatever becomes of its stream: the table must stay in step. */
  #decode(
    id: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    end: boolean,
    dependsOnItself: boolean,
  ): void {
    const core = this.#core;
    const { limits } = core;
    let section: DecodedSection;
    try {
      section = core.decoder.decode(bytes, from, to);
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      core.fail(H2ErrorCode.COMPRESSION_ERROR, error.rule, "a header block cannot be decoded");
      return;
    }
    if (core.trace !== undefined) traceFields(core.trace, "in", id, section.flat, to - from);
    if (section.tooLarge && section.bytes > limits.maxHeaderListBytes * limits.headerListGrace) {
      core.failLimit("limit:header_list_bytes", "a field section is far too large");
      return;
    }
    const stream = core.find(id) ?? this.#openStream(id);
    if (stream === undefined) return;
    if (dependsOnItself) {
      core.resetForError(stream, H2ErrorCode.PROTOCOL_ERROR, "7540-5.3.1", "a stream depends on itself");
    } else if (!stream.isReadOpen) {
      const detail = "a field section follows the end of the message";
      core.resetForError(stream, H2ErrorCode.STREAM_CLOSED, "9113-5.1:half-closed", detail);
    } else if (!stream.isDiscarding) {
      this.#receiveSection(stream, section, end);
    } else if (end) {
      core.endRead(stream);
    } else if (!stream.isWriteOpen) {
      core.resetLeftOver(stream);
    }
  }

  /** Opens the stream that HEADERS names, or says what is wrong with it. */
  #openStream(id: number): Stream | undefined {
    const core = this.#core;
    if (!core.isServer || (id & 1) === 0) {
      if (!core.isServer && core.isOurs(id) && id < core.nextStreamId) return this.#lateHeaders(id);
      core.fail(H2ErrorCode.PROTOCOL_ERROR, "9113-5.1.1", "the peer may not open this stream");
      return undefined;
    }
    if (id <= core.peerStreamId) return this.#lateHeaders(id);
    core.peerStreamId = id;
    const { limits } = core;
    if (
      core.streams.size >= core.localSettings.maxConcurrentStreams ||
      (core.goawaySent >= 0 && id > core.goawaySent)
    ) {
      core.refuse(id);
      core.glitch();
      return undefined;
    }
    core.processedStreamId = id;
    core.counters.exchangesAccepted++;
    const reader = new MessageReader({
      role: "request",
      limits,
      extendedConnect: core.localSettings.enableConnectProtocol,
    });
    const stream = new Stream(id, reader, NO_WRITER, core.streamWindow, core.peerSettings.initialWindowBytes);
    core.add(stream);
    return stream;
  }

  /** HEADERS for a stream that is over. */
  #lateHeaders(id: number): undefined {
    const core = this.#core;
    const ending = core.closedStreams.find(id, core.now);
    if (ending === "reset-by-us") {
      core.late(id);
    } else if (ending === "reset-by-peer") {
      core.glitch();
      if (core.state !== "closed") core.resetUnknown(id, H2ErrorCode.STREAM_CLOSED, "9113-5.1:closed");
    } else if (ending === "ended") {
      core.fail(H2ErrorCode.STREAM_CLOSED, "9113-5.1:closed", "HEADERS for a stream that is closed");
    } else {
      core.fail(H2ErrorCode.PROTOCOL_ERROR, "9113-5.1.1", "stream ids do not grow");
    }
    return undefined;
  }

  #receiveSection(stream: Stream, section: DecodedSection, end: boolean): void {
    const core = this.#core;
    const result = stream.reader.receiveSection(section, end);
    if (result instanceof Violation) {
      this.#answer(stream, result, section);
      return;
    }
    stream.emptyFrames = 0;
    stream.receiveSince = -1;
    this.#announce(stream, result, end);
    if (end && stream.isReadOpen) core.endRead(stream);
  }

  #announce(stream: Stream, result: Exclude<SectionResult, Violation>, end: boolean): void {
    const core = this.#core;
    const id = stream.id;
    switch (result.kind) {
      case "request": {
        const head = result.head;
        stream.writer = new MessageWriter({ role: "response", method: head.method });
        stream.isConnect = head.method === "CONNECT";
        stream.isAnnounced = true;
        const early = core.earlyPriorities?.get(id);
        if (early !== undefined) core.earlyPriorities!.delete(id);
        const value = head.fields.get("priority");
        if (early !== undefined || value !== undefined) {
          const priority = early ?? parsePriority(value!);
          core.scheduler.setPriority(stream, priority.urgency, priority.incremental);
        }
        core.events.push({ type: "request", id, head, end });
        return;
      }
      case "interim":
        core.events.push({ type: "interim", id, head: result.head });
        return;
      case "response":
        stream.isAnswered = true;
        if (stream.reader.isTunnel) stream.writer.startTunnel();
        core.events.push({ type: "response", id, head: result.head, end });
        return;
      case "trailers":
        core.events.push({ type: "trailers", id, fields: result.fields });
    }
  }

  /** Answers a broken rule of a message by the table of this role. */
  #answer(stream: Stream, violation: Violation, section: DecodedSection | undefined): void {
    const core = this.#core;
    const answer = ANSWERS[core.isServer ? "server" : "client"][violation.kind];
    if (violation.kind !== "too-large") {
      core.resetForError(stream, answer.code, violation.rule, violation.detail);
      return;
    }
    if (violation.rule === "limit:header_list_bytes") core.counters.headerListBytes++;
    else if (violation.rule === "limit:header_fields") core.counters.headerFields++;
    else if (violation.rule === "limit:interim_responses") core.counters.interimResponses++;
    if (!core.isServer || stream.isAnswered || section === undefined) {
      const code = core.isServer ? H2ErrorCode.ENHANCE_YOUR_CALM : answer.code;
      core.resetForLimit(stream, code, violation.rule, violation.detail);
      return;
    }
    const start = core.out.position;
    writeHeaders(
      core.out,
      core.encoder,
      stream.id,
      true,
      core.peerSettings.maxFrameBytes,
      TOO_LARGE,
      undefined,
      true,
    );
    core.queued(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, stream.id, start);
    stream.isWriteOpen = false;
    core.resetForLimit(stream, answer.code, violation.rule, violation.detail);
    core.glitch();
  }

  // ---------------------------------------------------------------- DATA

  /** Takes the start of a DATA frame: the windows and the message are checked for all of it. */
  receiveDataStart(id: number, flags: number, length: number, content: number): void {
    const core = this.#core;
    this.#dataStream = undefined;
    this.#dataEnds = (flags & Flag.END_STREAM) !== 0;
    if (length > core.receiveWindow) {
      const detail = "more DATA came than the connection's window has room for";
      core.fail(H2ErrorCode.FLOW_CONTROL_ERROR, "9113-6.9.1:window", detail);
      return;
    }
    core.receiveWindow -= length;
    const stream = core.find(id);
    if (stream === undefined) {
      this.#dropData(id, length);
      return;
    }
    if (!stream.isReadOpen) {
      core.returnToConnection(length);
      const detail = "DATA follows the end of the message";
      core.resetForError(stream, H2ErrorCode.STREAM_CLOSED, "9113-5.1:half-closed", detail);
      return;
    }
    if (length > stream.receiveWindow) {
      core.returnToConnection(length);
      const detail = "more DATA came than the stream's window has room for";
      core.resetForError(stream, H2ErrorCode.FLOW_CONTROL_ERROR, "9113-6.9.1:window", detail);
      return;
    }
    stream.receiveWindow -= length;
    stream.receivedBytes += content;
    if (stream.isDiscarding) {
      core.returnToConnection(length);
      if (this.#dataEnds) core.endRead(stream);
      else if (!stream.isWriteOpen) core.resetLeftOver(stream);
      return;
    }
    const violation = content === 0 && this.#dataEnds
      ? stream.reader.receiveEnd()
      : stream.reader.receiveBody(content, this.#dataEnds);
    if (violation !== undefined) {
      core.returnToConnection(length);
      this.#answer(stream, violation, undefined);
      return;
    }
    if (!this.#spendOnSmall(stream, content)) return;
    stream.unconsumed += content;
    const padding = length - content;
    if (padding > 0) {
      core.returnToConnection(padding);
      if (!this.#dataEnds) core.returnToStream(stream, padding);
    }
    this.#dataStream = stream;
    if (core.bandwidth !== undefined && core.bandwidth.receive(length, core.now)) {
      sendPing(core, PingKind.BANDWIDTH, 0);
    }
  }

  /** Charges small and empty frames; says whether the connection goes on. */
  #spendOnSmall(stream: Stream, content: number): boolean {
    const core = this.#core;
    const { limits } = core;
    if (this.#dataEnds) return true;
    if (content === 0) {
      if (++stream.emptyFrames <= limits.maxEmptyDataFrames) return true;
      core.failLimit("limit:empty_data", "too many empty DATA frames in a row");
      return false;
    }
    stream.emptyFrames = 0;
    const cost = limits.smallDataFrameBytes - content;
    if (cost > 0) {
      stream.smallDataSpent += cost;
      core.smallDataBudget -= cost;
    } else if (cost < 0) {
      core.refundSmallData(-cost);
    }
    return true;
  }

  /** DATA for a stream that is not in the table. */
  #dropData(id: number, length: number): void {
    const core = this.#core;
    core.returnToConnection(length);
    const ending = core.closedStreams.find(id, core.now);
    if (ending === "reset-by-us") {
      if (length < core.limits.smallDataFrameBytes) core.late(id);
      else core.counters.lateFrames++;
      return;
    }
    core.glitch();
    if (core.state === "closed") return;
    core.resetUnknown(id, H2ErrorCode.STREAM_CLOSED, "9113-5.1:closed");
  }

  /** Takes the next piece of a DATA frame. */
  receiveDataPiece(bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    const stream = this.#dataStream;
    if (stream === undefined) return;
    const core = this.#core;
    const ends = isLast && this.#dataEnds;
    if (isLast) this.#dataStream = undefined;
    // Given up since the frame began: its bytes were given back with the stream.
    if (!stream.isReadOpen) return;
    if (!stream.isDiscarding && (end > start || ends)) {
      core.events.push(new ReceivedBody(stream.id, bytes, start, end - start, ends));
    }
    if (ends) core.endRead(stream);
  }

  /** The padding of a DATA frame is too long. */
  receiveBadPadding(): void {
    const detail = "the padding of DATA is not shorter than its payload";
    this.#core.fail(H2ErrorCode.PROTOCOL_ERROR, "9113-6.1:padding", detail);
  }
}

const NONE = new Uint8Array(0);

/** The answer to a request head that is over our limits. */
const TOO_LARGE: readonly string[] = [":status", "431", "content-length", "0"];

/** Stands in until the request head is read and its method known. */
const NO_WRITER: MessageWriter = new MessageWriter({ role: "response" });
