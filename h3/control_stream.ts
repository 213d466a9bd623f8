import { parsePriority } from "../semantics/priority.ts";
import type { RuleId } from "../semantics/rules/mod.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { latin1ToString } from "../wire/latin1.ts";
import { readVarint, readVarintBig, varintLength } from "../wire/varint.ts";
import type { Core } from "./core.ts";
import { failConnection } from "./errors.ts";
import { FrameReader } from "./frame_reader.ts";
import { FrameType, isHttp2Frame, settingName } from "./frame_types.ts";
import { readOrigins } from "./origin.ts";
import { reprioritize } from "./priority_update.ts";
import { checkRemembered, readSettings } from "./settings.ts";
import type { Shutdown } from "./shutdown.ts";

/** The peer's control stream (RFC 9114 section 6.2.1): SETTINGS, then frames about the connection. */
export class ControlStream {
  readonly #core: Core;
  readonly #shutdown: Shutdown;
  readonly #frames: FrameReader = new FrameReader();
  readonly #payload: ByteWriter = new ByteWriter();
  /** Whether the payload under way is kept; else it is skipped. */
  #isKept = false;
  #maxPushId = -1n;
  /** The id of the stream, for the hook. */
  readonly #id: number;

  /** Makes a reader for the control stream `id`. */
  constructor(core: Core, shutdown: Shutdown, id: number) {
    this.#core = core;
    this.#shutdown = shutdown;
    this.#id = id;
  }

  /** Takes bytes of the stream. */
  receive(bytes: Uint8Array): void {
    const frames = this.#frames;
    for (let at = 0;;) {
      if (frames.type < 0) {
        if (at >= bytes.length) return;
        at = frames.readHeader(bytes, at);
        if (at < 0) return;
        this.#isKept = this.#begin(frames.type, frames.left);
      }
      const end = at + Math.min(frames.left, bytes.length - at);
      const isWhole = end - at === frames.left;
      frames.left -= end - at;
      if (this.#isKept) this.#take(bytes, at, end, isWhole);
      if (!isWhole) return;
      frames.endFrame();
      at = end;
      if (this.#core.isClosed) return;
    }
  }

  /** Gathers a payload, and acts on it when it is whole. */
  #take(bytes: Uint8Array, from: number, end: number, isWhole: boolean): void {
    const payload = this.#payload;
    if (isWhole && payload.length === 0) return this.#act(this.#frames.type, bytes.subarray(from, end));
    payload.bytes(bytes, from, end);
    if (!isWhole) return;
    this.#act(this.#frames.type, payload.buffer.subarray(0, payload.position));
    payload.clear();
  }

  /** Checks a header; answers whether the payload is wanted. */
  #begin(type: number, length: number): boolean {
    const core = this.#core;
    core.counters.framesIn++;
    if (!core.hasPeerSettings && type !== FrameType.SETTINGS) {
      failConnection(
        "H3_MISSING_SETTINGS",
        "9114-6.2.1:settings",
        "the control stream does not begin with SETTINGS",
      );
    }
    const isKept = this.#check(type, length);
    if (core.trace !== undefined && !isKept) core.traceFrame("in", this.#id, type, length);
    return isKept;
  }

  #check(type: number, length: number): boolean {
    const core = this.#core;
    switch (type) {
      case FrameType.SETTINGS:
        if (core.hasPeerSettings) unexpected("9114-7.2.4", "a second SETTINGS");
        if (length > core.limits.maxSettingsBytes) {
          failConnection("H3_EXCESSIVE_LOAD", "limit:settings_bytes", "a SETTINGS frame is too long");
        }
        return true;
      case FrameType.GOAWAY:
        core.glitch();
        return checkIdLength(length, "a GOAWAY");
      case FrameType.CANCEL_PUSH:
        return checkIdLength(length, "a CANCEL_PUSH");
      case FrameType.MAX_PUSH_ID:
        if (!core.isServer) unexpected("9114-7.2.7", "MAX_PUSH_ID of a server");
        core.glitch();
        return checkIdLength(length, "a MAX_PUSH_ID");
      case FrameType.PRIORITY_UPDATE_REQUEST:
      case FrameType.PRIORITY_UPDATE_PUSH:
        if (!core.isServer) unexpected("9218-7.2:stream", "PRIORITY_UPDATE of a server");
        if (length > core.limits.maxPriorityUpdateBytes) {
          failConnection("H3_EXCESSIVE_LOAD", "limit:priority_update_bytes", "a PRIORITY_UPDATE is too long");
        }
        if (length === 0) failConnection("H3_FRAME_ERROR", "9114-7.1", "a PRIORITY_UPDATE is empty");
        core.glitch();
        return true;
      case FrameType.ORIGIN:
        core.glitch();
        return !core.isServer && length <= core.options.maxOriginBytes;
      case FrameType.DATA:
        return unexpected("9114-7.2.1", "DATA");
      case FrameType.HEADERS:
        return unexpected("9114-7.2.2", "HEADERS");
      case FrameType.PUSH_PROMISE:
        return unexpected("9114-7.2.5", "PUSH_PROMISE");
    }
    if (isHttp2Frame(type)) unexpected("9114-7.2.8", "a frame of HTTP/2");
    core.counters.unknownFrames++;
    core.glitch();
    return false;
  }

  /** Acts on a whole frame. */
  #act(type: number, payload: Uint8Array): void {
    switch (type) {
      case FrameType.SETTINGS:
        return this.#receiveSettings(payload);
      case FrameType.GOAWAY: {
        const id = readId(payload, "a GOAWAY");
        this.#trace(type, payload, { id: Number(id) });
        return this.#shutdown.receiveGoaway(id);
      }
      case FrameType.CANCEL_PUSH:
        this.#trace(type, payload, { pushId: Number(readId(payload, "a CANCEL_PUSH")) });
        return failConnection("H3_ID_ERROR", "9114-7.2.3:id", "a push is cancelled that nobody promised");
      case FrameType.MAX_PUSH_ID: {
        const id = readId(payload, "a MAX_PUSH_ID");
        this.#trace(type, payload, { pushId: Number(id) });
        if (id < this.#maxPushId) {
          failConnection("H3_ID_ERROR", "9114-7.2.7:shrinking", "the id of MAX_PUSH_ID became smaller");
        }
        this.#maxPushId = id;
        return;
      }
      case FrameType.ORIGIN: {
        const origins = readOrigins(payload);
        this.#trace(type, payload, { origins });
        this.#core.events.push({ type: "origins", origins });
        return;
      }
      default:
        return this.#receivePriority(type, payload);
    }
  }

  #receiveSettings(payload: Uint8Array): void {
    const core = this.#core;
    const settings = readSettings(payload, core.limits);
    this.#trace(FrameType.SETTINGS, payload, describeSettings(settings.entries));
    const remembered = core.options.rememberedSettings;
    if (remembered !== undefined && core.options.early) checkRemembered(remembered, settings);
    core.peer = settings;
    core.hasPeerSettings = true;
    core.encoder.setPeer({
      maxTableBytes: Math.min(settings.qpackTableBytes, 2 ** 30),
      maxBlockedStreams: Math.min(settings.qpackBlockedStreams, 2 ** 30),
    });
    core.events.push({ type: "settings", first: true });
  }

  #receivePriority(type: number, payload: Uint8Array): void {
    const id = readVarint(payload, 0);
    if (id < 0) failConnection("H3_FRAME_ERROR", "9114-7.1", "a PRIORITY_UPDATE ends within its id");
    const value = latin1ToString(payload, varintLength(payload[0]!), payload.length);
    this.#trace(type, payload, { id, value });
    if (type === FrameType.PRIORITY_UPDATE_PUSH) {
      failConnection("H3_ID_ERROR", "9218-7.2:id", "a PRIORITY_UPDATE names a push that nobody promised");
    }
    reprioritize(this.#core, id, parsePriority(value));
  }

  #trace(type: number, payload: Uint8Array, detail: Readonly<Record<string, unknown>>): void {
    this.#core.traceFrame("in", this.#id, type, payload.length, detail);
  }
}

/** Settings by name, for the hook. */
export function describeSettings(entries: readonly number[]): Record<string, number> {
  const described: Record<string, number> = {};
  for (let i = 0; i < entries.length; i += 2) described[settingName(entries[i]!)] = entries[i + 1]!;
  return described;
}

function unexpected(rule: RuleId, name: string): never {
  failConnection("H3_FRAME_UNEXPECTED", rule, `${name} on the control stream`);
}

function checkIdLength(length: number, name: string): true {
  if (length === 0 || length > 8) failConnection("H3_FRAME_ERROR", "9114-7.1", `${name} is not one id`);
  return true;
}

/** The one id that fills a payload. */
function readId(payload: Uint8Array, name: string): bigint {
  if (varintLength(payload[0]!) !== payload.length) {
    failConnection("H3_FRAME_ERROR", "9114-7.1", `${name} is not one id`);
  }
  return readVarintBig(payload, 0);
}
