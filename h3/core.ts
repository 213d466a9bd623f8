import { Budget } from "../semantics/budget.ts";
import { type ConnectionError, type RetryVerdict, StreamError } from "../semantics/errors.ts";
import type { EngineEvent, Side } from "../semantics/events.ts";
import type { Limits } from "../semantics/limits.ts";
import type { Priority } from "../semantics/priority.ts";
import type { RuleId } from "../semantics/rules/mod.ts";
import type { TraceHook } from "../semantics/trace.ts";
import { QpackDecoder, QpackEncoder } from "../qpack/mod.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { IdTable } from "../wire/id_table.ts";
import { CONTROL_STREAM, DECODER_STREAM, ENCODER_STREAM, type StreamRef } from "./command.ts";
import { type H3Counters, newCounters } from "./counters.ts";
import { Deadlines } from "./deadlines.ts";
import { failConnection, H3ErrorCode, type H3ErrorName } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { frameName, FrameType } from "./frame_types.ts";
import type { ResolvedH3Options } from "./options.ts";
import { giveBack, isLendable } from "./loan.ts";
import { Outbox } from "./outbox.ts";
import { Scratch } from "./scratch.ts";
import { SeenIds } from "./seen_ids.ts";
import { type H3Settings, INITIAL_SETTINGS } from "./settings.ts";
import { describePayload } from "./tracing.ts";

/** Changes or drops what this end is about to write; for mischief in tests. */
export type RewriteFrame = (
  frame: { readonly stream: StreamRef; readonly type: number; readonly payload: Uint8Array },
) => { readonly type: number; readonly payload: Uint8Array } | Uint8Array | undefined;

/** What all parts of the engine share: options, counters, codecs, exchanges, output. Internal. */
export class Core {
  readonly options: ResolvedH3Options;
  readonly limits: Limits;
  readonly isServer: boolean;
  readonly trace: TraceHook | undefined;
  readonly counters: H3Counters = newCounters();
  readonly out: Outbox = new Outbox();
  readonly encoder: QpackEncoder;
  readonly decoder: QpackDecoder;
  /** Field sections are encoded here before they become frames. */
  readonly section: ByteWriter = new ByteWriter();
  readonly scratch: Scratch = new Scratch();
  events: EngineEvent[] = [];
  /** Body bytes of the receive under way that no event carries yet. */
  body: Uint8Array | undefined = undefined;
  /** The time of the last call that had one. */
  now: number;
  isClosed = false;
  isEarly: boolean;
  peer: H3Settings = INITIAL_SETTINGS;
  hasPeerSettings = false;
  rewrite: RewriteFrame | undefined = undefined;

  readonly exchanges: IdTable<Exchange> = new IdTable();
  /** Exchanges that are over but for bytes that the driver has not written. */
  readonly leaving: Map<number, Exchange> = new Map();
  /** Exchanges with body bytes that wait. */
  readonly waiting: Set<Exchange> = new Set();
  readonly seen: SeenIds = new SeenIds(0);
  /** Priorities of streams that have not come yet. */
  readonly earlyPriorities: Map<number, Priority> = new Map();
  /** Requests from this id on are not taken (server), or were not worked on (client). */
  goawayLimit = Infinity;
  isDraining = false;
  /** Write commands on control and QPACK streams that the driver is not done with. */
  unsentControl = 0;
  decoderBytesInFlight = 0;

  readonly heads: Deadlines;
  readonly receiveRates: Deadlines;
  readonly sendRates: Deadlines;
  readonly aborts: Deadlines;
  readonly peerResets: Budget;
  readonly errorResets: Budget;
  readonly glitches: Budget;
  /** Called when an exchange is over; `isBusy` says whether it was the last. */
  onIdle: () => void = () => {};

  constructor(options: ResolvedH3Options, now: number, trace: TraceHook | undefined) {
    const { limits } = options;
    this.options = options;
    this.limits = limits;
    this.isServer = options.isServer;
    this.trace = trace;
    this.now = now;
    this.isEarly = options.early;
    this.encoder = new QpackEncoder({
      policy: options.qpackPolicy,
      maxTableBytes: limits.maxEncoderTableBytes,
    });
    this.decoder = new QpackDecoder({
      maxTableBytes: limits.qpackTableBytes,
      maxBlockedStreams: limits.qpackBlockedStreams,
      maxListBytes: limits.maxHeaderListBytes,
      maxFields: limits.maxHeaderFields,
      maxEncoderStreamBytes: limits.maxEncoderStreamBytes,
    });
    this.heads = new Deadlines(limits.headTimeoutMs);
    this.receiveRates = new Deadlines(limits.dataRateGraceMs);
    this.sendRates = new Deadlines(limits.dataRateGraceMs);
    this.aborts = new Deadlines(options.abortTimeoutMs);
    this.peerResets = new Budget(limits.peerResetBurst, limits.peerResetsPerSecond);
    this.errorResets = new Budget(limits.errorResetBurst, limits.errorResetsPerSecond);
    this.glitches = new Budget(limits.glitchBurst, limits.glitchesPerSecond);
  }

  /** Whether there are exchanges, or bytes of such that the driver has not written. */
  get isBusy(): boolean {
    return this.exchanges.size > 0 || this.leaving.size > 0;
  }

  /** Counts something odd that is ignored; too many end the connection. */
  glitch(): void {
    this.counters.glitches++;
    if (this.glitches.spend(this.now)) return;
    failConnection("H3_EXCESSIVE_LOAD", "limit:glitches", "the peer sent too much that is ignored");
  }

  /** Writes one frame; answers how many bytes it took. */
  frame(stream: StreamRef, type: number, payload: Uint8Array, from: number, to: number): number {
    if (this.rewrite !== undefined) return this.#rewritten(stream, type, payload.subarray(from, to));
    const bytes = this.out.frame(stream, type, payload, from, to);
    this.#wrote(stream, type, bytes, payload, from, to);
    return bytes;
  }

  /** Writes a DATA frame of an exchange, of which a large payload stays where it is; answers how many bytes it took. */
  data(exchange: Exchange, data: Uint8Array, from: number, to: number): number {
    const { id } = exchange;
    if (!isLendable(data, to - from)) return this.frame(id, FrameType.DATA, data, from, to);
    if (this.rewrite !== undefined) return this.frame(id, FrameType.DATA, data, from, to);
    const bytes = this.out.lentFrame(id, FrameType.DATA, data, from, to);
    exchange.lentWrites++;
    this.#wrote(id, FrameType.DATA, bytes, data, from, to);
    return bytes;
  }

  #rewritten(stream: StreamRef, type: number, payload: Uint8Array): number {
    const frame = this.rewrite!({ stream, type, payload });
    if (frame === undefined) return 0;
    const bytes = frame instanceof Uint8Array
      ? this.out.raw(stream, frame)
      : this.out.frame(stream, frame.type, frame.payload, 0, frame.payload.length);
    this.#wrote(stream, type, bytes, payload, 0, payload.length);
    return bytes;
  }

  #wrote(
    stream: StreamRef,
    type: number,
    bytes: number,
    payload: Uint8Array,
    from: number,
    to: number,
  ): void {
    this.counters.framesOut++;
    this.counters.bytesOut += bytes;
    if (stream < 0) this.controlWrite();
    if (this.trace === undefined) return;
    const detail = stream < 0 ? describePayload(type, payload, from, to) : undefined;
    this.traceFrame("out", stream, type, to - from, detail);
  }

  /** Counts a write on a control or QPACK stream, of which only so many may wait. */
  controlWrite(): void {
    if (this.out.wasMerged) return;
    this.unsentControl++;
    if (this.unsentControl > this.limits.maxQueuedFrames) {
      failConnection("H3_EXCESSIVE_LOAD", "limit:queued_frames", "the peer reads no control frames");
    }
  }

  /** Tells the hook of a frame. */
  traceFrame(
    direction: "in" | "out",
    stream: StreamRef,
    frameType: number,
    length: number,
    detail?: Readonly<Record<string, unknown>>,
  ): void {
    this.trace?.({
      type: "frame",
      direction,
      stream,
      name: frameName(frameType),
      frameType,
      length,
      ...(detail === undefined ? {} : { detail }),
    });
  }

  /** Tells the hook of a change of state. */
  traceState(
    subject: string,
    state: string,
    stream?: number,
    detail?: Readonly<Record<string, unknown>>,
  ): void {
    this.trace?.({
      type: "state",
      subject,
      state,
      ...(stream === undefined ? {} : { stream }),
      ...(detail === undefined ? {} : { detail }),
    });
  }

  /** Writes what the field section encoder has to say; before the section that needs it. */
  flushEncoder(): void {
    const bytes = this.encoder.takeInstructions();
    if (bytes.length === 0) return;
    this.out.raw(ENCODER_STREAM, bytes);
    this.counters.bytesOut += bytes.length;
    this.encoder.recycle(bytes);
    this.controlWrite();
    if (this.trace !== undefined) {
      this.traceState("qpack", "encoder", ENCODER_STREAM, { bytes: bytes.length });
    }
  }

  /** Writes what the field section decoder has to say, as long as the peer reads it. */
  flushDecoder(): void {
    const { decoder } = this;
    if (decoder.instructionBytes === 0) return;
    const limit = this.limits.maxDecoderStreamBytes;
    if (this.decoderBytesInFlight >= limit) {
      if (decoder.instructionBytes <= limit) return;
      failConnection(
        "H3_EXCESSIVE_LOAD",
        "limit:decoder_stream_bytes",
        "the peer reads no decoder instructions",
      );
    }
    const bytes = decoder.takeInstructions();
    if (bytes.length === 0) return;
    this.out.raw(DECODER_STREAM, bytes);
    this.counters.bytesOut += bytes.length;
    this.decoderBytesInFlight += bytes.length;
    decoder.recycle(bytes);
    this.controlWrite();
    if (this.trace !== undefined) {
      this.traceState("qpack", "decoder", DECODER_STREAM, { bytes: bytes.length });
    }
  }

  /** Writes a frame on the control stream. */
  controlFrame(type: number, payload: ByteWriter): void {
    this.frame(CONTROL_STREAM, type, payload.buffer, 0, payload.position);
    payload.clear();
  }

  /** What is known about the fate of a request. */
  verdict(exchange: Exchange): RetryVerdict {
    if (this.isServer) return "unknown";
    if (!exchange.isOpened || exchange.sending === "held") return "unsent";
    return exchange.id >= this.goawayLimit ? "refused" : "unknown";
  }

  /**
   * Tells the shell that a half, or both, ended early. The last word on an exchange is one
   * `done`, or one `aborted` of side `both`: the former where this end has all that it is for.
   */
  emitAborted(exchange: Exchange, side: Side, error: StreamError | ConnectionError): void {
    if (!exchange.isAnnounced) return;
    const { id, isReceiving, isSending } = exchange;
    const isLast = side !== "both" && !isReceiving && !isSending;
    const isWhole = (this.isServer ? exchange.sending : exchange.receiving) === "ended";
    giveBack(this, exchange, { type: "aborted", id, side: isLast && !isWhole ? "both" : side, error });
    if (isLast && isWhole) giveBack(this, exchange, { type: "done", id });
  }

  /** An error of one stream, with our own code. */
  streamError(
    exchange: Exchange,
    code: H3ErrorName,
    detail: string,
    initiator: "local" | "remote" | "user",
    rule?: RuleId,
  ): StreamError {
    return new StreamError(code, `Cannot finish the exchange: ${detail}`, {
      wireCode: H3ErrorCode[code],
      initiator,
      retry: this.verdict(exchange),
      ...(rule === undefined ? {} : { rule }),
    });
  }

  /** Forgets an exchange once both halves are over; `well` says that the last one ended in order. */
  settle(exchange: Exchange, well: boolean): void {
    if (exchange.isOver || exchange.isReceiving || exchange.isSending) return;
    exchange.isOver = true;
    this.exchanges.delete(exchange.id);
    this.heads.clear(exchange.id);
    this.receiveRates.clear(exchange.id);
    this.waiting.delete(exchange);
    if (exchange.section !== undefined) exchange.section.clear();
    exchange.section = undefined;
    if (exchange.inFlight > 0) this.leaving.set(exchange.id, exchange);
    else this.sendRates.clear(exchange.id);
    if (well) {
      this.counters.exchangesDone++;
      if (exchange.isAnnounced) giveBack(this, exchange, { type: "done", id: exchange.id });
    }
    if (this.trace !== undefined) this.traceState("stream", "closed", exchange.id, { well });
    this.onIdle();
  }
}
