import { Flag, frameName, FrameType, PREFACE, Setting } from "../../h2/constants.ts";

/** The connection preface. */
export const preface: Uint8Array = PREFACE;

/** Joins byte strings. */
export function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Big-endian octets of a number. */
export function octets(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = value % 256;
    value = Math.floor(value / 256);
  }
  return bytes;
}

/** Latin-1 octets of a string. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Any frame; `length` may lie. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(0),
  length: number = payload.length,
): Uint8Array<ArrayBuffer> {
  return join(octets(length, 3), octets(type, 1), octets(flags, 1), octets(stream, 4), payload);
}

/** What a frame of a message can have. */
export interface MessageFlags {
  readonly end?: boolean;
  /** Leaves END_HEADERS out. */
  readonly open?: boolean;
  /** Octets of padding. */
  readonly padding?: number;
  /** The priority part of HEADERS. */
  readonly priority?: { readonly dependsOn: number; readonly weight: number; readonly exclusive?: boolean };
}

function padded(payload: Uint8Array, padding: number | undefined): Uint8Array {
  return padding === undefined ? payload : join(octets(padding, 1), payload, new Uint8Array(padding));
}

/** HEADERS with an encoded block. */
export function headersFrame(stream: number, block: Uint8Array, options: MessageFlags = {}): Uint8Array {
  const { priority } = options;
  const part = priority === undefined
    ? new Uint8Array(0)
    : join(octets(priority.dependsOn + (priority.exclusive ? 2 ** 31 : 0), 4), octets(priority.weight, 1));
  const flags = (options.end ? Flag.END_STREAM : 0) | (options.open ? 0 : Flag.END_HEADERS) |
    (options.padding === undefined ? 0 : Flag.PADDED) | (priority === undefined ? 0 : Flag.PRIORITY);
  return frame(FrameType.HEADERS, flags, stream, padded(join(part, block), options.padding));
}

/** CONTINUATION with a part of a block. */
export function continuation(
  stream: number,
  block: Uint8Array,
  options: { open?: boolean } = {},
): Uint8Array {
  return frame(FrameType.CONTINUATION, options.open ? 0 : Flag.END_HEADERS, stream, block);
}

/** DATA. */
export function data(stream: number, content: Uint8Array | string, options: MessageFlags = {}): Uint8Array {
  const bytes = typeof content === "string" ? latin1(content) : content;
  const flags = (options.end ? Flag.END_STREAM : 0) | (options.padding === undefined ? 0 : Flag.PADDED);
  return frame(FrameType.DATA, flags, stream, padded(bytes, options.padding));
}

/** RST_STREAM. */
export function rstStream(stream: number, code: number): Uint8Array {
  return frame(FrameType.RST_STREAM, 0, stream, octets(code, 4));
}

/** PRIORITY. */
export function priorityFrame(stream: number, dependsOn: number, weight = 15): Uint8Array {
  return frame(FrameType.PRIORITY, 0, stream, join(octets(dependsOn, 4), octets(weight, 1)));
}

/** SETTINGS with entries id, value, … */
export function settings(...entries: readonly number[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < entries.length; i += 2) parts.push(octets(entries[i]!, 2), octets(entries[i + 1]!, 4));
  return frame(FrameType.SETTINGS, 0, 0, join(...parts));
}

/** The acknowledgement of SETTINGS. */
export const settingsAck: Uint8Array = frame(FrameType.SETTINGS, Flag.ACK, 0);

/** PING. */
export function ping(payload = "12345678", ack = false): Uint8Array {
  return frame(FrameType.PING, ack ? Flag.ACK : 0, 0, latin1(payload));
}

/** GOAWAY. */
export function goaway(lastStream: number, code: number, debug = ""): Uint8Array {
  return frame(FrameType.GOAWAY, 0, 0, join(octets(lastStream, 4), octets(code, 4), latin1(debug)));
}

/** WINDOW_UPDATE. */
export function windowUpdate(stream: number, increment: number): Uint8Array {
  return frame(FrameType.WINDOW_UPDATE, 0, stream, octets(increment, 4));
}

/** PRIORITY_UPDATE. */
export function priorityUpdate(stream: number, value: string): Uint8Array {
  return frame(FrameType.PRIORITY_UPDATE, 0, 0, join(octets(stream, 4), latin1(value)));
}

/** A frame that was taken apart. */
export interface ParsedFrame {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
}

/** Takes bytes of whole frames apart. */
export function parseFrames(bytes: Uint8Array): ParsedFrame[] {
  const frames: ParsedFrame[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length;) {
    const length = view.getUint16(at) * 256 + bytes[at + 2]!;
    const type = bytes[at + 3]!;
    const end = at + 9 + length;
    if (end > bytes.length) throw new Error("a frame is cut off");
    frames.push({
      name: frameName(type),
      type,
      flags: bytes[at + 4]!,
      stream: view.getUint32(at + 5),
      payload: bytes.slice(at + 9, end),
    });
    at = end;
  }
  return frames;
}

/** A number in a payload. */
export function uint32(payload: Uint8Array, at = 0): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(at);
}

/** Describes a frame in a line, as tests like to compare it. */
export function describeFrame(frame: ParsedFrame): string {
  const { name, flags, stream, payload } = frame;
  switch (frame.type) {
    case FrameType.DATA:
      return `DATA ${stream} ${payload.length}${flags & Flag.END_STREAM ? " end" : ""}`;
    case FrameType.HEADERS:
      return `HEADERS ${stream}${flags & Flag.END_STREAM ? " end" : ""}`;
    case FrameType.RST_STREAM:
      return `RST_STREAM ${stream} ${uint32(payload)}`;
    case FrameType.SETTINGS:
      return flags & Flag.ACK ? "SETTINGS ack" : `SETTINGS ${payload.length / 6}`;
    case FrameType.PING:
      return `PING${flags & Flag.ACK ? " ack" : ""}`;
    case FrameType.GOAWAY:
      return `GOAWAY ${uint32(payload)} ${uint32(payload, 4)} ${String.fromCharCode(...payload.subarray(8))}`
        .trimEnd();
    case FrameType.WINDOW_UPDATE:
      return `WINDOW_UPDATE ${stream} ${uint32(payload)}`;
    default:
      return `${name} ${stream}`;
  }
}

export { Flag, FrameType, Setting };
