/** Types of frames (RFC 9114 section 7.2, RFC 9218 section 7.2, RFC 9412). */
export const FrameType = {
  DATA: 0x00,
  HEADERS: 0x01,
  CANCEL_PUSH: 0x03,
  SETTINGS: 0x04,
  PUSH_PROMISE: 0x05,
  GOAWAY: 0x07,
  ORIGIN: 0x0c,
  MAX_PUSH_ID: 0x0d,
  PRIORITY_UPDATE_REQUEST: 0xf0700,
  PRIORITY_UPDATE_PUSH: 0xf0701,
} as const;

/** Types of unidirectional streams (RFC 9114 section 6.2, RFC 9204 section 4.2). */
export const StreamType = {
  CONTROL: 0x00,
  PUSH: 0x01,
  QPACK_ENCODER: 0x02,
  QPACK_DECODER: 0x03,
} as const;

/** Settings (RFC 9114 section 7.2.4.1, RFC 9204 section 5, RFC 9220, RFC 9297). */
export const SettingId = {
  QPACK_MAX_TABLE_CAPACITY: 0x01,
  MAX_FIELD_SECTION_SIZE: 0x06,
  QPACK_BLOCKED_STREAMS: 0x07,
  ENABLE_CONNECT_PROTOCOL: 0x08,
  H3_DATAGRAM: 0x33,
} as const;

const FRAME_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(FrameType).map(([name, type]) => [type, name]),
);
const SETTING_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(SettingId).map(([name, id]) => [id, name]),
);

/** The name of a frame type, `GREASE` for a reserved one, `UNKNOWN` for any other. */
export function frameName(type: number): string {
  return FRAME_NAMES.get(type) ?? (isReserved(type) ? "GREASE" : "UNKNOWN");
}

/** The name of a setting, or its number. */
export function settingName(id: number): string {
  return SETTING_NAMES.get(id) ?? `0x${id.toString(16)}`;
}

/** Whether a number is reserved to mean nothing: 0x1f * N + 0x21 (RFC 9114 section 7.2.8). */
export function isReserved(type: number): boolean {
  return type >= 0x21 && (type - 0x21) % 0x1f === 0;
}

/** Whether a frame type belongs to HTTP/2 and has no place in HTTP/3 (RFC 9114 section 7.2.8). */
export function isHttp2Frame(type: number): boolean {
  return type === 0x02 || type === 0x06 || type === 0x08 || type === 0x09;
}

/** Whether a setting belongs to HTTP/2 and has no place in HTTP/3 (RFC 9114 section 7.2.4.1). */
export function isHttp2Setting(id: number): boolean {
  return id === 0x00 || (id >= 0x02 && id <= 0x05);
}
