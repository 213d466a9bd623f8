import { TransportError } from "../semantics/errors.ts";
import { toTransportError } from "./deno_errors.ts";
import { type DirectCalls, directTransport } from "./direct.ts";
import type { ByteTransport, TransportAddress, TransportInfo } from "./mod.ts";

/** To copy less than this costs less than a call of its own, in bytes. */
const MIN_PIECE_BYTES = 262_144;

/** What is used of a `Deno.TcpConn` or `Deno.TlsConn`. */
export interface DenoSocket {
  /** Fills `buffer`. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Takes a part of `bytes`. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends this half. */
  closeWrite(): Promise<void>;
  /** Ends both; throws when called twice. */
  close(): void;
}

/** The host and port of a `Deno.Addr`, if it has them. */
export function addressOf(addr: Deno.Addr): TransportAddress | undefined {
  return "hostname" in addr ? { hostname: addr.hostname, port: addr.port } : undefined;
}

/** `info` with the addresses of a connection. */
export function withAddresses(
  info: TransportInfo,
  conn: { readonly localAddr: Deno.Addr; readonly remoteAddr: Deno.Addr },
): TransportInfo {
  const local = addressOf(conn.localAddr);
  const remote = addressOf(conn.remoteAddr);
  return {
    ...info,
    ...(local === undefined ? {} : { local }),
    ...(remote === undefined ? {} : { remote }),
  };
}

/** Writes all of `bytes`. */
export async function writeAll(socket: Pick<DenoSocket, "write">, bytes: Uint8Array): Promise<void> {
  let taken = await socket.write(bytes);
  while (taken < bytes.length) taken += await socket.write(bytes.subarray(taken));
}

/** The direct calls over a socket of Deno: never its `readable` and `writable`, which close the whole of it. */
export class SocketCalls implements DirectCalls {
  readonly minPieceBytes = MIN_PIECE_BYTES;
  readonly #socket: DenoSocket;
  #isClosed = false;

  constructor(socket: DenoSocket) {
    this.#socket = socket;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#socket.read(buffer).catch(this.#onReadFailed);
  }

  readonly #onReadFailed = (error: unknown): never => {
    throw this.#translate(error, "read");
  };

  write(bytes: Uint8Array): Promise<void> {
    return writeAll(this.#socket, bytes).catch(this.#onWriteFailed);
  }

  readonly #onWriteFailed = (error: unknown): never => {
    throw this.#translate(error, "write");
  };

  /** A call of the system each, so only large pieces are worth it. */
  async writev(pieces: readonly Uint8Array[]): Promise<void> {
    const sizes = pieces.map((piece) => piece.length);
    for (let i = 0; i < pieces.length; i++) {
      const piece = pieces[i]!;
      await this.write(piece);
      if (piece.length === sizes[i]) continue;
      // Else the peer would take what follows for the rest of it.
      throw new TransportError("lost", "Cannot write: a piece was transferred away", { initiator: "user" });
    }
  }

  async closeWrite(): Promise<void> {
    try {
      await this.#socket.closeWrite();
    } catch (error) {
      throw this.#translate(error, "end the sending half");
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeQuietly(this.#socket);
  }

  #translate(error: unknown, what: string): TransportError {
    if (!this.#isClosed) return toTransportError(error, what);
    return new TransportError("closed", `Cannot ${what}: this end is closed`, {
      initiator: "user",
      cause: error,
    });
  }
}

/** Closes something of Deno's that may be closed already. */
export function closeQuietly(resource: { close(): void }): void {
  try {
    resource.close();
  } catch {
    // It was closed before: nothing is left to do.
  }
}

/** Makes a byte transport of a socket. */
export function socketTransport(socket: DenoSocket, info: TransportInfo, direct: boolean): ByteTransport {
  return directTransport(new SocketCalls(socket), info, direct);
}
