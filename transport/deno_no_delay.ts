import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { TransportError } from "../semantics/errors.ts";
import { giveBuffer, takeBuffer } from "../wire/buffer_pool.ts";
import { freeBytes } from "../wire/free_bytes.ts";
import { FIRST_ROOM, roomForRead } from "../wire/read_room.ts";
import { toTransportError } from "./deno_errors.ts";
import { closeQuietly, writeAll } from "./deno_socket.ts";
import type { DirectCalls } from "./direct.ts";
import { NodeSocketCalls } from "./node_socket.ts";

/** How much may wait unread before nothing more is read, in bytes. */
const MAX_UNREAD_BYTES = 262_144;

/** Fatal alerts (RFC 8446 section 6) as records, for a client whose first message is of no use. */
const ALERT = {
  noApplicationProtocol: Uint8Array.of(21, 3, 3, 0, 2, 2, 120),
  handshakeFailure: Uint8Array.of(21, 3, 3, 0, 2, 2, 40),
};

/** What Deno's own TLS says of a client that leaves during its handshake; `node:tls` would wait. */
const CUT_SHORT = "tls handshake eof";

/** Who a server is, and what it speaks. */
export interface NoDelayOptions {
  /** The certificate with its chain, PEM. */
  readonly cert: string;
  /** Its key, PEM. */
  readonly key: string;
  /** Application protocols; this order decides. */
  readonly alpn: readonly string[];
}

/** A connection whose handshake is over. */
export interface Shaken {
  /** Its direct calls. */
  readonly calls: DirectCalls;
  /** The application protocol that was agreed on. */
  readonly alpn: string | undefined;
}

/** Runs the handshake of one client; closing its connection ends that early, and is left to the caller. */
export type Handshake<C> = (conn: C) => Promise<Shaken>;

/** Modules that take a while to load, so they are only when they are needed, and at once: listening waits for nothing. */
interface Builtins {
  getBuiltinModule(name: "node:crypto"): typeof import("node:crypto");
  getBuiltinModule(name: "node:stream"): typeof import("node:stream");
  getBuiltinModule(name: "node:tls"): typeof import("node:tls");
}

function builtins(): Builtins {
  return (globalThis as unknown as { process: Builtins }).process;
}

/**
 * Makes what serves TLS on sockets that send at once. `Deno.TlsConn` has no `setNoDelay`, so the TLS is that
 * of `node:tls`, over a `Deno.TcpConn`, which has.
 *
 * Throws a `TransportError` with the code `tls` when certificate and key cannot be used together.
 */
export function noDelayServer(options: NoDelayOptions): Handshake<Deno.TcpConn> {
  const { TLSSocket, createSecureContext } = builtins().getBuiltinModule("node:tls");
  const { cert, key } = options;
  checkPair(cert, key);
  const secureContext = createSecureContext({ cert, key });
  const ALPNProtocols = [...options.alpn];
  return async (conn) => {
    conn.setNoDelay(true);
    const below = new SocketStream(conn);
    const stream = below.stream as unknown as TLSSocket; // any stream will do
    const socket = new TLSSocket(stream, { isServer: true, secureContext, ALPNProtocols });
    below.socket = socket;
    const calls = new NodeSocketCalls(socket, {
      translate: toTransportError,
      maxUnreadBytes: MAX_UNREAD_BYTES,
      isOwn: true,
    });
    try {
      await secured(socket, calls, below);
    } catch (error) {
      await below.alert(error);
      throw error;
    }
    const { alpnProtocol } = socket;
    return { calls, alpn: typeof alpnProtocol === "string" ? alpnProtocol : undefined };
  };
}

/** `node:tls` takes any two and fails each handshake. */
function checkPair(cert: string, key: string): void {
  const { createPrivateKey, X509Certificate } = builtins().getBuiltinModule("node:crypto");
  let isPair = false;
  let cause: unknown;
  try {
    isPair = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    cause = error;
  }
  if (isPair) return;
  const message = "Cannot use the certificate: it and its key do not belong together, or one is no PEM";
  throw new TransportError("tls", message, { initiator: "user", cause });
}

async function secured(socket: TLSSocket, calls: NodeSocketCalls, below: SocketStream): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    calls.onFailure = reject;
    socket.once("secure", () => {
      below.isShaken = true;
      resolve();
    });
  });
  calls.onFailure = undefined;
}

/** A connection as the stream that `node:tls` wants below it; reads no more than is taken on top. */
class SocketStream {
  readonly stream: Duplex;
  /** The TLS on top: it does not stop the stream while it is paused. */
  socket: TLSSocket | undefined;
  /** Whether the stream owns the connection. */
  isShaken = false;
  readonly #conn: Deno.TcpConn;
  #hasWritten = false;
  #room = FIRST_ROOM;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    const { Duplex } = builtins().getBuiltinModule("node:stream");
    this.stream = new Duplex({
      allowHalfOpen: true,
      read: () => {
        if (this.socket?.isPaused() === true) this.socket.once("resume", this.#read);
        else void this.#read();
      },
      write: (bytes: Uint8Array, _: string, done: (error?: Error) => void) => {
        this.#hasWritten = true;
        // What `node:tls` encrypts into is given out once, so it is nobody else's.
        writeAll(conn, bytes).then(() => {
          freeBytes(bytes);
          done();
        }, done);
      },
      final: (done) => {
        conn.closeWrite().then(() => done(), done);
      },
      destroy: (error, done) => {
        if (this.isShaken) closeQuietly(conn);
        done(error);
      },
    });
  }

  readonly #read = async (): Promise<void> => {
    const { stream } = this;
    const buffer = takeBuffer(this.#room);
    try {
      const count = await this.#conn.read(buffer);
      if (count === null && !this.isShaken) throw new Error(CUT_SHORT);
      stream.push(count === null ? null : buffer.subarray(0, count));
      if (count !== null) this.#room = roomForRead(this.#room, count, true);
    } catch (error) {
      stream.destroy(error as Error);
    }
    // Whoever was handed the bytes has copied them, unless they still wait.
    if (stream.readableLength === 0) giveBuffer(buffer);
  };

  /** Tells a client why, if nothing was agreed on: over a stream `node:tls` says nothing. */
  async alert(error: unknown): Promise<void> {
    if (this.#hasWritten) return;
    const isProtocol = (error as { code?: unknown }).code === "ERR_SSL_NO_APPLICATION_PROTOCOL";
    await writeAll(this.#conn, isProtocol ? ALERT.noApplicationProtocol : ALERT.handshakeFailure).catch(
      () => {},
    );
  }
}
