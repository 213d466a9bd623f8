import { TransportError } from "../semantics/errors.ts";
import type { Alternative } from "./alt_svc.ts";
import type { AnyClient } from "./dial.ts";
import type { DialTarget } from "./dialer.ts";
import type { Pool } from "./pool.ts";
import { type Claimed, PoolLink } from "./pool_link.ts";
import { raceProtocols } from "./race.ts";
import { hostOf, portOf } from "./url.ts";

/** What HTTP/3 may take to connect while HTTP/2 is there too, in milliseconds. */
const RACED_CONNECT_MS = 10_000;

interface Connecting {
  readonly promise: Promise<void>;
  readonly controller: AbortController;
  waiters: number;
}

/** The connections that serve one origin. */
export class OriginPool {
  readonly origin: string;
  readonly links: Set<PoolLink> = new Set();
  readonly #pool: Pool;
  readonly #url: URL;
  readonly #ended: AbortController = new AbortController();
  #connecting: Connecting | undefined;
  /** Whether HTTP/3 is being tried beside connections that are there. */
  #isUpgrading = false;
  /** Requests that wait for a connection. */
  #waiting = 0;

  constructor(pool: Pool, origin: string) {
    this.#pool = pool;
    this.origin = origin;
    this.#url = new URL(origin);
  }

  /** Whether nothing is left of it. */
  get isEmpty(): boolean {
    return this.links.size === 0 && this.#connecting === undefined && !this.#isUpgrading;
  }

  /** Whether a request is about to use one of its connections. */
  get isWanted(): boolean {
    return this.#waiting > 0;
  }

  /** Whether a connection is being opened. */
  get isConnecting(): boolean {
    return this.#connecting !== undefined || this.#isUpgrading;
  }

  /** A connection for one more request. Rejects when there is none to be had, or with the signal's reason. */
  async acquire(signal: AbortSignal): Promise<PoolLink> {
    this.#waiting++;
    try {
      return await this.#acquire(signal);
    } finally {
      this.#waiting--;
    }
  }

  async #acquire(signal: AbortSignal): Promise<PoolLink> {
    const { atStreamLimit = "queue", maxConnectionsPerOrigin = 6 } = this.#pool.options;
    for (;;) {
      signal.throwIfAborted();
      const link = this.#pick();
      const isEnough = link !== undefined &&
        (link.hasRoom || atStreamLimit === "queue" || this.links.size >= maxConnectionsPerOrigin);
      if (isEnough) return reserved(link);
      try {
        await this.#connected(signal);
      } catch (error) {
        signal.throwIfAborted();
        // What is there has to do.
        if (link !== undefined && link.isUsable) return reserved(link);
        throw error;
      }
    }
  }

  /** The best connection that is there: one with room, HTTP/3 before HTTP/2, the least busy. */
  #pick(): PoolLink | undefined {
    let best: PoolLink | undefined;
    for (const link of this.links) {
      if (link.isUsable && (best === undefined || isBetter(link, best))) best = link;
    }
    return best;
  }

  /** Waits until another connection is there; one is opened for all who wait. */
  async #connected(signal: AbortSignal): Promise<void> {
    this.#connecting ??= this.#startConnecting();
    const connecting = this.#connecting;
    connecting.waiters++;
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      await Promise.race([connecting.promise, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
      connecting.waiters--;
      if (connecting.waiters === 0 && signal.aborted) connecting.controller.abort(signal.reason);
    }
  }

  #startConnecting(): Connecting {
    const controller = new AbortController();
    const promise = this.#connect(AbortSignal.any([controller.signal, this.#ended.signal])).finally(() => {
      this.#connecting = undefined;
      this.#pool.tidy(this);
    });
    promise.catch(() => {}); // all who waited may have left
    return { promise, controller, waiters: 0 };
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const shared = await this.#pool.findShared(this.#url, signal);
    if (shared !== undefined) return this.#add(shared);
    const { http = "auto" } = this.#pool.options;
    const h3 = this.#alternative("h3");
    if (http === 3) return this.#add(await this.#dial("h3", h3, signal));
    if (http === 2 || h3 === undefined) return await this.#connectH2(signal);
    const { value } = await raceProtocols({
      h3: (own) => this.#dialBeside(h3, AbortSignal.any([own, this.#ended.signal])),
      h2: (own) => this.#dial("h2", undefined, own),
      delayMs: this.#pool.options.raceDelayMs ?? 200,
      clock: this.#pool.clock,
      signal,
      dispose: (link) => link.client.close(),
      onLate: (late) => {
        if ("value" in late) this.#add(late.value);
      },
    });
    this.#add(value);
  }

  async #connectH2(signal: AbortSignal): Promise<void> {
    const alternative = this.#alternative("h2");
    if (alternative !== undefined) {
      try {
        return this.#add(await this.#dial("h2", alternative, signal));
      } catch {
        signal.throwIfAborted(); // else the origin itself is still there
      }
    }
    this.#add(await this.#dial("h2", undefined, signal));
  }

  /** The place to try for a protocol, other than the origin itself over HTTP/2. */
  #alternative(protocol: "h2" | "h3"): Alternative | undefined {
    const { options, dialer, alternatives } = this.#pool;
    if (this.#url.protocol !== "https:" || (protocol === "h3" && !dialer.hasQuic)) return undefined;
    const known = options.altSvc === false ? [] : alternatives.find(this.origin);
    const found = known.find((one) => one.protocol === protocol);
    if (found !== undefined || protocol === "h2" || options.assumeHttp3 !== true) return found;
    const assumed = { protocol, hostname: "", port: portOf(this.#url), maxAgeS: 0, isPersistent: false };
    return alternatives.isBroken(this.origin, assumed) ? undefined : assumed;
  }

  async #dial(
    protocol: "h2" | "h3",
    alternative: Alternative | undefined,
    signal: AbortSignal,
    maxConnectMs = Infinity,
  ): Promise<PoolLink> {
    const own = hostOf(this.#url);
    const { alternatives } = this.#pool;
    const timeoutMs = Math.min(this.#pool.options.timeouts?.connectMs ?? 30_000, maxConnectMs);
    const claimed: Claimed = { origins: new Set() };
    try {
      const target: DialTarget = {
        hostname: alternative === undefined || alternative.hostname === "" ? own : alternative.hostname,
        port: alternative?.port ?? portOf(this.#url),
        isSecure: this.#url.protocol === "https:",
        // Who answers there must be the origin (RFC 7838 section 2.1).
        serverName: own,
        signal,
        timeoutMs,
      };
      const client = await this.#dialTwice(protocol, target, claimed);
      if (alternative !== undefined) alternatives.succeed(this.origin, alternative);
      return new PoolLink(client, this.origin, alternative, claimed);
    } catch (error) {
      if (alternative !== undefined && !signal.aborted) alternatives.fail(this.origin, alternative);
      throw error;
    }
  }

  /** A listener that makes place for another one resets who is in between: the second try finds the new one. */
  async #dialTwice(protocol: "h2" | "h3", target: DialTarget, claimed: Claimed): Promise<AnyClient> {
    try {
      return await this.#pool.dial(protocol, this.origin, target, claimed);
    } catch (error) {
      const wasReset = error instanceof TransportError && (error.code === "reset" || error.code === "closed");
      if (!wasReset || target.signal.aborted) throw error;
      return await this.#pool.dial(protocol, this.origin, target, claimed);
    }
  }

  #add(link: PoolLink): void {
    if (this.#ended.signal.aborted) return link.client.close();
    this.links.add(link);
    link.users.add(this);
    this.#pool.watch(link);
    link.client.closed.then(() => {
      // HTTP/3 that dies on the way is as bad as one that never came.
      const { alternative, client } = link;
      if (alternative !== undefined && client.error instanceof TransportError) {
        this.#pool.alternatives.fail(this.origin, alternative);
      }
      this.remove(link);
    });
  }

  /** Takes a connection out; its exchanges go on. */
  remove(link: PoolLink): void {
    this.links.delete(link);
    link.users.delete(this);
    this.#pool.tidy(this);
  }

  /** Tries HTTP/3 beside what is there, now that the origin has announced it. */
  upgrade(): void {
    const { http = "auto" } = this.#pool.options;
    const h3 = this.#alternative("h3");
    if (http !== "auto" || h3 === undefined || this.#isUpgrading || this.#ended.signal.aborted) return;
    for (const link of this.links) if (link.protocol === "h3" && link.isUsable) return;
    this.#dialBeside(h3, this.#ended.signal).then((link) => this.#add(link), () => {});
  }

  /** Connects over HTTP/3 while there is HTTP/2 as well; one attempt at a time. */
  async #dialBeside(h3: Alternative, signal: AbortSignal): Promise<PoolLink> {
    this.#isUpgrading = true;
    try {
      return await this.#dial("h3", h3, signal, RACED_CONNECT_MS);
    } finally {
      this.#isUpgrading = false;
      queueMicrotask(() => this.#pool.tidy(this));
    }
  }

  /** Ends what is being opened. */
  end(reason: unknown): void {
    this.#ended.abort(reason);
  }
}

function isBetter(one: PoolLink, other: PoolLink): boolean {
  if (one.hasRoom !== other.hasRoom) return one.hasRoom;
  if (one.protocol !== other.protocol) return one.protocol === "h3";
  return one.load < other.load;
}

/** Between the choice and the request others choose: they must see that a place is taken. */
function reserved(link: PoolLink): PoolLink {
  link.reserved++;
  return link;
}
