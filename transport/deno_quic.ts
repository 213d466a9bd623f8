import { TransportError } from "../semantics/errors.ts";
import { peerCertificateHash } from "./deno_insecure_tls.ts";
import { type Deadline, deadline } from "./deadline.ts";
import { toTransportError } from "./deno_errors.ts";
import { DenoQuicTransport } from "./deno_quic_connection.ts";
import { QuicSessions } from "./deno_quic_sessions.ts";
import { endpointKey, giveEndpoint, takeEndpoint } from "./deno_quic_endpoints.ts";
import { bareHostname, hostPort, isAddress, resolveHost } from "./deno_resolve.ts";
import { addressOf, closeQuietly } from "./deno_socket.ts";
import { CONNECT_TIMEOUT_MS } from "./deno_tcp.ts";
import { raceAddresses } from "./happy_eyeballs.ts";
import type { ConnectTiming, QuicTransport, TransportInfo } from "./mod.ts";

/** What both ends of a QUIC connection can set. */
export interface QuicSettings {
  /** How many bidirectional streams the peer may have open; at most 10000. @default {100} */
  readonly maxBidiStreams?: number;
  /** How many unidirectional streams the peer may have open; at most 10000. @default {100} */
  readonly maxUniStreams?: number;
  /** How long the connection lives without a packet, in milliseconds. @default {30000} */
  readonly idleTimeoutMs?: number;
  /** How often a packet is sent to keep the connection alive, in milliseconds; never without. */
  readonly keepAliveMs?: number;
  /** What the sending rate is tuned for. @default {"default"} */
  readonly congestionControl?: "throughput" | "low-latency" | "default";
  /** Whether streams have direct calls, or the Web Streams alone. @default {true} */
  readonly direct?: boolean;
  /** What `probeExactStreamErrors()` found out about the running Deno. @default {false} */
  readonly exactStreamErrors?: boolean;
}

/** Where to connect, and as whom. */
export interface ConnectQuicOptions extends QuicSettings {
  /** A name or an address; brackets around an IPv6 address are taken off. */
  readonly hostname: string;
  /** 0 to 65535. */
  readonly port: number;
  /** Application protocols, the preferred one first. */
  readonly alpn: readonly string[];
  /** The name that is asked for and that the certificate must cover. @default {hostname} */
  readonly serverName?: string;
  /** More authorities to trust, PEM. @default {[]} */
  readonly caCerts?: readonly string[];
  /**
   * SHA-256 of certificates (DER) that are taken whatever name they are for and whoever
   * signed them; their dates still count.
   */
  readonly certificateHashes?: readonly Uint8Array[];
  /**
   * Takes the certificate that the same port shows over TLS on TCP, whatever it is; there must
   * be such a port, and the certificate's dates must be right. @default {false}
   */
  readonly insecure?: boolean;
  /** Ends the connect at once. */
  readonly signal?: AbortSignal;
  /** For all of it: name and handshake. @default {30000} */
  readonly timeoutMs?: number;
  /** Where tickets are kept for the next connection to the same server. */
  readonly sessions?: QuicSessions;
  /**
   * Whether to return before the handshake when there is a ticket: what is sent then is early
   * data, which others can replay and the server can turn down. @default {false}
   */
  readonly early?: boolean;
}

/** Whether this Deno has QUIC: 2.9 needs `--unstable-net` for it. */
export function hasQuic(): boolean {
  return typeof (Deno as { connectQuic?: unknown }).connectQuic === "function";
}

/** Throws when there is no QUIC, and says what is missing. */
export function requireQuic(): void {
  if (hasQuic()) return;
  const message =
    'Cannot use QUIC: Deno needs the flag --unstable-net for it, or "unstable": ["net"] in deno.json';
  throw new TransportError("unsupported", message, { initiator: "user", retry: "unsent" });
}

/** Deno's options for what both ends can set. */
export function transportOptions(settings: QuicSettings): Deno.QuicTransportOptions {
  const { keepAliveMs, congestionControl } = settings;
  return {
    maxConcurrentBidirectionalStreams: limitOf(settings.maxBidiStreams, "maxBidiStreams"),
    maxConcurrentUnidirectionalStreams: limitOf(settings.maxUniStreams, "maxUniStreams"),
    maxIdleTimeout: settings.idleTimeoutMs ?? 30_000,
    ...(keepAliveMs === undefined ? {} : { keepAliveInterval: keepAliveMs }),
    ...(congestionControl === undefined ? {} : { congestionControl }),
  };
}

function limitOf(value: number | undefined, name: string): number {
  const limit = value ?? 100;
  // Deno allocates for each stream at once: a million would cost 90 MB a connection.
  if (Number.isInteger(limit) && limit >= 0 && limit <= 10_000) return limit;
  throw new RangeError(`Cannot set ${name} to ${limit}: it is a whole number from 0 to 10000`);
}

/**
 * Connects over QUIC.
 *
 * Names are looked up here, and all addresses tried in the manner of happy eyeballs. Each
 * attempt has a UDP socket to itself, so that a timeout or a signal ends it at once; sockets
 * whose connection is over are used again.
 *
 * Rejects with a `TransportError`: `unsupported` (without `--unstable-net`), `dns`,
 * `unreachable`, `timeout` (also when nobody listens: UDP does not tell), `certificate`
 * (a `CertificateError`), `alpn`, `refused`, `permission` (a `PermissionError`), `aborted`.
 *
 * @example Usage
 * ```ts ignore
 * import { connectQuic } from "@tandem/http/transport/deno";
 *
 * const transport = await connectQuic({ hostname: "example.org", port: 443, alpn: ["h3"] });
 * transport.close(0x100, "");
 * ```
 */
export async function connectQuic(options: ConnectQuicOptions): Promise<QuicTransport> {
  requireQuic();
  const hostname = bareHostname(options.hostname);
  const limit = deadline(`connect to ${hostPort(hostname, options.port)}`, {
    timeoutMs: options.timeoutMs ?? CONNECT_TIMEOUT_MS,
    signal: options.signal,
  });
  try {
    limit.signal.throwIfAborted();
    const resumed = await resume(hostname, options, limit);
    return resumed ?? await connectAnew(hostname, options, limit);
  } catch (error) {
    limit.signal.throwIfAborted();
    if (error instanceof RangeError || error instanceof TypeError) throw error;
    throw toTransportError(error, `connect to ${hostPort(hostname, options.port)}`, { retry: "unsent" });
  } finally {
    limit.done();
  }
}

/** What Deno takes beside the address; the pinned hashes are missing in its types. */
interface Parameters extends Omit<Deno.ConnectQuicOptions<boolean>, "hostname"> {
  readonly serverCertificateHashes?: readonly { readonly algorithm: string; readonly value: Uint8Array }[];
}

function parametersOf(
  hostname: string,
  options: ConnectQuicOptions,
  hashes: readonly Uint8Array[],
): Parameters {
  const pinned = hashes.length === 0 ? {} : {
    serverCertificateHashes: hashes.map((value) => ({ algorithm: "sha-256", value })),
  };
  return {
    port: options.port,
    serverName: bareHostname(options.serverName ?? hostname),
    alpnProtocols: [...options.alpn],
    caCerts: [...options.caCerts ?? []],
    ...transportOptions(options),
    ...pinned,
  };
}

async function connectAnew(
  hostname: string,
  options: ConnectQuicOptions,
  limit: Deadline,
): Promise<QuicTransport> {
  const hashes = await hashesOf(hostname, options, limit);
  const asked = performance.now();
  const addresses = await resolveHost(hostname, limit.signal);
  const resolved = performance.now();
  const parameters = parametersOf(hostname, options, hashes);
  const dialed = await raceAddresses(addresses ?? [hostname], {
    attempt: (address, signal) => dial(address, parameters, signal),
    dispose: ({ conn, release }) => {
      conn.close();
      release();
    },
    signal: limit.signal,
  });
  const timing: ConnectTiming = {
    ...(addresses === undefined || isAddress(hostname) ? {} : { dnsMs: resolved - asked }),
    quicMs: performance.now() - resolved,
  };
  const { conn, endpoint, address, release } = dialed;
  options.sessions?.remember(QuicSessions.keyOf(hostname, options), {
    endpoint,
    address,
    alpn: conn.protocol ?? "",
    hashes,
  });
  const isShared = options.sessions !== undefined;
  return transportOf(conn, endpoint, options, {
    alpn: conn.protocol ?? undefined,
    serverName: parameters.serverName,
    timing,
    isEarly: false,
    onClosed: isShared ? () => {} : release,
  });
}

interface Dialed {
  readonly conn: Deno.QuicConn;
  readonly endpoint: Deno.QuicEndpoint;
  readonly address: string;
  /** Gives the socket back once the connection is over. */
  readonly release: () => void;
}

async function dial(address: string, parameters: Parameters, signal: AbortSignal): Promise<Dialed> {
  const key = keyFor(address, parameters);
  const endpoint = takeEndpoint(key, address);
  let isAborted = false;
  const abort = (): void => {
    isAborted = true;
    // Nothing else ends a connect that is under way.
    closeQuietly(endpoint);
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    const conn = await Deno.connectQuic<false>({
      ...parameters,
      hostname: address,
      endpoint,
      zeroRtt: false,
    });
    return { conn, endpoint, address, release: () => giveEndpoint(key, endpoint) };
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw error;
    const failure = toTransportError(error, `connect to ${hostPort(address, parameters.port)}`, {
      retry: "unsent",
    });
    // A socket that is broken must not come back.
    if (failure.code === "closed" || failure.code === "lost") closeQuietly(endpoint);
    else if (!isAborted) giveEndpoint(key, endpoint);
    throw failure;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function keyFor(address: string, parameters: Parameters): string {
  const { caCerts, alpnProtocols, serverCertificateHashes = [] } = parameters;
  const hashes = serverCertificateHashes.map(({ value }) => String(value));
  return endpointKey(address, [caCerts, alpnProtocols, hashes]);
}

async function hashesOf(
  hostname: string,
  options: ConnectQuicOptions,
  limit: Deadline,
): Promise<readonly Uint8Array[]> {
  const given = options.certificateHashes ?? [];
  if (options.insecure !== true) return given;
  try {
    const hash = await peerCertificateHash({
      address: hostname,
      port: options.port,
      serverName: bareHostname(options.serverName ?? hostname),
      signal: limit.signal,
    });
    return [...given, hash];
  } catch (error) {
    limit.signal.throwIfAborted();
    const message =
      `Cannot skip the certificate check over QUIC: TCP port ${options.port} does not show the certificate`;
    throw new TransportError("unsupported", message, { initiator: "local", retry: "unsent", cause: error });
  }
}

/** Connects with a ticket, if there is one; a failure forgets it. */
async function resume(
  hostname: string,
  options: ConnectQuicOptions,
  limit: Deadline,
): Promise<QuicTransport | undefined> {
  const key = QuicSessions.keyOf(hostname, options);
  const session = options.sessions?.find(key);
  if (session === undefined) return undefined;
  const { endpoint, address, alpn } = session;
  const parameters = parametersOf(hostname, options, session.hashes);
  const started = performance.now();
  const early = options.early ?? false;
  const attempt = Deno.connectQuic<true>({
    ...parameters,
    hostname: address,
    endpoint,
    zeroRtt: early as true,
  });
  const isEarly = !(attempt instanceof Promise);
  let conn: Deno.QuicConn;
  try {
    conn = isEarly ? attempt : await orAbort(attempt, limit.signal);
  } catch {
    options.sessions!.forget(key);
    limit.signal.throwIfAborted();
    return undefined; // the server may have moved: look for it again
  }
  return transportOf(conn, endpoint, options, {
    alpn: isEarly ? alpn : conn.protocol ?? undefined,
    serverName: parameters.serverName,
    timing: { quicMs: performance.now() - started },
    isEarly,
    onClosed: () => {},
  });
}

/** Waits for a connect on a shared socket, which cannot be closed to end it. */
async function orAbort(attempt: Promise<Deno.QuicConn>, signal: AbortSignal): Promise<Deno.QuicConn> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([attempt, aborted.promise]);
  } catch (error) {
    attempt.then((conn) => conn.close(), () => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

interface Connected {
  readonly alpn: string | undefined;
  readonly serverName: string | undefined;
  readonly timing: ConnectTiming;
  readonly isEarly: boolean;
  readonly onClosed: () => void;
}

function transportOf(
  conn: Deno.QuicConn,
  endpoint: Deno.QuicEndpoint,
  options: ConnectQuicOptions,
  connected: Connected,
): QuicTransport {
  const remote = addressOf(conn.remoteAddr);
  const info: TransportInfo = {
    kind: "quic",
    timing: connected.timing,
    ...(connected.alpn === undefined ? {} : { alpn: connected.alpn }),
    ...(connected.serverName === undefined ? {} : { serverName: connected.serverName }),
    ...(remote === undefined ? {} : { remote }),
  };
  return new DenoQuicTransport(conn, {
    info,
    direct: options.direct ?? true,
    isEarly: connected.isEarly,
    sendsEarly: connected.isEarly,
    exactStreamErrors: options.exactStreamErrors ?? false,
    keepAlive: endpoint,
    onClosed: connected.onClosed,
  });
}
