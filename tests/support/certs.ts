import "reflect-metadata"; // asked for by the next one
import * as x509 from "@peculiar/x509";

/** A certificate with its key, both PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
  /** SHA-256 of the certificate (DER). */
  readonly sha256: Uint8Array<ArrayBuffer>;
}

/** What a test certificate is like. */
export interface TestCertificateOptions {
  /** Names and addresses. @default {["localhost", "127.0.0.1", "::1"]} */
  readonly names?: readonly string[];
  /** Days from now at which it begins to be valid. @default {-1} */
  readonly fromDay?: number;
  /** Days from now at which it ends. @default {9} */
  readonly toDay?: number;
  /** Signed by itself rather than by the test authority. @default {false} */
  readonly selfSigned?: boolean;
  /** Marked as an authority. @default {false} */
  readonly isAuthority?: boolean;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const cache = new Map<string, Promise<TestCertificate>>();
let authority: Promise<{ certificate: x509.X509Certificate; keys: CryptoKeyPair }> | undefined;

function day(offset: number): Date {
  return new Date(Date.now() + offset * 86_400_000);
}

function makeKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as Promise<CryptoKeyPair>;
}

async function makeAuthority(): Promise<{ certificate: x509.X509Certificate; keys: CryptoKeyPair }> {
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=Tandem test authority",
    notBefore: day(-2),
    notAfter: day(30),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return { certificate, keys };
}

async function make(options: TestCertificateOptions): Promise<TestCertificate> {
  const keys = await makeKeys();
  const names = options.names ?? ["localhost", "127.0.0.1", "::1"];
  const common = {
    notBefore: day(options.fromDay ?? -1),
    notAfter: day(options.toDay ?? 9),
    signingAlgorithm: ALGORITHM,
    serialNumber: crypto.getRandomValues(new Uint8Array(8)).toHex(),
    extensions: [
      new x509.BasicConstraintsExtension(options.isAuthority ?? false, undefined, true),
      new x509.SubjectAlternativeNameExtension(
        names.map((name) => ({
          type: /^[\d.]+$|:/.test(name) ? "ip" as const : "dns" as const,
          value: name,
        })),
      ),
    ],
  };
  const signer = options.selfSigned === true ? undefined : await (authority ??= makeAuthority());
  const certificate = signer === undefined
    ? await x509.X509CertificateGenerator.createSelfSigned({ ...common, name: "CN=localhost", keys })
    : await x509.X509CertificateGenerator.create({
      ...common,
      subject: "CN=localhost",
      issuer: signer.certificate.subject,
      publicKey: keys.publicKey,
      signingKey: signer.keys.privateKey,
    });
  return {
    cert: certificate.toString("pem") + "\n",
    key: x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY") +
      "\n",
    sha256: new Uint8Array(await crypto.subtle.digest("SHA-256", certificate.rawData)),
  };
}

/** The certificate of the authority that signs the others, PEM, for `caCerts`. */
export async function testAuthority(): Promise<string> {
  return (await (authority ??= makeAuthority())).certificate.toString("pem") + "\n";
}

/** Makes a certificate, or returns the one that was made for the same options in this process. */
export function testCertificate(options: TestCertificateOptions = {}): Promise<TestCertificate> {
  const id = JSON.stringify(options);
  let made = cache.get(id);
  if (made === undefined) cache.set(id, made = make(options));
  return made;
}
