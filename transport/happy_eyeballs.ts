/** How long an attempt is left alone before the next one begins, in milliseconds (RFC 8305 section 5). */
const STAGGER_MS = 250;

/** The same for an address of this machine: it answers at once or, over UDP, never. */
const LOOPBACK_STAGGER_MS = 25;

function staggerAfter(address: string): number {
  return address === "::1" || address.startsWith("127.") ? LOOPBACK_STAGGER_MS : STAGGER_MS;
}

/** Orders addresses so that the families take turns, IPv6 first (RFC 8305 section 4). */
export function interleaveFamilies(addresses: readonly string[]): string[] {
  const v6 = addresses.filter((address) => address.includes(":"));
  const v4 = addresses.filter((address) => !address.includes(":"));
  const ordered: string[] = [];
  for (let i = 0; i < Math.max(v6.length, v4.length); i++) {
    if (i < v6.length) ordered.push(v6[i]!);
    if (i < v4.length) ordered.push(v4[i]!);
  }
  return ordered;
}

/** How a race is run. */
export interface RaceOptions<T> {
  /** Tries one address; must end soon once its signal is aborted. */
  readonly attempt: (address: string, signal: AbortSignal) => Promise<T>;
  /** Throws away what came second. */
  readonly dispose: (result: T) => void;
  /** Ends the whole race; the race then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Milliseconds between two starts. @default {250, or 25 after an address of this machine} */
  readonly staggerMs?: number;
}

/**
 * Tries addresses one after the other, each a little later than the one before, or at once
 * when that one has failed; the first that succeeds wins, and the others are ended. Rejects
 * with the most telling failure when all fail.
 */
export function raceAddresses<T>(addresses: readonly string[], options: RaceOptions<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const losers = new AbortController();
  const failures: unknown[] = [];
  let next = 0;
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function finish(): void {
    isOver = true;
    clearTimeout(timer);
    options.signal.removeEventListener("abort", abort);
  }

  function abort(): void {
    if (isOver) return;
    finish();
    losers.abort(options.signal.reason);
    reject(options.signal.reason);
  }

  function start(): void {
    clearTimeout(timer);
    if (isOver || next >= addresses.length) return;
    const address = addresses[next++]!;
    if (next < addresses.length) timer = setTimeout(start, options.staggerMs ?? staggerAfter(address));
    options.attempt(address, losers.signal).then(win, lose);
  }

  function win(result: T): void {
    if (isOver) return options.dispose(result);
    finish();
    losers.abort();
    resolve(result);
  }

  function lose(reason: unknown): void {
    if (isOver) return;
    failures.push(reason);
    if (failures.length === addresses.length) {
      finish();
      reject(mostTelling(failures));
      return;
    }
    start();
  }

  if (options.signal.aborted) return Promise.reject(options.signal.reason);
  options.signal.addEventListener("abort", abort, { once: true });
  start();
  return promise;
}

/** A server that answered says more than an address that this machine has no way to. */
function mostTelling(failures: readonly unknown[]): unknown {
  return failures.find((failure) => (failure as { code?: unknown } | null)?.code !== "unreachable") ??
    failures[0];
}
