/** Token octets of RFC 9110 section 5.6.2 that may stand in a field name: no capital letters. */
export const LOWER_TOKEN = 1;
/** Token octets of RFC 9110 section 5.6.2. */
export const TOKEN = 2;
/** Octets that may stand in an authority: host, port and (refused elsewhere) userinfo. */
export const AUTHORITY = 4;
/** Octets that may stand in the name of a scheme after its first letter. */
export const SCHEME = 8;
/** Decimal digits. */
export const DIGIT = 16;
/** Octets that may stand in a path: no controls, no space, no number sign. */
export const PATH = 32;

function makeOctetTable(): Uint8Array {
  const table = new Uint8Array(256);
  const mark = (chars: string, bits: number) => {
    for (let i = 0; i < chars.length; i++) table[chars.charCodeAt(i)]! |= bits;
  };
  const lower = "abcdefghijklmnopqrstuvwxyz";
  mark(lower, LOWER_TOKEN | TOKEN | AUTHORITY | SCHEME);
  mark(lower.toUpperCase(), TOKEN | AUTHORITY | SCHEME);
  mark("0123456789", LOWER_TOKEN | TOKEN | AUTHORITY | SCHEME | DIGIT);
  mark("!#$%&'*+-.^_`|~", LOWER_TOKEN | TOKEN);
  mark("-._~!$&'()*+,;=%:[]@", AUTHORITY);
  mark("+-.", SCHEME);
  for (let octet = 0x21; octet <= 0xff; octet++) {
    if (octet !== 0x23 && octet !== 0x7f) table[octet]! |= PATH;
  }
  return table;
}

/** What each octet may be part of, as bits. */
export const OCTETS: Uint8Array = makeOctetTable();

/** Whether `text` is not empty and all of its octets have one of the bits. */
export function consistsOf(text: string, bits: number): boolean {
  const length = text.length;
  if (length === 0) return false;
  for (let i = 0; i < length; i++) {
    const octet = text.charCodeAt(i);
    if (octet > 255 || (OCTETS[octet]! & bits) === 0) return false;
  }
  return true;
}

/** Puts A to Z in lower case and leaves all else alone, as HTTP does. */
export function toLowerAscii(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const octet = text.charCodeAt(i);
    if (octet >= 65 && octet <= 90) return text.replace(/[A-Z]+/g, (part) => part.toLowerCase());
  }
  return text;
}

/**
 * What no received value holds: NUL, LF, CR, and what is no octet. On values of more than a
 * few octets a regular expression is several times as fast as a loop over them.
 */
export const UNSOUND_IN_VALUE: RegExp = new RegExp("[\\0\\n\\r\\u0100-\\uffff]");
/** What no sent value holds: controls but the horizontal tab, and what is no octet. */
// deno-lint-ignore no-control-regex
export const UNSENDABLE_IN_VALUE: RegExp = new RegExp("[\\0-\\x08\\n-\\x1f\\x7f\\u0100-\\uffff]");
/** What no path holds: controls, space, number sign, and what is no octet. */
export const UNSOUND_IN_PATH: RegExp = new RegExp("[\\0-\\x20#\\x7f\\u0100-\\uffff]");
