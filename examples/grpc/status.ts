/** The status codes of gRPC. */
export const GrpcStatus = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

/** A call that ended with another status than OK. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly status: number;
  /** What the server says; may be empty. */
  readonly details: string;

  constructor(status: number, details: string) {
    super(`The call ended with status ${status}`);
    this.status = status;
    this.details = details;
  }
}

/** The form of `grpc-message` on the wire: UTF-8, with all but plain ASCII percent-encoded. */
export function encodeMessage(text: string): string {
  let encoded = "";
  for (const byte of new TextEncoder().encode(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** The text of a `grpc-message`; what is not well encoded stays as it is. */
export function decodeMessage(encoded: string): string {
  const bytes: number[] = [];
  for (let i = 0; i < encoded.length; i++) {
    const hex = encoded[i] === "%" ? encoded.slice(i + 1, i + 3) : "";
    if (/^[0-9a-f]{2}$/i.test(hex)) {
      bytes.push(parseInt(hex, 16));
      i += 2;
    } else bytes.push(encoded.charCodeAt(i) & 255);
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** The status that stands for an HTTP status without a gRPC one. */
export function statusOfHttp(status: number): number {
  if (status === 400) return GrpcStatus.INTERNAL;
  if (status === 404) return GrpcStatus.UNIMPLEMENTED;
  return status === 429 || status >= 502 && status <= 504 ? GrpcStatus.UNAVAILABLE : GrpcStatus.UNKNOWN;
}
