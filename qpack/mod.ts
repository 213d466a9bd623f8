/**
 * QPACK (RFC 9204): field compression for HTTP/3, with the dynamic table in both directions.
 *
 * `QpackEncoder` and `QpackDecoder` are synchronous and do no I/O: each takes the bytes
 * of the peer's instruction stream and hands over the bytes of its own.
 *
 * @module
 */

export { QpackDecoder, type QpackDecoderOptions } from "./decoder.ts";
export { QpackEncoder } from "./encoder.ts";
export type { QpackEncoderOptions, QpackPeerSettings, QpackPolicy } from "./encoder_options.ts";
export { isSensitiveField, type SensitivePolicy } from "../wire/indexing_policy.ts";
export { QpackError, type QpackErrorKind, type QpackRuleId } from "./error.ts";
export type { DecodedSection, SharedFields } from "../wire/decoded_section.ts";

export { QPACK_RULES } from "../semantics/rules/qpack.ts";
export { ByteWriter } from "../wire/byte_writer.ts";
