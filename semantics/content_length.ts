import { DIGIT, OCTETS } from "./octets.ts";
import { malformed, type Violation } from "./violation.ts";

/**
 * Reads a content-length (RFC 9110 section 8.6): a decimal number, or a list of equal
 * ones as joined field lines give. Numbers above 2^53 - 1 are refused.
 */
export function parseContentLength(value: string): number | Violation {
  const length = value.length;
  let number = 0;
  for (let i = 0; i < length; i++) {
    const octet = value.charCodeAt(i);
    if (octet > 255 || (OCTETS[octet]! & DIGIT) === 0) return parseList(value);
    number = number * 10 + (octet - 48);
  }
  if (length === 0) return malformed("9110-8.6:syntax", "content-length is empty");
  if (number > Number.MAX_SAFE_INTEGER) {
    return malformed("9110-8.6:overflow", "content-length is too large to be counted");
  }
  return number;
}

function parseList(value: string): number | Violation {
  if (!value.includes(",")) return malformed("9110-8.6:syntax", "content-length is not a number");
  let agreed: number | undefined;
  for (const part of value.split(",")) {
    const text = part.replace(/^[ \t]+|[ \t]+$/g, "");
    if (!/^[0-9]+$/.test(text)) {
      return malformed("9110-8.6:syntax", "content-length is a list with a part that is not a number");
    }
    const number = parseContentLength(text);
    if (typeof number !== "number") return number;
    if (agreed !== undefined && agreed !== number) return disagreement();
    agreed = number;
  }
  return agreed!;
}

/** The violation for several values that are not equal. */
export function disagreement(): Violation {
  return malformed("9110-8.6:agreement", "content-length has several values that are not equal");
}
