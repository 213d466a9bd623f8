import { AUTHORITY, consistsOf, DIGIT } from "./octets.ts";
import { malformed, type Violation } from "./violation.ts";

const MAX_KNOWN_AUTHORITIES = 256;
const MAX_KNOWN_LENGTH = 255;
const KNOWN_AUTHORITIES = new Set<string>();
/** The one that was found last; most connections ask for one again and again. */
let lastAuthority = "";

/**
 * Checks the authority of an http or https request: not empty, octets of a host and a
 * port, no userinfo (RFC 9113 section 8.3.1, RFC 9114 section 4.3.1).
 */
export function checkWebAuthority(authority: string): Violation | undefined {
  if (authority === "") return malformed("9114-4.3.1", "the authority is empty");
  if (authority === lastAuthority) return undefined;
  if (KNOWN_AUTHORITIES.has(authority)) {
    lastAuthority = authority;
    return undefined;
  }
  if (authority.includes("@")) return malformed("9113-8.3.1:userinfo", "the authority has userinfo");
  if (!isHostAndPort(authority)) {
    return malformed("9113-8.3.1:authority", "the authority is not a host with or without a port");
  }
  if (authority.length > MAX_KNOWN_LENGTH) return undefined;
  if (KNOWN_AUTHORITIES.size >= MAX_KNOWN_AUTHORITIES) KNOWN_AUTHORITIES.clear();
  KNOWN_AUTHORITIES.add(authority);
  return undefined;
}

/** Checks the target of a plain CONNECT: a host and a port of 1 to 65535 (RFC 9110 section 9.3.6). */
export function checkConnectTarget(authority: string): Violation | undefined {
  const fault = authority === ""
    ? malformed("9113-8.5:fields", "the target of CONNECT is empty")
    : checkWebAuthority(authority);
  if (fault !== undefined) return fault;
  const colon = portColon(authority);
  const port = colon === -1 ? 0 : Number(authority.slice(colon + 1));
  if (colon < 1 || port < 1 || port > 65535) {
    return malformed("9110-9.3.6", "the target of CONNECT lacks a host or a valid port");
  }
  return undefined;
}

/** Checks the authority of a scheme that we do not know: only its octets. */
export function checkOtherAuthority(authority: string): Violation | undefined {
  if (authority === "" || consistsOf(authority, AUTHORITY)) return undefined;
  return malformed("9113-8.3.1:authority", "the authority holds an octet that it may not hold");
}

/** Whether two authorities name the same entity under a scheme: case and the default port do not count. */
export function isSameAuthority(one: string, other: string, scheme: string): boolean {
  return one === other || normalize(one, scheme) === normalize(other, scheme);
}

function normalize(authority: string, scheme: string): string {
  const lower = authority.toLowerCase();
  const colon = portColon(lower);
  if (colon === -1) return lower;
  const port = lower.slice(colon + 1);
  const isDefault = port === "" || (scheme === "https" && port === "443") ||
    (scheme === "http" && port === "80");
  return isDefault ? lower.slice(0, colon) : lower;
}

/** Where the colon before the port is, or -1. */
function portColon(authority: string): number {
  const colon = authority.lastIndexOf(":");
  return colon > authority.lastIndexOf("]") ? colon : -1;
}

function isHostAndPort(authority: string): boolean {
  if (!consistsOf(authority, AUTHORITY)) return false;
  const colon = portColon(authority);
  const host = colon === -1 ? authority : authority.slice(0, colon);
  const port = colon === -1 ? "" : authority.slice(colon + 1);
  if (port !== "" && !(consistsOf(port, DIGIT) && Number(port) <= 65535)) return false;
  if (host.charCodeAt(0) === 91) return /^\[[0-9a-fA-Fv:.%a-zA-Z_~!$&'()*+,;=-]+\]$/.test(host);
  return host !== "" && !/[[\]:]/.test(host);
}
