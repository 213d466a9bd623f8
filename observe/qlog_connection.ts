import type { FrameTrace, StateTrace, TraceEvent } from "../semantics/trace.ts";
import { varintSize } from "../wire/varint.ts";
import { qlogFields } from "./qlog_fields.ts";
import { qlogH2Frame, qlogH2Parameters } from "./qlog_h2.ts";
import { qlogH3Frame, qlogH3Parameters, qlogH3Priority, qlogStreamType } from "./qlog_h3.ts";

/** What a connection in a log needs. */
export interface QlogConnectionOptions {
  /** Which namespace its events are in. */
  readonly protocol: "h2" | "h3";
  /** Which end this is. */
  readonly role: "client" | "server";
  /** The `group_id` of its events. */
  readonly group: string;
  /** Fields whose values are left out. */
  readonly secret: ReadonlySet<string>;
  /** Milliseconds since the log began. */
  readonly now: () => number;
  /** Takes each event. */
  readonly record: (event: unknown) => void;
}

/** The stream types of the unidirectional streams that this end opens, in the order of opening. */
const OWN_STREAM_TYPES = [0, 2, 3];

/**
 * Turns the events of one connection into events of qlog.
 *
 * A trace tells a HEADERS frame and its fields apart, in either order, and with QPACK the
 * fields may come much later; in qlog they are one event. So whichever comes first waits.
 */
export class QlogConnection {
  readonly #options: QlogConnectionOptions;
  readonly #namespace: "http2" | "http3";
  /** HEADERS frames, with their CONTINUATIONs, that wait for their fields; by direction and stream. */
  readonly #frames = new Map<string, FrameTrace[]>();
  /** Fields that wait for their frame. */
  readonly #fields = new Map<string, readonly string[]>();
  readonly #requests = new Set<number>();

  constructor(options: QlogConnectionOptions) {
    this.#options = options;
    this.#namespace = options.protocol === "h2" ? "http2" : "http3";
  }

  receive(event: TraceEvent): void {
    if (event.type === "frame") this.#receiveFrame(event);
    else if (event.type === "fields") this.#receiveFields(`${event.direction}${event.stream}`, event.flat);
    else this.#receiveState(event);
  }

  #receiveFrame(event: FrameTrace): void {
    const key = `${event.direction}${event.stream}`;
    if (event.name === "HEADERS") {
      this.#noteRequest(event.stream);
      const flat = this.#fields.get(key);
      this.#fields.delete(key);
      if (flat !== undefined) return this.#frame(event, flat);
      this.#flush(key);
      this.#frames.set(key, [event]);
      return;
    }
    const waiting = event.name === "CONTINUATION" ? this.#frames.get(key) : undefined;
    if (waiting !== undefined) waiting.push(event);
    else this.#frame(event, []);
  }

  #receiveFields(key: string, flat: readonly string[]): void {
    const waiting = this.#frames.get(key);
    if (waiting === undefined) {
      this.#fields.set(key, flat);
      return;
    }
    this.#frames.delete(key);
    for (let i = 0; i < waiting.length; i++) this.#frame(waiting[i]!, i === 0 ? flat : []);
  }

  #receiveState(event: StateTrace): void {
    const { subject, state, stream } = event;
    if (subject === "stream" && stream !== undefined) {
      if (state === "closed" || state === "reset" || state === "failed" || state === "refused") {
        this.#flush(`in${stream}`);
        this.#flush(`out${stream}`);
      }
      if (state === "closed") this.#requests.delete(stream);
      if (state.startsWith("type-")) this.#streamType("remote", stream, Number(state.slice(5)));
    }
    if (subject === "settings" && state === "sent" && this.#namespace === "http3") {
      for (let i = 0; i < OWN_STREAM_TYPES.length; i++) {
        this.#streamType("local", this.#streamId(-1 - i), OWN_STREAM_TYPES[i]!);
      }
    }
    if (subject === "datagram" && stream !== undefined) {
      const length = Number(event.detail?.bytes ?? 0);
      this.#event(state === "in" ? "datagram_parsed" : "datagram_created", {
        quarter_stream_id: stream / 4,
        raw: { length, payload_length: length - varintSize(stream / 4) },
      });
    }
    if (subject === "connection" && state === "closed") {
      for (const key of [...this.#frames.keys()]) this.#flush(key);
    }
    this.#remark(event);
  }

  /** Logs what waits for fields that will not come. */
  #flush(key: string): void {
    this.#fields.delete(key);
    const waiting = this.#frames.get(key);
    if (waiting === undefined) return;
    this.#frames.delete(key);
    for (const frame of waiting) this.#frame(frame, []);
  }

  #frame(event: FrameTrace, flat: readonly string[]): void {
    const headers = qlogFields(flat, this.#options.secret);
    const isH2 = this.#namespace === "http2";
    this.#event(event.direction === "in" ? "frame_parsed" : "frame_created", {
      stream_id: this.#streamId(event.stream),
      frame: isH2 ? qlogH2Frame(event, headers) : qlogH3Frame(event, headers),
    });
    const parameters = isH2 ? qlogH2Parameters(event) : qlogH3Parameters(event);
    if (parameters !== undefined) this.#event("parameters_set", parameters);
    const priority = isH2 ? undefined : qlogH3Priority(event);
    if (priority !== undefined) this.#event("priority_updated", priority);
  }

  #noteRequest(stream: number): void {
    if (this.#namespace === "http2" || this.#requests.has(stream)) return;
    this.#requests.add(stream);
    const initiator = this.#options.role === "client" ? "local" : "remote";
    this.#event("stream_type_set", { initiator, stream_id: stream, stream_type: "request" });
  }

  #streamType(initiator: "local" | "remote", stream: number, type: number): void {
    this.#event("stream_type_set", qlogStreamType(initiator, stream, type));
  }

  /**
   * The id of a stream: an engine names its own unidirectional streams by negative numbers, as
   * only the transport knows ids; but it opens them first and in this order.
   */
  #streamId(stream: number): number {
    if (stream >= 0) return stream;
    return (-stream - 1) * 4 + (this.#options.role === "client" ? 2 : 3);
  }

  /** Logs limits, failures and the end of the connection in words: no draft has events for them. */
  #remark(event: StateTrace): void {
    const { subject, state, stream, detail } = event;
    const rule = typeof detail?.rule === "string" ? ` [${detail.rule}]` : "";
    const code = detail?.errorCode ?? detail?.code;
    const of = typeof code === "string" ? `: ${code}` : "";
    const where = stream === undefined ? subject : `${subject} ${this.#streamId(stream)}`;
    const message = `${where} ${state}${of}${rule}`;
    if (subject === "connection" && state === "closed") {
      const isError = rule !== "" || (typeof code === "string" && !code.endsWith("NO_ERROR"));
      this.#write(isError ? "loglevel:error" : "loglevel:info", { message });
    } else if (subject === "limit" || rule !== "") this.#write("loglevel:warning", { message });
    else if (subject === "qpack" && (state === "blocked" || state === "resumed")) {
      this.#write("loglevel:debug", { message });
    }
  }

  #event(name: string, data: Readonly<Record<string, unknown>>): void {
    this.#write(`${this.#namespace}:${name}`, data);
  }

  #write(name: string, data: Readonly<Record<string, unknown>>): void {
    const { now, group, record } = this.#options;
    record({ time: now(), name, data, group_id: group });
  }
}
