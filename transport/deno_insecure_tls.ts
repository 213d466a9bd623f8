import type { ConnectionOptions, TLSSocket } from "node:tls";
import { TransportError } from "../semantics/errors.ts";
import { toTransportError } from "./deno_errors.ts";
import { type DirectCalls, directTransport } from "./direct.ts";
import type { ByteTransport, ConnectTiming } from "./mod.ts";

/**
 * How much may wait unread before the socket is paused. A peer that speaks HTTP/2 stays far
 * below by flow control; Deno's `node:tls` can lose the end of the stream once it was paused.
 */
const MAX_UNREAD_BYTES = 16 * 1_048_576;

/** How long a closed connection waits for the peer to close as well, in milliseconds. */
const LINGER_MS = 1000;

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
  const calls = new NodeSocketCalls(socket);
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

interface PendingRead {
  readonly buffer: Uint8Array;
  readonly resolve: (count: number | null) => void;
  readonly reject: (reason: unknown) => void;
}

/** The direct calls over a socket of Node's. */
class NodeSocketCalls implements DirectCalls {
  onFailure: ((error: unknown) => void) | undefined;
  readonly #socket: TLSSocket;
  readonly #chunks: Uint8Array[] = [];
  #offset = 0;
  #unreadBytes = 0;
  #hasEnded = false;
  #isClosed = false;
  #error: unknown;
  #pending: PendingRead | undefined;
  #rejectWrite: ((reason: unknown) => void) | undefined;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    socket.on("end", () => this.#end());
    socket.on("error", (error: unknown) => this.#fail(error));
    socket.on("close", () => {
      this.#fail(new TransportError("reset", "The peer has broken the connection", { initiator: "remote" }));
    });
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#isClosed) return Promise.reject(this.#translate(undefined, "read"));
    if (this.#unreadBytes > 0) return Promise.resolve(this.#take(buffer));
    if (this.#hasEnded) return Promise.resolve(null);
    if (this.#error !== undefined) return Promise.reject(this.#translate(this.#error, "read"));
    return new Promise((resolve, reject) => this.#pending = { buffer, resolve, reject });
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#isClosed || this.#error !== undefined) {
      return Promise.reject(this.#translate(this.#error, "write"));
    }
    if (bytes.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#rejectWrite = (error) => reject(this.#translate(error, "write"));
      this.#socket.write(bytes, (error) => {
        this.#rejectWrite = undefined;
        if (error === undefined || error === null) resolve();
        else reject(this.#translate(error, "write"));
      });
    });
  }

  closeWrite(): Promise<void> {
    if (this.#isClosed || this.#error !== undefined) {
      return Promise.reject(this.#translate(this.#error, "end the sending half"));
    }
    return new Promise((resolve) => this.#socket.end(() => resolve()));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#chunks.length = 0;
    this.#unreadBytes = 0;
    this.#failCalls(undefined);
    // Destroying a socket while the peer still talks would reset it, and lose what was written.
    const socket = this.#socket;
    if (this.#hasEnded || this.#error !== undefined) {
      socket.destroySoon();
      return;
    }
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => clearTimeout(timer));
    socket.once("end", () => socket.destroySoon());
    socket.resume();
    socket.end();
  }

  #receive(chunk: Uint8Array): void {
    if (this.#isClosed) return;
    this.#chunks.push(chunk);
    this.#unreadBytes += chunk.length;
    if (this.#unreadBytes > MAX_UNREAD_BYTES) this.#socket.pause();
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    pending.resolve(this.#take(pending.buffer));
  }

  #end(): void {
    this.#hasEnded = true;
    this.#pending?.resolve(null);
    this.#pending = undefined;
  }

  #fail(error: unknown): void {
    this.#error ??= error;
    this.onFailure?.(error);
    this.#failCalls(error);
  }

  #failCalls(error: unknown): void {
    this.#pending?.reject(this.#translate(error, "read"));
    this.#pending = undefined;
    this.#rejectWrite?.(error);
    this.#rejectWrite = undefined;
  }

  #translate(error: unknown, what: string): TransportError {
    if (!this.#isClosed) return toTransportError(error, what);
    return new TransportError("closed", `Cannot ${what}: this end is closed`, {
      initiator: "user",
      cause: error,
    });
  }

  #take(buffer: Uint8Array): number {
    const first = this.#chunks[0]!;
    const count = Math.min(first.length - this.#offset, buffer.length);
    buffer.set(first.subarray(this.#offset, this.#offset + count));
    this.#offset += count;
    this.#unreadBytes -= count;
    if (this.#offset === first.length) {
      this.#chunks.shift();
      this.#offset = 0;
    }
    if (this.#unreadBytes <= MAX_UNREAD_BYTES && this.#socket.isPaused()) this.#socket.resume();
    return count;
  }
}
