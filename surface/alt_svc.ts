/** An alternative service: another place, or another protocol, for the same origin (RFC 7838). */
export interface Alternative {
  /** The protocol's ALPN name, such as `h3`. */
  readonly protocol: string;
  /** Its host; empty for that of the origin. */
  readonly hostname: string;
  /** Its port. */
  readonly port: number;
  /** How long it may be used, in seconds. */
  readonly maxAgeS: number;
  /** Whether it outlives a change of the network. */
  readonly isPersistent: boolean;
}

const DEFAULT_MAX_AGE_S = 86_400;
const MAX_ALTERNATIVES = 16;
/** protocol-id "=" quoted-string, or the word `clear`. */
const START = /\s*(?:(clear)\s*$|([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=)/iy;
const VALUE = /"((?:[^"\\]|\\.)*)"|([!#$%&'*+\-.^_`|~0-9A-Za-z]+)/y;
const PARAMETER = /\s*;\s*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=)?/y;

/**
 * Reads the value of an `alt-svc` field or frame (RFC 7838 section 3): the alternatives, the
 * preferred one first; `"clear"` when all that were known are to be forgotten; `undefined`
 * for what cannot be read, which changes nothing.
 */
export function parseAltSvc(text: string): readonly Alternative[] | "clear" | undefined {
  const cursor = { text, at: 0 };
  if (/^\s*clear\s*$/i.test(text)) return "clear";
  const found: Alternative[] = [];
  do {
    const start = match(cursor, START);
    if (start?.[2] === undefined) return undefined;
    const authority = value(cursor);
    if (authority === undefined) return undefined;
    const parameters = new Map<string, string>();
    for (let next = match(cursor, PARAMETER); next !== undefined; next = match(cursor, PARAMETER)) {
      const given = next[1] === undefined ? undefined : value(cursor);
      if (given === undefined) return undefined;
      parameters.set(next[1]!.toLowerCase(), given);
    }
    const alternative = alternativeOf(start[2], authority, parameters);
    if (alternative !== undefined && found.length < MAX_ALTERNATIVES) found.push(alternative);
  } while (match(cursor, /\s*,/y) !== undefined);
  return text.slice(cursor.at).trim() === "" ? found : undefined;
}

interface Cursor {
  readonly text: string;
  at: number;
}

function match(cursor: Cursor, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (found === null) return undefined;
  cursor.at = pattern.lastIndex;
  return found;
}

function value(cursor: Cursor): string | undefined {
  const found = match(cursor, VALUE);
  return found === undefined ? undefined : found[2] ?? found[1]!.replaceAll(/\\(.)/g, "$1");
}

function alternativeOf(
  protocol: string,
  authority: string,
  parameters: ReadonlyMap<string, string>,
): Alternative | undefined {
  const parts = /^(.*):(\d{1,5})$/.exec(authority);
  const port = Number(parts?.[2]);
  if (parts === null || port < 1 || port > 65_535) return undefined;
  const hostname = parts[1]!.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (hostname !== "" && !/^[\w.:-]+$/.test(hostname)) return undefined;
  const ma = parameters.get("ma");
  if (ma !== undefined && !/^\d{1,10}$/.test(ma)) return undefined;
  return {
    protocol: decodeProtocol(protocol),
    hostname,
    port,
    maxAgeS: ma === undefined ? DEFAULT_MAX_AGE_S : Number(ma),
    isPersistent: parameters.get("persist") === "1",
  };
}

/** ALPN names are percent-encoded there. */
function decodeProtocol(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
