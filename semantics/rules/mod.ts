import { H2_RULES } from "./h2.ts";
import { H3_RULES } from "./h3.ts";
import { HPACK_RULES } from "./hpack.ts";
import { HTTP_RULES } from "./http.ts";
import { LIMIT_RULES } from "./limits.ts";
import { QPACK_RULES } from "./qpack.ts";

/** How binding a rule is on the peer. */
export type RuleLevel = "MUST" | "SHOULD" | "limit";

/** One rule that this project enforces, in our own words. */
export interface Rule {
  /** How binding it is; `limit` marks a bound of our own. */
  readonly level: RuleLevel;
  /** One sentence that says what the rule asks for. */
  readonly text: string;
}

/**
 * The id of a rule: RFC number, section and, where a section has several
 * rules, a word (`9113-8.3.1:path`). Our own bounds are `limit:` and a word.
 */
export type RuleId =
  | keyof typeof HTTP_RULES
  | keyof typeof H2_RULES
  | keyof typeof H3_RULES
  | keyof typeof HPACK_RULES
  | keyof typeof QPACK_RULES
  | keyof typeof LIMIT_RULES;

/**
 * Every rule that is enforced anywhere in the project, by id.
 *
 * @example Usage
 * ```ts
 * import { RULES } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * assert.equal(RULES["9113-8.2"].level, "MUST");
 * ```
 */
export const RULES: Readonly<Record<RuleId, Rule>> = {
  ...HTTP_RULES,
  ...H2_RULES,
  ...H3_RULES,
  ...HPACK_RULES,
  ...QPACK_RULES,
  ...LIMIT_RULES,
};
