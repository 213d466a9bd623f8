import { consistsOf, LOWER_TOKEN, toLowerAscii, UNSENDABLE_IN_VALUE, UNSOUND_IN_VALUE } from "./octets.ts";
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

/** What is known about a name; of one shape, since every field of every section looks here. */
interface NameEntry {
  readonly nameClass: NameClass;
  /** Whether its values are never remembered. */
  isSecret: boolean;
  /** The last value that was found sound: most fields say the same again and again. */
  sound: string;
  /** The last value that was found fit to be sent. */
  sendable: string;
}

/** Names that are remembered as valid, at most; after that it begins anew, so that nobody can fill it for good. */
const MAX_KNOWN_NAMES = 1024;
const MAX_KNOWN_NAME_LENGTH = 64;
const MAX_KNOWN_VALUE_LENGTH = 160;

/** Names whose values are never remembered, at most; with more, no value is. */
const MAX_SECRET_NAMES = 256;

/** Credentials, and every name that was marked as never to be indexed. */
const secretNames: Set<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
  "set-cookie",
]);

function newEntry(name: string, nameClass: NameClass): NameEntry {
  const isSecret = secretNames.has(name) || secretNames.size >= MAX_SECRET_NAMES;
  return { nameClass, isSecret, sound: "", sendable: "" };
}

function makeKnownNames(): Map<string, NameEntry> {
  const known = new Map<string, NameEntry>();
  const add = (names: string, nameClass: NameClass) => {
    for (const name of names.split(" ")) known.set(name, newEntry(name, nameClass));
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

let knownNames = makeKnownNames();

/** The entry of a name, or `undefined` when the name is not valid. */
function findEntry(name: string): NameEntry | undefined {
  if (!consistsOf(name, LOWER_TOKEN)) return undefined;
  const entry = newEntry(name, PLAIN);
  if (name.length > MAX_KNOWN_NAME_LENGTH) return entry;
  if (knownNames.size >= MAX_KNOWN_NAMES) knownNames = makeKnownNames();
  knownNames.set(name, entry);
  return entry;
}

/** A name in lower case; one that is known is so already. */
export function lowerName(name: string): string {
  return knownNames.has(name) ? name : toLowerAscii(name);
}

/** Forgets what was said of a name that is never to be indexed, and remembers no value of it any more. */
export function keepSecret(name: string): void {
  if (secretNames.has(name) || secretNames.size >= MAX_SECRET_NAMES) return;
  secretNames.add(name);
  const entry = knownNames.get(name);
  if (secretNames.size === MAX_SECRET_NAMES) knownNames.forEach(forgetValues);
  else if (entry !== undefined) forgetValues(entry);
}

function forgetValues(entry: NameEntry): void {
  entry.isSecret = true;
  entry.sound = entry.sendable = "";
}

/** Whether a value of a name is remembered as fit; for tests. */
export function remembersValue(name: string): boolean {
  const entry = knownNames.get(name);
  return entry !== undefined && (entry.sound !== "" || entry.sendable !== "");
}

/** Says which rules a field name is under. */
export function classifyName(name: string): NameClass {
  return (knownNames.get(name) ?? findEntry(name))?.nameClass ?? INVALID;
}

/** Looks at a field that was received: the class of its name, or a violation. */
export function checkReceivedField(name: string, value: string): NameClass | Violation {
  const entry = knownNames.get(name) ?? findEntry(name);
  if (entry === undefined) return explainName(name);
  if (value !== entry.sound) {
    if (!isTrimmed(value) || UNSOUND_IN_VALUE.test(value)) return explainValue(value);
    if (value.length <= MAX_KNOWN_VALUE_LENGTH && !entry.isSecret) entry.sound = value;
  }
  return entry.nameClass;
}

/** Looks at a field that is to be sent: the class of its name, or a violation. */
export function checkSentField(name: string, value: string): NameClass | Violation {
  const entry = knownNames.get(name) ?? findEntry(name);
  if (entry === undefined) return explainName(name);
  if (value !== entry.sendable) {
    if (!isTrimmed(value) || UNSENDABLE_IN_VALUE.test(value)) return explainValue(value);
    if (value.length <= MAX_KNOWN_VALUE_LENGTH && !entry.isSecret) entry.sendable = value;
  }
  return entry.nameClass;
}

function isTrimmed(value: string): boolean {
  const length = value.length;
  if (length === 0) return true;
  const first = value.charCodeAt(0);
  const last = value.charCodeAt(length - 1);
  return first !== 32 && first !== 9 && last !== 32 && last !== 9;
}

/** Says what is wrong with a name that is not valid and stands after the pseudo-fields. */
function explainName(name: string): Violation {
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

/** Says what is wrong with a value that is not sound or not fit to be sent. */
function explainValue(value: string): Violation {
  if (UNSOUND_IN_VALUE.test(value)) {
    const detail = /[\u0100-\uffff]/.test(value)
      ? "a field value holds a character that is no octet"
      : "a field value holds NUL, a line feed or a carriage return";
    return malformed("9113-8.2.1:value", detail);
  }
  if (!isTrimmed(value)) return malformed("9113-8.2.1:padding", "a field value has white space around it");
  return malformed("9110-5.5", "a field value holds a control octet");
}
