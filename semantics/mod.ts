/**
 * HTTP itself, apart from any version of it: fields, heads, the rules that messages
 * keep, limits, priorities and the events that both engines speak.
 *
 * @module
 */

export { Budget } from "./budget.ts";
export {
  ConnectionError,
  type ErrorDetails,
  HttpError,
  type Initiator,
  type RetryVerdict,
  StreamError,
  TransportError,
} from "./errors.ts";
export type * from "./events.ts";
export { Fields, type FieldsInit } from "./fields.ts";
export type { RequestHead, ResponseHead } from "./head.ts";
export { CLIENT_LIMITS, type Limits, resolveLimits, SERVER_LIMITS } from "./limits.ts";
export {
  MessageReader,
  type MessageReaderOptions,
  type MessageState,
  type SectionResult,
} from "./message_reader.ts";
export { measureSection, MessageWriter, type MessageWriterOptions } from "./message_writer.ts";
export {
  DEFAULT_PRIORITY,
  overridePriority,
  parsePriority,
  type Priority,
  serializePriority,
} from "./priority.ts";
export { type Rule, type RuleId, type RuleLevel, RULES } from "./rules/mod.ts";
export { H2_RULES } from "./rules/h2.ts";
export { H3_RULES } from "./rules/h3.ts";
export { HPACK_RULES } from "./rules/hpack.ts";
export { HTTP_RULES } from "./rules/http.ts";
export { LIMIT_RULES } from "./rules/limits.ts";
export { QPACK_RULES } from "./rules/qpack.ts";
export type { FieldsTrace, FrameTrace, StateTrace, TraceEvent, TraceHook } from "./trace.ts";
export { malformed, outOfOrder, tooLarge, Violation, type ViolationKind } from "./violation.ts";
export type { DecodedSection, SharedFields } from "../wire/decoded_section.ts";
