import { interleaveFamilies } from "./happy_eyeballs.ts";

/** How long the other family's answer is waited for once one has come (RFC 8305 section 3). */
const SECOND_ANSWER_MS = 50;

/** A host name as sockets want it: without the brackets that URLs put around IPv6 addresses. */
export function bareHostname(hostname: string): string {
  return hostname.startsWith("[") && hostname.endsWith("]") ? hostname.slice(1, -1) : hostname;
}

/** Whether `hostname` is an address already. */
export function isAddress(hostname: string): boolean {
  return hostname.includes(":") || /^\d+(?:\.\d+){3}$/.test(hostname);
}

/** An address with its port, as people write it. */
export function hostPort(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/**
 * The addresses of a name in the order in which to try them; `undefined` when the platform
 * had better resolve the name itself. That is so when the program may not talk to the
 * network at large (then neither to a name server, nor to an address that it has no
 * permission for), and for names that only the system knows.
 */
export async function resolveHost(
  hostname: string,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  if (isAddress(hostname)) return [hostname];
  const status = Deno.permissions.querySync({ name: "net" });
  if (status.state !== "granted" || status.partial) return undefined;
  const ended = new AbortController();
  const inner = AbortSignal.any([signal, ended.signal]);
  const found: string[] = [];
  const enough = Promise.withResolvers<unknown>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function ask(type: "A" | "AAAA"): Promise<void> {
    try {
      found.push(...await Deno.resolveDns(hostname, type, { signal: inner }));
      if (found.length > 0) timer ??= setTimeout(enough.resolve, SECOND_ANSWER_MS);
    } catch {
      // No address of that family: the other one, or the system, may know more.
    }
  }

  const both = Promise.all([ask("AAAA"), ask("A")]);
  await Promise.race([both, enough.promise]);
  clearTimeout(timer);
  ended.abort();
  await both;
  signal.throwIfAborted();
  return found.length === 0 ? undefined : interleaveFamilies(found);
}
