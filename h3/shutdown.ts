import { StreamError } from "../semantics/errors.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { MAX_VARINT, writeVarint, writeVarintBig } from "../wire/varint.ts";
import type { Core } from "./core.ts";
import { failConnection, H3ErrorCode } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { FrameType } from "./frame_types.ts";
import { giveUpReceiving } from "./receiver.ts";
import { abortSending } from "./sender.ts";

/** The largest id that a request stream can have: what a server announces a shutdown with (RFC 9114 section 5.2). */
export const GOAWAY_NOTICE = (1n << 62n) - 4n;

/**
 * How far a graceful end is.
 *
 * - `open`: none was asked for.
 * - `notice`: the server said that it will end; requests on their way are still taken.
 * - `final`: the last id is said (server), or no more requests are made (client).
 * - `linger`: the last exchange is over; the server waits for the client to close, which does so at once.
 */
type Phase = "open" | "notice" | "final" | "linger";

/** GOAWAY in both directions, and the orderly end of the connection. */
export class Shutdown {
  readonly #core: Core;
  readonly #close: (reason: "shutdown" | "peer-shutdown") => void;
  #phase: Phase = "open";
  #received: bigint | undefined = undefined;
  /** Whether this end asked for the end. */
  #isAsked = false;
  /** When the phase ends by itself. */
  #phaseDue = Infinity;
  /** When exchanges that are still open are cut off. */
  #drainDue = Infinity;

  /** Makes one for a connection; `close` ends it in order. */
  constructor(core: Core, close: (reason: "shutdown" | "peer-shutdown") => void) {
    this.#core = core;
    this.#close = close;
  }

  /** Whether no new exchanges are taken or made. */
  get isGoingAway(): boolean {
    return this.#phase !== "open" || this.#core.isDraining;
  }

  /** When `tick` is to be called. */
  get nextDeadline(): number {
    return Math.min(this.#phaseDue, this.#drainDue);
  }

  /** Starts a graceful end; called again, it finishes the notice at once. */
  begin(): void {
    const core = this.#core;
    if (this.#phase === "open") {
      this.#drainDue = core.now + core.limits.drainTimeoutMs;
      if (core.isServer && core.options.goawayNoticeMs > 0) {
        this.#phase = "notice";
        this.#sendGoaway(GOAWAY_NOTICE);
        this.#phaseDue = core.now + core.options.goawayNoticeMs;
        return;
      }
      this.#finalize();
    } else if (this.#phase === "notice") {
      this.#finalize();
    }
  }

  /** Says the last id and takes nothing beyond it. */
  #finalize(): void {
    const core = this.#core;
    this.#phase = "final";
    this.#phaseDue = Infinity;
    core.isDraining = true;
    if (core.isServer) {
      core.goawayLimit = core.seen.next;
      this.#sendGoaway(BigInt(core.goawayLimit));
    } else {
      this.#sendGoaway(0n); // no push was allowed, so none is taken
    }
    this.noteIdle();
  }

  #sendGoaway(id: bigint): void {
    const payload = new ByteWriter();
    if (id <= BigInt(Number.MAX_SAFE_INTEGER)) writeVarint(payload, Number(id));
    else writeVarintBig(payload, id);
    this.#core.controlFrame(FrameType.GOAWAY, payload);
    if (this.#core.trace !== undefined) this.#core.traceState("connection", this.#phase);
  }

  /** Takes note that there may be no exchange left. */
  noteIdle(): void {
    const core = this.#core;
    if (core.isClosed || core.isBusy) return;
    if (core.isServer ? this.#phase !== "final" : !core.isDraining || this.#phase === "linger") return;
    this.#isAsked = this.#phase === "final";
    this.#phase = "linger";
    this.#drainDue = Infinity;
    // The client ends it at its next tick; a server that closed first might cut off what it sent last.
    this.#phaseDue = core.isServer ? core.now + core.options.lingerMs : core.now;
  }

  /** Lets deadlines that are due act. */
  tick(now: number): void {
    if (now >= this.#phaseDue) {
      this.#phaseDue = Infinity;
      if (this.#phase === "notice") this.#finalize();
      else if (this.#phase === "linger") return this.#close(this.#isAsked ? "shutdown" : "peer-shutdown");
    }
    if (now < this.#drainDue) return;
    this.#drainDue = Infinity;
    failConnection("H3_NO_ERROR", "limit:drain_timeout", "exchanges did not finish in time");
  }

  /** Takes a GOAWAY of the peer. */
  receiveGoaway(given: bigint): void {
    const core = this.#core;
    const isKestrelNotice = given === MAX_VARINT && core.options.toleratesGoawayNotice;
    const id = isKestrelNotice && !core.isServer ? GOAWAY_NOTICE : given;
    if (!core.isServer && (id & 3n) !== 0n) {
      failConnection("H3_ID_ERROR", "9114-5.2:id", "a GOAWAY names what is no request stream");
    }
    if (this.#received !== undefined && id > this.#received) {
      failConnection("H3_ID_ERROR", "9114-5.2:growing", "the id of GOAWAY became larger");
    }
    this.#received = id;
    const unprocessed: Exchange[] = [];
    if (!core.isServer) {
      core.isDraining = true;
      core.goawayLimit = Number(id);
      for (const exchange of core.exchanges.values()) {
        if (exchange.id >= core.goawayLimit) unprocessed.push(exchange);
      }
    }
    core.events.push({
      type: "goingAway",
      unprocessed: unprocessed.map((exchange) => exchange.id),
      wireCode: H3ErrorCode.H3_NO_ERROR,
    });
    for (let i = 0; i < unprocessed.length; i++) this.#refused(unprocessed[i]!);
    this.noteIdle();
  }

  /** Ends a request that the peer said it will not work on. */
  #refused(exchange: Exchange): void {
    const core = this.#core;
    const error = new StreamError("GOAWAY", "Cannot finish the exchange: the peer is going away", {
      wireCode: H3ErrorCode.H3_NO_ERROR,
      initiator: "remote",
      rule: "9114-5.2:refused",
      retry: core.verdict(exchange),
    });
    giveUpReceiving(core, exchange, "H3_REQUEST_CANCELLED");
    abortSending(core, exchange, "H3_REQUEST_CANCELLED");
    core.emitAborted(exchange, "both", error);
    core.settle(exchange, false);
  }
}
