import { readVarint, varintLength } from "../wire/varint.ts";
import { CONTROL_STREAM, DECODER_STREAM, ENCODER_STREAM, type StreamRef } from "./command.ts";
import { ControlStream } from "./control_stream.ts";
import type { Core } from "./core.ts";
import { Deadlines } from "./deadlines.ts";
import { failConnection, H3ErrorCode } from "./errors.ts";
import { StreamType } from "./frame_types.ts";
import { resumeStream } from "./receiver.ts";
import { SeenIds } from "./seen_ids.ts";
import type { Shutdown } from "./shutdown.ts";

/** A stream whose type is not known yet. */
interface Untyped {
  readonly bytes: Uint8Array;
  length: number;
}

/**
 * The peer's unidirectional streams: each is identified by itself, so a silent one
 * holds up nobody (RFC 9114 section 6.2).
 */
export class UniStreams {
  readonly #core: Core;
  readonly #shutdown: Shutdown;
  readonly #seen: SeenIds;
  readonly #untyped: Map<number, Untyped> = new Map();
  readonly #deadlines: Deadlines;
  #control: ControlStream | undefined = undefined;
  #controlId = -1;
  #encoderId = -1;
  #decoderId = -1;

  /** Makes one that knows no stream. */
  constructor(core: Core, shutdown: Shutdown) {
    this.#core = core;
    this.#shutdown = shutdown;
    this.#seen = new SeenIds(core.isServer ? 2 : 3);
    this.#deadlines = new Deadlines(core.limits.streamTypeTimeoutMs);
  }

  /** How many have no type yet. */
  get unidentified(): number {
    return this.#untyped.size;
  }

  /** When `tick` is to be called. */
  get nextDeadline(): number {
    return this.#deadlines.next;
  }

  /** Takes note of a stream, which may be silent. */
  open(id: number): void {
    const core = this.#core;
    checkGap(core, this.#seen, id);
    if (!this.#seen.see(id)) return;
    this.#untyped.set(id, { bytes: new Uint8Array(8), length: 0 });
    this.#deadlines.set(id, core.now);
    if (this.#untyped.size <= core.limits.maxUnidentifiedStreams) return;
    failConnection(
      "H3_EXCESSIVE_LOAD",
      "limit:unidentified_streams",
      "too many streams do not say their type",
    );
  }

  /** Takes bytes of a stream, and FIN if it comes with them. */
  receive(id: number, bytes: Uint8Array, fin: boolean): void {
    if (!this.#seen.has(id)) this.open(id);
    const untyped = this.#untyped.get(id);
    const at = untyped === undefined ? 0 : this.#identify(id, untyped, bytes);
    if (at < bytes.length) this.#dispatch(id, at === 0 ? bytes : bytes.subarray(at));
    if (fin) this.end(id);
  }

  /** Reads the type; answers where the content begins. */
  #identify(id: number, untyped: Untyped, bytes: Uint8Array): number {
    for (let at = 0; at < bytes.length;) {
      untyped.bytes[untyped.length++] = bytes[at++]!;
      if (untyped.length < varintLength(untyped.bytes[0]!)) continue;
      this.#untyped.delete(id);
      this.#deadlines.clear(id);
      this.#assign(id, readVarint(untyped.bytes, 0));
      return at;
    }
    return bytes.length;
  }

  #assign(id: number, type: number): void {
    const core = this.#core;
    if (core.trace !== undefined) core.traceState("stream", `type-${type}`, id);
    switch (type) {
      case StreamType.CONTROL:
        if (this.#controlId >= 0) {
          failConnection("H3_STREAM_CREATION_ERROR", "9114-6.2.1:one", "there is a second control stream");
        }
        this.#controlId = id;
        this.#control = new ControlStream(core, this.#shutdown, id);
        return;
      case StreamType.QPACK_ENCODER:
        if (this.#encoderId >= 0) {
          failConnection("H3_STREAM_CREATION_ERROR", "9204-4.2", "there is a second encoder stream");
        }
        this.#encoderId = id;
        return;
      case StreamType.QPACK_DECODER:
        if (this.#decoderId >= 0) {
          failConnection("H3_STREAM_CREATION_ERROR", "9204-4.2", "there is a second decoder stream");
        }
        this.#decoderId = id;
        return;
      case StreamType.PUSH:
        if (core.isServer) {
          failConnection("H3_STREAM_CREATION_ERROR", "9114-6.2.2:client", "a client opens a push stream");
        }
        failConnection("H3_ID_ERROR", "9114-6.2.2:push", "there is a push stream, and no push was allowed");
    }
    core.counters.unknownStreams++;
    this.#stop(id);
    core.glitch();
  }

  #dispatch(id: number, bytes: Uint8Array): void {
    const core = this.#core;
    if (id === this.#controlId) {
      this.#control!.receive(bytes);
    } else if (id === this.#encoderId) {
      if (core.trace !== undefined) core.traceState("qpack", "encoder", id, { bytes: bytes.length });
      const ready = core.decoder.receiveEncoder(bytes);
      for (let i = 0; i < ready.length; i++) resumeStream(core, ready[i]!);
    } else if (id === this.#decoderId) {
      if (core.trace !== undefined) core.traceState("qpack", "decoder", id, { bytes: bytes.length });
      core.encoder.receiveDecoder(bytes);
    }
  }

  /** Takes the end of a stream, by FIN or reset. One that ends before its type is nothing. */
  end(id: number): void {
    if (!this.#seen.has(id)) checkGap(this.#core, this.#seen, id);
    this.#seen.see(id);
    this.#untyped.delete(id);
    this.#deadlines.clear(id);
    const isCritical = id === this.#controlId || id === this.#encoderId || id === this.#decoderId;
    if (!isCritical) return;
    failConnection("H3_CLOSED_CRITICAL_STREAM", "9114-6.2.1:closed", "a critical stream was closed");
  }

  /** Takes a stop of one of this end's own streams. */
  stopped(stream: StreamRef): void {
    if (stream !== CONTROL_STREAM && stream !== ENCODER_STREAM && stream !== DECODER_STREAM) return;
    failConnection("H3_CLOSED_CRITICAL_STREAM", "9114-6.2.1:closed", "a critical stream was stopped");
  }

  /** Stops streams that took too long to say their type. */
  tick(now: number): void {
    const due = this.#deadlines.takeDue(now);
    for (let i = 0; i < due.length; i++) {
      const id = due[i]!;
      this.#untyped.delete(id);
      this.#core.counters.streamTypeTimeout++;
      if (this.#core.trace !== undefined) {
        this.#core.traceState("limit", "stream_type_timeout", id, { rule: "limit:stream_type_timeout" });
      }
      this.#stop(id);
      this.#core.glitch();
    }
  }

  #stop(id: number): void {
    const code = H3ErrorCode.H3_STREAM_CREATION_ERROR;
    // 9114 section 6.2: what has no meaning here may be stopped, and ends nothing else.
    this.#core.traceState("stream", "stopped", id, { rule: "9114-6.2" });
    this.#core.out.push({ type: "stop", stream: id, code });
  }
}

/** Fails when an id skips more streams than the peer could have open. */
export function checkGap(core: Core, seen: SeenIds, id: number): void {
  const allowed = Math.max(1000, 4 * core.limits.maxConcurrentStreams);
  if (seen.gap(id) + seen.skipped <= allowed) return;
  failConnection("H3_EXCESSIVE_LOAD", "limit:skipped_streams", "the peer skips too many stream ids");
}
