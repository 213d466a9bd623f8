import { checkConnectTarget, checkOtherAuthority, checkWebAuthority, isSameAuthority } from "./authority.ts";
import { disagreement, parseContentLength } from "./content_length.ts";
import {
  checkReceivedField,
  checkSentField,
  CONNECTION,
  CONTENT_LENGTH,
  COOKIE,
  HOST,
  NO_TRAILER,
  PLAIN,
  TE,
} from "./field_rules.ts";
import { consistsOf, PATH, SCHEME, TOKEN, toLowerAscii, UNSOUND_IN_PATH } from "./octets.ts";
import type { SharedFields } from "../wire/decoded_section.ts";
import { malformed, type Violation } from "./violation.ts";

const MAX_LOOPED_PATH = 40;

/** What a section was read as. */
export type SectionKind = "request" | "response" | "trailers";

/** What is known about a sound section; of one shape for all kinds, so that code that reads it stays fast. */
export interface ParsedSection {
  readonly kind: SectionKind;
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  readonly protocol: string | undefined;
  /** 0 but for a response. */
  readonly status: number;
  /** The section; the regular fields begin at `from`. */
  readonly flat: readonly string[];
  readonly from: number;
  /** The content-length, or -1. */
  readonly declared: number;
  /** How many fields have the name cookie. */
  readonly cookies: number;
  /** Whether content-length came as several values or as a list. */
  readonly hasLengthList: boolean;
  /** Whether some field is no trailer (trailers only). */
  readonly hasNoTrailer: boolean;
}

/** Who asks: the receiver puts up with a little more than a sender may do. */
export type Strictness = "received" | "sent";

/** What the regular fields of a section told. */
export interface FieldScan {
  /** The value of the last field host. */
  host: string | undefined;
  /** How many fields have the name host. */
  hosts: number;
  /** The content-length, or -1. */
  declared: number;
  /** How many fields have the name cookie. */
  cookies: number;
  /** Whether content-length came as several values or as a list. */
  hasLengthList: boolean;
  /** Whether some field is no trailer. */
  hasNoTrailer: boolean;
}

/** What no field at all tells. */
const NOTHING: FieldScan = {
  host: undefined,
  hosts: 0,
  declared: -1,
  cookies: 0,
  hasLengthList: false,
  hasNoTrailer: false,
};

/** What the section told that is being read; one object that is used again and again. */
const seen: FieldScan = { ...NOTHING };

/** A copy of what the regular fields of the last section told. */
export function lastScan(): FieldScan {
  return { ...seen };
}

/**
 * Reads the section at the start of a request (RFC 9113 section 8.3.1). `known` is what its regular
 * fields told before, where they were found sound; they are not looked at again.
 */
export function parseRequestSection(
  flat: readonly string[],
  by: Strictness,
  known?: FieldScan,
  tail?: SharedFields,
): ParsedSection | Violation {
  let method: string | undefined;
  let scheme: string | undefined;
  let authority: string | undefined;
  let path: string | undefined;
  let protocol: string | undefined;
  let at = 0;
  for (; at < flat.length; at += 2) {
    const name = flat[at]!;
    if (name.charCodeAt(0) !== 58) break;
    const value = flat[at + 1]!;
    if (name === ":method") {
      if (method !== undefined) return duplicate();
      method = value;
    } else if (name === ":scheme") {
      if (scheme !== undefined) return duplicate();
      scheme = value;
    } else if (name === ":authority") {
      if (authority !== undefined) return duplicate();
      authority = value;
    } else if (name === ":path") {
      if (path !== undefined) return duplicate();
      path = value;
    } else if (name === ":protocol") {
      if (protocol !== undefined) return duplicate();
      protocol = value;
    } else {
      return malformed("9113-8.3:unknown", "a pseudo-field is not one of a request");
    }
  }
  const fault = known === undefined ? scanFields(flat, at, by, tail) : undefined;
  if (fault !== undefined) return fault;
  if (method === undefined) return malformed("9113-8.3.1:missing", "there is no :method");
  const { host, hosts, declared, cookies, hasLengthList } = known ?? seen;
  if (hosts > 1) return malformed("9110-7.2", "there are several host fields");
  if (scheme !== undefined) scheme = canonicalScheme(scheme);
  const wrong = method === "CONNECT" && protocol === undefined
    ? checkConnect(scheme, authority, path, host)
    : checkTarget(method, scheme, authority, path, host, protocol);
  if (wrong !== undefined) return wrong;
  return {
    kind: "request",
    method,
    scheme: scheme ?? "",
    authority: authority ?? host ?? "",
    path: path ?? "",
    protocol,
    status: 0,
    flat,
    from: at,
    declared: method === "CONNECT" ? -1 : declared,
    cookies,
    hasLengthList,
    hasNoTrailer: false,
  };
}

/** Reads the section at the start of a response, interim or final (RFC 9113 section 8.3.2); `known` as for a request. */
export function parseResponseSection(
  flat: readonly string[],
  by: Strictness,
  known?: FieldScan,
  tail?: SharedFields,
): ParsedSection | Violation {
  let status = 0;
  let at = 0;
  for (; at < flat.length; at += 2) {
    const name = flat[at]!;
    if (name.charCodeAt(0) !== 58) break;
    if (name !== ":status") return malformed("9113-8.3:unknown", "a pseudo-field is not one of a response");
    if (status !== 0) return duplicate();
    status = parseStatus(flat[at + 1]!);
    if (status === 0) return malformed("9113-8.3.2", "the :status is not a number from 100 to 999");
  }
  const fault = known === undefined ? scanFields(flat, at, by, tail) : undefined;
  if (fault !== undefined) return fault;
  if (status === 0) return malformed("9113-8.3.2", "there is no :status");
  if (status === 101) return malformed("9113-8.6", "the status is 101");
  return {
    kind: "response",
    method: "",
    scheme: "",
    authority: "",
    path: "",
    protocol: undefined,
    status,
    flat,
    from: at,
    declared: (known ?? seen).declared,
    cookies: 0,
    hasLengthList: (known ?? seen).hasLengthList,
    hasNoTrailer: false,
  };
}

/** Reads the section at the end of a message (RFC 9113 section 8.1). */
export function parseTrailerSection(flat: readonly string[], by: Strictness): ParsedSection | Violation {
  for (let i = 0; i < flat.length; i += 2) {
    if (flat[i]!.charCodeAt(0) === 58) {
      return malformed("9113-8.3:trailers", "a pseudo-field stands in a trailer section");
    }
  }
  const fault = scanFields(flat, 0, by);
  if (fault !== undefined) return fault;
  if (by === "sent" && seen.hasNoTrailer) {
    return malformed("9110-6.5.1", "a field of the trailer section may stand in a head only");
  }
  return {
    kind: "trailers",
    method: "",
    scheme: "",
    authority: "",
    path: "",
    protocol: undefined,
    status: 0,
    flat,
    from: 0,
    declared: -1,
    cookies: 0,
    hasLengthList: false,
    hasNoTrailer: seen.hasNoTrailer,
  };
}

function beginScan(scan: FieldScan): void {
  seen.host = scan.host;
  seen.hosts = scan.hosts;
  seen.declared = scan.declared;
  seen.cookies = scan.cookies;
  seen.hasLengthList = scan.hasLengthList;
  seen.hasNoTrailer = scan.hasNoTrailer;
}

/** What the regular fields at the end of a tail told, and how many strings they are. */
interface TailScan {
  readonly scan: FieldScan;
  readonly fields: number;
}

/** Looks at each regular field once and leaves what it saw in `seen`; those of `tail` that it knows it passes over. */
function scanFields(
  flat: readonly string[],
  from: number,
  by: Strictness,
  tail?: SharedFields,
): Violation | undefined {
  const known = tail === undefined ? undefined : tail.validated as TailScan | undefined ?? scanTail(tail, by);
  beginScan(known?.scan ?? NOTHING);
  return scanRange(flat, from, known === undefined ? flat.length : flat.length - known.fields, by);
}

function scanTail(tail: SharedFields, by: Strictness): TailScan | undefined {
  const { flat } = tail;
  let from = 0;
  while (from < flat.length && flat[from]!.charCodeAt(0) === 58) from += 2;
  beginScan(NOTHING);
  // Where something is wrong the fields are looked at with all others, each time.
  if (scanRange(flat, from, flat.length, by) !== undefined) return undefined;
  const known = { scan: lastScan(), fields: flat.length - from };
  tail.validated = known;
  return known;
}

function scanRange(
  flat: readonly string[],
  from: number,
  end: number,
  by: Strictness,
): Violation | undefined {
  const check = by === "sent" ? checkSentField : checkReceivedField;
  for (let i = from; i < end; i += 2) {
    const nameClass = check(flat[i]!, flat[i + 1]!);
    if (nameClass === PLAIN) continue;
    if (typeof nameClass !== "number") return nameClass;
    const fault = noteSpecial(nameClass, flat[i + 1]!);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function noteSpecial(nameClass: number, value: string): Violation | undefined {
  switch (nameClass) {
    case CONNECTION:
      return malformed("9113-8.2.2:connection", "there is a connection-specific field");
    case TE:
      seen.hasNoTrailer = true;
      if (value === "trailers" || value.toLowerCase() === "trailers") return undefined;
      return malformed("9113-8.2.2:te", "the field te says something else than trailers");
    case HOST:
      seen.hasNoTrailer = true;
      seen.host = value;
      seen.hosts++;
      return undefined;
    case CONTENT_LENGTH:
      seen.hasNoTrailer = true;
      return noteContentLength(value);
    case COOKIE:
      seen.hasNoTrailer = true;
      seen.cookies++;
      return undefined;
    case NO_TRAILER:
      seen.hasNoTrailer = true;
      return undefined;
  }
  return undefined;
}

function noteContentLength(value: string): Violation | undefined {
  const declared = parseContentLength(value);
  if (typeof declared !== "number") return declared;
  if (seen.declared !== -1) {
    if (seen.declared !== declared) return disagreement();
    seen.hasLengthList = true;
  }
  if (value.includes(",")) seen.hasLengthList = true;
  seen.declared = declared;
  return undefined;
}

function checkConnect(
  scheme: string | undefined,
  authority: string | undefined,
  path: string | undefined,
  host: string | undefined,
): Violation | undefined {
  if (scheme !== undefined) return malformed("9113-8.5:fields", "CONNECT has a :scheme");
  if (path !== undefined) return malformed("9113-8.5:fields", "CONNECT has a :path");
  if (authority === undefined) return malformed("9113-8.5:fields", "CONNECT has no :authority");
  return checkConnectTarget(authority) ?? checkHost(host, authority, "");
}

function checkTarget(
  method: string,
  scheme: string | undefined,
  authority: string | undefined,
  path: string | undefined,
  host: string | undefined,
  protocol: string | undefined,
): Violation | undefined {
  if (protocol !== undefined) {
    if (method !== "CONNECT") {
      return malformed("8441-4:method", "a :protocol comes with another method than CONNECT");
    }
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+(\/[!#$%&'*+.^_`|~0-9A-Za-z-]+)?$/.test(protocol)) {
      return malformed("8441-4:value", "the :protocol is not the name of a protocol");
    }
    if (scheme === undefined || path === undefined || authority === undefined) {
      return malformed("8441-4:fields", "an extended CONNECT lacks :scheme, :path or :authority");
    }
  }
  if (!isKnownMethod(method) && !consistsOf(method, TOKEN)) {
    return malformed("9113-8.3.1:method", "the :method is not a token");
  }
  if (scheme === undefined) return malformed("9113-8.3.1:missing", "there is no :scheme");
  if (path === undefined) return malformed("9113-8.3.1:missing", "there is no :path");
  if (scheme !== "https" && scheme !== "http") {
    return checkOtherScheme(scheme) ?? checkPathOctets(path) ??
      checkOtherAuthority(authority ?? "") ?? checkHost(host, authority, scheme);
  }
  return checkWebPath(path, method) ?? checkWebHost(authority, host, scheme);
}

function isKnownMethod(method: string): boolean {
  return method === "GET" || method === "POST" || method === "HEAD" || method === "PUT";
}

function canonicalScheme(scheme: string): string {
  return scheme === "https" || scheme === "http" ? scheme : toLowerAscii(scheme);
}

function checkOtherScheme(scheme: string): Violation | undefined {
  const first = scheme.charCodeAt(0);
  if (first >= 97 && first <= 122 && consistsOf(scheme, SCHEME)) return undefined;
  return malformed("9113-8.3.1:scheme", "the :scheme is not the name of a scheme");
}

function checkWebPath(path: string, method: string): Violation | undefined {
  if (path.charCodeAt(0) === 47) return checkPathOctets(path);
  if (path === "*" && method === "OPTIONS") return undefined;
  const detail = path === ""
    ? "the :path is empty"
    : path === "*"
    ? "the :path is an asterisk and the method is not OPTIONS"
    : "the :path does not begin with a slash";
  return malformed("9113-8.3.1:path", detail);
}

function checkPathOctets(path: string): Violation | undefined {
  // A loop costs less than a call of the regular expression while the path is short.
  if (path.length <= MAX_LOOPED_PATH ? path === "" || consistsOf(path, PATH) : !UNSOUND_IN_PATH.test(path)) {
    return undefined;
  }
  return malformed("9113-8.3.1:path", "the :path holds a fragment, a space or a control octet");
}

function checkWebHost(
  authority: string | undefined,
  host: string | undefined,
  scheme: string,
): Violation | undefined {
  const named = authority ?? host;
  if (named === undefined) return malformed("9114-4.3.1", "there is neither :authority nor host");
  const fault = checkWebAuthority(named);
  if (fault !== undefined || host === undefined) return fault;
  return checkHost(host, authority, scheme);
}

function checkHost(
  host: string | undefined,
  authority: string | undefined,
  scheme: string,
): Violation | undefined {
  if (host === undefined || authority === undefined || isSameAuthority(host, authority, scheme)) {
    return undefined;
  }
  return malformed("9113-8.3.1:host", "the field host differs from :authority");
}

/** Three digits as a number from 100 to 999, or 0 for anything else. */
function parseStatus(value: string): number {
  if (value.length !== 3) return 0;
  const a = value.charCodeAt(0) - 48;
  const b = value.charCodeAt(1) - 48;
  const c = value.charCodeAt(2) - 48;
  if (a < 1 || a > 9 || b < 0 || b > 9 || c < 0 || c > 9) return 0;
  return a * 100 + b * 10 + c;
}

function duplicate(): Violation {
  return malformed("9113-8.3:duplicate", "a pseudo-field occurs twice");
}
