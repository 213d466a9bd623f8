import { type Deadline, deadline } from "./deadline.ts";
import { isPermissionDenial, toTransportError } from "./deno_errors.ts";
import { bareHostname, hostPort, isAddress, resolveHost } from "./deno_resolve.ts";
import { closeQuietly, socketTransport, withAddresses } from "./deno_socket.ts";
import { raceAddresses } from "./happy_eyeballs.ts";
import type { ByteTransport } from "./mod.ts";

/** How long a connect may take when the caller does not say, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 30_000;

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
  /** Whether `read`, `write` and `closeWrite` are there, or the Web Streams alone. @default {true} */
  readonly direct?: boolean;
}

/** A TCP connection with the times that it took. */
export interface DialedTcp {
  /** The connection; Nagle's algorithm is off. */
  readonly conn: Deno.TcpConn;
  /** Time for the name, where one had to be looked up. */
  readonly dnsMs: number | undefined;
  /** Time for the TCP handshake. */
  readonly tcpMs: number;
}

/**
 * Connects over TCP.
 *
 * Names are looked up here, and all addresses tried in the manner of happy eyeballs
 * (RFC 8305): IPv6 first, the next address after 250 ms or after a failure.
 *
 * Rejects with a `TransportError`: `dns`, `refused`, `unreachable`, `timeout`, `permission`
 * (a `PermissionError`, with the flag), or `aborted`.
 *
 * @example Usage
 * ```ts
 * import { connectTcp, listenTcp } from "@tandem/http/transport/deno";
 *
 * const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
 * const transport = await connectTcp({ hostname: "127.0.0.1", port: listener.addr.port });
 * transport.close();
 * listener.close();
 * ```
 */
export async function connectTcp(options: ConnectTcpOptions): Promise<ByteTransport> {
  const hostname = bareHostname(options.hostname);
  const limit = connectDeadline({ ...options, hostname });
  try {
    const { conn, dnsMs, tcpMs } = await dialTcp(hostname, options.port, limit);
    const timing = { ...(dnsMs === undefined ? {} : { dnsMs }), tcpMs };
    return socketTransport(conn, withAddresses({ kind: "tcp", timing }, conn), options.direct ?? true);
  } finally {
    limit.done();
  }
}

/** The limit that `options` ask for. */
export function connectDeadline(options: ConnectTcpOptions): Deadline {
  return deadline(`connect to ${hostPort(options.hostname, options.port)}`, {
    timeoutMs: options.timeoutMs ?? CONNECT_TIMEOUT_MS,
    signal: options.signal,
  });
}

/** Resolves and connects; rejects with a `TransportError`. */
export async function dialTcp(hostname: string, port: number, limit: Deadline): Promise<DialedTcp> {
  const { signal } = limit;
  signal.throwIfAborted();
  const started = performance.now();
  const addresses = await resolveHost(hostname, signal);
  const resolved = performance.now();
  try {
    const conn = addresses === undefined
      ? await dialOne(hostname, hostname, port, signal)
      : await raceAddresses(
        addresses,
        {
          attempt: (address, ended) => dialOne(address, hostname, port, ended),
          dispose: closeQuietly,
          signal,
        },
      );
    conn.setNoDelay(true);
    const dnsMs = addresses === undefined || isAddress(hostname) ? undefined : resolved - started;
    return { conn, dnsMs, tcpMs: performance.now() - resolved };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

async function dialOne(
  address: string,
  hostname: string,
  port: number,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  try {
    return await Deno.connect({ hostname: address, port, signal });
  } catch (error) {
    if (error instanceof RangeError || (error instanceof TypeError && !isPermissionDenial(error))) {
      throw error;
    }
    throw toTransportError(error, `connect to ${hostPort(hostname, port)}`, { retry: "unsent" });
  }
}
