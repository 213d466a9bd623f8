import type { QPACK_RULES } from "../semantics/rules/qpack.ts";

/** Which of the three QPACK errors it is (RFC 9204 section 6). */
export type QpackErrorKind = "decompression" | "encoder-stream" | "decoder-stream";

/** The id of a rule that the peer can break: one of QPACK, or the bound of ours that it shares a stream with. */
export type QpackRuleId = keyof typeof QPACK_RULES | "limit:encoder_stream_bytes";

const CODES = {
  "decompression": { code: "QPACK_DECOMPRESSION_FAILED", wireCode: 0x200 },
  "encoder-stream": { code: "QPACK_ENCODER_STREAM_ERROR", wireCode: 0x201 },
  "decoder-stream": { code: "QPACK_DECODER_STREAM_ERROR", wireCode: 0x202 },
} as const;

/**
 * The peer broke QPACK; the connection cannot go on (RFC 9204 section 6).
 *
 * @example Usage
 * ```ts
 * import { QpackDecoder, QpackError } from "@tandem/http/qpack";
 * import assert from "node:assert/strict";
 *
 * const decoder = new QpackDecoder();
 * assert.throws(() => decoder.decode(0, new Uint8Array([0xff])), (error) => {
 *   return error instanceof QpackError && error.code === "QPACK_DECOMPRESSION_FAILED";
 * });
 * ```
 */
export class QpackError extends Error {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "QpackError";
  /** Which of the three errors it is. */
  readonly kind: QpackErrorKind;
  /** The rule that the peer broke. */
  readonly rule: QpackRuleId;
  /** The name of the error code, as in RFC 9204 section 6. */
  readonly code: string;
  /** The number of the error code, with which the connection is closed. */
  readonly wireCode: number;

  /** Makes an error; `what` is a sentence without field values. */
  constructor(kind: QpackErrorKind, rule: QpackRuleId, what: string) {
    super(`${what} [${rule}]`);
    this.kind = kind;
    this.rule = rule;
    this.code = CODES[kind].code;
    this.wireCode = CODES[kind].wireCode;
  }
}

/** Ends the reading of a field section: QPACK_DECOMPRESSION_FAILED. */
export function failSection(rule: QpackRuleId, what: string): never {
  throw new QpackError("decompression", rule, `Cannot decode a field section: ${what}`);
}

/** Ends the reading of the peer's encoder stream: QPACK_ENCODER_STREAM_ERROR. */
export function failEncoderStream(rule: QpackRuleId, what: string): never {
  throw new QpackError("encoder-stream", rule, `Cannot follow the encoder stream: ${what}`);
}

/** Ends the reading of the peer's decoder stream: QPACK_DECODER_STREAM_ERROR. */
export function failDecoderStream(rule: QpackRuleId, what: string): never {
  throw new QpackError("decoder-stream", rule, `Cannot follow the decoder stream: ${what}`);
}
