/**
 * TCP and TLS by way of `node:net` and `node:tls`: HTTP/2 on Node, Bun, and Deno.
 *
 * @module
 */
import type { NetConnectOpts, Socket } from "node:net";
import type { ConnectionOptions, PeerCertificate } from "node:tls";
import { type Deadline, deadline } from "./deadline.ts";
import type { ByteTransport, ConnectTiming } from "./mod.ts";
import { toNodeTransportError } from "./node_errors.ts";
import { transportOf } from "./node_transport.ts";

export type { ByteListener } from "./mod.ts";
export { listenTcp, type ListenTcpOptions, listenTls, type ListenTlsOptions } from "./node_listen.ts";
export { nodeTransport } from "./node_transport.ts";

/** How long a connect may take when the caller does not say, in milliseconds. */
const CONNECT_TIMEOUT_MS = 30_000;

/** Where to connect, and for how long to try. */
export interface ConnectTcpOptions {
  /** A name or an address; brackets around an IPv6 address are taken off. */
  readonly hostname: string;
  /** 0 to 65535. */
  readonly port: number;
  /** Ends the connect at once. */
  readonly signal?: AbortSignal;
  /** For all of it: name, TCP and, where there is one, the TLS handshake. @default {30000} */
  readonly timeoutMs?: number;
  /** Whether the direct calls are there, or the Web Streams alone. @default {true} */
  readonly direct?: boolean;
}

/** Where to connect, and as whom. */
export interface ConnectTlsOptions extends ConnectTcpOptions {
  /** Application protocols, the preferred one first. */
  readonly alpn: readonly string[];
  /** The name that is asked for and that the certificate must cover. @default {hostname} */
  readonly serverName?: string;
  /** More authorities to trust, PEM. @default {[]} */
  readonly caCerts?: readonly string[];
  /** The certificate of this end, PEM; needs `key`. */
  readonly cert?: string;
  /** The key of this end's certificate, PEM. */
  readonly key?: string;
  /** Takes any certificate, and so does not know who answers. @default {false} */
  readonly insecure?: boolean;
}

/**
 * Connects over TCP; Node tries all addresses of a name (RFC 8305).
 *
 * Rejects with a `TransportError`: `dns`, `refused`, `unreachable`, `timeout`, `permission` or `aborted`.
 *
 * @example Usage
 * ```ts
 * import { connectTcp, listenTcp } from "@tandem/http/transport/node";
 *
 * const listener = await listenTcp({ hostname: "127.0.0.1", port: 0 });
 * const transport = await connectTcp({ hostname: "127.0.0.1", port: listener.addr.port });
 * transport.close();
 * listener.close();
 * ```
 */
export async function connectTcp(options: ConnectTcpOptions): Promise<ByteTransport> {
  const { connect } = await import("node:net");
  const hostname = bareHostname(options.hostname);
  const where = { host: hostname, port: options.port, allowHalfOpen: true, noDelay: true };
  return await establish(
    options,
    "tcp",
    "connect",
    (timing) => watched(connect(where as NetConnectOpts), timing),
  );
}

/**
 * Connects over TLS, with the name (SNI) and the application protocols (ALPN) that are given. What
 * was agreed on is in `info.alpn`; it is absent when the server does not know ALPN.
 *
 * Rejects as `connectTcp` does, and with `certificate` (a `CertificateError`, which says what
 * is wrong), `alpn`, or `tls`.
 *
 * @example Usage
 * ```ts ignore
 * import { connectTls } from "@tandem/http/transport/node";
 * import { connect } from "@tandem/http/h2";
 *
 * const client = connect(await connectTls({ hostname: "example.org", port: 443, alpn: ["h2"] }));
 * console.log((await client.fetch("https://example.org/")).status);
 * ```
 */
export async function connectTls(options: ConnectTlsOptions): Promise<ByteTransport> {
  const tls = await import("node:tls");
  const { isIP } = await import("node:net");
  const hostname = bareHostname(options.hostname);
  const serverName = options.serverName ?? hostname;
  const settings: ConnectionOptions & { allowHalfOpen: boolean } = {
    host: hostname,
    port: options.port,
    allowHalfOpen: true,
    ALPNProtocols: [...options.alpn],
    rejectUnauthorized: options.insecure !== true,
    checkServerIdentity: (_: string, cert: PeerCertificate) => tls.checkServerIdentity(serverName, cert),
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    ...(options.caCerts === undefined ? {} : { ca: [...tls.rootCertificates, ...options.caCerts] }),
    ...(options.cert === undefined ? {} : { cert: options.cert }),
    ...(options.key === undefined ? {} : { key: options.key }),
  };
  return await establish(
    options,
    "tls",
    "secureConnect",
    (timing) => watched(tls.connect(settings), timing),
    serverName,
  );
}

function bareHostname(hostname: string): string {
  return hostname.startsWith("[") && hostname.endsWith("]") ? hostname.slice(1, -1) : hostname;
}

/** When the parts of a connect were over, as `performance.now()` says it. */
interface Moments {
  readonly started: number;
  resolved?: number;
  connected?: number;
}

function watched<S extends Socket>(socket: S, moments: Moments): S {
  socket.once("lookup", () => moments.resolved = performance.now());
  socket.once("connect", () => moments.connected = performance.now());
  return socket;
}

/** Waits until a socket is there; it is destroyed when it does not come to be. */
async function establish(
  options: ConnectTcpOptions,
  kind: "tcp" | "tls",
  event: "connect" | "secureConnect",
  open: (moments: Moments) => Socket,
  serverName?: string,
): Promise<ByteTransport> {
  const what = `connect to ${options.hostname}:${options.port}`;
  const limit = deadline(what, {
    timeoutMs: options.timeoutMs ?? CONNECT_TIMEOUT_MS,
    signal: options.signal,
  });
  try {
    limit.signal.throwIfAborted();
    const moments: Moments = { started: performance.now() };
    const socket = await opened(() => open(moments), event, what, limit);
    socket.setNoDelay(true);
    const timing = timingOf(moments, kind);
    const name = kind === "tls" && serverName !== undefined ? { serverName } : {};
    return transportOf(socket, { kind, ...name, timing }, options.direct ?? true, true);
  } finally {
    limit.done();
  }
}

function opened(open: () => Socket, event: string, what: string, limit: Deadline): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let socket: Socket;
    const fail = (error: unknown): void => reject(toNodeTransportError(error, what, { retry: "unsent" }));
    try {
      socket = open();
    } catch (error) {
      return fail(error);
    }
    function settle(): void {
      limit.signal.removeEventListener("abort", abort);
      socket.off("error", lose);
    }
    function abort(): void {
      settle();
      socket.on("error", () => {});
      socket.destroy();
      reject(limit.signal.reason);
    }
    function lose(error: unknown): void {
      settle();
      socket.on("error", () => {});
      socket.destroy();
      fail(error);
    }
    socket.once(event, () => {
      settle();
      // Whoever waits for this attaches the calls in the same turn, so that nothing is missed.
      resolve(socket);
    });
    socket.on("error", lose);
    limit.signal.addEventListener("abort", abort, { once: true });
  });
}

function timingOf(moments: Moments, kind: "tcp" | "tls"): ConnectTiming {
  const { started, resolved, connected = started } = moments;
  return {
    ...(resolved === undefined ? {} : { dnsMs: resolved - started }),
    tcpMs: connected - (resolved ?? started),
    ...(kind === "tls" ? { tlsMs: performance.now() - connected } : {}),
  };
}
