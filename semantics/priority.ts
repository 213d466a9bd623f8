import { type Member, parseDictionary } from "./structured_fields.ts";

/** How urgent a response is (RFC 9218 section 4). */
export interface Priority {
  /** 0 (first) to 7 (last). @default {3} */
  readonly urgency: number;
  /** Whether parts of the response are of use before the rest. @default {false} */
  readonly incremental: boolean;
}

/** What counts when nothing was said: urgency 3, not incremental (RFC 9218 section 4). */
export const DEFAULT_PRIORITY: Priority = Object.freeze({ urgency: 3, incremental: false });

/** All values there are, so that parsing makes no objects: urgency * 2 + incremental. */
const PRIORITIES: readonly Priority[] = Array.from(
  { length: 16 },
  (_, i) => i === 6 ? DEFAULT_PRIORITY : Object.freeze({ urgency: i >> 1, incremental: (i & 1) === 1 }),
);

const MAX_KNOWN_VALUES = 64;
const MAX_KNOWN_LENGTH = 32;
const KNOWN_VALUES = new Map<string, Priority>();

/**
 * Reads the value of a priority field or a PRIORITY_UPDATE frame (RFC 9218 sections 4, 5
 * and 7). It never fails: what is unknown, out of range or of the wrong type is ignored,
 * and so is the whole value when it is no dictionary.
 *
 * @example Usage
 * ```ts
 * import { parsePriority } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parsePriority("u=1, i"), { urgency: 1, incremental: true });
 * assert.deepEqual(parsePriority("u=9, x=?0"), { urgency: 3, incremental: false });
 * ```
 */
export function parsePriority(value: string): Priority {
  const known = KNOWN_VALUES.get(value);
  if (known !== undefined) return known;
  const priority = overridePriority(DEFAULT_PRIORITY, value);
  if (value.length > MAX_KNOWN_LENGTH) return priority;
  if (KNOWN_VALUES.size >= MAX_KNOWN_VALUES) KNOWN_VALUES.clear();
  KNOWN_VALUES.set(value, priority);
  return priority;
}

/**
 * Reads a value as `parsePriority` does, but what it does not say stays as in `base`: how a
 * server's own priority field changes what the client asked for (RFC 9218 section 8).
 *
 * @example Usage
 * ```ts
 * import { overridePriority } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(overridePriority({ urgency: 5, incremental: true }, "u=1"), { urgency: 1, incremental: true });
 * ```
 */
export function overridePriority(base: Priority, value: string): Priority {
  const members = parseDictionary(value);
  if (members === undefined) return base;
  const urgency = urgencyOf(members.get("u")) ?? base.urgency;
  const incremental = incrementalOf(members.get("i")) ?? base.incremental;
  return PRIORITIES[urgency * 2 + (incremental ? 1 : 0)] ?? { urgency, incremental };
}

/**
 * Writes the shortest value that says a priority; empty for the default one. Throws
 * `RangeError` for an urgency that is not an integer from 0 to 7.
 *
 * @example Usage
 * ```ts
 * import { serializePriority } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * assert.equal(serializePriority({ urgency: 0, incremental: true }), "u=0, i");
 * ```
 */
export function serializePriority(priority: Priority): string {
  const { urgency, incremental } = priority;
  if (!(Number.isInteger(urgency) && urgency >= 0 && urgency <= 7)) {
    throw new RangeError(`Cannot write priority: urgency ${urgency} is not an integer from 0 to 7`);
  }
  if (urgency === 3) return incremental ? "i" : "";
  return incremental ? `u=${urgency}, i` : `u=${urgency}`;
}

function urgencyOf(member: Member | undefined): number | undefined {
  if (member === undefined || !("bare" in member) || member.bare.type !== "integer") return undefined;
  const urgency = member.bare.value;
  return urgency >= 0 && urgency <= 7 ? urgency : undefined;
}

function incrementalOf(member: Member | undefined): boolean | undefined {
  if (member === undefined || !("bare" in member) || member.bare.type !== "boolean") return undefined;
  return member.bare.value;
}
