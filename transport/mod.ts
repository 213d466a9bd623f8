/**
 * What the engines ask of a transport: one pair of byte streams for HTTP/2, a
 * set of QUIC streams for HTTP/3. The shapes follow WebTransport's names.
 *
 * The adapters for Deno are in `@tandem/http/transport/deno`, a pair of ends in one process in
 * `@tandem/http/transport/memory`, and the suite that every adapter must pass in
 * `@tandem/http/transport/testing`.
 *
 * @module
 */

export { type ErrorDetails, TransportError } from "../semantics/errors.ts";
export {
  type CertificateDetails,
  CertificateError,
  type CertificateProblem,
  type PermissionDetails,
  PermissionError,
} from "./errors.ts";
export { type StreamPair, streamsTransport } from "./streams.ts";

/** Where one end of a transport is. */
export interface TransportAddress {
  /** An IP address, or a name for transports that have no addresses. */
  readonly hostname: string;
  /** 0 to 65535. */
  readonly port: number;
}

/** What is known about a transport once it is there. */
export interface TransportInfo {
  /** What carries the bytes. */
  readonly kind: "tcp" | "tls" | "quic" | "memory" | "streams";
  /** The application protocol that was negotiated, if any was. */
  readonly alpn?: string;
  /** This end, where it is known. */
  readonly local?: TransportAddress;
  /** The other end, where it is known. */
  readonly remote?: TransportAddress;
  /** The server name that the client asked for, where it is known. */
  readonly serverName?: string;
  /** How long the parts of the connect took. */
  readonly timing?: ConnectTiming;
}

/** How long the parts of a connect took, in milliseconds; absent where there was no such part. */
export interface ConnectTiming {
  /** Name look-up. */
  readonly dnsMs?: number;
  /** TCP handshake. */
  readonly tcpMs?: number;
  /** TLS handshake. */
  readonly tlsMs?: number;
  /** QUIC handshake, TLS included. */
  readonly quicMs?: number;
}

/**
 * Listens for byte transports. Iterate over it once; the iteration ends when it is closed.
 * A client that fails does not end the iteration.
 */
export interface ByteListener extends AsyncIterable<ByteTransport> {
  /** Where it listens, with the real port. */
  readonly addr: TransportAddress;
  /** Stops listening; transports that were handed out live on. May be called twice. */
  close(): void;
  /**
   * Stops listening, but lets clients that are in their handshake finish: they are still
   * handed out, then the iteration ends. Resolves once the socket is closed; a client whose
   * connect falls into that moment is reset.
   */
  retire(): Promise<void>;
}

/**
 * A duplex pipe of bytes: enough for HTTP/2.
 *
 * A transport that offers the direct calls is used through them; else through the
 * Web Streams. Never use both on one transport.
 */
export interface ByteTransport {
  /** Bytes from the peer; ends when the peer has ended its half. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Bytes to the peer; `close()` ends this half only. */
  readonly writable: WritableStream<Uint8Array>;
  /** What is known about it. */
  readonly info: TransportInfo;
  /** Ends both halves at once. May be called twice. Never throws. */
  close(): void;
  /** Direct call: fills `buffer`, resolves with the count, or `null` at the end. One at a time. */
  read?(buffer: Uint8Array): Promise<number | null>;
  /** Direct call: resolves when all of `bytes` was taken and may be reused. One at a time. */
  write?(bytes: Uint8Array): Promise<void>;
  /**
   * Direct call: like `write`, for the pieces one after the other; one of the two at a time. Offered
   * where the pieces need not be copied together first. After a `close()` they are not looked at any more.
   */
  writev?(pieces: readonly Uint8Array[]): Promise<void>;
  /** From what size on `writev` takes a piece for less than a copy of it costs, in bytes. @default {8192} */
  readonly minPieceBytes?: number | undefined;
  /** Direct call: ends this half after what was written. */
  closeWrite?(): Promise<void>;
}

/** What a QUIC transport can signal. */
export interface QuicCapabilities {
  /** `reset(code)` and `stop(code)` reach the peer with that code. */
  readonly exactStreamErrors: boolean;
  /** The codes of the peer's resets and stops are visible. */
  readonly reportsPeerCodes: boolean;
  /** `priority` on a send stream has an effect. */
  readonly priority: boolean;
  /** Unreliable datagrams work. */
  readonly datagrams: boolean;
}

/** How a QUIC connection ended. */
export interface QuicCloseInfo {
  /** Who ended it: the peer, this end, or nobody (idle timeout, loss). */
  readonly by: "remote" | "local" | "lost";
  /** The application error code, where one was given. */
  readonly code?: number;
  /** The reason phrase, empty where none was given. */
  readonly reason: string;
}

/** The half of a QUIC stream that this end writes. */
export interface QuicSendStream {
  /** The QUIC stream id. */
  readonly id: number;
  /**
   * Bytes to the peer; `close()` sends FIN. Rejects with a `QuicStreamError` once the peer has stopped it.
   * Chunks may be memory of the application: they are read until their write is over, and never transferred.
   */
  readonly writable: WritableStream<Uint8Array>;
  /**
   * Ends this half early. Where the transport has no exact stream errors it must
   * not be called on a message that could look complete (see `QuicCapabilities`).
   */
  reset(code: number): void;
  /** Higher goes first; equal ones share. */
  priority?: number;
  /**
   * Set by who writes with the direct calls: called when the peer stops the stream while nothing
   * is being written, by transports that learn of it. Others tell with the next write.
   */
  onStopped?: ((code: number | undefined) => void) | undefined;
  /** Direct call: resolves when `bytes` was taken and may be reused. One at a time. */
  write?(bytes: Uint8Array): Promise<void>;
  /** Direct call: sends FIN after what was written. */
  finish?(): Promise<void>;
}

/** The half of a QUIC stream that the peer writes. */
export interface QuicReceiveStream {
  /** The QUIC stream id. */
  readonly id: number;
  /** Bytes from the peer. Rejects with a `QuicStreamError` after a reset. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Asks the peer to stop sending (STOP_SENDING). */
  stop(code: number): void;
  /** Direct call: fills `buffer`, resolves with the count, or `null` after FIN. One at a time. */
  read?(buffer: Uint8Array): Promise<number | null>;
  /**
   * Direct call beside `read`, for transports that read into memory of their own: resolves with the next
   * bytes, which are valid until the next call of either, or `null` after FIN.
   */
  next?(): Promise<Uint8Array | null>;
}

/** A bidirectional QUIC stream. */
export interface QuicBidiStream {
  /** The QUIC stream id. */
  readonly id: number;
  /** The half that this end writes. */
  readonly send: QuicSendStream;
  /** The half that the peer writes. */
  readonly receive: QuicReceiveStream;
}

/** A QUIC connection: enough for HTTP/3. */
export interface QuicTransport {
  /** What is known about it. */
  readonly info: TransportInfo;
  /** What it can signal. */
  readonly capabilities: QuicCapabilities;
  /** Streams that the peer opens, both directions. Ends at a close, of either end. */
  readonly incomingBidi: ReadableStream<QuicBidiStream>;
  /** Streams that the peer opens, its direction only. */
  readonly incomingUni: ReadableStream<QuicReceiveStream>;
  /** Whether the handshake is still to be confirmed: what arrived so far is early data (0-RTT). */
  readonly isEarly: boolean;
  /**
   * Only on a connection that began with early data of this end: whether the server took it.
   * After `rejected` every stream that was opened before is dead, and ids begin again.
   */
  readonly earlyData?: Promise<"accepted" | "rejected">;
  /** Opens a stream; waits for the peer's stream credit. */
  openBidi(): Promise<QuicBidiStream>;
  /** Opens a stream in this end's direction only. */
  openUni(): Promise<QuicSendStream>;
  /** Unreliable datagrams, where there are any. */
  readonly datagrams?: QuicDatagrams;
  /** Ends the connection with an application error code. May be called twice. Never throws. */
  close(code: number, reason: string): void;
  /** Resolves once the connection is over. Never rejects. */
  readonly closed: Promise<QuicCloseInfo>;
}

/** Unreliable datagrams of a QUIC connection (RFC 9221). */
export interface QuicDatagrams {
  /** The largest payload that can be sent now, in bytes; 0 when the peer takes none. */
  readonly maxBytes: number;
  /** Sends one datagram, or drops it; rejects with `RangeError` when it is too large. */
  send(data: Uint8Array): Promise<void>;
  /** Datagrams of the peer. */
  readonly readable: ReadableStream<Uint8Array>;
}

/** A QUIC stream that the peer reset (RESET_STREAM) or stopped (STOP_SENDING). */
export class QuicStreamError extends Error {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "QuicStreamError";
  /** What the peer did. */
  readonly kind: "reset" | "stopped";
  /** The application error code, or `undefined` where the transport does not tell. */
  readonly wireCode: number | undefined;

  /** Makes an error for one stream. */
  constructor(kind: "reset" | "stopped", wireCode: number | undefined) {
    super(
      `The peer ${kind} the stream${wireCode === undefined ? "" : ` with code 0x${wireCode.toString(16)}`}`,
    );
    this.kind = kind;
    this.wireCode = wireCode;
  }
}
