import type { ByteTransport, QuicTransport, TransportInfo } from "../transport/mod.ts";

/** Where to connect, and as whom. */
export interface DialTarget {
  /** A name or an address. */
  readonly hostname: string;
  /** 0 to 65535. */
  readonly port: number;
  /** Whether there is TLS. Without, HTTP/2 is spoken by prior knowledge. */
  readonly isSecure: boolean;
  /** The name that the certificate must cover; not that of an alternative service. */
  readonly serverName: string;
  /** Ends the connect. */
  readonly signal: AbortSignal;
  /** For all of it, in milliseconds. */
  readonly timeoutMs: number;
}

/** Opens transports for a client. */
export interface Dialer {
  /** Whether `dialQuic` can work. */
  readonly hasQuic: boolean;
  /** Connects for HTTP/2: over TLS with ALPN `h2`, or over TCP. Rejects with a `TransportError`. */
  dialBytes(target: DialTarget): Promise<ByteTransport>;
  /** Connects for HTTP/3, with ALPN `h3`. Rejects with a `TransportError`. */
  dialQuic(target: DialTarget): Promise<QuicTransport>;
  /** The addresses of a name. */
  resolve?(hostname: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Whether the certificate of a connection covers another name; `undefined` when it cannot be seen. */
  covers?(info: TransportInfo, hostname: string): boolean | undefined;
}
