import type { SensitivePolicy } from "../wire/indexing_policy.ts";

/**
 * How an encoder uses the dynamic table.
 *
 * - `static`: not at all.
 * - `safe`: it refers only to entries that the peer is known to have, so no section blocks.
 * - `eager`: it refers to new entries at once, as long as no more streams may block than
 *   the peer allows.
 */
export type QpackPolicy = "static" | "safe" | "eager";

/** Options of a `QpackEncoder`. */
export interface QpackEncoderOptions {
  /** How it uses the dynamic table. @default {"safe"} */
  readonly policy?: QpackPolicy;
  /** The capacity that it uses at most, whatever the peer allows, in bytes. @default {4096} */
  readonly maxTableBytes?: number;
  /** Which fields must never be indexed. @default {isSensitiveField} */
  readonly sensitive?: SensitivePolicy;
}

/** What the peer's SETTINGS allow an encoder (RFC 9204 section 5). */
export interface QpackPeerSettings {
  /** SETTINGS_QPACK_MAX_TABLE_CAPACITY, in bytes. @default {0} */
  readonly maxTableBytes?: number;
  /** SETTINGS_QPACK_BLOCKED_STREAMS. @default {0} */
  readonly maxBlockedStreams?: number;
}
