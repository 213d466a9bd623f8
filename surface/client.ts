import type { ResponseHead } from "../semantics/head.ts";
import type { Priority } from "../semantics/priority.ts";
import type { ClientExchange } from "../shell/client_exchange.ts";
import type { ClientRequest } from "../shell/client_request.ts";
import type { ClientOptions, FetchTimeouts } from "./client_options.ts";
import { Deadlines } from "./deadlines.ts";
import { openExchange } from "./open_exchange.ts";
import { fetchError } from "./fetch_error.ts";
import { type FetchCounts, FetchJob } from "./fetch_job.ts";
import { type ClientStats, Pool } from "./pool.ts";
import { RequestBody } from "./request_body.ts";

/** What a fetch can be told beside what the global `fetch` takes. */
export interface FetchInit extends Omit<RequestInit, "priority"> {
  /** How long things may take; what is left out is as the client has it. */
  readonly timeouts?: FetchTimeouts;
  /** Called for each interim (1xx) response. */
  readonly onInterim?: (head: ResponseHead) => void;
  /** How urgent the response is: a word of the Fetch standard, or as RFC 9218 says it. */
  readonly priority?: "high" | "low" | "auto" | Partial<Priority>;
}

/** What comes of `tryFetch`: a response, or the request as it was given. */
export type TryFetchResult =
  | {
    /** The response. */
    readonly response: Response;
    /** Absent. */
    readonly unsent?: undefined;
    /** Absent. */
    readonly error?: undefined;
  }
  | {
    /** Absent. */
    readonly response?: undefined;
    /** The request, whole: the server has certainly not worked on it. */
    readonly unsent: Request;
    /** Why not. */
    readonly error: Error;
  };

/** Schemes for which nothing goes over a network. */
const LOCAL_SCHEMES = new Set(["data:", "blob:", "file:"]);

/**
 * A `fetch` over HTTP/2 and HTTP/3 with a pool of connections.
 *
 * It passes for the global `fetch` (the differences are in `docs/fetch.md`), and nothing is
 * sent twice: a request is only sent again with proof that the server has not worked on it.
 *
 * An open connection keeps the program alive until it has been idle for `idleTimeoutMs`;
 * `close()`, or `await using`, ends it at once.
 *
 * @example Usage
 * ```ts
 * import { Client, serve } from "@tandem/http";
 * import assert from "node:assert/strict";
 *
 * await using server = serve({ port: 0, hostname: "127.0.0.1", plain: true }, async (request) => {
 *   return new Response(`you said ${await request.text()}`);
 * });
 * await using client = new Client({ timeouts: { headMs: 10_000 } });
 * const response = await client.fetch(`http://127.0.0.1:${server.addr.port}/`, {
 *   method: "POST",
 *   body: "hello",
 * });
 * assert.equal(await response.text(), "you said hello");
 * ```
 */
export class Client {
  readonly #pool: Pool;
  readonly #counts: FetchCounts = { retries: 0, redirects: 0 };

  /** Makes a client that has no connection yet. */
  constructor(options: ClientOptions = {}) {
    this.#pool = new Pool(options);
  }

  /** What is open, and what has happened. */
  get stats(): ClientStats {
    return { ...this.#pool.stats, ...this.#counts };
  }

  /**
   * Fetches. Rejects with a `FetchError` (a `TypeError`), with the reason of the signal, or with
   * a plain `TypeError` for what is no request. A method of its own: it may be taken off the client.
   */
  readonly fetch = async (input: Request | string | URL, init?: FetchInit): Promise<Response> => {
    const given = init === undefined ? undefined : { ...init, priority: undefined };
    const request = input instanceof Request && init === undefined
      ? input
      : new Request(input, given as RequestInit | undefined);
    if (request.bodyUsed) throw new TypeError("Cannot fetch: the body of the request was read already");
    const url = new URL(request.url);
    if (LOCAL_SCHEMES.has(url.protocol)) return await fetch(request);
    if (url.protocol !== "https:" && url.protocol !== "http:") {
      throw new TypeError(`Cannot fetch: ${url.protocol} is neither https: nor http:`);
    }
    // The fragment, and a user in the URL, are lost in native requests of some platforms.
    const asked = input instanceof Request ? url : new URL(input, request.url);
    return await this.#fetch(request, asked, init);
  };

  async #fetch(request: Request, url: URL, init: FetchInit | undefined): Promise<Response> {
    const { options, clock } = this.#pool;
    const timeouts = init?.timeouts === undefined
      ? options.timeouts ?? {}
      : { ...options.timeouts, ...init.timeouts };
    const deadlines = new Deadlines(clock, timeouts, request.signal);
    try {
      deadlines.signal.throwIfAborted();
      const body = await RequestBody.of(request, init?.body);
      const { onInterim } = init ?? {};
      const priority = priorityOf(init?.priority);
      const plan = { request, body, url, deadlines, onInterim, priority };
      return await new FetchJob(this.#pool, plan, this.#counts).run();
    } catch (error) {
      deadlines.done();
      throw error;
    }
  }

  /**
   * Sends a request as it is, over the pool: no redirects, no decoding, no deadlines, but all
   * that an exchange has. Resolves once it is on its way; until then it goes from a connection
   * that is lost to the next. Rejects with the error that says `unsent`.
   */
  request(request: ClientRequest): Promise<ClientExchange> {
    return openExchange(this.#pool, request);
  }

  /** Like `fetch`, but gives the request back when the server has certainly not worked on it. */
  async tryFetch(request: Request): Promise<TryFetchResult> {
    try {
      return { response: await this.fetch(request) };
    } catch (error) {
      const { unsent } = fetchError(error, true);
      if (unsent === undefined) throw error;
      return { unsent, error: error as Error };
    }
  }

  /** The network is another one: alternatives that were not said to persist are forgotten, and so is what failed. */
  changeNetwork(): void {
    this.#pool.alternatives.changeNetwork();
  }

  /** Takes no more requests and lets open ones finish, bodies included. */
  shutdown(): Promise<void> {
    return this.#pool.end(true);
  }

  /** Ends all at once. */
  close(): void {
    void this.#pool.end(false);
  }

  /** `close()`, then waits until every connection is over. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end(false);
  }
}

function priorityOf(given: FetchInit["priority"]): Partial<Priority> | undefined {
  if (given === "high") return { urgency: 1 };
  if (given === "low") return { urgency: 5 };
  return typeof given === "object" ? given : undefined;
}
