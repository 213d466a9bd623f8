import type { AbortCause } from "../semantics/events.ts";
import type { RuleId } from "../semantics/rules/mod.ts";
import type { ViolationKind } from "../semantics/violation.ts";

/** Error codes of HTTP/2 by their names (RFC 9113 section 7). */
export const H2ErrorCode = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const;

/** An error code of HTTP/2 that has a name. */
export type H2ErrorCode = typeof H2ErrorCode[keyof typeof H2ErrorCode];

const NAMES = Object.keys(H2ErrorCode);

/** The name of an error code, or `UNKNOWN_` and its number in hexadecimal. */
export function errorCodeName(code: number): string {
  return NAMES[code] ?? `UNKNOWN_${code.toString(16)}`;
}

/** How an end answers a message that broke a rule: the stream is reset with this code. */
export interface H2Answer {
  /** What ends. */
  readonly scope: "stream" | "connection";
  /** The code that says why. */
  readonly code: H2ErrorCode;
  /** Whether a server that has not answered yet sends a 431 first. */
  readonly status?: 431;
}

/**
 * What becomes of a message that broke a rule, by kind and role (RFC 9113 section 8.1.1).
 * Too large is no fault of the connection: the header table stays in step.
 */
export const ANSWERS: Readonly<Record<"client" | "server", Readonly<Record<ViolationKind, H2Answer>>>> = {
  server: {
    "malformed": { scope: "stream", code: H2ErrorCode.PROTOCOL_ERROR },
    "out-of-order": { scope: "stream", code: H2ErrorCode.PROTOCOL_ERROR },
    "too-large": { scope: "stream", code: H2ErrorCode.NO_ERROR, status: 431 },
  },
  client: {
    "malformed": { scope: "stream", code: H2ErrorCode.PROTOCOL_ERROR },
    "out-of-order": { scope: "stream", code: H2ErrorCode.PROTOCOL_ERROR },
    "too-large": { scope: "stream", code: H2ErrorCode.CANCEL },
  },
};

/** The code of each cause for which the local end gives an exchange up. */
export const CAUSE_CODES: Readonly<Record<AbortCause, H2ErrorCode>> = {
  cancelled: H2ErrorCode.CANCEL,
  refused: H2ErrorCode.REFUSED_STREAM,
  internal: H2ErrorCode.INTERNAL_ERROR,
  unneeded: H2ErrorCode.NO_ERROR,
  calm: H2ErrorCode.ENHANCE_YOUR_CALM,
  connect: H2ErrorCode.CONNECT_ERROR,
};

/** The word that goes into the debug data of GOAWAY: of a limit its name, else the rule's id. */
export function reasonWord(rule: RuleId | undefined): string {
  if (rule === undefined) return "";
  return rule.startsWith("limit:") ? rule.slice(6) : rule;
}
