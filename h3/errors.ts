import type { AbortCause } from "../semantics/events.ts";
import type { RuleId } from "../semantics/rules/mod.ts";
import type { ViolationKind } from "../semantics/violation.ts";

/** The error codes of HTTP/3 and QPACK (RFC 9114 section 8.1, RFC 9204 section 6, RFC 9297 section 5.2). */
export const H3ErrorCode = {
  H3_DATAGRAM_ERROR: 0x33,
  H3_NO_ERROR: 0x100,
  H3_GENERAL_PROTOCOL_ERROR: 0x101,
  H3_INTERNAL_ERROR: 0x102,
  H3_STREAM_CREATION_ERROR: 0x103,
  H3_CLOSED_CRITICAL_STREAM: 0x104,
  H3_FRAME_UNEXPECTED: 0x105,
  H3_FRAME_ERROR: 0x106,
  H3_EXCESSIVE_LOAD: 0x107,
  H3_ID_ERROR: 0x108,
  H3_SETTINGS_ERROR: 0x109,
  H3_MISSING_SETTINGS: 0x10a,
  H3_REQUEST_REJECTED: 0x10b,
  H3_REQUEST_CANCELLED: 0x10c,
  H3_REQUEST_INCOMPLETE: 0x10d,
  H3_MESSAGE_ERROR: 0x10e,
  H3_CONNECT_ERROR: 0x10f,
  H3_VERSION_FALLBACK: 0x110,
  QPACK_DECOMPRESSION_FAILED: 0x200,
  QPACK_ENCODER_STREAM_ERROR: 0x201,
  QPACK_DECODER_STREAM_ERROR: 0x202,
} as const;

/** The name of an error code. */
export type H3ErrorName = keyof typeof H3ErrorCode;

const NAMES: ReadonlyMap<number, H3ErrorName> = new Map(
  Object.entries(H3ErrorCode).map(([name, code]) => [code, name as H3ErrorName]),
);

/**
 * The name of a code. Codes that are not registered, among them those reserved to
 * exercise this rule (0x1f * N + 0x21), mean what H3_NO_ERROR means (RFC 9114 section 8.1)
 * and are named by their number.
 */
export function h3ErrorName(code: number | undefined): string {
  if (code === undefined) return "H3_NO_CODE";
  return NAMES.get(code) ?? `0x${code.toString(16)}`;
}

/** What a broken rule of the message does to the stream or the connection. */
export interface H3Answer {
  /** What ends. */
  readonly scope: "stream" | "connection";
  /** The code that it ends with. */
  readonly code: H3ErrorName;
  /** What a server answers before it gives up the stream, where it still can. */
  readonly status: number;
}

/** How HTTP/3 answers each kind of violation (RFC 9114 sections 4.1, 4.1.2 and 4.2.2). */
export const ANSWERS: Readonly<Record<ViolationKind, H3Answer>> = {
  "malformed": { scope: "stream", code: "H3_MESSAGE_ERROR", status: 400 },
  "out-of-order": { scope: "connection", code: "H3_FRAME_UNEXPECTED", status: 400 },
  "too-large": { scope: "stream", code: "H3_EXCESSIVE_LOAD", status: 431 },
};

/** The code that each cause of a local abort is sent as. */
export const CAUSES: Readonly<Record<AbortCause, H3ErrorName>> = {
  cancelled: "H3_REQUEST_CANCELLED",
  refused: "H3_REQUEST_REJECTED",
  internal: "H3_INTERNAL_ERROR",
  unneeded: "H3_NO_ERROR",
  calm: "H3_EXCESSIVE_LOAD",
  connect: "H3_CONNECT_ERROR",
};

/**
 * Ends the connection from deep inside of `receive`; never leaves the engine. The
 * detail says what was seen, without anything that the peer chose.
 */
export class H3Failure extends Error {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "H3Failure";
  /** The code to close with. */
  readonly code: H3ErrorName;
  /** The rule that was broken, where there is one. */
  readonly rule: RuleId;

  /** Makes a failure; `detail` is a clause. */
  constructor(code: H3ErrorName, rule: RuleId, detail: string) {
    super(detail);
    this.code = code;
    this.rule = rule;
  }
}

/** Ends the connection: the peer broke `rule`. */
export function failConnection(code: H3ErrorName, rule: RuleId, detail: string): never {
  throw new H3Failure(code, rule, detail);
}
