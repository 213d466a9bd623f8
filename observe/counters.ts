import type { FieldsTrace, FrameTrace, StateTrace, TraceEvent, TraceHook } from "../semantics/trace.ts";

/** Numbers by name. */
export type Tally = Record<string, number>;

/** What happened on all connections whose events were counted. */
export interface TraceCounts {
  /** Frames received, by name. */
  readonly framesIn: Tally;
  /** Frames sent, by name. */
  readonly framesOut: Tally;
  /** Payload bytes of the frames received. */
  payloadBytesIn: number;
  /** Payload bytes of the frames sent. */
  payloadBytesOut: number;
  /** Bytes of DATA received. */
  bodyBytesIn: number;
  /** Bytes of DATA sent. */
  bodyBytesOut: number;
  /** Field sections received. */
  sectionsIn: number;
  /** Field sections sent. */
  sectionsOut: number;
  /** Bytes of the names and values received, before compression. */
  fieldBytesIn: number;
  /** Bytes of the names and values sent, before compression. */
  fieldBytesOut: number;
  /** Bytes of the sections received, as compressed. */
  encodedBytesIn: number;
  /** Bytes of the sections sent, as compressed. */
  encodedBytesOut: number;
  /** Requests, by method. */
  readonly requests: Tally;
  /** Responses, by class of status: `1xx` to `5xx`. */
  readonly responses: Tally;
  /** Streams that are over. */
  streamsClosed: number;
  /** Resets of HTTP/2 in both directions and exchanges of HTTP/3 that this end gave up, by code. */
  readonly resets: Tally;
  /** Rules for which a stream or a connection was ended, by id. */
  readonly rules: Tally;
  /** Limits that fired, by their word. */
  readonly limits: Tally;
  /** Sections that had to wait for QPACK inserts. */
  qpackBlocked: number;
  /** Connections that are over. */
  connectionsClosed: number;
}

/** Methods that are counted by name; a peer must not make names of its own (RFC 9110, RFC 5789). */
const METHODS = new Set(["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]);

/**
 * Counts trace events into one object. One of them serves any number of connections, of either
 * protocol and either role.
 *
 * The names that it counts by are of bounded number: methods and codes that nobody registered
 * are counted as `OTHER`.
 *
 * @example Usage
 * ```ts
 * import { TraceCounters } from "@tandem/http/observe";
 * import { connect, serve } from "@tandem/http/h2";
 * import { memoryPair } from "@tandem/http/transport/memory";
 * import assert from "node:assert/strict";
 *
 * const counters = new TraceCounters();
 * const [near, far] = memoryPair();
 * const server = serve(far, () => new Response("hello"));
 * const client = connect(near, { trace: counters.trace });
 * await (await client.fetch("https://example.org/")).text();
 * assert.equal(counters.counts.requests.GET, 1);
 * assert.equal(counters.counts.responses["2xx"], 1);
 * assert.equal(counters.counts.bodyBytesIn, 5);
 * await client.shutdown();
 * await server.closed;
 * ```
 */
export class TraceCounters {
  /** What was counted; the same object all the time. */
  readonly counts: TraceCounts = newCounts();
  /** The hook. */
  readonly trace: TraceHook = (event: TraceEvent): void => this.#receive(event);

  #receive(event: TraceEvent): void {
    if (event.type === "frame") countFrame(this.counts, event);
    else if (event.type === "fields") countFields(this.counts, event);
    else countState(this.counts, event);
  }

  /** A copy that does not change any more. */
  snapshot(): TraceCounts {
    return structuredClone(this.counts);
  }

  /** The counts, so that `JSON.stringify` takes it. */
  toJSON(): TraceCounts {
    return this.counts;
  }
}

function newCounts(): TraceCounts {
  return {
    framesIn: {},
    framesOut: {},
    payloadBytesIn: 0,
    payloadBytesOut: 0,
    bodyBytesIn: 0,
    bodyBytesOut: 0,
    sectionsIn: 0,
    sectionsOut: 0,
    fieldBytesIn: 0,
    fieldBytesOut: 0,
    encodedBytesIn: 0,
    encodedBytesOut: 0,
    requests: {},
    responses: {},
    streamsClosed: 0,
    resets: {},
    rules: {},
    limits: {},
    qpackBlocked: 0,
    connectionsClosed: 0,
  };
}

function add(tally: Tally, name: string): void {
  tally[name] = (tally[name] ?? 0) + 1;
}

function countFrame(counts: TraceCounts, event: FrameTrace): void {
  const isData = event.name === "DATA";
  if (event.direction === "in") {
    add(counts.framesIn, event.name);
    counts.payloadBytesIn += event.length;
    if (isData) counts.bodyBytesIn += event.length;
  } else {
    add(counts.framesOut, event.name);
    counts.payloadBytesOut += event.length;
    if (isData) counts.bodyBytesOut += event.length;
  }
  if (event.name === "RST_STREAM") add(counts.resets, codeName(event.detail?.errorCode));
}

function countFields(counts: TraceCounts, event: FieldsTrace): void {
  if (event.direction === "in") {
    counts.sectionsIn++;
    counts.fieldBytesIn += event.rawBytes;
    counts.encodedBytesIn += event.encodedBytes;
  } else {
    counts.sectionsOut++;
    counts.fieldBytesOut += event.rawBytes;
    counts.encodedBytesOut += event.encodedBytes;
  }
  const { flat } = event;
  for (let i = 0; i < flat.length && flat[i]!.startsWith(":"); i += 2) {
    const value = flat[i + 1]!;
    if (flat[i] === ":method") add(counts.requests, METHODS.has(value) ? value : "OTHER");
    else if (flat[i] === ":status") {
      add(counts.responses, /^[1-5]\d\d$/.test(value) ? `${value[0]}xx` : "OTHER");
    }
  }
}

function countState(counts: TraceCounts, event: StateTrace): void {
  const { subject, state, detail } = event;
  const rule = detail?.rule;
  if (subject === "limit") add(counts.limits, state);
  if (typeof rule === "string") {
    add(counts.rules, rule);
    // The HTTP/3 engine says most limits by the rule alone.
    const isAlone = state === "failed" || detail?.reason === "limit";
    if (subject !== "limit" && isAlone && rule.startsWith("limit:")) add(counts.limits, rule.slice(6));
  }
  if (subject === "qpack" && state === "blocked") counts.qpackBlocked++;
  if (subject === "connection" && state === "closed") counts.connectionsClosed++;
  if (subject !== "stream") return;
  if (state === "closed") counts.streamsClosed++;
  if (state === "failed") add(counts.resets, codeName(detail?.code));
}

function codeName(code: unknown): string {
  return typeof code === "string" && !code.startsWith("UNKNOWN") ? code : "OTHER";
}
