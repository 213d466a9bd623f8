import type { TransportError } from "../semantics/errors.ts";
import type { Deadline } from "./deadline.ts";
import { toTransportError } from "./deno_errors.ts";
import { insecureTlsTransport } from "./deno_insecure_tls.ts";
import { bareHostname, hostPort, isAddress, resolveHost } from "./deno_resolve.ts";
import { closeQuietly, socketTransport, withAddresses } from "./deno_socket.ts";
import { connectDeadline, type ConnectTcpOptions, dialTcp } from "./deno_tcp.ts";
import { raceAddresses } from "./happy_eyeballs.ts";
import type { ByteTransport, TransportInfo } from "./mod.ts";

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

/** The times up to the TLS handshake. */
interface Timing {
  readonly dnsMs?: number;
  readonly tcpMs?: number;
}

/**
 * Connects over TLS: as `connectTcp`, then a handshake with `serverName` (SNI) and ALPN. The
 * protocol that was agreed on is in `info.alpn`; it is absent when the server does not
 * know ALPN.
 *
 * Rejects as `connectTcp` does, and with `certificate` (a `CertificateError`, which says
 * what is wrong), `alpn`, or `tls` (the server does not speak TLS there).
 *
 * With `insecure`, the connection is Node's (`node:tls`), as Deno's own cannot do without a
 * certificate that it trusts.
 *
 * @example Usage
 * ```ts ignore
 * import { connectTls } from "@tandem/http/transport/deno";
 *
 * const transport = await connectTls({ hostname: "example.org", port: 443, alpn: ["h2"] });
 * console.log(transport.info.alpn, transport.info.timing);
 * transport.close();
 * ```
 */
export async function connectTls(options: ConnectTlsOptions): Promise<ByteTransport> {
  const hostname = bareHostname(options.hostname);
  const limit = connectDeadline({ ...options, hostname });
  try {
    if (options.insecure === true) return await connectInsecure(hostname, options, limit);
    if (options.cert !== undefined) return await connectWithCertificate(hostname, options, limit);
    const { conn, dnsMs, tcpMs } = await dialTcp(hostname, options.port, limit);
    const tls = await startTls(conn, hostname, options, limit);
    return await shake(tls, hostname, options, limit, { ...(dnsMs === undefined ? {} : { dnsMs }), tcpMs });
  } finally {
    limit.done();
  }
}

function serverNameOf(hostname: string, options: ConnectTlsOptions): string {
  return bareHostname(options.serverName ?? hostname);
}

function failure(error: unknown, hostname: string, options: ConnectTlsOptions): TransportError {
  return toTransportError(error, `connect to ${hostPort(hostname, options.port)}`, { retry: "unsent" });
}

async function startTls(
  conn: Deno.TcpConn,
  hostname: string,
  options: ConnectTlsOptions,
  limit: Deadline,
): Promise<Deno.TlsConn> {
  try {
    return await Deno.startTls(conn, {
      hostname: serverNameOf(hostname, options),
      alpnProtocols: [...options.alpn],
      caCerts: [...options.caCerts ?? []],
    });
  } catch (error) {
    closeQuietly(conn);
    limit.signal.throwIfAborted();
    throw failure(error, hostname, options);
  }
}

/** Runs the handshake; from here on closing the connection is what ends it early. */
async function shake(
  tls: Deno.TlsConn,
  hostname: string,
  options: ConnectTlsOptions,
  limit: Deadline,
  timing: Timing,
): Promise<ByteTransport> {
  const started = performance.now();
  const abort = (): void => closeQuietly(tls);
  limit.signal.addEventListener("abort", abort, { once: true });
  try {
    limit.signal.throwIfAborted();
    const { alpnProtocol } = await tls.handshake();
    const info: TransportInfo = {
      kind: "tls",
      serverName: serverNameOf(hostname, options),
      timing: { ...timing, tlsMs: performance.now() - started },
      ...(alpnProtocol === null ? {} : { alpn: alpnProtocol }),
    };
    return socketTransport(tls, withAddresses(info, tls), options.direct ?? true);
  } catch (error) {
    closeQuietly(tls);
    limit.signal.throwIfAborted();
    throw failure(error, hostname, options);
  } finally {
    limit.signal.removeEventListener("abort", abort);
  }
}

/**
 * `Deno.startTls` takes no client certificate; `Deno.connectTls` does, but has neither a signal
 * nor, in its types, a server name beside the address. The latter it takes by this symbol.
 */
const SERVER_NAME: symbol = Symbol.for("unstableServerName");

async function connectWithCertificate(
  hostname: string,
  options: ConnectTlsOptions,
  limit: Deadline,
): Promise<ByteTransport> {
  const { cert, key } = options;
  if (cert === undefined || key === undefined) {
    throw new TypeError("Cannot connect: a certificate needs its key");
  }
  const started = performance.now();
  const addresses = await resolveHost(hostname, limit.signal);
  const resolved = performance.now();
  async function attempt(address: string): Promise<Deno.TlsConn> {
    const parameters = {
      hostname: address,
      port: options.port,
      cert,
      key,
      alpnProtocols: [...options.alpn],
      caCerts: [...options.caCerts ?? []],
      [SERVER_NAME]: serverNameOf(hostname, options),
    };
    try {
      return await Deno.connectTls(parameters as Deno.ConnectTlsOptions & Deno.TlsCertifiedKeyPem);
    } catch (error) {
      throw failure(error, hostname, options);
    }
  }
  const tls = await raceAddresses(addresses ?? [hostname], {
    attempt,
    dispose: closeQuietly,
    signal: limit.signal,
  });
  const dnsMs = addresses === undefined || isAddress(hostname) ? undefined : resolved - started;
  const tcpMs = performance.now() - resolved;
  return await shake(tls, hostname, options, limit, { ...(dnsMs === undefined ? {} : { dnsMs }), tcpMs });
}

async function connectInsecure(
  hostname: string,
  options: ConnectTlsOptions,
  limit: Deadline,
): Promise<ByteTransport> {
  const started = performance.now();
  const addresses = await resolveHost(hostname, limit.signal);
  const dnsMs = addresses === undefined || isAddress(hostname) ? {} : { dnsMs: performance.now() - started };
  try {
    return await raceAddresses(addresses ?? [hostname], {
      attempt: (address, signal) =>
        insecureTlsTransport({
          address,
          port: options.port,
          serverName: serverNameOf(hostname, options),
          alpn: options.alpn,
          cert: options.cert,
          key: options.key,
          direct: options.direct ?? true,
          timing: dnsMs,
          signal,
        }),
      dispose: (transport) => transport.close(),
      signal: limit.signal,
    });
  } catch (error) {
    limit.signal.throwIfAborted();
    throw failure(error, hostname, options);
  }
}
