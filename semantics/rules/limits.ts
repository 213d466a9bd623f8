import type { Rule } from "./mod.ts";

/** Bounds of our own; the word after the colon is the reason string that goes on the wire and into the counters. */
export const LIMIT_RULES = {
  "limit:concurrent_streams": { level: "limit", text: "The peer has no more exchanges open than we allow." },
  "limit:header_list_bytes": { level: "limit", text: "A field section is no larger than we announced." },
  "limit:header_fields": { level: "limit", text: "A field section has no more fields than we allow." },
  "limit:continuation_frames": {
    level: "limit",
    text: "A header block comes in no more CONTINUATION frames than we allow.",
  },
  "limit:peer_resets": {
    level: "limit",
    text: "The peer resets unanswered exchanges no faster than the budget refills.",
  },
  "limit:error_resets": {
    level: "limit",
    text: "Errors of the peer make us reset exchanges no faster than the budget refills.",
  },
  "limit:glitches": {
    level: "limit",
    text: "Odd or ignored frames come no faster than the budget refills.",
  },
  "limit:unsent_acks": {
    level: "limit",
    text: "The peer asks for no more acknowledgements than it is ready to read.",
  },
  "limit:queued_frames": {
    level: "limit",
    text: "The peer causes no more frames than it is ready to read.",
  },
  "limit:settings_entries": { level: "limit", text: "A SETTINGS frame has no more entries than we allow." },
  "limit:settings_bytes": { level: "limit", text: "A SETTINGS frame is no longer than we allow." },
  "limit:priority_update_bytes": {
    level: "limit",
    text: "A PRIORITY_UPDATE frame is no longer than we allow.",
  },
  "limit:empty_data": {
    level: "limit",
    text: "No more empty DATA frames in a row than we allow leave the message open.",
  },
  "limit:small_data": {
    level: "limit",
    text: "Small DATA frames cost no more overhead than their budget, which reading refills.",
  },
  "limit:encoder_stream_bytes": {
    level: "limit",
    text: "An unfinished QPACK encoder instruction is no longer than we keep.",
  },
  "limit:decoder_stream_bytes": {
    level: "limit",
    text: "No more QPACK decoder instructions wait to be written than we keep.",
  },
  "limit:unidentified_streams": {
    level: "limit",
    text: "No more unidirectional streams than we allow are without a type that we know.",
  },
  "limit:interim_responses": {
    level: "limit",
    text: "No more interim responses than we allow come before the final one.",
  },
  "limit:handshake_timeout": { level: "limit", text: "The preface and the first SETTINGS arrive in time." },
  "limit:settings_ack_timeout": { level: "limit", text: "Our SETTINGS are acknowledged in time." },
  "limit:head_timeout": { level: "limit", text: "A field section that was begun is whole in time." },
  "limit:stream_type_timeout": { level: "limit", text: "A unidirectional stream says its type in time." },
  "limit:data_rate": {
    level: "limit",
    text: "A body is sent and taken no slower than the lowest rate that we put up with.",
  },
  "limit:blocked_bytes": {
    level: "limit",
    text: "No more bytes than we keep follow a field section that waits for QPACK inserts.",
  },
  "limit:skipped_streams": {
    level: "limit",
    text: "The peer skips no more stream ids than streams that we would let it open.",
  },
  "limit:abort_timeout": {
    level: "limit",
    text: "The peer reads the end of a message that we gave up, where no reset can be sent.",
  },
  "limit:idle_timeout": { level: "limit", text: "A connection without exchanges ends after a while." },
  "limit:drain_timeout": { level: "limit", text: "Exchanges that are open at a shutdown finish in time." },
} as const satisfies Record<string, Rule>;
