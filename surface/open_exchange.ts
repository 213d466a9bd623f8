import { ConnectionError, TransportError } from "../semantics/errors.ts";
import type { ClientExchange } from "../shell/client_exchange.ts";
import type { ClientRequest } from "../shell/client_request.ts";
import type { Pool } from "./pool.ts";
import type { PoolLink } from "./pool_link.ts";
import { webUrl } from "./url.ts";

/** How often a request that has not left may be handed from one connection to the next. */
export const MAX_MOVES = 16;

/** Whether the connection is the matter, and not this request. */
export function isAboutConnection(error: unknown): boolean {
  return error instanceof ConnectionError || error instanceof TransportError;
}

/** What became of a request that was given to a connection. */
export interface Given {
  /** The exchange, once its head was sent. */
  readonly exchange?: ClientExchange;
  /** Why there is none. */
  readonly error?: unknown;
}

/** Gives a request to a connection that has a place for it, and tells the pool when it is over. */
export async function giveRequest(pool: Pool, link: PoolLink, make: () => ClientRequest): Promise<Given> {
  const release = (): void => pool.release(link);
  link.reserved--;
  link.idleSince = -1;
  try {
    const { exchange, error } = await link.client.tryRequest(make());
    if (exchange === undefined) {
      release();
      return { error };
    }
    exchange.closed.then(release, release);
    return { exchange };
  } catch (error) {
    release();
    throw error; // it is no request
  }
}

/** Opens an exchange on a connection of a pool. */
export async function openExchange(pool: Pool, request: ClientRequest): Promise<ClientExchange> {
  const { origin } = webUrl(request.url ?? `${request.scheme ?? "https"}://${request.authority}`);
  const signal = request.signal ?? new AbortController().signal;
  for (let moves = 0;; moves++) {
    const link = await pool.acquire(origin, signal);
    const { exchange, error } = await giveRequest(pool, link, () => request);
    if (exchange !== undefined) return exchange;
    signal.throwIfAborted();
    if (!isAboutConnection(error) || moves === MAX_MOVES) throw error;
    pool.retire(link);
  }
}
