import type { ProtocolName, ReceivedSetting } from "../protocols/mod.ts";

/** One setting for people and programs: the same rows for every protocol. */
export interface SettingRow {
  /** The words of the table. */
  readonly label: string;
  /** The key in JSON. */
  readonly key: string;
  /** The RFC's name in each protocol; absent where the protocol has no such setting. */
  readonly names: Readonly<Partial<Record<ProtocolName, string>>>;
  /** What stands in the table where the protocol has no such setting. */
  readonly elsewhere?: string;
  /** Whether the value is 0 or 1 for no and yes. */
  readonly isSwitch?: boolean;
}

/** The settings that the probe shows, in order. */
export const SETTING_ROWS: readonly SettingRow[] = [
  {
    label: "concurrent streams",
    key: "maxConcurrentStreams",
    names: { h2: "MAX_CONCURRENT_STREAMS" },
    elsewhere: "QUIC decides",
  },
  {
    label: "header list bytes",
    key: "maxHeaderListBytes",
    names: { h2: "MAX_HEADER_LIST_SIZE", h3: "MAX_FIELD_SECTION_SIZE" },
  },
  {
    label: "initial window",
    key: "initialWindowBytes",
    names: { h2: "INITIAL_WINDOW_SIZE" },
    elsewhere: "QUIC decides",
  },
  { label: "max frame bytes", key: "maxFrameBytes", names: { h2: "MAX_FRAME_SIZE" }, elsewhere: "-" },
  {
    label: "header table bytes",
    key: "headerTableBytes",
    names: { h2: "HEADER_TABLE_SIZE", h3: "QPACK_MAX_TABLE_CAPACITY" },
  },
  { label: "blocked streams", key: "blockedStreams", names: { h3: "QPACK_BLOCKED_STREAMS" }, elsewhere: "-" },
  { label: "server push", key: "enablePush", names: { h2: "ENABLE_PUSH" }, elsewhere: "-", isSwitch: true },
  {
    label: "extended CONNECT",
    key: "enableConnectProtocol",
    names: { h2: "ENABLE_CONNECT_PROTOCOL", h3: "ENABLE_CONNECT_PROTOCOL" },
    isSwitch: true,
  },
  { label: "datagrams", key: "datagrams", names: { h3: "H3_DATAGRAM" }, elsewhere: "-", isSwitch: true },
  {
    label: "no RFC 7540 priorities",
    key: "noRfc7540Priorities",
    names: { h2: "NO_RFC7540_PRIORITIES" },
    elsewhere: "-",
    isSwitch: true,
  },
];

/** The value that the peer sent last, `undefined` when it sent none. */
export function settingValue(
  settings: readonly ReceivedSetting[],
  name: string | undefined,
): number | undefined {
  return name === undefined ? undefined : settings.findLast((setting) => setting.name === name)?.value;
}

/** Settings that no row shows and that mean something. */
export function otherSettings(
  settings: readonly ReceivedSetting[],
  protocol: ProtocolName,
): ReceivedSetting[] {
  const known = new Set(SETTING_ROWS.map((row) => row.names[protocol]));
  return settings.filter(({ name }) => name !== "RESERVED" && !known.has(name));
}
