import { TransportError } from "../semantics/errors.ts";
import { systemClock } from "../shell/clock.ts";
import type { ClientExchange } from "../shell/client_exchange.ts";
import type { ClientRequest, TryRequestResult } from "../shell/client_request.ts";
import type { TransportInfo } from "../transport/mod.ts";
import type { ConnectOptions } from "./client_options.ts";
import { type AnyClient, dialH2, dialH3 } from "./dial.ts";
import { denoDialer } from "./deno_dialer.ts";
import type { DialTarget } from "./dialer.ts";
import { raceProtocols, type RaceReport } from "./race.ts";
import { hostOf, portOf, webUrl } from "./url.ts";

/** One connection to one origin. */
export interface Origin {
  /** The origin, such as `https://example.com`. */
  readonly origin: string;
  /** The protocol that won. */
  readonly protocol: "h2" | "h3";
  /** How it won. */
  readonly race: RaceReport;
  /** What the transport says of itself. */
  readonly info: TransportInfo;
  /** The connection, with all that it can do. */
  readonly client: AnyClient;
  /** Whether the connection is over. */
  readonly isClosed: boolean;
  /** Resolves when the connection is over. Never rejects. */
  readonly closed: Promise<void>;
  /** Sends a native request, or what makes one; a URL may be relative. Follows no redirects and decodes nothing. */
  fetch(input: Request | string | URL, init?: RequestInit): Promise<Response>;
  /** Sends a request; without `url` it goes to this origin, and a `url` may be relative. */
  request(request: ClientRequest): ClientExchange;
  /** Like `request`, but waits until it is opened, and gives it back untouched when it cannot be. */
  tryRequest<R extends ClientRequest | Request>(request: R): Promise<TryRequestResult<R>>;
  /** Lets open exchanges finish, then ends the connection. */
  shutdown(): Promise<void>;
  /** Ends the connection now. */
  close(): void;
  /** `close()`, then waits for `closed`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Connects to an origin: over HTTP/3, raced with HTTP/2 that starts 200 ms later, or over the
 * one that is asked for. `http:` URLs are HTTP/2 by prior knowledge.
 *
 * Rejects with a `TransportError`, or with the reason of the signal.
 *
 * @example Usage
 * ```ts
 * import { connect, serve } from "@tandem/http";
 * import assert from "node:assert/strict";
 *
 * await using server = serve({ port: 0, hostname: "127.0.0.1", plain: true }, {
 *   exchange(exchange) {
 *     exchange.setTrailers({ "x-sum": "42" });
 *     return exchange.reply(200, {}, "hello");
 *   },
 * });
 * await using origin = await connect(`http://127.0.0.1:${server.addr.port}/`);
 * assert.equal(origin.race.winner, "h2");
 * const response = await origin.request({ path: "/tea" }).response;
 * assert.equal(await response.text(), "hello");
 * assert.equal((await response.trailers)?.get("x-sum"), "42");
 * ```
 */
export async function connect(url: string | URL, options: ConnectOptions = {}): Promise<Origin> {
  const target = webUrl(url);
  const http = options.http ?? "auto";
  const isSecure = target.protocol === "https:";
  if (!isSecure && http === 3) throw new TypeError("Cannot connect: HTTP/3 always has TLS");
  const dialer = options.dialer ?? denoDialer(options);
  const clock = options.clock ?? systemClock;
  const ended = new AbortController();
  const signal = options.signal ?? ended.signal;
  signal.throwIfAborted();

  function dialTarget(own: AbortSignal): DialTarget {
    return {
      hostname: hostOf(target),
      port: portOf(target),
      isSecure,
      serverName: hostOf(target),
      signal: own,
      timeoutMs: options.timeouts?.connectMs ?? 30_000,
    };
  }
  const h2 = (own: AbortSignal): Promise<AnyClient> => dialH2(dialer, dialTarget(own), options, {});
  const h3 = (own: AbortSignal): Promise<AnyClient> => dialH3(dialer, dialTarget(own), options, {});

  async function alone(protocol: "h2" | "h3"): Promise<RaceReport & { readonly value: AnyClient }> {
    const startedAt = clock.now();
    try {
      const value = await (protocol === "h2" ? h2 : h3)(signal);
      const attempt = { protocol, outcome: "won" as const, durationMs: clock.now() - startedAt };
      return { winner: protocol, attempts: [attempt], value };
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  }

  if (http === 3 && !dialer.hasQuic) {
    const message = "Cannot connect over HTTP/3: there is no QUIC; Deno needs --unstable-net for it";
    throw new TransportError("unsupported", message, { initiator: "user", retry: "unsent" });
  }
  const won = http === 3
    ? await alone("h3")
    : http === 2 || !isSecure || !dialer.hasQuic
    ? await alone("h2")
    : await raceProtocols({
      h3,
      h2,
      delayMs: options.raceDelayMs ?? 200,
      clock,
      signal,
      dispose: (client) => client.close(),
    });
  return new ConnectedOrigin(target.origin, won.value, { winner: won.winner, attempts: won.attempts });
}

class ConnectedOrigin implements Origin {
  readonly origin: string;
  readonly client: AnyClient;
  readonly race: RaceReport;

  constructor(origin: string, client: AnyClient, race: RaceReport) {
    this.origin = origin;
    this.client = client;
    this.race = race;
  }

  get protocol(): "h2" | "h3" {
    return this.race.winner;
  }

  get info(): TransportInfo {
    return this.client.info;
  }

  get isClosed(): boolean {
    return this.client.isClosed;
  }

  get closed(): Promise<void> {
    return this.client.closed;
  }

  async fetch(input: Request | string | URL, init?: RequestInit): Promise<Response> {
    if (input instanceof Request) return await this.client.fetch(this.#own(input), init);
    return await this.client.fetch(this.#urlOf(input), init);
  }

  request(request: ClientRequest): ClientExchange {
    return this.client.request(this.#complete(request));
  }

  async tryRequest<R extends ClientRequest | Request>(request: R): Promise<TryRequestResult<R>> {
    if (request instanceof Request) return await this.client.tryRequest(this.#own(request));
    const { exchange, error } = await this.client.tryRequest(this.#complete(request as ClientRequest));
    return exchange === undefined ? { unsent: request, error } : { exchange };
  }

  #own<R extends Request>(request: R): R {
    this.#urlOf(request.url);
    return request;
  }

  #complete(request: ClientRequest): ClientRequest {
    if (request.url !== undefined) return { ...request, url: this.#urlOf(request.url) };
    const { protocol, host } = new URL(this.origin);
    return { scheme: protocol.slice(0, -1), authority: host, ...request };
  }

  /** Throws `TypeError` for a URL of another origin: this server may not know it. */
  #urlOf(given: string | URL): URL {
    const url = new URL(given, this.origin);
    if (url.origin === this.origin) return url;
    throw new TypeError(`Cannot send the request: the connection is to ${this.origin}, not to ${url.origin}`);
  }

  shutdown(): Promise<void> {
    return this.client.shutdown();
  }

  close(): void {
    this.client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.closed;
  }
}
