import type { RuleId } from "../semantics/rules/mod.ts";
import { DEFAULT_WINDOW_BYTES, MAX_31_BITS, MIN_MAX_FRAME_BYTES, Setting } from "./constants.ts";
import { H2ErrorCode } from "./errors.ts";
import type { ResolvedH2Options } from "./options.ts";

/** The settings of one end (RFC 9113 section 6.5.2, RFC 8441, RFC 9218). */
export interface H2Settings {
  /** HPACK table that the other end's encoder may use, in bytes. */
  headerTableBytes: number;
  /** Whether pushes are allowed. */
  enablePush: boolean;
  /** Streams that the other end may have open; `Infinity` when not said. */
  maxConcurrentStreams: number;
  /** The window that streams begin with, in bytes. */
  initialWindowBytes: number;
  /** Largest frame payload, in bytes. */
  maxFrameBytes: number;
  /** Largest field section that is welcome, in bytes; `Infinity` when not said. */
  maxHeaderListBytes: number;
  /** Whether extended CONNECT is offered. */
  enableConnectProtocol: boolean;
  /** Whether the priorities of RFC 7540 are not used. */
  noRfc7540Priorities: boolean;
}

/** Settings that can be changed on an open connection. */
export interface H2SettingsChange {
  /** HPACK table that the peer's encoder may use, in bytes. */
  readonly headerTableBytes?: number;
  /** Streams that the peer may have open. */
  readonly maxConcurrentStreams?: number;
  /** The window of each stream, in bytes. */
  readonly initialWindowBytes?: number;
  /** Largest frame payload, in bytes. */
  readonly maxFrameBytes?: number;
  /** Turns extended CONNECT on (server); it cannot be turned off again. */
  readonly enableConnectProtocol?: true;
}

/** The settings before any SETTINGS frame. */
export function initialSettings(): H2Settings {
  return {
    headerTableBytes: 4096,
    enablePush: true,
    maxConcurrentStreams: Infinity,
    initialWindowBytes: DEFAULT_WINDOW_BYTES,
    maxFrameBytes: MIN_MAX_FRAME_BYTES,
    maxHeaderListBytes: Infinity,
    enableConnectProtocol: false,
    noRfc7540Priorities: false,
  };
}

/** The settings of this end at the start. */
export function settingsOf(isServer: boolean, options: ResolvedH2Options): H2Settings {
  return {
    headerTableBytes: options.limits.headerTableBytes,
    enablePush: false,
    maxConcurrentStreams: isServer ? options.limits.maxConcurrentStreams : 0,
    initialWindowBytes: options.streamWindowBytes,
    maxFrameBytes: options.maxFrameBytes,
    maxHeaderListBytes: options.limits.maxHeaderListBytes,
    enableConnectProtocol: options.enableConnectProtocol,
    noRfc7540Priorities: true,
  };
}

/** A setting that the peer may not have sent. */
export interface SettingError {
  readonly code: H2ErrorCode;
  readonly rule: RuleId;
}

const PUSH: SettingError = { code: H2ErrorCode.PROTOCOL_ERROR, rule: "9113-6.5.2:push" };
const WINDOW: SettingError = { code: H2ErrorCode.FLOW_CONTROL_ERROR, rule: "9113-6.5.2:window" };
const FRAME: SettingError = { code: H2ErrorCode.PROTOCOL_ERROR, rule: "9113-6.5.2:frame" };
const CONNECT: SettingError = { code: H2ErrorCode.PROTOCOL_ERROR, rule: "8441-3:setting" };
const PRIORITIES: SettingError = { code: H2ErrorCode.PROTOCOL_ERROR, rule: "9218-2.1" };

/**
 * Puts one entry of the peer into `settings`. Returns what is wrong with it, `true` when
 * it is unknown, `undefined` when all is well.
 */
export function receiveSetting(
  settings: H2Settings,
  id: number,
  value: number,
  context: { readonly fromServer: boolean; readonly first: boolean },
): SettingError | true | undefined {
  switch (id) {
    case Setting.HEADER_TABLE_SIZE:
      settings.headerTableBytes = value;
      return undefined;
    case Setting.ENABLE_PUSH:
      if (value > 1 || (value === 1 && context.fromServer)) return PUSH;
      settings.enablePush = value === 1;
      return undefined;
    case Setting.MAX_CONCURRENT_STREAMS:
      settings.maxConcurrentStreams = value;
      return undefined;
    case Setting.INITIAL_WINDOW_SIZE:
      if (value > MAX_31_BITS) return WINDOW;
      settings.initialWindowBytes = value;
      return undefined;
    case Setting.MAX_FRAME_SIZE:
      if (value < MIN_MAX_FRAME_BYTES || value > 0xff_ffff) return FRAME;
      settings.maxFrameBytes = value;
      return undefined;
    case Setting.MAX_HEADER_LIST_SIZE:
      settings.maxHeaderListBytes = value;
      return undefined;
    case Setting.ENABLE_CONNECT_PROTOCOL:
      if (value > 1 || (value === 0 && settings.enableConnectProtocol)) return CONNECT;
      settings.enableConnectProtocol = value === 1;
      return undefined;
    case Setting.NO_RFC7540_PRIORITIES:
      if (value > 1 || (!context.first && (value === 1) !== settings.noRfc7540Priorities)) return PRIORITIES;
      settings.noRfc7540Priorities = value === 1;
      return undefined;
    default:
      return true;
  }
}
