import { FrameType, MAX_31_BITS, Setting } from "./constants.ts";
import type { Core } from "./core.ts";
import { H2ErrorCode } from "./errors.ts";
import { writeSettings } from "./frame_writer.ts";
import { checkRange } from "./options.ts";
import type { H2SettingsChange } from "./settings.ts";

/** The peer changed the window that streams begin with: open ones change by as much (RFC 9113 section 6.9.2). */
export function applyPeerWindow(core: Core, change: number): boolean {
  for (const stream of core.streams.values()) {
    if (stream.sendWindow + change > MAX_31_BITS) {
      const detail = "SETTINGS makes a window too large";
      core.fail(H2ErrorCode.FLOW_CONTROL_ERROR, "9113-6.9.2", detail);
      return false;
    }
    stream.sendWindow += change;
    if (stream.queuedBytes > 0) core.scheduler.update(stream);
  }
  return true;
}

/** The settings of this end at the start, as entries id, value, … */
export function firstEntries(core: Core): number[] {
  const { localSettings: settings, isServer, options } = core;
  const entries: number[] = [];
  if (settings.headerTableBytes !== 4096) entries.push(Setting.HEADER_TABLE_SIZE, settings.headerTableBytes);
  if (!isServer) entries.push(Setting.ENABLE_PUSH, 0);
  else entries.push(Setting.MAX_CONCURRENT_STREAMS, settings.maxConcurrentStreams);
  entries.push(Setting.INITIAL_WINDOW_SIZE, settings.initialWindowBytes);
  entries.push(Setting.MAX_FRAME_SIZE, settings.maxFrameBytes);
  entries.push(Setting.MAX_HEADER_LIST_SIZE, settings.maxHeaderListBytes);
  if (settings.enableConnectProtocol) entries.push(Setting.ENABLE_CONNECT_PROTOCOL, 1);
  entries.push(Setting.NO_RFC7540_PRIORITIES, 1);
  // Reserved ids of the form 0x?a?a, which every peer must ignore.
  if (options.grease) {
    entries.push(0x0a0a | (Math.floor(core.now) & 0xf) << 12, Math.floor(core.now) & 0xffff);
  }
  return entries;
}

/** Sends SETTINGS; what grows holds at once, what shrinks once the peer has acknowledged it. */
export function sendSettings(core: Core, entries: readonly number[]): void {
  const start = core.out.position;
  writeSettings(core.out, entries);
  core.queued(FrameType.SETTINGS, 0, 0, start);
  core.unacknowledged.push({ ...core.localSettings });
  core.deadlines.arm("settingsAck");
}

/** Changes settings of this end on the open connection. */
export function changeSettings(core: Core, change: H2SettingsChange): void {
  const settings = core.localSettings;
  const entries: number[] = [];
  if (change.headerTableBytes !== undefined) {
    settings.headerTableBytes = checkRange("headerTableBytes", change.headerTableBytes, 0, 0xffff_ffff);
    entries.push(Setting.HEADER_TABLE_SIZE, settings.headerTableBytes);
  }
  if (change.maxConcurrentStreams !== undefined) {
    const value = checkRange("maxConcurrentStreams", change.maxConcurrentStreams, 0, 0xffff_ffff);
    settings.maxConcurrentStreams = value;
    entries.push(Setting.MAX_CONCURRENT_STREAMS, value);
  }
  if (change.initialWindowBytes !== undefined) {
    const value = checkRange("initialWindowBytes", change.initialWindowBytes, 0, MAX_31_BITS);
    settings.initialWindowBytes = core.streamTarget = value;
    entries.push(Setting.INITIAL_WINDOW_SIZE, value);
    if (value > core.streamWindow) shiftWindows(core, value);
  }
  if (change.maxFrameBytes !== undefined) {
    settings.maxFrameBytes = checkRange("maxFrameBytes", change.maxFrameBytes, 16_384, 0xff_ffff);
    entries.push(Setting.MAX_FRAME_SIZE, settings.maxFrameBytes);
    core.maxFrameBytes = Math.max(core.maxFrameBytes, settings.maxFrameBytes);
  }
  if (change.enableConnectProtocol === true && core.isServer) {
    settings.enableConnectProtocol = true;
    entries.push(Setting.ENABLE_CONNECT_PROTOCOL, 1);
  }
  if (entries.length > 0) sendSettings(core, entries);
}

/** The peer acknowledged the oldest SETTINGS that waited: what it made smaller holds from now on. */
export function acknowledgeSettings(core: Core): void {
  const settings = core.unacknowledged.shift();
  if (settings === undefined) {
    core.glitch();
    return;
  }
  core.deadlines.stop("settingsAck");
  core.decoder.setMaxTableBytes(settings.headerTableBytes);
  // A larger value that is on its way keeps the floor where it is.
  let window = settings.initialWindowBytes;
  let frame = settings.maxFrameBytes;
  for (const later of core.unacknowledged) {
    window = Math.max(window, later.initialWindowBytes);
    frame = Math.max(frame, later.maxFrameBytes);
  }
  if (window !== core.streamWindow) shiftWindows(core, window);
  core.maxFrameBytes = frame;
  if (core.unacknowledged.length > 0) core.deadlines.arm("settingsAck");
}

function shiftWindows(core: Core, window: number): void {
  const change = window - core.streamWindow;
  core.streamWindow = window;
  for (const stream of core.streams.values()) stream.receiveWindow += change;
}
