import type { ConnectionOptions } from "node:tls";
import { toTransportError } from "./deno_errors.ts";
import { directTransport } from "./direct.ts";
import type { ByteTransport, ConnectTiming } from "./mod.ts";
import { NodeSocketCalls } from "./node_socket.ts";

/**
 * How much may wait unread before the socket is paused. A peer that speaks HTTP/2 stays far
 * below by flow control; Deno's `node:tls` can lose the end of the stream once it was paused.
 */
const MAX_UNREAD_BYTES = 16 * 1_048_576;

/** Where to connect without looking at the certificate. */
export interface InsecureTlsOptions {
  /** An address, or a name that the platform resolves. */
  readonly address: string;
  /** 0 to 65535. */
  readonly port: number;
  /** The name to ask for; not sent when it is an address. */
  readonly serverName: string;
  /** Application protocols, the preferred one first. */
  readonly alpn: readonly string[];
  /** The certificate of this end, PEM. */
  readonly cert: string | undefined;
  /** Its key, PEM. */
  readonly key: string | undefined;
  /** Whether the direct calls are shown. */
  readonly direct: boolean;
  /** The times that have passed already. */
  readonly timing: ConnectTiming;
  /** Ends the connect at once. */
  readonly signal: AbortSignal;
}

/** Connects over TLS with whatever certificate the server has. */
export async function insecureTlsTransport(options: InsecureTlsOptions): Promise<ByteTransport> {
  const { connect } = await import("node:tls");
  const { isIP } = await import("node:net");
  options.signal.throwIfAborted();
  const started = performance.now();
  let tcpMs = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const settings: ConnectionOptions & { allowHalfOpen: boolean } = {
    host: options.address,
    port: options.port,
    rejectUnauthorized: false,
    allowHalfOpen: true,
    ALPNProtocols: [...options.alpn],
    ...(isIP(options.serverName) === 0 ? { servername: options.serverName } : {}),
    ...(options.cert === undefined ? {} : { cert: options.cert }),
    ...(options.key === undefined ? {} : { key: options.key }),
  };
  const socket = connect(settings);
  const calls = new NodeSocketCalls(socket, {
    translate: toTransportError,
    maxUnreadBytes: MAX_UNREAD_BYTES,
    isOwn: true,
  });
  socket.once("connect", () => tcpMs = performance.now() - started);
  socket.once("secureConnect", () => resolve());
  calls.onFailure = reject;
  const abort = (): void => reject(options.signal.reason);
  options.signal.addEventListener("abort", abort, { once: true });
  try {
    await promise;
  } catch (error) {
    calls.close();
    throw error;
  } finally {
    options.signal.removeEventListener("abort", abort);
  }
  calls.onFailure = undefined;
  socket.setNoDelay(true);
  const alpn = socket.alpnProtocol;
  const info = {
    kind: "tls" as const,
    serverName: options.serverName,
    local: { hostname: socket.localAddress ?? "", port: socket.localPort ?? 0 },
    remote: { hostname: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 },
    timing: { ...options.timing, tcpMs, tlsMs: performance.now() - started - tcpMs },
    ...(typeof alpn === "string" ? { alpn } : {}),
  };
  return directTransport(calls, info, options.direct);
}

/** Whose certificate to look at. */
export interface PeerCertificateOptions {
  /** An address, or a name that the platform resolves. */
  readonly address: string;
  /** 0 to 65535. */
  readonly port: number;
  /** The name to ask for; not sent when it is an address. */
  readonly serverName: string;
  /** Ends it at once. */
  readonly signal: AbortSignal;
}

/** SHA-256 of the certificate (DER) that a server shows over TLS on TCP. */
export async function peerCertificateHash(options: PeerCertificateOptions): Promise<Uint8Array> {
  const { connect } = await import("node:tls");
  const { isIP } = await import("node:net");
  options.signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
  const socket = connect({
    host: options.address,
    port: options.port,
    rejectUnauthorized: false,
    ...(isIP(options.serverName) === 0 ? { servername: options.serverName } : {}),
  });
  socket.once("error", reject);
  socket.once("secureConnect", () => resolve(Uint8Array.from(socket.getPeerCertificate().raw)));
  const abort = (): void => reject(options.signal.reason);
  options.signal.addEventListener("abort", abort, { once: true });
  try {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", await promise));
  } catch (error) {
    if (error === options.signal.reason) throw error;
    throw toTransportError(error, "see the certificate");
  } finally {
    options.signal.removeEventListener("abort", abort);
    socket.on("error", () => {});
    socket.destroy();
  }
}
