import { H2ErrorCode } from "../h2/errors.ts";
import type { FrameTrace } from "../semantics/trace.ts";
import { hexOf, type QlogField, type QlogRaw } from "./qlog_fields.ts";

const FRAME_HEADER_BYTES = 9;

/** Settings, by the name in a trace: the name in a frame, and that in `parameters_set`. */
const SETTINGS: Readonly<Record<string, readonly [inFrame: string, inParameters: string]>> = {
  HEADER_TABLE_SIZE: ["settings_header_table_size", "header_table_size"],
  ENABLE_PUSH: ["settings_enable_push", "enable_push"],
  MAX_CONCURRENT_STREAMS: ["settings_max_concurrent_streams", "max_concurrent_streams"],
  INITIAL_WINDOW_SIZE: ["settings_initial_window_size", "initial_window_size"],
  MAX_FRAME_SIZE: ["settings_max_frame_size", "max_frame_size"],
  MAX_HEADER_LIST_SIZE: ["settings_max_header_list_size", "max_header_list_size"],
  ENABLE_CONNECT_PROTOCOL: ["settings_extended_connect", "extended_connect"],
  NO_RFC7540_PRIORITIES: ["settings_no_rfc7540_priorities", "no_rfc7540_priorities"],
};

type Detail = Readonly<Record<string, unknown>>;

/** A frame as draft-pardue-httpbis-qlog-h2-events-00 section 5.2 writes it. */
export function qlogH2Frame(event: FrameTrace, headers: readonly QlogField[]): Record<string, unknown> {
  const raw: QlogRaw = { length: FRAME_HEADER_BYTES + event.length, payload_length: event.length };
  const flags = event.flags ?? 0;
  const body = bodyOf(event, flags, event.detail ?? {}, headers);
  if (body !== undefined) return { frame_type: event.name.toLowerCase(), ...body, raw };
  return { frame_type: "unknown", frame_type_bytes: event.frameType, raw };
}

function bodyOf(
  event: FrameTrace,
  flags: number,
  detail: Detail,
  headers: readonly QlogField[],
): Record<string, unknown> | undefined {
  const ends = (flags & 0x1) !== 0;
  const padded = (flags & 0x8) !== 0;
  const endHeaders = (flags & 0x4) !== 0;
  switch (event.name) {
    case "DATA":
      return { padded, end_stream: ends };
    case "HEADERS":
      return {
        priority: (flags & 0x20) !== 0,
        padded,
        end_headers: endHeaders,
        end_stream: ends,
        headers,
      };
    case "CONTINUATION":
      return { end_headers: endHeaders, headers };
    case "PRIORITY":
      if (typeof detail.dependency !== "number") return undefined;
      return {
        exclusive: detail.exclusive === true,
        stream_dependency: detail.dependency,
        weight: Number(detail.weight) - 1,
      };
    case "RST_STREAM":
      return { error_code: errorCode(detail.errorCode) };
    case "SETTINGS":
      return { ack: ends, settings: settingsOf(detail) };
    case "PING":
      return { ack: ends, opaque_data: String(detail.data ?? "") };
    case "GOAWAY":
      return goaway(detail);
    case "WINDOW_UPDATE":
      return { window_size_increment: Number(detail.increment ?? 0) };
    case "ALTSVC":
      if (typeof detail.origin !== "string") return undefined;
      return {
        origin_len: detail.origin.length,
        ...(detail.origin === "" ? {} : { origin: detail.origin }),
        "alt-svc-field-value": String(detail.value),
      };
    case "ORIGIN":
      return {
        origin_entries: listOf(detail.origins).map((origin) => ({
          origin_len: origin.length,
          "ASCII-Origin": origin,
        })),
      };
    case "PRIORITY_UPDATE":
      if (typeof detail.stream !== "number") return undefined;
      return { prioritized_stream_id: detail.stream, priority_field_value: String(detail.value ?? "") };
    default:
      return undefined;
  }
}

function goaway(detail: Detail): Record<string, unknown> {
  const debug = String(detail.debug ?? "");
  return {
    last_stream_id: Number(detail.lastStreamId ?? 0),
    error_code: errorCode(detail.errorCode),
    ...(debug === "" ? {} : { additional_debug_data: hexOf(debug) }),
  };
}

/** The data of `parameters_set`, or `undefined` where the frame sets nothing. */
export function qlogH2Parameters(event: FrameTrace): Record<string, unknown> | undefined {
  if (event.name !== "SETTINGS" || ((event.flags ?? 0) & 0x1) !== 0) return undefined;
  const parameters: Record<string, unknown> = { initiator: event.direction === "in" ? "remote" : "local" };
  for (const [name, value] of Object.entries(event.detail ?? {})) {
    const known = SETTINGS[name];
    if (known !== undefined) parameters[known[1]] = value;
  }
  return parameters;
}

function settingsOf(detail: Detail): Record<string, unknown>[] {
  return Object.entries(detail).map(([name, value]) => {
    const known = SETTINGS[name];
    return known === undefined
      ? { name: "unknown", name_bytes: Number(name), value }
      : { name: known[0], value };
  });
}

function errorCode(name: unknown): number {
  const text = String(name);
  const known = (H2ErrorCode as Readonly<Record<string, number>>)[text];
  return known ?? (Number.parseInt(text.replace("UNKNOWN_", ""), 16) || 0);
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
