/** What a client sends before its first frame (RFC 9113 section 3.4), as octets. */
export const PREFACE: Uint8Array = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Size of a frame header, in bytes (RFC 9113 section 4.1). */
export const FRAME_HEADER_BYTES = 9;

/** Frame types by their names in the RFCs. */
export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
  ALTSVC: 0xa,
  ORIGIN: 0xc,
  PRIORITY_UPDATE: 0x10,
} as const;

/** Flags of frames; some share a bit. */
export const Flag = { ACK: 0x1, END_STREAM: 0x1, END_HEADERS: 0x4, PADDED: 0x8, PRIORITY: 0x20 } as const;

/** Settings by their names in the RFCs. */
export const Setting = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
  ENABLE_CONNECT_PROTOCOL: 0x8,
  NO_RFC7540_PRIORITIES: 0x9,
} as const;

/** The largest window and the largest stream id. */
export const MAX_31_BITS = 0x7fff_ffff;

/** The window that every stream and connection begins with, in bytes. */
export const DEFAULT_WINDOW_BYTES = 65_535;

/** The frame size that every receiver takes, in bytes. */
export const MIN_MAX_FRAME_BYTES = 16_384;

const FRAME_NAMES = new Map<number, string>(Object.entries(FrameType).map(([name, type]) => [type, name]));
const SETTING_NAMES = new Map<number, string>(Object.entries(Setting).map(([name, id]) => [id, name]));

/** The name of a frame type, or `UNKNOWN`. */
export function frameName(type: number): string {
  return FRAME_NAMES.get(type) ?? "UNKNOWN";
}

/** The name of a setting, or its number in hexadecimal. */
export function settingName(id: number): string {
  return SETTING_NAMES.get(id) ?? `0x${id.toString(16)}`;
}
