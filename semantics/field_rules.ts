import { consistsOf, CONTROL, LOWER_TOKEN, NEVER_IN_VALUE, OCTETS } from "./octets.ts";
import { malformed, type Violation } from "./violation.ts";

/** A valid name with no rule of its own. */
export const PLAIN = 0;
/** A name that belongs to one connection and is refused (RFC 9113 section 8.2.2). */
export const CONNECTION = 1;
/** The field te. */
export const TE = 2;
/** The field host. */
export const HOST = 3;
/** The field content-length. */
export const CONTENT_LENGTH = 4;
/** The field cookie. */
export const COOKIE = 5;
/** A name that has no rule of its own but is no trailer (RFC 9110 section 6.5.1). */
export const NO_TRAILER = 6;
/** Not a valid field name. */
export const INVALID = 7;

/** What a name asks for: one of the constants of this file. */
export type NameClass = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** Names that are remembered as valid, at most; unknown ones are looked at octet by octet. */
const MAX_KNOWN_NAMES = 1024;
const MAX_KNOWN_NAME_LENGTH = 64;

function makeKnownNames(): Map<string, NameClass> {
  const known = new Map<string, NameClass>();
  const add = (names: string, nameClass: NameClass) => {
    for (const name of names.split(" ")) known.set(name, nameClass);
  };
  add("connection proxy-connection keep-alive transfer-encoding upgrade", CONNECTION);
  add("te", TE);
  add("host", HOST);
  add("content-length", CONTENT_LENGTH);
  add("cookie", COOKIE);
  add("trailer content-encoding content-type content-range", NO_TRAILER);
  add("authorization proxy-authorization proxy-authenticate www-authenticate set-cookie", NO_TRAILER);
  add("cache-control expect max-forwards pragma range age expires date location retry-after", NO_TRAILER);
  add("vary if-match if-none-match if-modified-since if-unmodified-since if-range", NO_TRAILER);
  return known;
}

const KNOWN_NAMES = makeKnownNames();

/** Says which rules a field name is under. */
export function classifyName(name: string): NameClass {
  const known = KNOWN_NAMES.get(name);
  return known === undefined ? classifyUnknown(name) : known;
}

function classifyUnknown(name: string): NameClass {
  if (!consistsOf(name, LOWER_TOKEN)) return INVALID;
  if (KNOWN_NAMES.size < MAX_KNOWN_NAMES && name.length <= MAX_KNOWN_NAME_LENGTH) {
    KNOWN_NAMES.set(name, PLAIN);
  }
  return PLAIN;
}

/** Says what is wrong with a name that is `INVALID` and stands after the pseudo-fields. */
export function explainName(name: string): Violation {
  if (name === "") return malformed("9113-8.2.1:name", "a field name is empty");
  if (name.charCodeAt(0) === 58) {
    return malformed("9113-8.3:order", "a pseudo-field stands after a regular field");
  }
  for (let i = 0; i < name.length; i++) {
    const octet = name.charCodeAt(i);
    if (octet >= 65 && octet <= 90) return malformed("9113-8.2", "a field name has a capital letter");
  }
  return malformed("9113-8.2.1:name", "a field name holds an octet that is not of a token");
}

/** Whether a value that was received is sound: no NUL, CR or LF, and no white space around it. */
export function isSoundValue(value: string): boolean {
  const length = value.length;
  if (length === 0) return true;
  for (let i = 0; i < length; i++) {
    const octet = value.charCodeAt(i);
    if (octet <= 13 && (octet === 0 || octet === 10 || octet === 13)) return false;
    if (octet > 255) return false;
  }
  const first = value.charCodeAt(0);
  const last = value.charCodeAt(length - 1);
  return first !== 32 && first !== 9 && last !== 32 && last !== 9;
}

/** Whether a value may be sent: sound, and without any control octet but the tab. */
export function isSendableValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const octet = value.charCodeAt(i);
    if (octet > 255 || (OCTETS[octet]! & CONTROL) !== 0) return false;
  }
  return isSoundValue(value);
}

/** Says what is wrong with a value that is not sound or not sendable. */
export function explainValue(value: string): Violation {
  for (let i = 0; i < value.length; i++) {
    const octet = value.charCodeAt(i);
    if (octet > 255) return malformed("9113-8.2.1:value", "a field value holds a character that is no octet");
    if ((OCTETS[octet]! & NEVER_IN_VALUE) !== 0) {
      return malformed("9113-8.2.1:value", "a field value holds NUL, a line feed or a carriage return");
    }
  }
  const ends = value.charAt(0) + value.charAt(value.length - 1);
  if (ends.includes(" ") || ends.includes("\t")) {
    return malformed("9113-8.2.1:padding", "a field value has white space around it");
  }
  return malformed("9110-5.5", "a field value holds a control octet");
}
