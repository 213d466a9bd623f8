import type { FieldsTrace, FrameTrace, StateTrace, TraceEvent, TraceHook } from "../../semantics/trace.ts";
import { printable, type Style } from "./style.ts";

/** How a trace is written. */
export interface FrameTraceOptions {
  /** Takes each line. */
  readonly write: (line: string) => void;
  /** The look. */
  readonly style: Style;
  /** Whether fields are shown as well (`-vv`). */
  readonly fields: boolean;
  /** Whether credentials are shown. */
  readonly showSecrets: boolean;
  /** Milliseconds since the start. @default {since the first event} */
  readonly now?: () => number;
}

const SECRET = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);

const FLAG_WORDS: Readonly<Record<string, readonly (readonly [bit: number, word: string])[]>> = {
  DATA: [[0x1, "end_stream"], [0x8, "padded"]],
  HEADERS: [[0x4, "end_headers"], [0x1, "end_stream"], [0x8, "padded"], [0x20, "priority"]],
  PUSH_PROMISE: [[0x4, "end_headers"], [0x8, "padded"]],
  CONTINUATION: [[0x4, "end_headers"]],
  SETTINGS: [[0x1, "ack"]],
  PING: [[0x1, "ack"]],
};

/** The flags of a frame in words. */
export function flagWords(name: string, flags: number): string[] {
  return (FLAG_WORDS[name] ?? []).filter(([bit]) => (flags & bit) !== 0).map(([, word]) => word);
}

/** A name as `-v` writes it: `MAX_FRAME_SIZE` and `lastStreamId` alike in small letters with underscores. */
function word(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
}

function detailText(detail: Readonly<Record<string, unknown>> | undefined): string {
  if (detail === undefined) return "";
  const parts: string[] = [];
  for (const [name, value] of Object.entries(detail)) {
    if (value === undefined || value === "" || name === "ack") continue;
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    parts.push(`${word(name)}=${printable(text)}`);
  }
  return parts.join(" ");
}

/** The value of a field as it may be shown. */
export function shownValue(name: string, value: string, showSecrets: boolean): string {
  if (SECRET.has(name) && !showSecrets) return `(${value.length} bytes hidden, --show-secrets shows them)`;
  return printable(value);
}

function fieldLines(event: FieldsTrace, options: FrameTraceOptions): string[] {
  const lines: string[] = [];
  const indent = " ".repeat(21);
  const arrow = event.direction === "in" ? "<" : ">";
  const { dim, cyan } = options.style;
  for (let at = 0; at < event.flat.length; at += 2) {
    const name = event.flat[at]!;
    const value = shownValue(name, event.flat[at + 1]!, options.showSecrets);
    lines.push(`${indent}${dim(arrow)} ${cyan(printable(name))} ${value}`);
  }
  lines.push(`${indent}${dim(`${event.encodedBytes} B for ${event.rawBytes} B of fields`)}`);
  return lines;
}

function frameLine(event: FrameTrace, ms: string, style: Style): string {
  const arrow = event.direction === "in" ? "<" : ">";
  const words = [event.name === "UNKNOWN" ? `UNKNOWN 0x${event.frameType.toString(16)}` : event.name];
  words.push(...flagWords(event.name, event.flags ?? 0));
  const isBody = event.name === "DATA" || event.name === "HEADERS" || event.name === "CONTINUATION";
  const size = isBody || event.name === "UNKNOWN" ? `${event.length} B` : "";
  const text = [words.join(" "), size, detailText(event.detail)].filter((part) => part !== "").join("  ");
  const paint = event.direction === "in" ? style.green : style.cyan;
  return `${style.dim(ms.padStart(8))}  ${paint(arrow)} ${String(event.stream).padStart(6)}   ${text}`;
}

function stateLine(event: StateTrace, ms: string, style: Style): string {
  const stream = event.stream === undefined ? "" : String(event.stream);
  const text = [`${event.subject} ${event.state}`, detailText(event.detail)].filter((part) => part !== "")
    .join("  ");
  return `${style.dim(ms.padStart(8))}  ${style.dim("=")} ${stream.padStart(6)}   ${style.dim(text)}`;
}

/** Makes the hook behind `-v`: a line for each frame, and with `-vv` the fields and state changes too. */
export function frameTrace(options: FrameTraceOptions): TraceHook {
  let start: number | undefined;
  function sinceFirst(): number {
    start ??= performance.now();
    return performance.now() - start;
  }
  const now = options.now ?? sinceFirst;
  options.write(options.style.dim("      ms    stream"));
  return (event: TraceEvent) => {
    const ms = now().toFixed(1);
    if (event.type === "frame") options.write(frameLine(event, ms, options.style));
    else if (!options.fields) return;
    else if (event.type === "fields") { for (const line of fieldLines(event, options)) options.write(line); }
    else options.write(stateLine(event, ms, options.style));
  };
}
