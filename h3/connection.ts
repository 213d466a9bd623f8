import type { RetryVerdict } from "../semantics/errors.ts";
import type { AbortCause, EngineEvent, ExchangeId, HttpEngine, Side } from "../semantics/events.ts";
import type { Fields } from "../semantics/fields.ts";
import type { RequestHead, ResponseHead } from "../semantics/head.ts";
import type { MessageReaderOptions } from "../semantics/message_reader.ts";
import type { Priority } from "../semantics/priority.ts";
import { QpackError } from "../qpack/mod.ts";
import { joinBytes } from "../wire/join_bytes.ts";
import { type Command, DECODER_STREAM, type StreamRef } from "./command.ts";
import { Core } from "./core.ts";
import { registerCore } from "./core_of.ts";
import type { H3Counters } from "./counters.ts";
import { receiveDatagram, sendDatagram } from "./datagram.ts";
import {
  EARLY_REJECTED,
  endConnection,
  type Ending,
  endingByCaller,
  endingByTransport,
  endingInOrder,
  endingOf,
  type H3EndReason,
} from "./ending.ts";
import { H3Failure } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { FrameType } from "./frame_types.ts";
import { Liveness } from "./liveness.ts";
import { Opening } from "./opening.ts";
import { type H3Options, resolveH3Options } from "./options.ts";
import { writeOrigins } from "./origin.ts";
import { localSettings, writePreface } from "./preface.ts";
import { consumeBody, receiveStream, watchHead } from "./receiver.ts";
import {
  exchangeOf,
  receiveStreamReset,
  receiveStreamStop,
  requestReaderOptions,
  tickExchanges,
} from "./requests.ts";
import { flushWaiting, noteWritten } from "./sender.ts";
import type { H3Settings } from "./settings.ts";
import { Shutdown } from "./shutdown.ts";
import { UniStreams } from "./uni_streams.ts";
import { abortExchange, allowSlow, sendBody, sendResponse, sendTrailers, setPriority } from "./verbs.ts";

const NO_EVENTS: EngineEvent[] = [];

/**
 * HTTP/3 (RFC 9114) on one QUIC connection, without any I/O: it takes what arrives on
 * streams, by stream id, and hands out events for the shell and commands for the driver.
 *
 * **The driver's duties.** After every call, take the events (`take`) and the commands
 * (`outbox`), in this order, and act on them.
 *
 * - *Opening.* `openUni` opens a unidirectional stream that later commands name by its
 *   token; `openRequest` opens the next bidirectional stream, in the order of the
 *   commands, so that QUIC gives it the id that the command says (0, 4, 8, …). Both may
 *   have to wait for stream credit; commands for the stream wait with them. Once the
 *   stream is there, call `opened(ref)`.
 * - *Writing.* The writes of one stream are done in order, those of different streams in
 *   any order. `data` belongs to the driver until it calls `written(stream, data)`, once
 *   for each write, also for one that failed; then the memory is used again. The engine
 *   keeps at most two pieces of a stream unwritten, so these calls are the
 *   back-pressure that `sendBody` and `drain` pass on.
 * - *Reading.* `receive(id, bytes, fin, now)` for what arrives, `peerOpened` for a stream
 *   that is there and silent, `receiveReset` and `receiveStop` for the peer's resets and
 *   stops. The engine reads `bytes` during the call and keeps nothing but copies; events
 *   are views of it, valid until the next `receive*`. Read a stream as long as
 *   `wantsData(id)`; after it said no, a `resume` command says when to go on.
 * - *Ending.* `reset`, `stop` and `close` as they say. `receiveClose` when the connection
 *   is over, whoever ended it; do not report the streams that died with it.
 * - *Time.* Call `tick(now)` at `nextDeadline()`.
 *
 * What the peer does wrong never throws: it becomes events and commands. Misuse by the
 * caller throws `TypeError` or `RangeError`.
 *
 * @example Usage
 * ```ts
 * import { H3Connection } from "@tandem/http/h3";
 * import { Fields } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * const client = new H3Connection({ role: "client", now: 0 });
 * const head = { method: "GET", scheme: "https", authority: "a.example", path: "/", fields: new Fields() };
 * const id = client.sendRequest(head, true);
 * assert.equal(id, 0);
 * const commands = client.outbox();
 * assert.deepEqual(commands.slice(0, 2).map((command) => command.type), ["openUni", "write"]);
 * assert(commands.some((command) => command.type === "openRequest"));
 * ```
 */
export class H3Connection implements HttpEngine {
  /** The protocol of this engine. */
  readonly protocol = "h3" as const;
  readonly #core: Core;
  readonly #shutdown: Shutdown;
  readonly #uni: UniStreams;
  readonly #readerOptions: MessageReaderOptions;
  readonly #localSettings: H3Settings;
  #hasPreface = false;
  #endReason: H3EndReason | undefined = undefined;
  readonly #opening: Opening;
  readonly #liveness: Liveness;
  #state: Map<unknown, unknown> | undefined = undefined;

  /** Starts an engine on a connection that is there. Throws `RangeError` or `TypeError` for options that cannot be. */
  constructor(options: H3Options) {
    const resolved = resolveH3Options(options);
    const core = this.#core = new Core(resolved, options.now, options.trace);
    this.#shutdown = new Shutdown(core, (reason) => this.#end(endingInOrder(reason)));
    this.#uni = new UniStreams(core, this.#shutdown);
    this.#opening = new Opening(core);
    this.#readerOptions = requestReaderOptions(core);
    this.#localSettings = localSettings(resolved);
    this.#liveness = new Liveness(core, this.#shutdown);
    core.onIdle = () => this.#liveness.noteIdle();
    registerCore(this, core);
  }

  /** Whether a request can be opened at once (client). */
  get canOpen(): boolean {
    const core = this.#core;
    return !core.isServer && !core.isClosed && !this.#shutdown.isGoingAway &&
      this.#opening.hasRoom;
  }

  /** Exchanges that are open now. */
  get openExchanges(): number {
    return this.#core.exchanges.size;
  }

  /** Whether the connection takes or makes no new exchanges. */
  get isGoingAway(): boolean {
    return this.#core.isClosed || this.#shutdown.isGoingAway;
  }

  /** Whether the connection is over. */
  get isClosed(): boolean {
    return this.#core.isClosed;
  }

  /** Why the connection ended; `undefined` while it lives. */
  get endReason(): H3EndReason | undefined {
    return this.#endReason;
  }

  /** The highest request id that the peer used, or -4 when there was none (server). */
  get highestRequestId(): number {
    return this.#core.seen.next - 4;
  }

  /** Whether the peer takes extended CONNECT (RFC 9220). */
  get isExtendedConnectEnabled(): boolean {
    return this.#opening.settings.extendedConnect;
  }

  /** Exchanges that this end allows the peer at once. */
  get maxReceiveStreams(): number {
    return this.#core.isServer ? this.#core.limits.maxConcurrentStreams : 0;
  }

  /** What the peer announced; the initial values before it did. */
  get peerSettings(): H3Settings {
    return this.#core.peer;
  }

  /** What this end announces. */
  get localSettings(): H3Settings {
    return this.#localSettings;
  }

  /** Counts of what happened. */
  get counters(): Readonly<H3Counters> {
    return this.#core.counters;
  }

  /** Whatever the application keeps with the connection. */
  get state(): Map<unknown, unknown> {
    return this.#state ??= new Map();
  }

  /** Whether `outbox` may have something to give. */
  get hasOutput(): boolean {
    const { out, waiting, decoder } = this.#core;
    return !out.isEmpty || waiting.size > 0 || !this.#hasPreface || decoder.instructionBytes > 0;
  }

  /** Whatever the application keeps with an exchange; `undefined` once it is over. */
  stateOf(id: ExchangeId): Map<unknown, unknown> | undefined {
    const exchange = this.#core.exchanges.get(id);
    return exchange && (exchange.state ??= new Map());
  }

  /** What is known about a request that the end of the connection would cut off now. */
  verdict(id: ExchangeId): RetryVerdict {
    const core = this.#core;
    const exchange = core.exchanges.get(id);
    if (exchange !== undefined) return core.verdict(exchange);
    return !core.isServer && id >= core.goawayLimit ? "refused" : "unknown";
  }

  /** Takes bytes of a stream, and FIN if it comes with them; `bytes` may be empty. */
  receive(stream: number, bytes: Uint8Array, fin: boolean, now: number): void {
    const core = this.#core;
    if (core.isClosed) return;
    core.now = now;
    core.scratch.reset();
    core.counters.bytesIn += bytes.length;
    try {
      if (stream % 4 >= 2) {
        this.#uni.receive(stream, bytes, fin);
      } else {
        const exchange = this.#exchangeOf(stream);
        if (exchange !== undefined) receiveStream(core, exchange, bytes, fin);
      }
    } catch (error) {
      this.#end(endingOf(error));
    }
  }

  /** Takes note of a stream that the peer opened, before anything arrives on it. */
  peerOpened(stream: number, now: number): void {
    this.#arrive(now, () => {
      if (stream % 4 >= 2) return this.#uni.open(stream);
      const exchange = this.#exchangeOf(stream);
      if (exchange !== undefined) watchHead(this.#core, exchange);
    });
  }

  /** Takes the peer's reset of a stream (RESET_STREAM); `code` is `undefined` where the transport does not tell. */
  receiveReset(stream: number, code: number | undefined, now: number): void {
    this.#arrive(now, () => {
      if (stream % 4 >= 2) return this.#uni.end(stream);
      const exchange = this.#exchangeOf(stream);
      if (exchange !== undefined) receiveStreamReset(this.#core, exchange, code);
    });
  }

  /** Takes the peer's stop of a stream that this end writes (STOP_SENDING): a request, or one named by its token. */
  receiveStop(stream: StreamRef, code: number | undefined, now: number): void {
    this.#arrive(now, () => {
      if (stream < 0) return this.#uni.stopped(stream);
      const exchange = this.#core.leaving.get(stream) ?? this.#exchangeOf(stream);
      if (exchange !== undefined) receiveStreamStop(this.#core, exchange, code);
    });
  }

  /** Takes a QUIC datagram (RFC 9297). */
  receiveDatagram(bytes: Uint8Array, now: number): void {
    const core = this.#core;
    if (!core.options.datagrams) return;
    core.counters.bytesIn += bytes.length;
    this.#arrive(now, () => receiveDatagram(core, bytes));
  }

  /** Takes something in; whatever is thrown ends the connection. */
  #arrive(now: number, action: () => void): void {
    if (this.#core.isClosed) return;
    this.#core.now = now;
    try {
      action();
    } catch (error) {
      this.#end(endingOf(error));
    }
  }

  /**
   * Takes the end of the QUIC connection. `by` says who ended it: the peer with an
   * application code, the transport of this end, or nobody (idle timeout, loss).
   */
  receiveClose(code: number | undefined, reason: string, by: "remote" | "local" | "lost", now: number): void {
    if (this.#core.isClosed) return;
    this.#core.now = now;
    void reason; // the peer's words do not go into messages
    this.#end(endingByTransport(code, by, this.#core.exchanges.size > 0));
  }

  /** Takes note that the handshake is confirmed: what arrives from now on is no early data. */
  confirmHandshake(now: number): void {
    if (!this.#core.isEarly) return;
    this.#core.isEarly = false;
    this.#arrive(now, () => this.#opening.releaseHeld());
  }

  /** Takes note that the server took no early data: this engine ends, all its requests may be sent anew. */
  rejectEarly(now: number): void {
    this.#core.now = now;
    this.#end(EARLY_REJECTED);
  }

  #exchangeOf(id: number): Exchange | undefined {
    const core = this.#core;
    const before = core.exchanges.size;
    const exchange = exchangeOf(core, id, this.#readerOptions);
    if (core.exchanges.size > before) this.#liveness.noteBusy();
    return exchange;
  }

  /** Takes note that the transport opened a stream that the engine asked for. */
  opened(stream: StreamRef): void {
    const core = this.#core;
    if (stream < 0 || core.isServer || !this.#opening.opened(stream) || !this.canOpen) return;
    core.events.push({ type: "capacity" });
  }

  /** Takes note that the driver is done with the `data` of a write command, whether it was sent or not. */
  written(stream: StreamRef, data: Uint8Array): void {
    const core = this.#core;
    const isLent = !core.out.release(data);
    if (stream >= 0) {
      if (!core.isClosed) noteWritten(core, stream, data.length, isLent);
      return;
    }
    core.unsentControl--;
    if (stream === DECODER_STREAM && core.decoderBytesInFlight > 0) {
      core.decoderBytesInFlight = Math.max(0, core.decoderBytesInFlight - data.length);
    }
  }

  /** Whether the driver should go on reading a stream of the peer. */
  wantsData(stream: number): boolean {
    const exchange = this.#core.exchanges.get(stream);
    return exchange === undefined || (!exchange.isPaused && exchange.receiving !== "blocked");
  }

  /** All commands since the last call, in order. */
  outbox(): Command[] {
    const core = this.#core;
    if (!core.isClosed) {
      try {
        this.#begin();
        flushWaiting(core);
        core.flushDecoder();
      } catch (error) {
        this.#end(endingOf(error));
      }
    }
    const commands = core.out.take();
    if (core.section.buffer.length > 0) core.section.clear();
    return commands;
  }

  /** All events since the last call, oldest first. */
  take(): EngineEvent[] {
    const { events } = this.#core;
    if (events.length === 0) return NO_EVENTS;
    this.#core.events = [];
    return events;
  }

  #begin(): void {
    if (this.#hasPreface) return;
    this.#hasPreface = true;
    writePreface(this.#core, this.#localSettings);
  }

  /**
   * Opens an exchange with a request (client). Throws `RangeError` unless `canOpen`, and
   * for a head that is larger than the server takes; `TypeError` for one that breaks HTTP.
   */
  sendRequest(head: RequestHead, end: boolean): ExchangeId {
    if (!this.canOpen) throw new RangeError("Cannot open an exchange: the connection takes none now");
    const id = this.#opening.nextId;
    try {
      this.#begin();
      this.#opening.open(head, end);
    } catch (error) {
      this.#failLocal(error);
    }
    return id;
  }

  /** Sends a response head, interim (1xx) or final (server). Throws like `sendRequest`. */
  sendResponse(id: ExchangeId, head: ResponseHead, end: boolean): void {
    try {
      sendResponse(this.#core, id, head, end);
    } catch (error) {
      this.#failLocal(error);
    }
  }

  /** Queues bytes of the body; answers whether more is welcome at once. Throws `TypeError` for what breaks HTTP. */
  sendBody(id: ExchangeId, data: Uint8Array, end: boolean): boolean {
    try {
      return sendBody(this.#core, id, data, end);
    } catch (error) {
      this.#failLocal(error);
      return true;
    }
  }

  /** The same, without the end, for pieces that are only valid until this returns. */
  copyBody(id: ExchangeId, pieces: readonly Uint8Array[]): boolean {
    return this.sendBody(id, joinBytes(pieces), false);
  }

  /** Ends the message with a trailer section. Throws like `sendRequest`. */
  sendTrailers(id: ExchangeId, fields: Fields): void {
    this.#act(() => sendTrailers(this.#core, id, fields));
  }

  /** Sends a datagram of an exchange; answers whether both ends take datagrams and the exchange is open (RFC 9297). */
  sendDatagram(id: ExchangeId, data: Uint8Array): boolean {
    return sendDatagram(this.#core, id, data);
  }

  /** Gives up one or both halves of an exchange. */
  abort(id: ExchangeId, side: Side, cause: AbortCause): void {
    this.#act(() => abortExchange(this.#core, id, side, cause));
  }

  /** Says that the application took `bytes` of the body: reading goes on where it had stopped. */
  consume(id: ExchangeId, bytes: number): void {
    const exchange = this.#core.exchanges.get(id);
    if (exchange !== undefined) consumeBody(this.#core, exchange, bytes);
  }

  /** Changes the priority: a client tells the server, a server goes by it at once (RFC 9218). */
  setPriority(id: ExchangeId, priority: Priority): void {
    this.#act(() => setPriority(this.#core, id, priority));
  }

  /** Puts up with any data rate on an exchange, such as one that streams events. */
  allowSlow(id: ExchangeId): void {
    allowSlow(this.#core, id);
  }

  /** Says for which origins this server is authoritative (RFC 9412). Throws `RangeError` for one that is too long. */
  sendOrigins(origins: readonly string[]): void {
    if (!this.#core.isServer || this.#core.isClosed) return;
    this.#act(() => {
      this.#begin();
      this.#core.controlFrame(FrameType.ORIGIN, writeOrigins(origins));
    });
  }

  /** Starts a graceful end: no new exchanges, open ones finish; called again, it skips the notice period. */
  shutdown(): void {
    if (this.#core.isClosed) return;
    this.#act(() => {
      this.#begin();
      this.#shutdown.begin();
    });
  }

  /** Ends the connection now, with the code of `cause`, or H3_NO_ERROR. */
  close(cause?: AbortCause, reason: string = ""): void {
    this.#end(endingByCaller(cause, reason));
  }

  /** When `tick` wants to be called, in milliseconds; `Infinity` for never. */
  nextDeadline(): number {
    const core = this.#core;
    if (core.isClosed) return Infinity;
    return Math.min(
      this.#liveness.nextDeadline,
      this.#shutdown.nextDeadline,
      this.#uni.nextDeadline,
      core.heads.next,
      core.receiveRates.next,
      core.sendRates.next,
      core.aborts.next,
    );
  }

  /** Lets time pass: deadlines that are due act. */
  tick(now: number): void {
    this.#arrive(now, () => {
      this.#begin();
      tickExchanges(this.#core, now);
      this.#uni.tick(now);
      this.#shutdown.tick(now);
      this.#liveness.tick(now);
    });
  }

  /** Does what the shell asked for, where that is not worth a try block of its own. */
  #act(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#failLocal(error);
    }
  }

  /** Ends the connection for what went wrong in a call of the shell; misuse is thrown on. */
  #failLocal(error: unknown): void {
    if (error instanceof H3Failure || error instanceof QpackError) this.#end(endingOf(error));
    else throw error;
  }

  #end(ending: Ending): void {
    if (this.#core.isClosed) return;
    this.#endReason = ending.reason;
    endConnection(this.#core, ending);
    this.#opening.clear();
  }
}
