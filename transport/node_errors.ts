import { type ErrorDetails, type Initiator, TransportError } from "../semantics/errors.ts";
import { CertificateError, type CertificateProblem } from "./errors.ts";

interface Verdict {
  readonly code: string;
  readonly initiator: Initiator;
  /** What is so, in our words. */
  readonly detail: string;
}

function verdict(code: string, initiator: Initiator, detail: string): Verdict {
  return { code, initiator, detail };
}

const REFUSED = verdict("refused", "remote", "nothing listens on that port");
const UNREACHABLE = verdict("unreachable", "remote", "there is no way to that address");
const NO_NAME = verdict("dns", "remote", "no address for that name");
const BROKEN = verdict("reset", "remote", "the peer has broken the connection");
const DENIED = verdict("permission", "user", "this process may not do that");
const ALPN = verdict("alpn", "remote", "the two ends have no application protocol in common");
const NOT_TLS = verdict("tls", "remote", "the server does not speak TLS on that port");
const CUT_HANDSHAKE = verdict("tls", "remote", "the server closed in the middle of the TLS handshake");
const BAD_KEY = verdict(
  "tls",
  "user",
  "the certificate or its key cannot be used, or the two do not belong together",
);

/** By `error.code`. */
const BY_CODE: Readonly<Record<string, Verdict>> = {
  ECONNREFUSED: REFUSED,
  ENOTFOUND: NO_NAME,
  EAI_AGAIN: NO_NAME,
  EAI_NODATA: NO_NAME,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ETIMEDOUT: verdict("timeout", "remote", "no answer in time"),
  ECONNRESET: BROKEN,
  ECONNABORTED: BROKEN,
  EPIPE: BROKEN,
  EADDRINUSE: verdict("in-use", "user", "something listens on that port already"),
  EADDRNOTAVAIL: verdict("unavailable", "user", "that address is not one of this machine"),
  EACCES: DENIED,
  EPERM: DENIED,
  ERR_ACCESS_DENIED: DENIED,
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: ALPN,
  ERR_SSL_NO_APPLICATION_PROTOCOL: ALPN,
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_TLS,
  ERR_SSL_HTTP_REQUEST: NOT_TLS,
  ERR_TLS_HANDSHAKE_TIMEOUT: verdict("timeout", "remote", "the TLS handshake took too long"),
  ERR_STREAM_DESTROYED: verdict("closed", "local", "it is closed"),
  ERR_STREAM_WRITE_AFTER_END: verdict("closed", "user", "this half has ended"),
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: BAD_KEY,
  ERR_OSSL_PEM_NO_START_LINE: BAD_KEY,
  ERR_OSSL_UNSUPPORTED: BAD_KEY,
};

/** By text, where the code says too little: the first that matches counts. */
const BY_TEXT: readonly (readonly [RegExp, Verdict])[] = [
  [/before secure TLS connection/i, CUT_HANDSHAKE],
  [/no application protocol|NoApplicationProtocol|doesn't support any known protocol/i, ALPN],
  [/wrong version number|packet length too long|corrupt message|InvalidContentType/i, NOT_TLS],
  [/handshake eof|unexpected eof during handshake/i, CUT_HANDSHAKE],
  [/key values mismatch|no start line|keys may not be consistent|KeyMismatch/i, BAD_KEY],
];

const CERTIFICATE: Readonly<Record<string, CertificateProblem>> = {
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "not-yet-valid",
  DEPTH_ZERO_SELF_SIGNED_CERT: "unknown-issuer",
  SELF_SIGNED_CERT_IN_CHAIN: "unknown-issuer",
  UNABLE_TO_GET_ISSUER_CERT: "unknown-issuer",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unknown-issuer",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unknown-issuer",
  ERR_TLS_CERT_ALTNAME_INVALID: "wrong-name",
};

const PROBLEM_TEXT: Readonly<Partial<Record<CertificateProblem, string>>> = {
  "unknown-issuer": "nobody trusted has signed the server's certificate",
  "wrong-name": "the server's certificate is for other names",
  "expired": "the server's certificate has expired",
  "not-yet-valid": "the server's certificate is not valid yet",
  "refused": "the peer refused the certificate of this end",
};

function problemOf(code: string): CertificateProblem | undefined {
  if (code in CERTIFICATE) return CERTIFICATE[code];
  if (/^ERR_SSL_\w*ALERT_\w*(?:CERT|UNKNOWN_CA|ACCESS_DENIED)/.test(code)) return "refused";
  return code.startsWith("CERT_") ? "other" : undefined;
}

/** The names in a certificate's `subjectaltname`, as Node writes it. */
function coveredNames(error: unknown): string[] {
  const list = (error as { cert?: { subjectaltname?: unknown } } | null)?.cert?.subjectaltname;
  if (typeof list !== "string") return [];
  return [...list.matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].map((match) => match[1]!);
}

/** Where several addresses failed, Node throws one error of all: the most telling one counts. */
function mostTelling(error: unknown): unknown {
  const errors = (error as { errors?: unknown } | null)?.errors;
  if (!Array.isArray(errors) || errors.length === 0) return error;
  return errors.find((one) => !/^E(?:NET|HOST)UNREACH$/.test(String(one?.code))) ?? errors[0];
}

/** Makes a `TransportError` of what Node threw; one that is a `TransportError` already is returned as it is. */
export function toNodeTransportError(
  error: unknown,
  what: string,
  more: Partial<ErrorDetails> = {},
): TransportError {
  if (error instanceof TransportError) return error;
  const cause = mostTelling(error);
  const code = String((cause as { code?: unknown } | null)?.code ?? "");
  const text = cause instanceof Error ? cause.message : String(cause);
  const problem = problemOf(code);
  if (problem !== undefined) {
    const names = coveredNames(cause);
    const list = names.length === 0 ? "" : `: ${names.join(", ")}`;
    const detail = PROBLEM_TEXT[problem] ?? "the server's certificate cannot be accepted";
    const initiator = problem === "refused" ? "remote" : "local";
    return new CertificateError(`Cannot ${what}: ${detail}${list}`, {
      initiator,
      cause,
      problem,
      coveredNames: names,
      ...more,
    });
  }
  const known = BY_TEXT.find(([pattern]) => pattern.test(text))?.[1] ?? BY_CODE[code] ??
    verdict(/ssl|tls|EPROTO/i.test(code) ? "tls" : "lost", "remote", text);
  return new TransportError(known.code, `Cannot ${what}: ${known.detail}`, {
    initiator: known.initiator,
    cause,
    ...more,
  });
}
