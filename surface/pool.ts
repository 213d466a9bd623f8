import { TransportError } from "../semantics/errors.ts";
import { type Clock, systemClock } from "../shell/clock.ts";
import { Alternatives } from "./alternatives.ts";
import type { ClientOptions } from "./client_options.ts";
import { denoDialer } from "./deno_dialer.ts";
import { type AnyClient, dialH2, dialH3 } from "./dial.ts";
import type { Dialer, DialTarget } from "./dialer.ts";
import { OriginPool } from "./origin_pool.ts";
import type { Claimed, PoolLink } from "./pool_link.ts";
import { hostOf, portOf } from "./url.ts";

/** What a client has open, and what has happened. */
export interface ClientStats {
  /** Origins with connections. */
  readonly origins: number;
  /** Connections that are open. */
  readonly connections: number;
  /** Of these, those without exchanges. */
  readonly idle: number;
  /** Connections that are being opened. */
  readonly connecting: number;
  /** Connections that were opened so far. */
  readonly opened: number;
  /** Of these, those that were closed because nobody used them. */
  readonly reaped: number;
  /** Requests that were sent again. */
  readonly retries: number;
  /** Redirects that were followed. */
  readonly redirects: number;
}

/** All connections of a client, by origin. */
export class Pool {
  readonly options: ClientOptions;
  readonly clock: Clock;
  readonly dialer: Dialer;
  readonly alternatives: Alternatives;
  readonly #origins: Map<string, OriginPool> = new Map();
  readonly #links: Set<PoolLink> = new Set();
  readonly #idleMs: number;
  #reaper: unknown;
  #opened = 0;
  #reaped = 0;
  #isClosed = false;

  constructor(options: ClientOptions) {
    const idleMs = options.idleTimeoutMs ?? 60_000;
    if (!(idleMs >= 0)) throw new RangeError(`Cannot set idleTimeoutMs: ${idleMs} is not at least 0`);
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.dialer = options.dialer ?? denoDialer(options);
    this.alternatives = new Alternatives(this.clock);
    this.#idleMs = idleMs;
  }

  /** What is open. */
  get stats(): Omit<ClientStats, "retries" | "redirects"> {
    let idle = 0;
    let connecting = 0;
    for (const link of this.#links) if (link.idleSince !== -1) idle++;
    for (const origin of this.#origins.values()) if (origin.isConnecting) connecting++;
    return {
      origins: this.#origins.size,
      connections: this.#links.size,
      idle,
      connecting,
      opened: this.#opened,
      reaped: this.#reaped,
    };
  }

  /** A connection with a place reserved for one more request; the caller gives it that, and the place back. */
  async acquire(origin: string, signal: AbortSignal): Promise<PoolLink> {
    if (this.#isClosed) throw closedError();
    let found = this.#origins.get(origin);
    if (found === undefined) this.#origins.set(origin, found = new OriginPool(this, origin));
    return await found.acquire(signal);
  }

  /** Connects, with the hooks that a pool needs. */
  async dial(
    protocol: "h2" | "h3",
    origin: string,
    target: DialTarget,
    claimed: Claimed,
  ): Promise<AnyClient> {
    const hooks = {
      onAltSvc: (about: string, value: string): void => {
        // A server speaks for the origin that it was asked for, and for no other (RFC 7838 section 4).
        if (about === "" || about === origin) this.learn(origin, value);
      },
      onOrigins: (origins: readonly string[]): void => {
        claimed.origins = new Set(origins);
      },
    };
    return protocol === "h2"
      ? await dialH2(this.dialer, target, this.options, hooks)
      : await dialH3(this.dialer, target, this.options, hooks);
  }

  /** A connection is there. */
  watch(link: PoolLink): void {
    if (this.#links.has(link)) return;
    this.#links.add(link);
    this.#opened++;
    link.client.closed.then(() => this.#links.delete(link));
    this.release(link);
  }

  /** An exchange has ended: a connection without any is closed in a while. */
  release(link: PoolLink): void {
    if (link.load > 0) return;
    if (link.isRetired) return void link.client.shutdown();
    link.idleSince = this.clock.now();
    this.#reaper ??= this.clock.schedule(() => this.#reap(), this.#idleMs);
  }

  /** One timer for all, and none while nothing is idle. */
  #reap(): void {
    this.#reaper = undefined;
    const now = this.clock.now();
    let next = Infinity;
    for (const link of this.#links) {
      if (link.load > 0) link.idleSince = -1;
      else if (link.isWanted) link.idleSince = now;
      if (link.idleSince === -1 || link.client.isClosed) continue;
      const leftMs = link.idleSince + this.#idleMs - now;
      if (leftMs > 0) next = Math.min(next, leftMs);
      else this.#close(link);
    }
    if (next !== Infinity) this.#reaper = this.clock.schedule(() => this.#reap(), next);
  }

  #close(link: PoolLink): void {
    this.#reaped++;
    this.retire(link);
    link.client.close();
  }

  /** Gives no more requests to a connection. */
  retire(link: PoolLink): void {
    link.isRetired = true;
    for (const origin of this.#origins.values()) if (origin.links.has(link)) origin.remove(link);
    if (link.load === 0) link.client.shutdown();
  }

  /** A server has said that it does not speak for an origin (421): it is not asked again for that one. */
  misdirect(origin: string, link: PoolLink): void {
    link.misdirected.add(origin);
    if (link.alternative !== undefined) this.alternatives.forget(origin, link.alternative);
    this.#origins.get(origin)?.remove(link);
    if (link.origin === origin) this.retire(link);
  }

  /** Takes in the value of an `alt-svc` field or frame. */
  learn(origin: string, value: string): void {
    if (this.options.altSvc === false || !origin.startsWith("https:")) return;
    if (this.alternatives.learn(origin, value)) this.#origins.get(origin)?.upgrade();
  }

  /** A connection to another origin whose server speaks for this one as well (RFC 9113 section 9.1.1). */
  async findShared(url: URL, signal: AbortSignal): Promise<PoolLink | undefined> {
    if (this.options.coalesce !== true || url.protocol !== "https:") return undefined;
    const { origin } = url;
    const candidates = [...this.#links].filter((link) =>
      link.isUsable && link.origin !== origin && link.claimed.origins.has(origin) &&
      !link.misdirected.has(origin)
    );
    if (candidates.length === 0) return undefined;
    const host = hostOf(url);
    let addresses: readonly string[] | undefined;
    for (const link of candidates) {
      const { info } = link.client;
      const isCovered = this.dialer.covers?.(info, host);
      if (isCovered === true) return link;
      if (isCovered === false || info.remote?.port !== portOf(url)) continue;
      addresses ??= await this.dialer.resolve?.(host, signal) ?? [];
      if (addresses.includes(info.remote.hostname) && link.isUsable) return link;
    }
    return undefined;
  }

  /** Forgets an origin of which nothing is left. */
  tidy(origin: OriginPool): void {
    if (origin.isEmpty && this.#origins.get(origin.origin) === origin) this.#origins.delete(origin.origin);
  }

  /** Takes no more requests; ends connections at once, or when their exchanges have ended. */
  async end(isGraceful: boolean): Promise<void> {
    this.#isClosed = true;
    for (const origin of this.#origins.values()) origin.end(closedError());
    if (this.#reaper !== undefined) this.clock.cancel(this.#reaper);
    this.#reaper = undefined;
    const closed: Promise<void>[] = [];
    for (const { client } of this.#links) {
      closed.push(client.closed);
      if (isGraceful) void client.shutdown();
      else client.close();
    }
    await Promise.all(closed);
  }

  /** Whether it takes no more requests. */
  get isClosed(): boolean {
    return this.#isClosed;
  }
}

function closedError(): TransportError {
  return new TransportError("closed", "Cannot send the request: the client is closed", {
    initiator: "user",
    retry: "unsent",
  });
}
