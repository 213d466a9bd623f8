import type { DetailedPeerCertificate, TLSSocket } from "node:tls";

/** What a certificate says, for people. */
export interface CertificateFacts {
  /** The subject: its common name, or the whole name where there is none. */
  readonly subject: string;
  /** The issuer, likewise. */
  readonly issuer: string;
  /** Whether subject and issuer are the same. */
  readonly selfIssued: boolean;
  /** The names and addresses that it covers. */
  readonly names: readonly string[];
  /** The first moment of validity, ISO 8601. */
  readonly validFrom: string;
  /** The last one. */
  readonly validTo: string;
  /** Whole days until then, negative once it is past. */
  readonly daysLeft: number;
  /** Whole days from the first to the last moment. */
  readonly daysTotal: number;
  /** Kind and size of the key, such as `P-256` or `RSA 2048`. */
  readonly keyType: string;
  /** SHA-256 of the certificate, in lower-case hex. */
  readonly sha256: string;
}

/** What a TLS handshake showed. */
export interface TlsFacts {
  /** `1.3` or `1.2`. */
  readonly version: string;
  /** The name of the cipher suite. */
  readonly cipher: string;
  /** The application protocol, `null` when none was chosen. */
  readonly alpn: string | null;
  /** The certificate of the server. */
  readonly certificate: CertificateFacts | null;
}

/** Where to look. */
export interface TlsFactsOptions {
  /** The host to connect to. */
  readonly hostname: string;
  /** The port to connect to. */
  readonly port: number;
  /** The server name to ask for. */
  readonly serverName: string;
  /** The protocols to offer. */
  readonly alpn: readonly string[];
  /** Give up after this long, in milliseconds. @default {5000} */
  readonly timeoutMs?: number;
}

const DAY_MS = 86_400_000;

function nameOf(subject: Readonly<Record<string, unknown>> | undefined): string {
  if (subject === undefined || subject === null) return "";
  const common = subject["CN"];
  if (typeof common === "string" && common !== "") return common;
  return Object.entries(subject).map(([key, value]) => `${key}=${value}`).join(", ");
}

function keyTypeOf(certificate: DetailedPeerCertificate): string {
  const curve = certificate.nistCurve ?? certificate.asn1Curve;
  if (curve !== undefined) return curve;
  return certificate.bits === undefined ? "unknown" : `RSA ${certificate.bits}`;
}

function namesOf(text: string | undefined): string[] {
  if (text === undefined || text === "") return [];
  return text.split(", ").map((part) => part.replace(/^(?:DNS|IP Address|IP|URI|email):/, ""));
}

/** Reads what matters from a certificate as `node:tls` shows it. */
export function certificateFacts(certificate: DetailedPeerCertificate, now: number): CertificateFacts {
  const from = Date.parse(certificate.valid_from);
  const to = Date.parse(certificate.valid_to);
  const subject = nameOf(certificate.subject as unknown as Record<string, unknown>);
  const issuer = nameOf(certificate.issuer as unknown as Record<string, unknown>);
  return {
    subject,
    issuer,
    selfIssued: JSON.stringify(certificate.subject) === JSON.stringify(certificate.issuer),
    names: namesOf(certificate.subjectaltname),
    validFrom: new Date(from).toISOString(),
    validTo: new Date(to).toISOString(),
    daysLeft: Math.floor((to - now) / DAY_MS),
    daysTotal: Math.round((to - from) / DAY_MS),
    keyType: keyTypeOf(certificate),
    sha256: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

function read(socket: TLSSocket): TlsFacts {
  const certificate = socket.getPeerCertificate(true);
  const hasOne = certificate !== null && certificate !== undefined && certificate.raw !== undefined;
  return {
    version: (socket.getProtocol() ?? "unknown").replace(/^TLSv/, ""),
    cipher: socket.getCipher()?.standardName ?? socket.getCipher()?.name ?? "unknown",
    alpn: typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : null,
    certificate: hasOne ? certificateFacts(certificate, Date.now()) : null,
  };
}

/**
 * Asks a server for its certificate and what TLS agreed on, on a connection of its own that sends nothing
 * else and trusts anything. `undefined` where no handshake comes about.
 */
export async function readTlsFacts(options: TlsFactsOptions): Promise<TlsFacts | undefined> {
  const { connect } = await import("node:tls");
  return await new Promise((resolve) => {
    const isAddress = options.serverName.includes(":") || /^[\d.]+$/.test(options.serverName);
    const socket = connect({
      host: options.hostname,
      port: options.port,
      ...(isAddress ? {} : { servername: options.serverName }),
      ...(options.alpn.length === 0 ? {} : { ALPNProtocols: [...options.alpn] }),
      rejectUnauthorized: false,
    });
    const timer = setTimeout(() => finish(undefined), options.timeoutMs ?? 5000);
    function finish(facts: TlsFacts | undefined): void {
      clearTimeout(timer);
      socket.destroy();
      resolve(facts);
    }
    socket.once("secureConnect", () => {
      try {
        finish(read(socket));
      } catch {
        finish(undefined);
      }
    });
    socket.on("error", () => finish(undefined));
  });
}
