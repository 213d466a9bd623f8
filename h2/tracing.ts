import type { RuleId } from "../semantics/rules/mod.ts";
import type { FieldsTrace, FrameTrace, StateTrace, TraceHook } from "../semantics/trace.ts";
import { latin1ToString } from "../wire/latin1.ts";
import { Flag, FRAME_HEADER_BYTES, frameName, FrameType, settingName } from "./constants.ts";
import { errorCodeName } from "./errors.ts";

/** What the payload of a short control frame says, by the RFC's names. */
export function describePayload(
  type: number,
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): Record<string, unknown> | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  const size = end - start;
  switch (type) {
    case FrameType.RST_STREAM:
      return size < 4 ? undefined : { errorCode: errorCodeName(view.getUint32(0)) };
    case FrameType.SETTINGS: {
      const settings: Record<string, number> = {};
      for (let at = 0; at + 6 <= size; at += 6) {
        settings[settingName(view.getUint16(at))] = view.getUint32(at + 2);
      }
      return size === 0 ? undefined : settings;
    }
    case FrameType.PING: {
      let data = "";
      for (let at = 0; at < size; at++) data += view.getUint8(at).toString(16).padStart(2, "0");
      return { ack: (flags & Flag.ACK) !== 0, data };
    }
    case FrameType.GOAWAY: {
      if (size < 8) return undefined;
      let debug = "";
      for (let at = 8; at < Math.min(size, 264); at++) {
        const code = view.getUint8(at);
        debug += code >= 32 && code < 127 ? String.fromCharCode(code) : ".";
      }
      return {
        lastStreamId: view.getUint32(0) & 0x7fff_ffff,
        errorCode: errorCodeName(view.getUint32(4)),
        debug,
      };
    }
    case FrameType.WINDOW_UPDATE:
      return size < 4 ? undefined : { increment: view.getUint32(0) & 0x7fff_ffff };
    case FrameType.PRIORITY: {
      if (size < 5) return undefined;
      const dependency = view.getUint32(0);
      return {
        exclusive: dependency >= 0x8000_0000,
        dependency: dependency & 0x7fff_ffff,
        weight: view.getUint8(4) + 1,
      };
    }
    case FrameType.PRIORITY_UPDATE:
      return size < 4
        ? undefined
        : { stream: view.getUint32(0) & 0x7fff_ffff, value: latin1ToString(bytes, start + 4, end) };
    case FrameType.ALTSVC: {
      const at = size < 2 ? size + 1 : 2 + view.getUint16(0);
      if (at > size) return undefined;
      return {
        origin: latin1ToString(bytes, start + 2, start + at),
        value: latin1ToString(bytes, start + at, end),
      };
    }
    case FrameType.ORIGIN:
      return { origins: readOrigins(bytes, view, start) };
    default:
      return undefined;
  }
}

function readOrigins(bytes: Uint8Array, view: DataView, start: number): string[] {
  const origins: string[] = [];
  for (let at = 0; at + 2 <= view.byteLength;) {
    const next = at + 2 + view.getUint16(at);
    if (next > view.byteLength) break;
    origins.push(latin1ToString(bytes, start + at + 2, start + next));
    at = next;
  }
  return origins;
}

/** Traces a frame that stands whole in `bytes` from its header on, with the CONTINUATIONs that end its block. */
export function traceFrame(
  trace: TraceHook,
  direction: "in" | "out",
  type: number,
  flags: number,
  stream: number,
  bytes: Uint8Array,
  start: number,
): void {
  const length = bytes[start]! << 16 | bytes[start + 1]! << 8 | bytes[start + 2]!;
  const from = start + FRAME_HEADER_BYTES;
  const isBlock = type === FrameType.HEADERS || type === FrameType.CONTINUATION;
  const written = isBlock ? bytes[start + 4]! : flags;
  traceFrameParts(trace, direction, type, written, stream, length, bytes, from, from + length);
  if (!isBlock || (written & Flag.END_HEADERS) !== 0) return;
  traceFrame(trace, direction, FrameType.CONTINUATION, 0, stream, bytes, from + length);
}

/** Traces a frame whose payload stands in a part of `bytes`; without one where `start` is -1. */
export function traceFrameParts(
  trace: TraceHook,
  direction: "in" | "out",
  type: number,
  flags: number,
  stream: number,
  length: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const detail = start < 0 ? undefined : describePayload(type, flags, bytes, start, end);
  const event: FrameTrace = {
    type: "frame",
    direction,
    stream,
    name: frameName(type),
    frameType: type,
    flags,
    length,
    ...(detail === undefined ? {} : { detail }),
  };
  trace(event);
}

/** Traces a field section. */
export function traceFields(
  trace: TraceHook,
  direction: "in" | "out",
  stream: number,
  flat: readonly string[],
  encodedBytes: number,
): void {
  let rawBytes = 0;
  for (let i = 0; i < flat.length; i++) rawBytes += flat[i]!.length;
  const event: FieldsTrace = { type: "fields", direction, stream, flat, encodedBytes, rawBytes };
  trace(event);
}

/** Traces a change of state. */
export function traceState(
  trace: TraceHook,
  subject: string,
  state: string,
  stream?: number,
  detail?: Readonly<Record<string, unknown>>,
): void {
  const event: StateTrace = {
    type: "state",
    subject,
    state,
    ...(stream === undefined ? {} : { stream }),
    ...(detail === undefined ? {} : { detail }),
  };
  trace(event);
}

/** Traces why a stream is reset, also where the application does not know it. */
export function traceReset(trace: TraceHook, stream: number, code: number, rule: RuleId): void {
  traceState(trace, "stream", "reset", stream, { errorCode: errorCodeName(code), rule });
}
