import { isAddress } from "./deno_resolve.ts";
import { closeQuietly } from "./deno_socket.ts";

/** How many sockets wait for their next connection; more are closed. */
const MAX_IDLE = 8;

/**
 * Sockets without a connection, the oldest first. Deno gives a closed socket up only when it
 * is collected, and each holds some 3 MB outside the heap, where the collector does not see
 * it: opening a thousand one after the other would take gigabytes. So they are used again.
 */
const idle: { readonly key: string; readonly endpoint: Deno.QuicEndpoint }[] = [];

/**
 * What connections must share to use the same socket: Deno keeps trust and tickets in it, and
 * a ticket got without a check must never stand in for one.
 */
export function endpointKey(address: string, trust: readonly unknown[]): string {
  const family = !isAddress(address) ? "any" : address.includes(":") ? "6" : "4";
  return JSON.stringify([family, trust]);
}

/** A socket that nobody uses: an old one, or a new one of the address's family. */
export function takeEndpoint(key: string, address: string): Deno.QuicEndpoint {
  const at = idle.findLastIndex((entry) => entry.key === key);
  if (at >= 0) return idle.splice(at, 1)[0]!.endpoint;
  if (isAddress(address)) {
    return new Deno.QuicEndpoint({ hostname: address.includes(":") ? "::" : "0.0.0.0", port: 0 });
  }
  try {
    return new Deno.QuicEndpoint({ hostname: "::", port: 0 });
  } catch {
    return new Deno.QuicEndpoint({ hostname: "0.0.0.0", port: 0 });
  }
}

/** Gives back a socket whose connection is over. */
export function giveEndpoint(key: string, endpoint: Deno.QuicEndpoint): void {
  idle.push({ key, endpoint });
  if (idle.length > MAX_IDLE) closeQuietly(idle.shift()!.endpoint);
}
