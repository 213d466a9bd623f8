import type { FieldsTrace, FrameTrace, StateTrace, TraceEvent, TraceHook } from "../../semantics/trace.ts";
import { streamNames } from "./stream_names.ts";
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

/** Fields whose values are hidden unless asked for. */
export const SECRET_FIELDS: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
]);

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
    if (name === "well" && value === true) continue; // the rule, not the exception
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    parts.push(`${word(name)}=${printable(text)}`);
  }
  return parts.join(" ");
}

/** The value of a field as it may be shown. */
export function shownValue(name: string, value: string, showSecrets: boolean): string {
  if (SECRET_FIELDS.has(name) && !showSecrets) {
    return `(${value.length} bytes hidden, --show-secrets shows them)`;
  }
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

/** The columns in front of what an event says. */
function columns(ms: string, sign: string, stream: string, style: Style): string {
  return `${style.dim(ms.padStart(8))}  ${sign} ${stream.padStart(6)}   `;
}

function signOf(direction: "in" | "out", style: Style): string {
  return direction === "in" ? style.green("<") : style.cyan(">");
}

function frameWords(event: FrameTrace, detail: FrameTrace["detail"]): string {
  const words = [event.name === "UNKNOWN" ? `UNKNOWN 0x${event.frameType.toString(16)}` : event.name];
  words.push(...flagWords(event.name, event.flags ?? 0));
  const showsSize = SIZED.has(event.name);
  return [words.join(" "), showsSize ? `${event.length} B` : "", detailText(detail)]
    .filter((part) => part !== "").join("  ");
}

/** Frames whose size says something. */
const SIZED = new Set(["DATA", "HEADERS", "CONTINUATION", "UNKNOWN", "GREASE"]);

function stateLine(event: StateTrace, ms: string, stream: string, style: Style): string {
  if (event.subject === "qpack" && (event.state === "encoder" || event.state === "decoder")) {
    // What this end writes has a negative number.
    const sign = signOf((event.stream ?? 0) < 0 ? "out" : "in", style);
    const what = event.state === "encoder" ? "table instructions" : "acknowledgements";
    return `${columns(ms, sign, stream, style)}QPACK ${what}  ${event.detail?.["bytes"]} B`;
  }
  const state = event.state.replace(/^type-(\d+)$/, "type $1");
  const text = [`${event.subject} ${state}`, detailText(event.detail)].filter((part) => part !== "")
    .join("  ");
  return columns(ms, style.dim("="), stream, style) + style.dim(text);
}

/** Makes the hook behind `-v`: a line for each frame, and with `-vv` the fields and state changes too. */
export function frameTrace(options: FrameTraceOptions): TraceHook {
  const { style, write } = options;
  const names = streamNames();
  let start: number | undefined;
  /** What our SETTINGS say, which HTTP/3 tells just before their frame. */
  let ownSettings: StateTrace["detail"];
  function sinceFirst(): number {
    const at = performance.now();
    start ??= at;
    return at - start;
  }
  const now = options.now ?? sinceFirst;
  write(style.dim("      ms    stream"));
  return (event: TraceEvent) => {
    names.learn(event);
    const ms = now().toFixed(1);
    const stream = event.stream === undefined ? "" : names.nameOf(event.stream);
    if (event.type === "frame") {
      const isOwnSettings = event.name === "SETTINGS" && event.direction === "out";
      const detail = event.detail ?? (isOwnSettings ? ownSettings : undefined);
      write(columns(ms, signOf(event.direction, style), stream, style) + frameWords(event, detail));
    } else if (event.type === "state" && event.subject === "settings" && event.state === "sent") {
      ownSettings = event.detail;
    } else if (!options.fields) return;
    else if (event.type === "fields") { for (const line of fieldLines(event, options)) write(line); }
    else write(stateLine(event, ms, stream, style));
  };
}
