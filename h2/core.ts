import { HpackDecoder, HpackEncoder } from "../hpack/mod.ts";
import type { ConnectionError, RetryVerdict, StreamError } from "../semantics/errors.ts";
import type { EngineEvent, Side } from "../semantics/events.ts";
import type { Limits } from "../semantics/limits.ts";
import { Budget } from "../semantics/budget.ts";
import type { Priority } from "../semantics/priority.ts";
import type { RuleId } from "../semantics/rules/mod.ts";
import type { TraceHook } from "../semantics/trace.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { IdTable } from "../wire/id_table.ts";
import { BandwidthEstimator } from "./bandwidth.ts";
import { ClosedStreams } from "./closed_streams.ts";
import { DEFAULT_WINDOW_BYTES, FrameType } from "./constants.ts";
import { type H2Counters, limitCounter, newCounters } from "./counters.ts";
import { Deadlines, LEFT_OVER_MS, LINGER_MS } from "./deadlines.ts";
import { newOutputWatch, type OutputWatch } from "./data_rates.ts";
import { H2ErrorCode, reasonWord } from "./errors.ts";
import { writeGoaway, writeReset, writeWindowUpdate } from "./frame_writer.ts";
import type { H2ConnectionOptions, ResolvedH2Options } from "./options.ts";
import { Loan } from "./loan.ts";
import type { PendingPing } from "./pings.ts";
import { resolveOptions } from "./options.ts";
import { Scheduler } from "./scheduler.ts";
import { type H2Settings, initialSettings, settingsOf } from "./settings.ts";
import type { Stream } from "./stream.ts";
import { connectionError, cutOffError, resetError, ruleError, unprocessedError } from "./stream_errors.ts";
import { traceFrame, traceReset, traceState } from "./tracing.ts";

/**
 * What the parts of the engine share: the state of one connection and the few verbs that
 * change it in one place. Not exported from the package.
 */
export class Core {
  readonly isServer: boolean;
  readonly options: ResolvedH2Options;
  readonly limits: Limits;
  readonly trace: TraceHook | undefined;
  readonly counters: H2Counters = newCounters();
  readonly deadlines: Deadlines = new Deadlines();
  readonly scheduler: Scheduler = new Scheduler();
  readonly closedStreams: ClosedStreams;
  readonly decoder: HpackDecoder;
  readonly encoder: HpackEncoder;
  readonly bandwidth: BandwidthEstimator | undefined;
  readonly peerResetBudget: Budget;
  readonly errorResetBudget: Budget;
  readonly glitchBudget: Budget;

  /** Between two looks at the data rates, in milliseconds. */
  readonly rateCheckMs: number;
  /** How long a connection may be without exchanges, in milliseconds. */
  readonly idleMs: number;

  /** `handshake` until the peer's SETTINGS, `draining` once either side has announced the end. */
  state: "handshake" | "open" | "draining" | "closed" = "handshake";
  now: number;
  events: EngineEvent[] = [];
  /** Control frames and heads, and during `output()` content. */
  readonly out: ByteWriter = new ByteWriter();
  readonly loan: Loan = new Loan();
  /** Counts the outputs that were taken. */
  epoch = 1;
  /** Size of the last output. */
  lastOutputBytes = 0;
  /** Content put into outputs in all, in bytes. */
  contentBytes = 0;
  readonly outputWatch: OutputWatch = newOutputWatch();
  /** Frames in `out` that are not content. */
  queuedFrames = 0;
  /** SETTINGS and PING acknowledgements in `out`. */
  unsentAcks = 0;

  readonly streams: IdTable<Stream> = new IdTable();
  #lastStream: Stream | undefined;
  /** The id that this end opens next (client). */
  nextStreamId = 1;
  /** The highest id that the peer opened (server). */
  peerStreamId = 0;
  /** The highest id that the peer opened and that was handed to the shell (server). */
  processedStreamId = 0;

  readonly peerSettings: H2Settings = initialSettings();
  readonly localSettings: H2Settings;
  /** Our settings as they were sent, for each SETTINGS that waits for its acknowledgement. */
  readonly unacknowledged: H2Settings[] = [];
  /** Whether the peer's first SETTINGS was seen. */
  hasPeerSettings = false;
  /** What is granted to new streams: never less than the peer may believe. */
  streamWindow: number;
  /** What the windows of streams are kept at, with what is unread. */
  streamTarget: number;
  /** Largest payload that is taken: never less than the peer may believe. */
  maxFrameBytes: number;

  sendWindow: number = DEFAULT_WINDOW_BYTES;
  receiveWindow: number = DEFAULT_WINDOW_BYTES;
  /** What `receiveWindow` is kept at, with what is unread. */
  connectionTarget: number;
  owed = 0;
  /** What is left for the overhead of unread small frames. */
  smallDataBudget: number;

  /** The id in the last GOAWAY that was sent; -1 before. */
  goawaySent = -1;
  /** The id in the last GOAWAY that was received; -1 before. */
  goawayReceived = -1;
  /** Whether the final GOAWAY waits until the peer has surely seen the notice (server). */
  awaitsShutdownPong = false;
  pings: PendingPing[] = [];
  nextPing = 1;
  /** Priorities that came before their streams (server). */
  earlyPriorities: Map<number, Priority> | undefined;

  constructor(given: H2ConnectionOptions) {
    const options = resolveOptions(given.role, given);
    const limits = options.limits;
    this.isServer = given.role === "server";
    this.options = options;
    this.limits = limits;
    this.trace = options.trace;
    this.now = given.now;
    this.closedStreams = new ClosedStreams(limits.maxRememberedStreams, limits.rememberStreamMs);
    this.decoder = new HpackDecoder({
      maxTableBytes: 4096,
      maxListBytes: limits.maxHeaderListBytes,
      maxFields: limits.maxHeaderFields,
    });
    this.encoder = new HpackEncoder({ maxTableBytes: limits.maxEncoderTableBytes });
    this.peerResetBudget = new Budget(limits.peerResetBurst, limits.peerResetsPerSecond);
    this.errorResetBudget = new Budget(limits.errorResetBurst, limits.errorResetsPerSecond);
    this.glitchBudget = new Budget(limits.glitchBurst, limits.glitchesPerSecond);
    this.rateCheckMs = limits.minDataRate > 0
      ? Math.min(1000, Math.max(10, limits.dataRateGraceMs / 2))
      : Infinity;
    this.idleMs = this.isServer && limits.idleTimeoutMs > 0 ? limits.idleTimeoutMs : Infinity;
    this.smallDataBudget = limits.smallDataBudgetBytes;
    this.connectionTarget = options.connectionWindowBytes;
    this.streamWindow = Math.max(options.streamWindowBytes, DEFAULT_WINDOW_BYTES);
    this.streamTarget = options.streamWindowBytes;
    this.maxFrameBytes = options.maxFrameBytes;
    this.bandwidth = options.adaptiveWindow
      ? new BandwidthEstimator(options.streamWindowBytes, options.maxAdaptiveWindowBytes)
      : undefined;
    this.localSettings = settingsOf(this.isServer, options);
  }

  /** The stream of an id, if it is in the table. */
  find(id: number): Stream | undefined {
    const last = this.#lastStream;
    if (last !== undefined && last.id === id) return last;
    const stream = this.streams.get(id);
    if (stream !== undefined) this.#lastStream = stream;
    return stream;
  }

  /** Puts a new stream into the table. */
  add(stream: Stream): void {
    stream.epoch = this.epoch;
    this.streams.add(stream);
    this.#lastStream = stream;
    this.deadlines.streamOpened(this.now, this.rateCheckMs);
    if (this.trace !== undefined) traceState(this.trace, "stream", stream.state, stream.id);
  }

  /** Whether the connection is over. */
  get isClosed(): boolean {
    return this.state === "closed";
  }

  /** Whether this end opened `id`, or would. */
  isOurs(id: number): boolean {
    return ((id & 1) === 0) === this.isServer;
  }

  /** Whether `id` was not used yet; for ids that are not in the table. */
  isIdle(id: number): boolean {
    return this.isOurs(id) ? this.isServer || id >= this.nextStreamId : id > this.peerStreamId;
  }

  /** What is known about a request that ended now without an answer. */
  verdict(stream: Stream): RetryVerdict {
    if (this.isServer) return "unknown";
    if (stream.epoch === this.epoch) return "unsent";
    return this.goawayReceived >= 0 && stream.id > this.goawayReceived ? "refused" : "unknown";
  }

  /** Whether `output()` has something to give. */
  get hasOutput(): boolean {
    return this.out.position > 0 || this.scheduler.hasEnding ||
      (this.sendWindow > 0 && this.scheduler.hasContent);
  }

  /** Counts a frame that was just written and that is not content; traces it. */
  queued(type: number, flags: number, stream: number, start: number): void {
    this.queuedFrames++;
    if (this.trace !== undefined) traceFrame(this.trace, "out", type, flags, stream, this.out.buffer, start);
  }

  /** Ends the receiving half in order. */
  endRead(stream: Stream): void {
    stream.isReadOpen = false;
    if (!stream.isWriteOpen) this.#finish(stream);
    else if (this.trace !== undefined) traceState(this.trace, "stream", stream.state, stream.id);
  }

  /** Ends the sending half in order; a server then needs no more of the request, unless it is a tunnel. */
  endWrite(stream: Stream): void {
    stream.isWriteOpen = false;
    if (stream.scheduled !== 0) this.scheduler.remove(stream);
    if (!stream.isReadOpen) {
      this.#finish(stream);
    } else if (stream.resetAfterWrite >= (this.isServer ? 1 : 0)) {
      this.#sendReset(stream.id, stream.resetAfterWrite);
      this.#remove(stream, "reset-by-us");
      this.#done(stream);
    } else if (this.isServer && !stream.reader.isTunnel) {
      this.#leave(stream);
    } else if (this.trace !== undefined) traceState(this.trace, "stream", stream.state, stream.id);
  }

  /**
   * The answer is complete and the request is not. Its end may be on its way, so the reset
   * that says that the rest is not needed waits until more comes, or for a moment.
   */
  #leave(stream: Stream): void {
    if (!stream.isDiscarding) {
      this.emitAborted(stream, "read", resetError(H2ErrorCode.NO_ERROR, "local", "unknown"));
    }
    this.#done(stream);
    stream.isAnnounced = false;
    this.#discard(stream);
    this.deadlines.leave(this.now + LEFT_OVER_MS);
  }

  /** Resets a stream whose exchange is over for the application. */
  resetLeftOver(stream: Stream): void {
    this.#sendReset(stream.id, H2ErrorCode.NO_ERROR);
    this.#remove(stream, "reset-by-us");
  }

  /** The peer took back its half or both (RST_STREAM), or this end may not go on. */
  resetByPeer(stream: Stream, code: number, retry: RetryVerdict): void {
    this.#remove(stream, "reset-by-peer");
    if (!stream.isAnnounced) return;
    const error = resetError(code, "remote", retry);
    // The response is whole: the server only did not want the rest of the request.
    if (code === H2ErrorCode.NO_ERROR && !stream.isReadOpen && !this.isServer) {
      this.emitAborted(stream, "write", error);
      this.#done(stream);
      return;
    }
    this.emitAborted(stream, "both", error);
  }

  /** Resets a stream because of an error of the peer. */
  resetForError(stream: Stream, code: number, rule: RuleId, detail: string): void {
    this.resetUnknown(stream.id, code, rule);
    if (this.state === "closed") return;
    this.#remove(stream, "reset-by-us");
    if (!stream.isAnnounced) return;
    this.emitAborted(stream, "both", ruleError(code, "remote", this.verdict(stream), rule, detail));
  }

  /** Resets an id that is not (or not yet) in the table because of an error of the peer. */
  resetUnknown(id: number, code: number, rule: RuleId): void {
    if (this.trace !== undefined) traceReset(this.trace, id, code, rule);
    this.#sendReset(id, code);
    this.counters.errorResets++;
    if (this.errorResetBudget.spend(this.now)) return;
    this.failLimit("limit:error_resets", "errors of the peer caused too many resets");
  }

  /** Resets a stream because one of our limits was passed; no fault that counts as an error. */
  resetForLimit(stream: Stream, code: number, rule: RuleId, detail: string): void {
    if (this.trace !== undefined) traceReset(this.trace, stream.id, code, rule);
    this.#sendReset(stream.id, code);
    this.#remove(stream, "reset-by-us");
    const error = ruleError(code, "local", this.verdict(stream), rule, detail);
    if (stream.isAnnounced) this.emitAborted(stream, "both", error);
  }

  /** Refuses a stream that is not in the table; it is remembered so that its frames are ignored. */
  refuse(id: number): void {
    if (this.trace !== undefined) {
      traceReset(this.trace, id, H2ErrorCode.REFUSED_STREAM, "limit:concurrent_streams");
    }
    this.counters.concurrentStreams++;
    this.#sendReset(id, H2ErrorCode.REFUSED_STREAM);
    this.closedStreams.add(id, "reset-by-us", this.now);
  }

  /** Resets a stream because the local end gives it up. */
  abort(stream: Stream, code: number): void {
    const retry = this.verdict(stream);
    this.#sendReset(stream.id, code);
    this.#remove(stream, "reset-by-us");
    this.emitAborted(stream, "both", resetError(code, "user", retry));
  }

  /** Drops what arrives from now on; the reset follows when this end has sent all. */
  discard(stream: Stream, code: number): void {
    stream.resetAfterWrite = code;
    this.#discard(stream);
    this.emitAborted(stream, "read", resetError(code, "user", this.verdict(stream)));
  }

  #discard(stream: Stream): void {
    stream.isDiscarding = true;
    if (stream.smallDataSpent > 0) this.refundSmallData(stream.smallDataSpent);
    stream.smallDataSpent = 0;
    this.returnToConnection(stream.unconsumed);
    stream.unconsumed = 0;
  }

  /** Ends a stream that the peer's GOAWAY left out. */
  endUnprocessed(stream: Stream, wireCode: number): void {
    this.#remove(stream, "reset-by-peer");
    this.emitAborted(stream, "both", unprocessedError(wireCode));
  }

  /** Tells the shell that an exchange ended early. */
  emitAborted(stream: Stream, side: Side, error: StreamError | ConnectionError): void {
    this.giveBack({ type: "aborted", id: stream.id, side, error }, stream);
  }

  #sendReset(id: number, code: number): void {
    const start = this.out.position;
    writeReset(this.out, id, code);
    this.counters.resetsOut++;
    this.queued(FrameType.RST_STREAM, 0, id, start);
  }

  #finish(stream: Stream): void {
    this.#remove(stream, "ended");
    if (stream.isAnnounced) this.#done(stream);
  }

  #done(stream: Stream): void {
    this.counters.exchangesDone++;
    this.giveBack({ type: "done", id: stream.id }, stream);
  }

  /** Tells what gives bytes of a stream, or all, back to the application: later while an output refers to them. */
  giveBack(event: EngineEvent, stream?: Stream): void {
    if (this.loan.has(stream)) this.loan.hold(event);
    else this.events.push(event);
  }

  #remove(stream: Stream, ending: "ended" | "reset-by-us" | "reset-by-peer"): void {
    const wasFull = !this.isServer && !this.canOpen;
    stream.isReadOpen = stream.isWriteOpen = false;
    if (stream.scheduled !== 0) this.scheduler.remove(stream);
    stream.chunk = stream.chunks = stream.trailers = undefined;
    stream.queuedBytes = 0;
    this.streams.delete(stream.id);
    if (this.#lastStream === stream) this.#lastStream = undefined;
    this.closedStreams.add(stream.id, ending, this.now);
    if (stream.smallDataSpent > 0) this.refundSmallData(stream.smallDataSpent);
    if (stream.unconsumed > 0) {
      this.returnToConnection(stream.unconsumed);
      stream.unconsumed = 0;
    }
    if (this.trace !== undefined) traceState(this.trace, "stream", "closed", stream.id);
    if (wasFull && this.canOpen) this.events.push({ type: "capacity" });
    if (this.streams.size === 0) this.watchIdle();
  }

  /** Nothing is open: the connection ends after a while, soon when the peer has announced its end. */
  watchIdle(): void {
    const ms = this.isServer && this.goawayReceived >= 0 ? LINGER_MS : this.idleMs;
    if (ms !== Infinity) this.deadlines.streamsGone(this.now, ms);
  }

  /** Whether a request can be opened at once (client). */
  get canOpen(): boolean {
    return !this.isServer && (this.state === "open" || this.state === "handshake") &&
      this.goawaySent < 0 && this.nextStreamId <= 0x7fff_ffff && this.streams.size < this.maxSendStreams;
  }

  /** Exchanges that this end may have open (client). */
  get maxSendStreams(): number {
    if (this.isServer) return 0;
    if (this.state === "handshake") return this.limits.initialMaxSendStreams;
    return this.peerSettings.maxConcurrentStreams;
  }

  /** Gives bytes that were taken or dropped back to the connection's window. */
  returnToConnection(bytes: number): void {
    this.owed += bytes;
    if (this.owed * 2 >= this.connectionTarget) this.sendConnectionCredit();
  }

  /** Tells the peer of what is owed to it. */
  sendConnectionCredit(): void {
    if (this.owed <= 0 || this.state === "closed") return;
    const start = this.out.position;
    writeWindowUpdate(this.out, 0, this.owed);
    this.receiveWindow += this.owed;
    this.owed = 0;
    this.queued(FrameType.WINDOW_UPDATE, 0, 0, start);
  }

  /** Gives bytes that the application took back to the stream's window, if more may still come than it has room for. */
  returnToStream(stream: Stream, bytes: number): void {
    stream.owed += bytes;
    if (!stream.isReadOpen || stream.isDiscarding || stream.owed * 2 < this.streamTarget) return;
    if (stream.reader.missingLength <= stream.receiveWindow) return;
    const start = this.out.position;
    writeWindowUpdate(this.out, stream.id, stream.owed);
    stream.receiveWindow += stream.owed;
    stream.owed = 0;
    this.queued(FrameType.WINDOW_UPDATE, 0, stream.id, start);
  }

  /** Gives back what unread small frames had taken. */
  refundSmallData(bytes: number): void {
    this.smallDataBudget = Math.min(this.limits.smallDataBudgetBytes, this.smallDataBudget + bytes);
  }

  /** Counts an odd or ignored frame. */
  glitch(): void {
    this.counters.glitches++;
    if (this.glitchBudget.spend(this.now)) return;
    this.failLimit("limit:glitches", "the peer sent too many odd frames");
  }

  /** Counts a frame for a stream that is over; odd unless it was on its way when this end reset it. */
  late(id: number): void {
    this.counters.lateFrames++;
    if (!this.closedStreams.excuse(id, this.now)) this.glitch();
  }

  /** Ends the connection because one of our limits was passed. */
  failLimit(
    rule: RuleId & `limit:${string}`,
    detail: string,
    code: number = H2ErrorCode.ENHANCE_YOUR_CALM,
  ): void {
    if (this.state === "closed") return;
    const counter = limitCounter(reasonWord(rule)) as keyof H2Counters;
    // These three count what spends their budget, not the ends they cause.
    if (counter !== "peerResets" && counter !== "errorResets" && counter !== "glitches") {
      this.counters[counter]++;
    }
    if (this.trace !== undefined) traceState(this.trace, "limit", reasonWord(rule));
    this.fail(code, rule, detail, "local");
  }

  /** Ends the connection with GOAWAY because of an error. */
  fail(
    code: number,
    rule: RuleId | undefined,
    detail: string,
    initiator: "local" | "remote" | "user" = "remote",
  ): void {
    if (this.state === "closed") return;
    this.sendGoaway(this.isServer ? this.processedStreamId : 0, code, reasonWord(rule));
    this.close(connectionError(code, initiator, rule, detail));
  }

  /** Ends the connection in order once nothing is open and everybody knows. */
  closeWhenDrained(): void {
    if (this.state !== "draining" || this.streams.size > 0 || this.awaitsShutdownPong) return;
    // A client that announced its end closes the connection itself; the idle deadline sees to it.
    if (this.isServer && this.goawaySent < 0) return;
    if (this.goawaySent < 0) this.sendGoaway(this.processedStreamId, H2ErrorCode.NO_ERROR, "");
    this.close(undefined);
  }

  /** Writes GOAWAY; the id never grows. */
  sendGoaway(lastStream: number, code: number, debug: string): void {
    const last = this.goawaySent >= 0 ? Math.min(this.goawaySent, lastStream) : lastStream;
    this.goawaySent = last;
    const start = this.out.position;
    writeGoaway(this.out, last, code, debug);
    this.queued(FrameType.GOAWAY, 0, 0, start);
  }

  /** Ends everything; what is in `out` can still be sent. */
  close(error: ConnectionError | undefined): void {
    if (this.state === "closed") return;
    this.state = "closed";
    for (const stream of this.streams.values()) {
      if (stream.isAnnounced) this.emitAborted(stream, "both", cutOffError(error, this.verdict(stream)));
      stream.isReadOpen = stream.isWriteOpen = false;
      stream.scheduled = 0;
      stream.chunk = stream.chunks = stream.trailers = undefined;
    }
    this.streams.clear();
    this.#lastStream = undefined;
    this.scheduler.clear();
    this.deadlines.clear();
    this.earlyPriorities = undefined;
    this.pings = [];
    this.giveBack(error === undefined ? { type: "closed" } : { type: "closed", error });
    if (this.trace === undefined) return;
    const detail = error === undefined ? undefined : { errorCode: error.code, rule: error.rule };
    traceState(this.trace, "connection", "closed", undefined, detail);
  }
}
