import { ByteWriter } from "../wire/byte_writer.ts";
import { CONTROL_STREAM, DECODER_STREAM, ENCODER_STREAM } from "./command.ts";
import { describeSettings } from "./control_stream.ts";
import type { Core } from "./core.ts";
import { FIRST_ORDER } from "./exchange.ts";
import { FrameType, SettingId, StreamType } from "./frame_types.ts";
import { addGreaseSetting, writeGrease } from "./grease.ts";
import { writeOrigins } from "./origin.ts";
import type { ResolvedH3Options } from "./options.ts";
import { type H3Settings, writeSettings } from "./settings.ts";

/** What this end announces in SETTINGS. */
export function localSettings(options: ResolvedH3Options): H3Settings {
  const { limits } = options;
  const entries: number[] = [];
  if (limits.qpackTableBytes > 0) {
    entries.push(SettingId.QPACK_MAX_TABLE_CAPACITY, limits.qpackTableBytes);
    if (limits.qpackBlockedStreams > 0) {
      entries.push(SettingId.QPACK_BLOCKED_STREAMS, limits.qpackBlockedStreams);
    }
  }
  entries.push(SettingId.MAX_FIELD_SECTION_SIZE, limits.maxHeaderListBytes);
  const extendedConnect = options.isServer && options.extendedConnect;
  if (extendedConnect) entries.push(SettingId.ENABLE_CONNECT_PROTOCOL, 1);
  if (options.datagrams) entries.push(SettingId.H3_DATAGRAM, 1);
  if (options.grease !== undefined) addGreaseSetting(entries, options.grease);
  return {
    qpackTableBytes: limits.qpackTableBytes,
    qpackBlockedStreams: limits.qpackTableBytes > 0 ? limits.qpackBlockedStreams : 0,
    maxFieldSectionBytes: limits.maxHeaderListBytes,
    extendedConnect,
    datagrams: options.datagrams,
    entries,
  };
}

/** Opens the streams that every connection has, and writes SETTINGS (RFC 9114 section 6.2.1, RFC 9204 section 4.2). */
export function writePreface(core: Core, settings: H3Settings): void {
  openStream(core, CONTROL_STREAM, StreamType.CONTROL);
  const payload = new ByteWriter();
  writeSettings(payload, settings.entries);
  if (core.trace !== undefined) {
    core.traceState("settings", "sent", CONTROL_STREAM, describeSettings(settings.entries));
  }
  core.controlFrame(FrameType.SETTINGS, payload);
  const { origins, grease } = core.options;
  if (core.isServer && origins !== undefined) core.controlFrame(FrameType.ORIGIN, writeOrigins(origins));
  openStream(core, ENCODER_STREAM, StreamType.QPACK_ENCODER);
  openStream(core, DECODER_STREAM, StreamType.QPACK_DECODER);
  if (grease !== undefined) writeGrease(core, grease);
}

function openStream(core: Core, token: number, type: number): void {
  core.out.push({ type: "openUni", token, order: FIRST_ORDER });
  core.out.raw(token, Uint8Array.of(type));
  core.controlWrite();
}
