/** Token octets of RFC 9110 section 5.6.2 that may stand in a field name: no capital letters. */
export const LOWER_TOKEN = 1;
/** Token octets of RFC 9110 section 5.6.2. */
export const TOKEN = 2;
/** Octets that no field value may hold: NUL, line feed, carriage return. */
export const NEVER_IN_VALUE = 4;
/** Octets that no field value may hold when it is sent: controls but the horizontal tab. */
export const CONTROL = 8;
/** Octets that may stand in a path: no controls, no space, no number sign. */
export const PATH = 16;
/** Octets that may stand in an authority: host, port and (refused elsewhere) userinfo. */
export const AUTHORITY = 32;
/** Octets that may stand in the name of a scheme after its first letter. */
export const SCHEME = 64;
/** Decimal digits. */
export const DIGIT = 128;

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
  for (let c = 0; c < 32; c++) if (c !== 9) table[c]! |= CONTROL;
  table[127]! |= CONTROL;
  table[0]! |= NEVER_IN_VALUE;
  table[10]! |= NEVER_IN_VALUE;
  table[13]! |= NEVER_IN_VALUE;
  for (let c = 33; c < 256; c++) if (c !== 35 && c !== 127) table[c]! |= PATH;
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
