/** A self-signed certificate for one short test of this process against itself. */
export interface ThrowawayCertificate {
  /** PEM. */
  readonly cert: string;
  /** PKCS #8, PEM. */
  readonly key: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** The tags of DER that are used here. */
const TAG = { INTEGER: 2, BIT_STRING: 3, OCTET_STRING: 4, OID: 6, UTF8: 12, SEQUENCE: 48, SET: 49 } as const;
const UTC_TIME = 23;
const GENERALIZED_TIME = 24;

/** ecdsa-with-SHA256, commonName, subjectAltName. */
const OID_ECDSA_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const OID_COMMON_NAME = [0x55, 4, 3];
const OID_ALT_NAME = [0x55, 0x1d, 0x11];

function der(tag: number, ...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = length < 128
    ? [tag, length]
    : length < 256
    ? [tag, 0x81, length]
    : [tag, 0x82, length >> 8, length & 255];
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** A number that is not negative, as DER wants it: no needless zeros, but one before a high bit. */
function integer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  return der(TAG.INTEGER, digits[0]! >= 128 ? [0] : [], digits);
}

function time(date: Date): Uint8Array {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return date.getUTCFullYear() < 2050
    ? der(UTC_TIME, text(digits.slice(2)))
    : der(GENERALIZED_TIME, text(digits));
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = bytes.toBase64().match(/.{1,64}/g)!.join("\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** Makes a certificate for `localhost` that is valid for an hour before and after now. */
export async function makeThrowawayCertificate(): Promise<ThrowawayCertificate> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey));
  const privateKey = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  const algorithm = der(TAG.SEQUENCE, der(TAG.OID, OID_ECDSA_SHA256));
  const name = der(
    TAG.SEQUENCE,
    der(TAG.SET, der(TAG.SEQUENCE, der(TAG.OID, OID_COMMON_NAME), der(TAG.UTF8, text("localhost")))),
  );
  const now = Date.now();
  const validity = der(TAG.SEQUENCE, time(new Date(now - 3_600_000)), time(new Date(now + 3_600_000)));
  const altNames = der(TAG.SEQUENCE, der(0x82, text("localhost")));
  const extension = der(TAG.SEQUENCE, der(TAG.OID, OID_ALT_NAME), der(TAG.OCTET_STRING, altNames));
  const body = der(
    TAG.SEQUENCE,
    der(0xa0, der(TAG.INTEGER, [2])),
    integer(crypto.getRandomValues(new Uint8Array(8))),
    algorithm,
    name,
    validity,
    name,
    publicKey,
    der(0xa3, der(TAG.SEQUENCE, extension)),
  );
  const raw = new Uint8Array(await crypto.subtle.sign(ALGORITHM, keys.privateKey, body));
  const signature = der(TAG.SEQUENCE, integer(raw.subarray(0, 32)), integer(raw.subarray(32)));
  const certificate = der(TAG.SEQUENCE, body, algorithm, der(TAG.BIT_STRING, [0], signature));
  return { cert: pem("CERTIFICATE", certificate), key: pem("PRIVATE KEY", privateKey) };
}
