import type { RuleId } from "./rules/mod.ts";

/**
 * How a message broke a rule, before any protocol gives it a code:
 * `malformed` (the message is wrong), `out-of-order` (a legal part at the wrong
 * place) or `too-large` (over one of our limits).
 */
export type ViolationKind = "malformed" | "out-of-order" | "too-large";

/**
 * What the peer (or the caller) broke, in terms that both protocols share.
 *
 * Each protocol has one table that maps the kind to a scope and a wire code.
 * `detail` says what was seen and never holds a field value of the peer.
 */
export class Violation {
  /** The class of the breach; it decides scope and code. */
  readonly kind: ViolationKind;
  /** The id of the broken rule, as listed in `rules/mod.ts`. */
  readonly rule: RuleId;
  /** What was seen, in one clause, without field values. */
  readonly detail: string;

  /** Makes a violation; `malformed()` and its kin read better. */
  constructor(kind: ViolationKind, rule: RuleId, detail: string) {
    this.kind = kind;
    this.rule = rule;
    this.detail = detail;
  }
}

/**
 * Says that a message is wrong in itself (RFC 9113 section 8.1.1, RFC 9114 section 4.1.2).
 *
 * @example Usage
 * ```ts
 * import { malformed } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * assert.equal(malformed("9113-8.3.1:path", "the :path is empty").kind, "malformed");
 * ```
 */
export function malformed(rule: RuleId, detail: string): Violation {
  return new Violation("malformed", rule, detail);
}

/**
 * Says that a legal part of a message stands where it may not.
 *
 * @example Usage
 * ```ts
 * import { outOfOrder } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * assert.equal(outOfOrder("9114-4.1", "content follows the end of the message").kind, "out-of-order");
 * ```
 */
export function outOfOrder(rule: RuleId, detail: string): Violation {
  return new Violation("out-of-order", rule, detail);
}

/**
 * Says that a message is over one of our limits.
 *
 * @example Usage
 * ```ts
 * import { tooLarge } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * assert.equal(tooLarge("limit:header_fields", "a field section has too many fields").kind, "too-large");
 * ```
 */
export function tooLarge(rule: RuleId, detail: string): Violation {
  return new Violation("too-large", rule, detail);
}
