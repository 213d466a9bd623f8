/** A certificate for development, made on the spot. */
export interface DevCertificate {
  /** The certificate, PEM. */
  readonly cert: string;
  /** The private key, PKCS #8 in PEM. */
  readonly key: string;
  /** SHA-256 of the certificate (DER), in lower-case hex. */
  readonly sha256: string;
  /** The first moment at which it is valid. */
  readonly notBefore: Date;
  /** The last one. */
  readonly notAfter: Date;
}

/** What a development certificate is made for. */
export interface DevCertificateOptions {
  /** More names or addresses than localhost, 127.0.0.1 and ::1. */
  readonly names?: readonly string[];
  /** Days of validity; browsers take pinned certificates of at most 14. @default {13} */
  readonly days?: number;
}

/** The names that every development certificate covers. */
export const DEV_NAMES: readonly string[] = ["localhost", "127.0.0.1", "::1"];

function isAddress(name: string): boolean {
  return name.includes(":") || /^\d+(?:\.\d+){3}$/.test(name);
}

/** SHA-256 as lower-case hex. */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** The DER bytes of the first certificate in a PEM text, or `undefined`. */
export function derOfPem(pem: string): Uint8Array<ArrayBuffer> | undefined {
  const match = /-----BEGIN CERTIFICATE-----([\sA-Za-z0-9+/=]+)-----END CERTIFICATE-----/.exec(pem);
  if (match === null) return undefined;
  try {
    return Uint8Array.fromBase64(match[1]!.replaceAll(/\s/g, ""));
  } catch {
    return undefined;
  }
}

/**
 * Makes a self-signed leaf certificate: EC P-256, signed with SHA-256, no authority of its own. It is
 * short-lived, so that browsers accept its hash for a pinned connection (WebTransport).
 */
export async function makeDevCertificate(options: DevCertificateOptions = {}): Promise<DevCertificate> {
  await import("reflect-metadata"); // asked for by the dependency injection below the next line
  const x509 = await import("@peculiar/x509");
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  const names = [...new Set([...DEV_NAMES, ...options.names ?? []])];
  const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000 - 3_600_000);
  const notAfter = new Date(notBefore.getTime() + 3_600_000 + (options.days ?? 13) * 86_400_000);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=localhost",
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    notBefore,
    notAfter,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isAddress(value) ? "ip" as const : "dns" as const, value })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = x509.PemConverter.encode(
    await crypto.subtle.exportKey("pkcs8", keys.privateKey),
    "PRIVATE KEY",
  );
  return {
    cert: certificate.toString("pem") + "\n",
    key: key + "\n",
    sha256: await sha256Hex(new Uint8Array(certificate.rawData)),
    notBefore,
    notAfter,
  };
}
