import type { TraceEvent, TraceHook } from "../../semantics/trace.ts";
import type { ProtocolName } from "../protocols/mod.ts";
import { printable, type Style } from "../ui/style.ts";
import { formatBytes } from "../ui/units.ts";

/** One request that was answered, or was not. */
export interface AccessEntry {
  /** When it ended, ISO 8601. */
  readonly at: string;
  /** Which protocol it came by. */
  readonly protocol: ProtocolName;
  /** The method. */
  readonly method: string;
  /** Path and query, or the authority of a CONNECT. */
  readonly path: string;
  /** The final status, `null` when the exchange ended before. */
  readonly status: number | null;
  /** Bytes of the body that went out. */
  readonly bodyBytes: number;
  /** From the head of the request to the end of the response, in milliseconds. */
  readonly durationMs: number;
  /** The number of the connection, from 1. */
  readonly connection: number;
  /** The id of the stream. */
  readonly stream: number;
  /** How the exchange ended. */
  readonly end: "done" | "reset";
}

interface OpenEntry {
  readonly startedAt: number;
  method: string;
  path: string;
  status: number | null;
  bodyBytes: number;
}

/** The flag of HTTP/2 frames; those of HTTP/3 have none. */
const END_STREAM = 0x1;
const MAX_OPEN = 10_000;

function pseudo(flat: readonly string[], name: string): string | undefined {
  // Pseudo-fields come first.
  for (let at = 0; at < flat.length && flat[at]!.startsWith(":"); at += 2) {
    if (flat[at] === name) return flat[at + 1];
  }
  return undefined;
}

/**
 * Makes the trace hook of one server connection that tells of each exchange once it is over. It reads
 * frames, so it also sees what never came to the handler.
 */
export function accessTrace(
  protocol: ProtocolName,
  connection: number,
  tell: (entry: AccessEntry) => void,
): TraceHook {
  const open = new Map<number, OpenEntry>();

  function end(stream: number, how: AccessEntry["end"]): void {
    const entry = open.get(stream);
    if (entry === undefined) return;
    open.delete(stream);
    tell({
      at: new Date().toISOString(),
      protocol,
      method: entry.method,
      path: entry.path,
      status: entry.status,
      bodyBytes: entry.bodyBytes,
      durationMs: performance.now() - entry.startedAt,
      connection,
      stream,
      end: how,
    });
  }

  // How HTTP/3 tells of ends: a stream says that its own half is over, then that all of it is.
  function receiveState(stream: number, state: string): void {
    if (state === "half-closed (local)") finish(stream);
    else if (state === "closed") end(stream, "reset");
  }

  function finish(stream: number): void {
    if (open.get(stream)?.status === null) ended.add(stream);
    else end(stream, "done");
  }

  // The head of a response and the end flag of its frame may come in either order.
  const ended = new Set<number>();
  return (event: TraceEvent) => {
    if (event.type === "fields") {
      const entry = open.get(event.stream);
      if (event.direction === "in") {
        const method = pseudo(event.flat, ":method");
        if (method === undefined || entry !== undefined || open.size >= MAX_OPEN) return;
        const path = pseudo(event.flat, ":path") ?? pseudo(event.flat, ":authority") ?? "";
        open.set(event.stream, { startedAt: performance.now(), method, path, status: null, bodyBytes: 0 });
      } else if (entry !== undefined) {
        const status = Number(pseudo(event.flat, ":status"));
        if (status >= 200) entry.status = status;
        if (ended.delete(event.stream)) end(event.stream, "done");
      }
      return;
    }
    if (event.type === "state") {
      if (event.subject === "connection" && event.state === "closed") {
        for (const stream of [...open.keys()]) end(stream, "reset");
      } else if (protocol === "h3" && event.subject === "stream" && event.stream !== undefined) {
        receiveState(event.stream, event.state);
      }
      return;
    }
    if (event.name === "RST_STREAM") return end(event.stream, "reset");
    if (event.direction !== "out") return;
    if (event.name === "DATA") {
      const entry = open.get(event.stream);
      if (entry !== undefined) entry.bodyBytes += event.length;
    }
    const isMessage = event.name === "DATA" || event.name === "HEADERS";
    if (!isMessage || ((event.flags ?? 0) & END_STREAM) === 0) return;
    finish(event.stream);
  };
}

/** The line of an access log. */
export function accessLine(entry: AccessEntry, style: Style): string {
  const paint = entry.status === null || entry.status >= 500
    ? style.red
    : entry.status >= 400
    ? style.yellow
    : style.green;
  const status = entry.status === null ? "-" : String(entry.status);
  return [
    style.dim(entry.at.slice(11, 23)),
    entry.protocol,
    printable(entry.method).padEnd(4),
    printable(entry.path).padEnd(24),
    paint(status.padStart(3)),
    formatBytes(entry.bodyBytes).padStart(9),
    `${entry.durationMs.toFixed(1).padStart(7)} ms`,
    style.dim(`conn ${entry.connection} stream ${entry.stream}`) + (entry.end === "reset" ? "  reset" : ""),
  ].join("  ");
}
