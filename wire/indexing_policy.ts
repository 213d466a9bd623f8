/**
 * Says whether a field must never enter a table, here or at any later hop
 * (RFC 7541 section 7.1.3). The name is in lower case.
 */
export type SensitivePolicy = (name: string, value: string) => boolean;

/** A cookie shorter than this can be guessed octet by octet, in octets. */
const SHORT_COOKIE = 20;

/** How the encoder treats the fields of a name. */
export const Treatment = {
  /** Put into the table at once. */
  EAGER: 0,
  /** Put into the table when a value comes twice in a row: values mostly differ. */
  WARY: 1,
  /** Never put into a table. */
  NEVER: 2,
  /** Never put into a table if the value is short. */
  COOKIE: 3,
} as const;

/** One of `Treatment`. */
export type Treatment = typeof Treatment[keyof typeof Treatment];

const TREATMENTS: ReadonlyMap<string, Treatment> = new Map([
  ["authorization", Treatment.NEVER],
  ["proxy-authorization", Treatment.NEVER],
  ["set-cookie", Treatment.NEVER],
  ["cookie", Treatment.COOKIE],
  [":path", Treatment.WARY],
  ["age", Treatment.WARY],
  ["content-length", Treatment.WARY],
  ["content-range", Treatment.WARY],
  ["etag", Treatment.WARY],
  ["if-modified-since", Treatment.WARY],
  ["if-none-match", Treatment.WARY],
  ["if-range", Treatment.WARY],
  ["last-modified", Treatment.WARY],
  ["location", Treatment.WARY],
  ["range", Treatment.WARY],
]);

/** How the fields of a name are treated by default. */
export function treatmentOf(name: string): Treatment {
  return TREATMENTS.get(name) ?? Treatment.EAGER;
}

/** Whether a treatment makes a value one that must never be indexed. */
export function isNever(treatment: Treatment, value: string): boolean {
  return treatment === Treatment.NEVER || treatment === Treatment.COOKIE && value.length < SHORT_COOKIE;
}

/**
 * The default policy: authorization, proxy-authorization and set-cookie, and cookie when it
 * is shorter than 20 octets.
 *
 * @example Usage
 * ```ts
 * import { HpackEncoder, isSensitiveField } from "@tandem/http/hpack";
 * import assert from "node:assert/strict";
 *
 * const encoder = new HpackEncoder({
 *   sensitive: (name, value) => name === "x-token" || isSensitiveField(name, value),
 * });
 * assert(isSensitiveField("cookie", "id=1"));
 * assert(encoder);
 * ```
 */
export function isSensitiveField(name: string, value: string): boolean {
  return isNever(treatmentOf(name), value);
}
