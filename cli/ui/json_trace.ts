import type { TraceEvent, TraceHook } from "../../semantics/trace.ts";
import { SECRET_FIELDS } from "./frame_trace.ts";
import { streamNames } from "./stream_names.ts";

/** How a trace is written for programs. */
export interface JsonTraceOptions {
  /** Takes each line. */
  readonly write: (line: string) => void;
  /** Whether credentials are shown. */
  readonly showSecrets: boolean;
}

function pairs(flat: readonly string[], showSecrets: boolean): [string, string | null][] {
  const fields: [string, string | null][] = [];
  for (let at = 0; at < flat.length; at += 2) {
    const name = flat[at]!;
    fields.push([name, SECRET_FIELDS.has(name) && !showSecrets ? null : flat[at + 1]!]);
  }
  return fields;
}

function rowOf(event: TraceEvent, stream: string | null, showSecrets: boolean): Record<string, unknown> {
  switch (event.type) {
    case "frame":
      return {
        type: "frame",
        direction: event.direction,
        stream,
        name: event.name,
        frameType: event.frameType,
        flags: event.flags ?? null,
        bytes: event.length,
        detail: event.detail ?? null,
      };
    case "fields":
      return {
        type: "fields",
        direction: event.direction,
        stream,
        fields: pairs(event.flat, showSecrets),
        encodedBytes: event.encodedBytes,
        rawBytes: event.rawBytes,
      };
    case "state":
      return {
        type: "state",
        stream,
        subject: event.subject,
        state: event.state,
        detail: event.detail ?? null,
      };
  }
}

/** Makes the hook behind `--json-lines`: one document of `tandem.trace/1` for each event. */
export function jsonTrace(options: JsonTraceOptions): TraceHook {
  const names = streamNames();
  const start = performance.now();
  return (event) => {
    names.learn(event);
    const ms = Math.round((performance.now() - start) * 1000) / 1000;
    const stream = event.stream === undefined ? null : names.nameOf(event.stream);
    const row = { schema: "tandem.trace/1", ms, ...rowOf(event, stream, options.showSecrets) };
    options.write(JSON.stringify(row, (_key, value) => typeof value === "bigint" ? String(value) : value));
  };
}
