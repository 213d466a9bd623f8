import type { ExchangeId } from "./events.ts";

/** A frame that was received or written, without its payload. */
export interface FrameTrace {
  /** What kind of event it is. */
  readonly type: "frame";
  /** Whether it came from the peer or goes to it. */
  readonly direction: "in" | "out";
  /** The stream; in h3 also the control, encoder and decoder streams. */
  readonly stream: ExchangeId;
  /** The name as in the RFC (`HEADERS`), or `UNKNOWN`. */
  readonly name: string;
  /** The number of the frame type. */
  readonly frameType: number;
  /** The flags octet (h2). */
  readonly flags?: number;
  /** Payload length in bytes. */
  readonly length: number;
  /** What the payload says, by the RFC's names, where it is short: settings, error code, window increment, … */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** A field section, once it is decoded or before it is encoded. */
export interface FieldsTrace {
  /** What kind of event it is. */
  readonly type: "fields";
  /** Whether it came from the peer or goes to it. */
  readonly direction: "in" | "out";
  /** The stream it is about. */
  readonly stream: ExchangeId;
  /** Name, value, name, value, …; pseudo-fields included. */
  readonly flat: readonly string[];
  /** Bytes of the encoded block. */
  readonly encodedBytes: number;
  /** Bytes of the names and values. */
  readonly rawBytes: number;
}

/** A state change: connection or stream states, QPACK blocking, limits that fired. */
export interface StateTrace {
  /** What kind of event it is. */
  readonly type: "state";
  /** What it is about: `connection`, `stream`, `qpack`, `limit`, `settings`. */
  readonly subject: string;
  /** The stream it is about, if it is about one. */
  readonly stream?: ExchangeId;
  /** The new state in one word, such as `closed`, `blocked`, `resumed`. */
  readonly state: string;
  /** Figures that belong to it. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** What happened on a connection, as the one hook `trace` tells it. */
export type TraceEvent = FrameTrace | FieldsTrace | StateTrace;

/** The hook: called synchronously; must not throw and must not call back into the engine. */
export type TraceHook = (event: TraceEvent) => void;
