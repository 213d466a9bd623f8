/**
 * Every bound that both protocols share. All are finite by default; each has its
 * own reason string (`limit:` rules) and its own counter.
 */
export interface Limits {
  /** Exchanges that the peer may have open at once. @default {100} */
  readonly maxConcurrentStreams: number;
  /** Exchanges that a client opens before it has seen the peer's SETTINGS. @default {100} */
  readonly initialMaxSendStreams: number;
  /** Size of a field section, as RFC 9113 section 6.5.2 counts it, in bytes. @default {server 32768, client 262144} */
  readonly maxHeaderListBytes: number;
  /** Fields in a section. @default {server 100, client 1000} */
  readonly maxHeaderFields: number;
  /** A section larger than this many times the limit ends the connection instead of the exchange. @default {2} */
  readonly headerListGrace: number;
  /** CONTINUATION frames of one header block. @default {8} */
  readonly maxContinuationFrames: number;
  /** Resets by the peer before the handler answered: burst. @default {100} */
  readonly peerResetBurst: number;
  /** The same: refill per second. @default {20} */
  readonly peerResetsPerSecond: number;
  /** Resets that errors of the peer made this end send: burst. @default {200} */
  readonly errorResetBurst: number;
  /** The same: refill per second. @default {200 / 30} */
  readonly errorResetsPerSecond: number;
  /** Odd or ignored frames: burst. @default {1000} */
  readonly glitchBurst: number;
  /** The same: refill per second. @default {33} */
  readonly glitchesPerSecond: number;
  /** SETTINGS and PING acknowledgements that wait to be written. @default {1000} */
  readonly maxUnsentAcks: number;
  /** Frames that wait to be written, bodies not counted. @default {5000} */
  readonly maxQueuedFrames: number;
  /** Entries of one SETTINGS frame. @default {32} */
  readonly maxSettingsEntries: number;
  /** Payload of an h3 SETTINGS frame, in bytes. @default {8192} */
  readonly maxSettingsBytes: number;
  /** Payload of a PRIORITY_UPDATE frame, in bytes. @default {256} */
  readonly maxPriorityUpdateBytes: number;
  /** Empty DATA frames that do not end the message, in a row. @default {100} */
  readonly maxEmptyDataFrames: number;
  /** Overhead that small DATA frames may cost, refunded as the application reads, in bytes. @default {25600} */
  readonly smallDataBudgetBytes: number;
  /** DATA frames below this size spend the budget, in bytes. @default {256} */
  readonly smallDataFrameBytes: number;
  /** HPACK table that the peer's encoder may use, in bytes. @default {4096} */
  readonly headerTableBytes: number;
  /** HPACK and QPACK table that our encoder uses at most, whatever the peer allows, in bytes. @default {4096} */
  readonly maxEncoderTableBytes: number;
  /** QPACK table that the peer's encoder may use, in bytes. @default {4096} */
  readonly qpackTableBytes: number;
  /** Streams that may wait for QPACK inserts. @default {16} */
  readonly qpackBlockedStreams: number;
  /** Bytes of an unfinished QPACK encoder instruction. @default {131072} */
  readonly maxEncoderStreamBytes: number;
  /** QPACK decoder instructions that wait to be written, in bytes. @default {4096} */
  readonly maxDecoderStreamBytes: number;
  /** Unidirectional streams of the peer that have no type yet or an unknown one. @default {100} */
  readonly maxUnidentifiedStreams: number;
  /** Interim responses before the final one. @default {5} */
  readonly maxInterimResponses: number;
  /** Streams that ended and whose late frames are still known for what they are. @default {100} */
  readonly maxRememberedStreams: number;
  /** How long they are remembered, in milliseconds. @default {1000} */
  readonly rememberStreamMs: number;
  /** Body bytes of one exchange that wait to be sent before `sendBody` says no more. @default {409600} */
  readonly maxSendBufferBytes: number;
  /** Until the preface and the first SETTINGS of the peer are there, in milliseconds. @default {10000} */
  readonly handshakeTimeoutMs: number;
  /** Until our SETTINGS are acknowledged, in milliseconds. @default {10000} */
  readonly settingsAckTimeoutMs: number;
  /** Until a field section that was begun is whole, in milliseconds. @default {30000} */
  readonly headTimeoutMs: number;
  /** Until a unidirectional stream says its type, in milliseconds (h3). @default {30000} */
  readonly streamTypeTimeoutMs: number;
  /** Slowest body that is put up with, either direction, in bytes per second; 0 for any. @default {server 240, client 0} */
  readonly minDataRate: number;
  /** How long a body may be slower before it counts, in milliseconds. @default {5000} */
  readonly dataRateGraceMs: number;
  /** A connection of a server without exchanges ends after this, in milliseconds. @default {130000} */
  readonly idleTimeoutMs: number;
  /** Until open exchanges have finished after `shutdown()`, in milliseconds. @default {30000} */
  readonly drainTimeoutMs: number;
}

const SHARED = {
  maxConcurrentStreams: 100,
  initialMaxSendStreams: 100,
  headerListGrace: 2,
  maxContinuationFrames: 8,
  peerResetBurst: 100,
  peerResetsPerSecond: 20,
  errorResetBurst: 200,
  errorResetsPerSecond: 200 / 30,
  glitchBurst: 1000,
  glitchesPerSecond: 33,
  maxUnsentAcks: 1000,
  maxQueuedFrames: 5000,
  maxSettingsEntries: 32,
  maxSettingsBytes: 8192,
  maxPriorityUpdateBytes: 256,
  maxEmptyDataFrames: 100,
  smallDataBudgetBytes: 25_600,
  smallDataFrameBytes: 256,
  headerTableBytes: 4096,
  maxEncoderTableBytes: 4096,
  qpackTableBytes: 4096,
  qpackBlockedStreams: 16,
  maxEncoderStreamBytes: 131_072,
  maxDecoderStreamBytes: 4096,
  maxUnidentifiedStreams: 100,
  maxInterimResponses: 5,
  maxRememberedStreams: 100,
  rememberStreamMs: 1000,
  maxSendBufferBytes: 409_600,
  handshakeTimeoutMs: 10_000,
  settingsAckTimeoutMs: 10_000,
  headTimeoutMs: 30_000,
  streamTypeTimeoutMs: 30_000,
  dataRateGraceMs: 5000,
  idleTimeoutMs: 130_000,
  drainTimeoutMs: 30_000,
} as const;

/** The defaults of a server. */
export const SERVER_LIMITS: Limits = Object.freeze({
  ...SHARED,
  maxHeaderListBytes: 32_768,
  maxHeaderFields: 100,
  minDataRate: 240,
});

/** The defaults of a client. */
export const CLIENT_LIMITS: Limits = Object.freeze({
  ...SHARED,
  maxHeaderListBytes: 262_144,
  maxHeaderFields: 1000,
  minDataRate: 0,
});

/** What came out for a role: given again it is what it is, and connections share it. */
const resolved = new WeakMap<object, "client" | "server">();

/**
 * Fills in the defaults of a role. Limits that came out of it are given back as they are. Throws
 * `RangeError` for a value that is not a finite number of at least 0, `TypeError` for a name that
 * is no limit.
 *
 * @example Usage
 * ```ts
 * import { resolveLimits } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * const limits = resolveLimits("server", { maxConcurrentStreams: 10 });
 * assert.equal(limits.maxConcurrentStreams, 10);
 * assert.equal(limits.maxHeaderListBytes, 32768);
 * ```
 */
export function resolveLimits(role: "client" | "server", given?: Partial<Limits>): Limits {
  const defaults = role === "server" ? SERVER_LIMITS : CLIENT_LIMITS;
  if (given === undefined) return defaults;
  if (resolved.get(given) === role) return given as Limits;
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name)) {
      throw new TypeError(`Cannot set limit ${name}: there is no such limit`);
    }
    if (value !== undefined && !(Number.isFinite(value) && value >= 0)) {
      throw new RangeError(`Cannot set limit ${name}: ${value} is not a finite number of at least 0`);
    }
  }
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const limits = Object.freeze({ ...defaults, ...set });
  resolved.set(limits, role);
  return limits;
}
