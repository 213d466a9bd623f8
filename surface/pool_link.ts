import type { AnyClient } from "./dial.ts";
import type { Alternative } from "./alt_svc.ts";

/** The origins that a server claims (RFC 8336); replaced as a whole when it says so again. */
export interface Claimed {
  origins: ReadonlySet<string>;
}

/** An origin, as a connection sees it. */
export interface LinkUser {
  /** Whether a request is about to use one of its connections. */
  readonly isWanted: boolean;
  /** Takes a connection out. */
  remove(link: PoolLink): void;
}

/** One connection of a pool. */
export class PoolLink {
  /** The connection. */
  readonly client: AnyClient;
  /** The origin that it was opened for. */
  readonly origin: string;
  /** The alternative service that it leads to, if it does not lead to the origin itself. */
  readonly alternative: Alternative | undefined;
  /** Origins that its server claims. */
  readonly claimed: Readonly<Claimed>;
  /** Origins that its server has turned away with a 421. */
  readonly misdirected: Set<string> = new Set();
  /** The origins that use it: mostly one. */
  readonly users: Set<LinkUser> = new Set();
  /** Whether it takes no more requests. */
  isRetired = false;
  /** Since when it has no exchanges, by the clock; -1 while it has some. */
  idleSince = -1;
  /** Requests that were promised a place on it and have not been given to it yet. */
  reserved = 0;
  #hasSettings = false;

  constructor(client: AnyClient, origin: string, alternative: Alternative | undefined, claimed: Claimed) {
    this.client = client;
    this.claimed = claimed;
    this.origin = origin;
    this.alternative = alternative;
    client.ready.then(() => this.#hasSettings = true, () => {});
  }

  get protocol(): "h2" | "h3" {
    return "maxSendStreams" in this.client ? "h2" : "h3";
  }

  /** Whether requests may be given to it. */
  get isUsable(): boolean {
    return !this.isRetired && !this.client.isClosed;
  }

  /** Whether a request is about to use it. */
  get isWanted(): boolean {
    for (const user of this.users) if (user.isWanted) return true;
    return false;
  }

  /** Exchanges that are open, wait, or are about to. */
  get load(): number {
    return this.client.openExchanges + this.client.queuedRequests + this.reserved;
  }

  /** Whether one more request would be sent at once. */
  get hasRoom(): boolean {
    const { client } = this;
    if ("maxSendStreams" in client) return this.load < client.maxSendStreams;
    return client.queuedRequests === 0 && (client.isReady || !this.#hasSettings);
  }
}
