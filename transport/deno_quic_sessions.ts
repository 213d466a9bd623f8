import { closeQuietly } from "./deno_socket.ts";

/** What is kept of a server for the next connection. */
export interface QuicSession {
  /** The socket; Deno keeps the tickets in it. */
  readonly endpoint: Deno.QuicEndpoint;
  /** The address that answered. */
  readonly address: string;
  /** The protocol that was agreed on. */
  readonly alpn: string;
  /** The certificates that were pinned by their hashes. */
  readonly hashes: readonly Uint8Array[];
}

/** The options that two connections must share to share a ticket. */
interface SessionIdentity {
  readonly port: number;
  readonly alpn: readonly string[];
  readonly serverName?: string;
  readonly caCerts?: readonly string[];
  readonly certificateHashes?: readonly Uint8Array[];
  readonly insecure?: boolean;
}

/**
 * Keeps what lets a later connection to the same server begin without a round trip (0-RTT).
 *
 * Deno keeps the tickets in the socket, for one set of options; so there is one socket per
 * server and set of options here, open until `close()`.
 *
 * @example Usage
 * ```ts
 * import { QuicSessions } from "@tandem/http/transport/deno";
 *
 * const sessions = new QuicSessions({ maxServers: 16 });
 * sessions.close();
 * ```
 */
export class QuicSessions {
  readonly #sessions = new Map<string, QuicSession>();
  readonly #maxServers: number;

  /** Makes an empty store for at most `maxServers` (64) servers; the oldest goes first. */
  constructor(options: { readonly maxServers?: number } = {}) {
    this.#maxServers = options.maxServers ?? 64;
  }

  /** What two connections must have in common. */
  static keyOf(hostname: string, identity: SessionIdentity): string {
    const { port, alpn, serverName, caCerts, certificateHashes = [], insecure } = identity;
    return JSON.stringify([
      hostname,
      port,
      alpn,
      serverName,
      caCerts,
      certificateHashes.map(String),
      insecure,
    ]);
  }

  /** How many servers are known. */
  get size(): number {
    return this.#sessions.size;
  }

  /** What is known about a server. */
  find(key: string): QuicSession | undefined {
    return this.#sessions.get(key);
  }

  /** Keeps `session`, whose socket now belongs to this store. */
  remember(key: string, session: QuicSession): void {
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    // The socket of one that is forgotten lives on in its connections.
    for (const old of this.#sessions.keys()) {
      if (this.#sessions.size <= this.#maxServers) break;
      this.#sessions.delete(old);
    }
  }

  /** Forgets a server that could not be reached. */
  forget(key: string): void {
    this.#sessions.delete(key);
  }

  /** Forgets everything, and ends the connections that came from here. */
  close(): void {
    for (const { endpoint } of this.#sessions.values()) closeQuietly(endpoint);
    this.#sessions.clear();
  }
}
