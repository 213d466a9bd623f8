import { ByteWriter } from "../wire/byte_writer.ts";
import { CONTROL_STREAM } from "./command.ts";
import { describeSettings } from "./control_stream.ts";
import type { Core } from "./core.ts";
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

/**
 * Opens the control stream and writes SETTINGS (RFC 9114 section 6.2.1). The two streams of
 * QPACK are opened when there is something to say on them: where the table is not used,
 * that is never (RFC 9204 section 4.2).
 */
export function writePreface(core: Core, settings: H3Settings): void {
  core.openUni(CONTROL_STREAM, StreamType.CONTROL);
  const payload = new ByteWriter();
  writeSettings(payload, settings.entries);
  if (core.trace !== undefined) {
    core.traceState("settings", "sent", CONTROL_STREAM, describeSettings(settings.entries));
  }
  core.controlFrame(FrameType.SETTINGS, payload);
  const { origins, grease } = core.options;
  if (core.isServer && origins !== undefined) core.controlFrame(FrameType.ORIGIN, writeOrigins(origins));
  if (grease !== undefined) writeGrease(core, grease);
}
