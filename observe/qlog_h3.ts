import { isReserved, StreamType } from "../h3/frame_types.ts";
import type { FrameTrace } from "../semantics/trace.ts";
import { varintSize } from "../wire/varint.ts";
import type { QlogField, QlogRaw } from "./qlog_fields.ts";

/** Settings, by the name in a trace: the name in a frame, and that in `parameters_set`. */
const SETTINGS: Readonly<Record<string, readonly [inFrame: string, inParameters: string]>> = {
  QPACK_MAX_TABLE_CAPACITY: ["settings_qpack_max_table_capacity", "max_table_capacity"],
  MAX_FIELD_SECTION_SIZE: ["settings_max_field_section_size", "max_field_section_size"],
  QPACK_BLOCKED_STREAMS: ["settings_qpack_blocked_streams", "blocked_streams_count"],
  ENABLE_CONNECT_PROTOCOL: ["settings_enable_connect_protocol", "extended_connect"],
  H3_DATAGRAM: ["settings_h3_datagram", "h3_datagram"],
};

const STREAM_TYPES: ReadonlyMap<number, string> = new Map([
  [StreamType.CONTROL, "control"],
  [StreamType.PUSH, "push"],
  [StreamType.QPACK_ENCODER, "qpack_encode"],
  [StreamType.QPACK_DECODER, "qpack_decode"],
]);

type Detail = Readonly<Record<string, unknown>>;

/** A frame as draft-ietf-quic-qlog-h3-events-13 writes it. */
export function qlogH3Frame(event: FrameTrace, headers: readonly QlogField[]): Record<string, unknown> {
  const raw: QlogRaw = {
    length: varintSize(event.frameType) + varintSize(event.length) + event.length,
    payload_length: event.length,
  };
  if (event.name === "ORIGIN") {
    const origins = Array.isArray(event.detail?.origins) ? event.detail.origins.map(String) : [];
    const entries = origins.map((origin) => ({ origin_len: origin.length, ascii_origin: origin }));
    return { frame_type: "origin", origin_entries: entries };
  }
  const body = bodyOf(event, event.detail ?? {}, headers);
  if (body !== undefined) return { ...body, raw };
  const type = isReserved(event.frameType) ? "reserved" : "unknown";
  return { frame_type: type, frame_type_bytes: event.frameType, raw };
}

function bodyOf(
  event: FrameTrace,
  detail: Detail,
  headers: readonly QlogField[],
): Record<string, unknown> | undefined {
  switch (event.name) {
    case "DATA":
      return { frame_type: "data" };
    case "HEADERS":
      return { frame_type: "headers", headers };
    case "SETTINGS":
      return { frame_type: "settings", settings: settingsOf(detail) };
    case "GOAWAY":
      return typeof detail.id === "number" ? { frame_type: "goaway", id: detail.id } : undefined;
    case "CANCEL_PUSH":
    case "MAX_PUSH_ID":
      if (typeof detail.pushId !== "number") return undefined;
      return { frame_type: event.name.toLowerCase(), push_id: detail.pushId };
    case "PRIORITY_UPDATE_REQUEST":
    case "PRIORITY_UPDATE_PUSH": {
      if (typeof detail.id !== "number") return undefined;
      const id = event.name === "PRIORITY_UPDATE_PUSH" ? { push_id: detail.id } : { stream_id: detail.id };
      return { frame_type: "priority_update", ...id, priority_field_value: String(detail.value) };
    }
    default:
      return undefined;
  }
}

/** The data of `parameters_set`, or `undefined` where the frame sets nothing. */
export function qlogH3Parameters(event: FrameTrace): Record<string, unknown> | undefined {
  if (event.name !== "SETTINGS") return undefined;
  const parameters: Record<string, unknown> = { initiator: event.direction === "in" ? "remote" : "local" };
  for (const [name, value] of Object.entries(event.detail ?? {})) {
    const known = SETTINGS[name];
    if (known !== undefined) parameters[known[1]] = value;
  }
  return parameters;
}

/** The data of `priority_updated`, or `undefined` where the frame changes no priority. */
export function qlogH3Priority(event: FrameTrace): Record<string, unknown> | undefined {
  const { detail } = event;
  if (event.name !== "PRIORITY_UPDATE_REQUEST" || typeof detail?.id !== "number") return undefined;
  return {
    stream_id: detail.id,
    new: String(detail.value),
    trigger: event.direction === "in" ? "client_signal_received" : "local",
    reason: event.direction === "in" ? "client_signal_only" : "local_policy",
  };
}

/** The data of `stream_type_set` of a unidirectional stream. */
export function qlogStreamType(
  initiator: "local" | "remote",
  stream: number,
  type: number,
): Record<string, unknown> {
  const name = STREAM_TYPES.get(type) ?? (isReserved(type) ? "reserved" : "unknown");
  return {
    initiator,
    stream_id: stream,
    stream_type: name,
    ...(name === "unknown" ? { stream_type_bytes: type } : {}),
  };
}

function settingsOf(detail: Detail): Record<string, unknown>[] {
  return Object.entries(detail).map(([name, value]) => {
    const known = SETTINGS[name];
    if (known !== undefined) return { name: known[0], value };
    const id = Number(name);
    return isReserved(id) ? { name: "reserved", value } : { name: "unknown", name_bytes: id, value };
  });
}
