import { type ErrorDetails, type Initiator, TransportError } from "../semantics/errors.ts";
import { CertificateError, type CertificateProblem, PermissionError } from "./errors.ts";
import { type QuicCloseInfo, QuicStreamError } from "./mod.ts";

// Deno tells most of what goes wrong in English only. All of that is read here and nowhere
// else; tests/transport/deno_errors_test.ts holds the wording of the running Deno against it.

/** The codes of `TransportError` that come from the platform. */
export type TransportCode =
  | "dns"
  | "refused"
  | "unreachable"
  | "timeout"
  | "certificate"
  | "alpn"
  | "tls"
  | "permission"
  | "reset"
  | "closed"
  | "lost"
  | "in-use"
  | "unavailable";

interface Verdict {
  readonly code: TransportCode;
  readonly initiator: Initiator;
  /** What is so, in our words. */
  readonly detail: string;
  readonly problem?: CertificateProblem;
  readonly coveredNames?: readonly string[];
  readonly flag?: string;
  readonly wireCode?: number;
}

type Row = readonly [pattern: RegExp, code: TransportCode, initiator: Initiator, detail: string];

/** By message text; the first that matches counts. */
const BY_TEXT: readonly Row[] = [
  [
    /failed to lookup address information|^getaddrinfo |no records found for Query/,
    "dns",
    "remote",
    "no address for that name",
  ],
  [
    /NoApplicationProtocol|doesn't support any known protocol/,
    "alpn",
    "remote",
    "the two ends have no application protocol in common",
  ],
  [/refused to accept a new connection/, "refused", "remote", "the server accepts no new connection"],
  [
    /received corrupt message of type|InvalidContentType|wrong version number|packet length too long/,
    "tls",
    "remote",
    "the server does not speak TLS on that port",
  ],
  [
    /tls handshake eof|unexpected eof during handshake|before secure TLS connection/i,
    "tls",
    "remote",
    "the server closed in the middle of the TLS handshake",
  ],
  [
    /No (?:certificates|keys) found|keys may not be consistent|KeyMismatch/,
    "tls",
    "user",
    "the certificate or its key cannot be used, or the two do not belong together",
  ],
  [/invalid server name/, "dns", "user", "that is no valid server name"],
  [
    /invalid remote address/,
    "unreachable",
    "local",
    "the local socket cannot reach an address of that family",
  ],
  [
    /No route to host|Network is unreachable|Host is unreachable/i,
    "unreachable",
    "remote",
    "there is no way to that address",
  ],
  [
    /Cannot assign requested address|Address not available/i,
    "unavailable",
    "user",
    "that address is not one of this machine",
  ],
  [/Address already in use/i, "in-use", "user", "something listens on that port already"],
  [/[Cc]onnection refused|ECONNREFUSED/, "refused", "remote", "nothing listens on that port"],
  [/timed out|ETIMEDOUT/, "timeout", "remote", "no answer in time"],
  [
    /^reset by peer|[Cc]onnection reset|ECONNRESET|[Bb]roken pipe|EPIPE/,
    "reset",
    "remote",
    "the peer has broken the connection",
  ],
  [
    /without sending TLS close_notify|unexpected end of file|^unexpected eof/i,
    "reset",
    "remote",
    "the peer ended the connection without closing TLS: what came may be cut short",
  ],
  [/^closed by peer/, "closed", "remote", "the peer has closed the connection"],
  [
    /^(?:closed|endpoint stopping|connection lost)$|operation canceled|Bad resource ID|resource was closed|Invalid Quic\w+ resource|Listener has been closed/,
    "closed",
    "user",
    "it is closed",
  ],
];

/** By the name of the class, where no text matched. */
const BY_NAME: Readonly<Record<string, Row>> = {
  ConnectionRefused: [/^/, "refused", "remote", "nothing listens on that port"],
  ConnectionReset: [/^/, "reset", "remote", "the peer has broken the connection"],
  ConnectionAborted: [/^/, "reset", "remote", "the connection was broken off"],
  BrokenPipe: [/^/, "reset", "remote", "the peer takes no more"],
  NotConnected: [/^/, "closed", "local", "it is not connected any more"],
  UnexpectedEof: [
    /^/,
    "reset",
    "remote",
    "the peer ended the connection without closing TLS: what came may be cut short",
  ],
  TimedOut: [/^/, "timeout", "remote", "no answer in time"],
  NetworkUnreachable: [/^/, "unreachable", "remote", "there is no way to that address"],
  AddrInUse: [/^/, "in-use", "user", "something listens on that port already"],
  AddrNotAvailable: [/^/, "unavailable", "user", "that address is not one of this machine"],
  BadResource: [/^/, "closed", "user", "it is closed"],
  Interrupted: [/^/, "closed", "user", "it was closed meanwhile"],
  NotFound: [/^/, "dns", "remote", "no address for that name"],
  InvalidData: [/^/, "tls", "remote", "the TLS handshake failed"],
};

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

/** Whether Deno itself refused, for want of a permission. */
export function isPermissionDenial(error: unknown): boolean {
  return nameOf(error) === "NotCapable";
}

function permissionVerdict(error: unknown): Verdict {
  const match = /^Requires (\w+) access(?: to "([^"]*)")?/.exec(textOf(error));
  const access = match?.[1] ?? "net";
  const target = match?.[2];
  const flag = `--allow-${access}${target === undefined ? "" : `=${target}`}`;
  return { code: "permission", initiator: "user", detail: `the permission ${flag} is missing`, flag };
}

function coveredNames(text: string): string[] {
  const list = /certificate is only valid for (.*)$/.exec(text)?.[1];
  if (list === undefined) return [];
  const names: string[] = [];
  for (const match of list.matchAll(/(DnsName|IpAddress)\((?:"([^"]*)"|([^)]*))\)/g)) {
    const name = match[2] ?? match[3]!;
    names.push(match[1] === "IpAddress" && name.startsWith("0::") ? name.slice(1) : name);
  }
  return names;
}

/** The codes of Node's TLS for a certificate that was not accepted. */
const NODE_CERTIFICATE: Readonly<Record<string, CertificateProblem>> = {
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "not-yet-valid",
  DEPTH_ZERO_SELF_SIGNED_CERT: "unknown-issuer",
  SELF_SIGNED_CERT_IN_CHAIN: "unknown-issuer",
  UNABLE_TO_GET_ISSUER_CERT: "unknown-issuer",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unknown-issuer",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unknown-issuer",
  ERR_TLS_CERT_ALTNAME_INVALID: "wrong-name",
};

function certificateProblem(error: unknown, text: string): CertificateProblem | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === "string" && code in NODE_CERTIFICATE) return NODE_CERTIFICATE[code];
  const what = /invalid peer certificate: (.*)$/.exec(text)?.[1];
  if (what === undefined) {
    const alert = /received fatal alert: (\w*)/.exec(text)?.[1];
    if (alert !== undefined && /Certificate|UnknownCA|AccessDenied/.test(alert)) return "refused";
    return undefined;
  }
  if (/^aborted by peer/.test(text)) return "refused";
  if (/UnknownIssuer/.test(what)) return "unknown-issuer";
  if (/not valid for/.test(what)) return "wrong-name";
  if (/expired|^Expired/.test(what)) return "expired";
  if (/not valid yet|NotValidYet/.test(what)) return "not-yet-valid";
  if (/CaUsedAsEndEntity/.test(what)) return "authority";
  return "other";
}

const PROBLEM_TEXT: Readonly<Record<CertificateProblem, string>> = {
  "unknown-issuer": "nobody trusted has signed the server's certificate",
  "wrong-name": "the server's certificate is for other names",
  "expired": "the server's certificate has expired",
  "not-yet-valid": "the server's certificate is not valid yet",
  "authority": "the server's certificate is that of an authority",
  "refused": "the peer refused the certificate of this end",
  "other": "the server's certificate cannot be accepted",
};

function judge(error: unknown): Verdict {
  if (isPermissionDenial(error)) return permissionVerdict(error);
  const text = textOf(error);
  const problem = certificateProblem(error, text);
  if (problem !== undefined) {
    const names = coveredNames(text);
    const list = names.length === 0 ? "" : `: ${names.join(", ")}`;
    const initiator = problem === "refused" ? "remote" : "local";
    return {
      code: "certificate",
      initiator,
      detail: PROBLEM_TEXT[problem] + list,
      problem,
      coveredNames: names,
    };
  }
  const row = BY_TEXT.find(([pattern]) => pattern.test(text)) ?? BY_NAME[nameOf(error)];
  if (row === undefined) {
    const isTls = /handshake|fatal alert|tls/i.test(text);
    return { code: isTls ? "tls" : "lost", initiator: "remote", detail: text };
  }
  const wireCode = row[1] === "closed" && row[2] === "remote" ? closeCodeOf(text) : undefined;
  const detail = row[3];
  return { code: row[1], initiator: row[2], detail, ...(wireCode === undefined ? {} : { wireCode }) };
}

/**
 * Makes a `TransportError` of whatever the platform threw; one that is a `TransportError`
 * already is returned as it is.
 *
 * @param what what was tried, as in "connect to 127.0.0.1:443"
 */
export function toTransportError(
  error: unknown,
  what: string,
  more: Partial<ErrorDetails> = {},
): TransportError {
  if (error instanceof TransportError) return error;
  const verdict = judge(error);
  const message = `Cannot ${what}: ${verdict.detail}`;
  const details: ErrorDetails = {
    initiator: verdict.initiator,
    cause: error,
    ...(verdict.wireCode === undefined ? {} : { wireCode: verdict.wireCode }),
    ...more,
  };
  if (verdict.problem !== undefined) {
    return new CertificateError(message, {
      ...details,
      problem: verdict.problem,
      coveredNames: verdict.coveredNames ?? [],
    });
  }
  if (verdict.flag !== undefined) return new PermissionError(message, { ...details, flag: verdict.flag });
  return new TransportError(verdict.code, message, details);
}

function closeCodeOf(text: string): number | undefined {
  const match = /^closed by peer: (?:(\d+)$|.*\(code (\d+)\)$)/s.exec(text);
  return match === null ? undefined : Number(match[1] ?? match[2]);
}

/** Reads a QUIC stream's error: the peer's reset or stop with its code, else `undefined`. */
export function toStreamError(error: unknown): QuicStreamError | undefined {
  const match = /^(stream reset by peer|sending stopped by peer): error (\d+)$/.exec(textOf(error));
  if (match === null) return undefined;
  return new QuicStreamError(match[1] === "stream reset by peer" ? "reset" : "stopped", Number(match[2]));
}

/** Whether a stream failed because the server did not take the early data that it was part of. */
export function isEarlyDataRejection(error: unknown): boolean {
  return /^0-RTT rejected/.test(textOf(error));
}

/** Reads the reason that a QUIC connection's `closed` rejects with. */
export function toCloseInfo(error: unknown): QuicCloseInfo {
  const text = textOf(error);
  const code = closeCodeOf(text);
  if (code !== undefined) {
    const reason = /^closed by peer: (.*) \(code \d+\)$/s.exec(text)?.[1] ?? "";
    return { by: "remote", code, reason };
  }
  if (/^aborted by peer/.test(text)) return { by: "remote", reason: text };
  return { by: "lost", reason: text };
}
