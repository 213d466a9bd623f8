import type { Limits } from "../semantics/limits.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import { readVarint, varintLength, writeVarint } from "../wire/varint.ts";
import { failConnection } from "./errors.ts";
import { isHttp2Setting, SettingId } from "./frame_types.ts";

/** What one end announces in SETTINGS (RFC 9114 section 7.2.4). */
export interface H3Settings {
  /** Capacity that the other end's QPACK encoder may use, in bytes. */
  readonly qpackTableBytes: number;
  /** Streams that the other end's QPACK encoder may block. */
  readonly qpackBlockedStreams: number;
  /** Size of a field section that this end takes, in bytes; `Infinity` when it does not say. */
  readonly maxFieldSectionBytes: number;
  /** Whether extended CONNECT is taken (RFC 9220). */
  readonly extendedConnect: boolean;
  /** Whether HTTP datagrams are taken (RFC 9297). */
  readonly datagrams: boolean;
  /** All entries as they stood in the frame, identifier and value in turn. */
  readonly entries: readonly number[];
}

/** What holds before SETTINGS arrive. */
export const INITIAL_SETTINGS: H3Settings = {
  qpackTableBytes: 0,
  qpackBlockedStreams: 0,
  maxFieldSectionBytes: Infinity,
  extendedConnect: false,
  datagrams: false,
  entries: [],
};

/** Writes the payload of a SETTINGS frame. */
export function writeSettings(writer: ByteWriter, entries: readonly number[]): void {
  for (let i = 0; i < entries.length; i++) writeVarint(writer, entries[i]!);
}

/** Reads the payload of a SETTINGS frame; fails for what RFC 9114 section 7.2.4 forbids. */
export function readSettings(payload: Uint8Array, limits: Limits): H3Settings {
  const entries: number[] = [];
  for (let at = 0; at < payload.length;) {
    const id = readVarint(payload, at);
    if (id < 0) failConnection("H3_FRAME_ERROR", "9114-7.1", "a SETTINGS frame ends within an identifier");
    at += varintLength(payload[at]!);
    const value = readVarint(payload, at);
    if (value < 0) failConnection("H3_FRAME_ERROR", "9114-7.1", "a SETTINGS frame ends within a value");
    at += varintLength(payload[at]!);
    if (isHttp2Setting(id)) {
      failConnection("H3_SETTINGS_ERROR", "9114-7.2.4.1", "a setting of HTTP/2 occurs");
    }
    for (let i = 0; i < entries.length; i += 2) {
      if (entries[i] === id) {
        failConnection("H3_SETTINGS_ERROR", "9114-7.2.4:duplicate", "a setting occurs twice");
      }
    }
    entries.push(id, value);
    if (entries.length > 2 * limits.maxSettingsEntries) {
      failConnection("H3_EXCESSIVE_LOAD", "limit:settings_entries", "a SETTINGS frame has too many entries");
    }
  }
  return {
    qpackTableBytes: valueOf(entries, SettingId.QPACK_MAX_TABLE_CAPACITY) ?? 0,
    qpackBlockedStreams: valueOf(entries, SettingId.QPACK_BLOCKED_STREAMS) ?? 0,
    maxFieldSectionBytes: valueOf(entries, SettingId.MAX_FIELD_SECTION_SIZE) ?? Infinity,
    extendedConnect: readSwitch(entries, SettingId.ENABLE_CONNECT_PROTOCOL),
    datagrams: readSwitch(entries, SettingId.H3_DATAGRAM),
    entries,
  };
}

/** Fails when a server allows less than under the SETTINGS that early data was sent by (RFC 9114 section 7.2.4.2). */
export function checkRemembered(remembered: H3Settings, now: H3Settings): void {
  const isLess = now.qpackTableBytes < remembered.qpackTableBytes ||
    now.qpackBlockedStreams < remembered.qpackBlockedStreams ||
    now.maxFieldSectionBytes < remembered.maxFieldSectionBytes ||
    (remembered.extendedConnect && !now.extendedConnect) || (remembered.datagrams && !now.datagrams);
  if (isLess) {
    failConnection("H3_SETTINGS_ERROR", "9114-7.2.4.2", "the settings allow less than those remembered");
  }
}

function valueOf(entries: readonly number[], id: number): number | undefined {
  for (let i = 0; i < entries.length; i += 2) if (entries[i] === id) return entries[i + 1];
  return undefined;
}

function readSwitch(entries: readonly number[], id: number): boolean {
  const value = valueOf(entries, id) ?? 0;
  if (value > 1) failConnection("H3_SETTINGS_ERROR", "9220-3", "a setting that is 0 or 1 is neither");
  return value === 1;
}
