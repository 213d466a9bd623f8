/** Bytes both ways over one exchange (RFC 9110 section 9.3.6, RFC 8441, RFC 9220). */
export interface Tunnel {
  /** Bytes from the peer; ends when the peer has ended its half. Cancelling it ends the tunnel. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Bytes to the peer; `close()` ends this half only, `abort()` the whole tunnel. */
  readonly writable: WritableStream<Uint8Array>;
}
