/**
 * HPACK, the header compression of HTTP/2 (RFC 7541).
 *
 * @module
 */

export { ByteWriter } from "../wire/byte_writer.ts";
export type { DecodedSection, SharedFields } from "../wire/decoded_section.ts";
export { HpackDecoder, type HpackDecoderOptions } from "./decoder.ts";
export { HpackEncoder, type HpackEncoderOptions } from "./encoder.ts";
export { HpackError, type HpackErrorKind, type HpackRuleId } from "./hpack_error.ts";
export { isSensitiveField, type SensitivePolicy } from "../wire/indexing_policy.ts";
export { HPACK_RULES } from "../semantics/rules/hpack.ts";
export type { StringForm } from "../wire/string_literal.ts";
