import type { HuffmanErrorKind } from "../wire/huffman.ts";
import type { HPACK_RULES } from "../semantics/rules/hpack.ts";

/** How a header block is wrong. */
export type HpackErrorKind =
  | "truncated"
  | "integer-overflow"
  | "index-zero"
  | "index-out-of-range"
  | "huffman-eos"
  | "huffman-padding"
  | "huffman-padding-length"
  | "size-update-too-large"
  | "size-update-misplaced"
  | "size-update-missing";

/** The id of a rule of HPACK. */
export type HpackRuleId = keyof typeof HPACK_RULES;

const KINDS: Record<HpackErrorKind, readonly [rule: HpackRuleId, text: string]> = {
  "truncated": ["7541-3.2", "it ends within a field"],
  "integer-overflow": ["7541-5.1", "an integer is too large"],
  "index-zero": ["7541-6.1", "a field has index 0"],
  "index-out-of-range": ["7541-2.3.3", "an index points past the tables"],
  "huffman-eos": ["7541-5.2:eos", "a string holds the EOS symbol"],
  "huffman-padding": ["7541-5.2:padding", "the padding of a string is not all ones"],
  "huffman-padding-length": ["7541-5.2:padding-length", "the padding of a string is longer than 7 bits"],
  "size-update-too-large": ["7541-6.3", "it sets a table size above the limit"],
  "size-update-misplaced": ["7541-4.2:position", "it changes the table size after a field"],
  "size-update-missing": ["7541-4.2:required", "it does not begin with the lower table size"],
};

/** What each Huffman error is called here. */
export const HUFFMAN_KINDS: Readonly<Record<HuffmanErrorKind, HpackErrorKind>> = {
  "eos": "huffman-eos",
  "long-padding": "huffman-padding-length",
  "wrong-padding": "huffman-padding",
};

/**
 * A header block that breaks RFC 7541: a COMPRESSION_ERROR of the connection.
 *
 * @example Usage
 * ```ts
 * import { HpackDecoder, HpackError } from "@tandem/http/hpack";
 * import assert from "node:assert/strict";
 *
 * assert.throws(
 *   () => new HpackDecoder().decode(new Uint8Array([0x80])),
 *   (error) => error instanceof HpackError && error.kind === "index-zero" && error.rule === "7541-6.1",
 * );
 * ```
 */
export class HpackError extends Error {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "HpackError";
  /** How the block is wrong. */
  readonly kind: HpackErrorKind;
  /** The rule that it breaks. */
  readonly rule: HpackRuleId;

  /** Makes an error of a kind. */
  constructor(kind: HpackErrorKind) {
    const [rule, text] = KINDS[kind];
    super(`Cannot decode a header block: ${text} [${rule}]`);
    this.kind = kind;
    this.rule = rule;
  }
}
