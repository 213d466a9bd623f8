import { ConnectionError, type RetryVerdict } from "../semantics/errors.ts";
import type { AbortCause, EngineEvent, ExchangeId, HttpEngine, Side } from "../semantics/events.ts";
import type { Fields, Priority, RequestHead, ResponseHead, RuleId } from "../semantics/mod.ts";
import { MessageReader, MessageWriter, serializePriority } from "../semantics/mod.ts";
import { lengthOf } from "../wire/join_bytes.ts";
import { FrameType, MAX_31_BITS, PREFACE } from "./constants.ts";
import { Core } from "./core.ts";
import type { H2Counters } from "./counters.ts";
import { CAUSE_CODES, H2ErrorCode } from "./errors.ts";
import { FrameReader } from "./frame_reader.ts";
import { writeAltSvc, writeFrameHeader, writeOrigins, writePriorityUpdate } from "./frame_writer.ts";
import { Inbound } from "./inbound.ts";
import { MIN_LENT_BYTES } from "./loan.ts";
import type { H2ConnectionOptions } from "./options.ts";
import { copyContent, fillOutput, queueContent, sendHead, sendShortEnd } from "./outbound.ts";
import { PingKind, sendPing } from "./pings.ts";
import type { H2Settings, H2SettingsChange } from "./settings.ts";
import { changeSettings, firstEntries, sendSettings } from "./settings_sync.ts";
import { Stream } from "./stream.ts";
import { tickDeadlines } from "./timing.ts";
import { type H2Windows, readWindows } from "./windows.ts";

/**
 * One HTTP/2 connection (RFC 9113), without I/O: bytes and the time go in by `receive` and
 * `tick`, events come out of `take()` and bytes of `output()`.
 *
 * What the peer does wrong never throws; it becomes events and bytes. A caller's mistake
 * throws `TypeError` or `RangeError` and changes nothing. Every exchange ends with exactly
 * one `done`, or one `aborted` of side `both`; an `aborted` of one side may come before.
 * `output()` and the verbs make events too (`drain`, `done`, `capacity`), so take them after
 * those as well. After `closed`, what `output()` still gives is to be sent before the
 * transport is closed.
 *
 * @example Usage
 * ```ts
 * import { H2Connection } from "@tandem/http/h2";
 * import { Fields } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * const client = new H2Connection({ role: "client", now: 0 });
 * const server = new H2Connection({ role: "server", now: 0 });
 * client.sendRequest({ method: "GET", scheme: "https", authority: "a.example", path: "/", fields: new Fields() }, true);
 * server.receive(client.output(), 0);
 * assert.deepEqual(server.take().map((event) => event.type), ["settings", "request"]);
 * ```
 */
export class H2Connection implements HttpEngine {
  /** Always `h2`. */
  readonly protocol = "h2" as const;
  /** Which end this is. */
  readonly role: "client" | "server";
  readonly #core: Core;
  readonly #inbound: Inbound;
  readonly #reader: FrameReader;
  /** Octets of the preface that have come (server). */
  #prefaceBytes: number;

  /** Begins a connection: preface and SETTINGS are in the first output. */
  constructor(options: H2ConnectionOptions) {
    const core = new Core(options);
    this.#core = core;
    this.role = options.role;
    this.#inbound = new Inbound(core);
    this.#reader = new FrameReader(this.#inbound);
    this.#prefaceBytes = core.isServer ? 0 : PREFACE.length;
    if (!core.isServer) core.out.bytes(PREFACE);
    sendSettings(core, firstEntries(core));
    core.owed = core.connectionTarget - core.receiveWindow;
    core.sendConnectionCredit();
    if (core.options.grease) {
      const start = core.out.position;
      const type = 0xb + 0x1f * (1 + Math.floor(core.now) % 7);
      writeFrameHeader(core.out, 0, type, 0, 0);
      core.queued(type, 0, 0, start);
    }
    core.deadlines.handshake = core.now + core.limits.handshakeTimeoutMs;
    core.deadlines.start(core);
  }

  // ---------------------------------------------------------------- bytes and time

  /** Takes bytes of the transport; views of them in events are valid until the next call. */
  receive(bytes: Uint8Array, now: number): void {
    const core = this.#core;
    if (core.isClosed) return;
    core.now = Math.max(core.now, now);
    core.counters.bytesIn += bytes.length;
    if (core.smallDataBudget < 0) {
      core.failLimit("limit:small_data", "too many small DATA frames are unread");
      return;
    }
    try {
      this.#reader.receive(bytes, this.#prefaceBytes < PREFACE.length ? this.#receivePreface(bytes) : 0);
    } catch (cause) {
      this.#failInternally(cause);
    }
    if (core.isClosed) return;
    if (!this.#inbound.isMidBlock && !this.#reader.isMidControl) core.deadlines.head = Infinity;
    else if (core.deadlines.head === Infinity) core.deadlines.head = core.now + core.limits.headTimeoutMs;
    if (core.deadlines.isArmed) core.deadlines.start(core);
    if (core.state === "draining") core.closeWhenDrained();
  }

  /** Takes the end of the transport's bytes. */
  receiveEnd(now: number): void {
    const core = this.#core;
    if (core.isClosed) return;
    core.now = Math.max(core.now, now);
    const isClean = core.streams.size === 0 && core.hasPeerSettings && !this.#reader.isMidFrame &&
      !this.#inbound.isMidBlock;
    if (isClean) {
      core.close(undefined);
      return;
    }
    core.close(
      new ConnectionError("closed", "Cannot go on with the connection: the peer closed it", {
        initiator: "remote",
      }),
    );
  }

  /**
   * Hands over what is to be sent, at most about 1 MiB at a time and nothing when there is
   * nothing. The caller owns the bytes; `recycle` gives them back.
   */
  output(): Uint8Array {
    const core = this.#core;
    if (!core.isClosed) {
      fillOutput(core);
      if (core.state === "draining") core.closeWhenDrained();
    }
    const bytes = core.out.take();
    if (bytes.length === 0) return bytes;
    core.epoch++;
    core.queuedFrames = core.unsentAcks = 0;
    core.lastOutputBytes = bytes.length + core.loan.bytes;
    core.counters.bytesOut += core.lastOutputBytes;
    return bytes;
  }

  /**
   * The same octets as `output()`, in pieces: large parts of bodies are views of the memory that
   * `sendBody` was given. The `drain`, `done` and `aborted` of their exchanges, and `closed`, wait
   * until the pieces were recycled; until then, further outputs copy.
   */
  outputPieces(minBytes: number = MIN_LENT_BYTES): readonly Uint8Array[] {
    this.#core.loan.begin(minBytes);
    return this.#core.loan.take(this.output());
  }

  /** Whether `output()` has something to give. */
  get hasOutput(): boolean {
    return this.#core.hasOutput;
  }

  /** Gives an output back for re-use, once nobody reads it any more; makes events, if it was in pieces. */
  recycle(output: Uint8Array | readonly Uint8Array[]): void {
    const { out, loan, events } = this.#core;
    if (output instanceof Uint8Array) return out.give(output);
    if (output.length > 0) out.give(output[0]!);
    loan.end(output, events);
  }

  /** All events since the last call, oldest first. */
  take(): EngineEvent[] {
    const core = this.#core;
    const events = core.events;
    core.events = [];
    return events;
  }

  /** When `tick` wants to be called; in the past when at once, `Infinity` for never. */
  nextDeadline(): number {
    return this.#core.deadlines.next;
  }

  /** Lets time pass: deadlines that are due act. */
  tick(now: number): void {
    const core = this.#core;
    if (core.isClosed) return;
    core.now = Math.max(core.now, now);
    tickDeadlines(core);
    if (core.state === "draining") core.closeWhenDrained();
  }

  // ---------------------------------------------------------------- exchanges

  /** Whether a request can be opened at once (client). */
  get canOpen(): boolean {
    return this.#core.canOpen;
  }

  /** Opens an exchange with a request; throws `RangeError` unless `canOpen`, `TypeError` for a bad head. */
  sendRequest(head: RequestHead, end: boolean): ExchangeId {
    const core = this.#core;
    if (core.isServer) throw new TypeError("Cannot send a request: this end is a server");
    if (!core.canOpen) throw this.#cannotOpen();
    const { method } = head;
    const extendedConnect = core.peerSettings.enableConnectProtocol;
    const writer = new MessageWriter({ role: "request", extendedConnect });
    const flat = writer.sendRequest(head, end);
    const reader = new MessageReader({ role: "response", limits: core.limits, method });
    const id = core.nextStreamId;
    const stream = new Stream(id, reader, writer, core.streamWindow, core.peerSettings.initialWindowBytes);
    sendHead(core, stream, flat, head.fields.sensitive, end);
    core.nextStreamId = id + 2;
    stream.isAnnounced = true;
    stream.isConnect = method === "CONNECT";
    core.counters.exchangesOpened++;
    core.add(stream);
    if (end) stream.isWriteOpen = false;
    return id;
  }

  #cannotOpen(): RangeError {
    const core = this.#core;
    if (core.isClosed) return new RangeError("Cannot open a stream: the connection is over");
    if (core.state === "draining") return new RangeError("Cannot open a stream: the connection is ending");
    if (core.nextStreamId > MAX_31_BITS) return new RangeError("Cannot open a stream: no stream id is left");
    const rule: RuleId = "9113-5.1.2";
    const allowed = core.maxSendStreams;
    return new RangeError(
      `Cannot open a stream: the peer allows ${allowed} and ${core.streams.size} are open [${rule}]`,
    );
  }

  /** Sends a response head, interim (1xx) or final (server); throws `TypeError` for a bad one. */
  sendResponse(id: ExchangeId, head: ResponseHead, end: boolean): void {
    const core = this.#core;
    if (!core.isServer) throw new TypeError("Cannot send a response: this end is a client");
    const stream = core.find(id);
    if (stream === undefined || !stream.isWriteOpen) return;
    const flat = stream.writer.sendResponse(head, end);
    sendHead(core, stream, flat, head.fields.sensitive, end);
    if (head.status < 200) return;
    stream.isAnswered = true;
    if (stream.isConnect && head.status < 300) stream.reader.startTunnel();
    if (end) this.#settle(stream);
  }

  #settle(stream: Stream): void {
    this.#core.endWrite(stream);
    if (this.#core.state === "draining") this.#core.closeWhenDrained();
  }

  /**
   * Queues bytes of the body, to be left alone until `done` or `aborted`. Returns whether more is welcome at
   * once, or after a `drain`; with `end`, whether they were copied. Throws `TypeError` where there is no room.
   */
  sendBody(id: ExchangeId, data: Uint8Array, end: boolean): boolean {
    const core = this.#core;
    const stream = core.find(id);
    if (stream === undefined || !stream.isWriteOpen) return true;
    stream.writer.sendBody(data.length, end);
    if (end && sendShortEnd(core, stream, data)) return true;
    return queueContent(core, stream, data, end);
  }

  /** The same, without the end, for pieces that are only valid until this returns. */
  copyBody(id: ExchangeId, pieces: readonly Uint8Array[]): boolean {
    const core = this.#core;
    const stream = core.find(id);
    if (stream === undefined || !stream.isWriteOpen) return true;
    stream.writer.sendBody(lengthOf(pieces), false);
    return copyContent(core, stream, pieces);
  }

  /** Ends the message with a trailer section; throws `TypeError` for a bad one. */
  sendTrailers(id: ExchangeId, fields: Fields): void {
    const core = this.#core;
    const stream = core.find(id);
    if (stream === undefined || !stream.isWriteOpen) return;
    stream.trailers = stream.writer.sendTrailers(fields);
    stream.trailersSensitive = fields.sensitive;
    stream.wantsDrain = false;
    core.scheduler.update(stream);
  }

  /**
   * Gives up one or both halves of an exchange. HTTP/2 can only reset both: to give up the
   * sending half that is not done resets the exchange; to give up the receiving half drops
   * what arrives, and the reset follows when the sending half is done.
   */
  abort(id: ExchangeId, side: Side, cause: AbortCause): void {
    const core = this.#core;
    const stream = core.find(id);
    if (stream === undefined || !stream.isAnnounced) return;
    const code = CAUSE_CODES[cause];
    if (side === "write" && !stream.isWriteOpen) return;
    if (side === "read" && (!stream.isReadOpen || stream.isDiscarding)) return;
    if (side === "read" && stream.isWriteOpen) core.discard(stream, code);
    else core.abort(stream, code);
    if (core.state === "draining") core.closeWhenDrained();
  }

  /** Says that the application took `bytes` of the body; throws `RangeError` for more than it was given. */
  consume(id: ExchangeId, bytes: number): void {
    const core = this.#core;
    const stream = core.find(id);
    if (stream === undefined || bytes === 0 || stream.isDiscarding) return;
    if (!(bytes > 0 && bytes <= stream.unconsumed)) {
      throw new RangeError(`Cannot consume ${bytes} bytes: ${stream.unconsumed} were given`);
    }
    if (stream.smallDataSpent > 0) {
      const refund = Math.floor(stream.smallDataSpent * bytes / stream.unconsumed);
      stream.smallDataSpent -= refund;
      core.refundSmallData(refund);
    }
    stream.unconsumed -= bytes;
    core.returnToConnection(bytes);
    core.returnToStream(stream, bytes);
  }

  /** Changes the priority that this end asks for (client), or goes by (server). Throws `RangeError` for a bad urgency. */
  setPriority(id: ExchangeId, priority: Priority): void {
    const core = this.#core;
    const value = serializePriority(priority);
    const stream = core.find(id);
    if (stream === undefined) return;
    core.scheduler.setPriority(stream, priority.urgency, priority.incremental);
    if (core.isServer) return;
    const start = core.out.position;
    writePriorityUpdate(core.out, id, value);
    core.queued(FrameType.PRIORITY_UPDATE, 0, 0, start);
  }

  /** What is known about a request that the end of the connection would cut off now. */
  verdict(id: ExchangeId): RetryVerdict {
    const stream = this.#core.find(id);
    return stream === undefined ? "unknown" : this.#core.verdict(stream);
  }

  // ---------------------------------------------------------------- the connection

  /**
   * Begins a graceful end; open exchanges finish until `drainTimeoutMs` is over. A server
   * first gives notice and says the final id once the peer has surely seen it; a second call
   * says it at once.
   */
  shutdown(): void {
    const core = this.#core;
    if (core.isClosed) return;
    if (core.state !== "draining" || core.goawaySent < 0) {
      core.state = "draining";
      core.deadlines.arm("drain");
      if (core.isServer) {
        core.sendGoaway(MAX_31_BITS, H2ErrorCode.NO_ERROR, "");
        core.awaitsShutdownPong = true;
        sendPing(core, PingKind.SHUTDOWN, 0);
        return;
      }
      core.sendGoaway(0, H2ErrorCode.NO_ERROR, "");
    } else if (core.awaitsShutdownPong) {
      core.awaitsShutdownPong = false;
      core.sendGoaway(core.processedStreamId, H2ErrorCode.NO_ERROR, "");
    }
    core.closeWhenDrained();
  }

  /** Ends the connection now, with GOAWAY. Exchanges that are open are cut off. */
  close(cause?: AbortCause, reason: string = ""): void {
    const core = this.#core;
    if (core.isClosed) return;
    const code = cause === undefined || cause === "cancelled" ? H2ErrorCode.NO_ERROR : CAUSE_CODES[cause];
    const debug = reason.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 256);
    core.sendGoaway(core.isServer ? core.processedStreamId : 0, code, debug);
    const error = code === H2ErrorCode.NO_ERROR && core.streams.size === 0
      ? undefined
      : new ConnectionError("closed", "Cannot go on with the connection: it was closed by this end", {
        wireCode: code,
        initiator: "user",
      });
    core.close(error);
  }

  /** Sends a PING; a `pong` event with the same token follows. `now` makes the round trip exact. */
  ping(now: number = this.#core.now): number {
    const core = this.#core;
    const token = core.nextPing;
    if (core.isClosed) return token;
    core.nextPing = token === 0xffff_ffff ? 1 : token + 1;
    core.pings.push({ low: token, sentAt: now });
    sendPing(core, PingKind.USER, token);
    return token;
  }

  /** Changes settings of this end; throws `RangeError` for values without room in the protocol. */
  updateSettings(change: H2SettingsChange): void {
    if (!this.#core.isClosed) changeSettings(this.#core, change);
  }

  /** Says for which origins this server answers (RFC 8336). */
  sendOrigins(origins: readonly string[]): void {
    const core = this.#core;
    if (!core.isServer) throw new TypeError("Cannot send origins: this end is a client");
    if (core.isClosed) return;
    const start = core.out.position;
    writeOrigins(core.out, origins);
    core.queued(FrameType.ORIGIN, 0, 0, start);
  }

  /** Announces alternative services (RFC 7838): for an origin, or for the origin of an exchange. */
  sendAltSvc(target: string | ExchangeId, value: string): void {
    const core = this.#core;
    if (!core.isServer) throw new TypeError("Cannot send alternative services: this end is a client");
    const id = typeof target === "number" ? target : 0;
    if (core.isClosed || (id !== 0 && core.find(id) === undefined)) return;
    const start = core.out.position;
    writeAltSvc(core.out, id, typeof target === "string" ? target : "", value);
    core.queued(FrameType.ALTSVC, 0, id, start);
  }

  /** Exchanges that are open now. */
  get openExchanges(): number {
    return this.#core.streams.size;
  }

  /** Whether the connection takes or makes no new exchanges. */
  get isGoingAway(): boolean {
    return this.#core.state === "draining" || this.#core.isClosed;
  }

  /** Whether the connection is over. */
  get isClosed(): boolean {
    return this.#core.isClosed;
  }

  /** Whether the peer's first SETTINGS has come. */
  get isReady(): boolean {
    return this.#core.hasPeerSettings && !this.#core.isClosed;
  }

  /** Exchanges that the peer lets this end have open (client); `Infinity` when it did not say. */
  get maxSendStreams(): number {
    return this.#core.maxSendStreams;
  }

  /** Exchanges that the peer may have open (server). */
  get maxReceiveStreams(): number {
    return this.#core.localSettings.maxConcurrentStreams;
  }

  /** Whether the peer takes extended CONNECT (RFC 8441). */
  get isExtendedConnectEnabled(): boolean {
    return this.#core.peerSettings.enableConnectProtocol;
  }

  /** The settings of the peer. */
  get peerSettings(): Readonly<H2Settings> {
    return this.#core.peerSettings;
  }

  /** The settings of this end, as last sent. */
  get localSettings(): Readonly<H2Settings> {
    return this.#core.localSettings;
  }

  /** Counts of what happened. */
  get counters(): Readonly<H2Counters> {
    return this.#core.counters;
  }

  /** The windows of an exchange, or without an id of the connection. */
  windows(id?: ExchangeId): H2Windows | undefined {
    return readWindows(this.#core, id);
  }

  /** The state of a stream that is in the table, by its name in the RFC. */
  streamState(id: ExchangeId): string | undefined {
    return this.#core.find(id)?.state;
  }

  #receivePreface(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && this.#prefaceBytes < PREFACE.length) {
      if (bytes[at] !== PREFACE[this.#prefaceBytes]) {
        const detail = "the client does not begin with the preface";
        this.#core.fail(H2ErrorCode.PROTOCOL_ERROR, "9113-3.4:preface", detail);
        return bytes.length;
      }
      at++;
      this.#prefaceBytes++;
    }
    return at;
  }

  #failInternally(cause: unknown): void {
    const core = this.#core;
    core.counters.internalErrors++;
    if (core.isClosed) return;
    core.sendGoaway(core.isServer ? core.processedStreamId : 0, H2ErrorCode.INTERNAL_ERROR, "");
    core.close(
      new ConnectionError("INTERNAL_ERROR", "Cannot go on with the connection: a fault in this library", {
        wireCode: H2ErrorCode.INTERNAL_ERROR,
        initiator: "local",
        cause,
      }),
    );
  }
}
