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
export type { FieldsTrace, FrameTrace, StateTrace, TraceEvent, TraceHook } from "./trace.ts";
export { malformed, outOfOrder, tooLarge, Violation, type ViolationKind } from "./violation.ts";
export type { DecodedSection } from "../wire/decoded_section.ts";
