import { ConnectionError, HttpError, TransportError } from "../semantics/errors.ts";
import type { Fields } from "../semantics/fields.ts";
import type { ResponseHead } from "../semantics/head.ts";
import type { Priority } from "../semantics/priority.ts";
import type { ClientExchange } from "../shell/client_exchange.ts";
import type { ClientRequest } from "../shell/client_request.ts";
import type { ClientResponse } from "../shell/client_response.ts";
import { fieldsOfRequestHeaders } from "../shell/native_fields.ts";
import type { Alternative } from "./alt_svc.ts";
import type { Deadlines } from "./deadlines.ts";
import { acceptedCodings } from "./decode_body.ts";
import { fetchError } from "./fetch_error.ts";
import { fetchResponse } from "./fetch_response.ts";
import type { Pool } from "./pool.ts";
import type { PoolLink } from "./pool_link.ts";
import { isRedirect, type Redirectable, redirected, redirectError } from "./redirect.ts";
import type { RequestBody } from "./request_body.ts";
import { hostOf } from "./url.ts";

/** How often a request that has not left may be handed from one connection to the next. */
const MAX_MOVES = 16;

/** A fetch as it was asked for, in the form in which it is worked on. */
export interface FetchPlan {
  /** The native request. */
  readonly request: Request;
  /** Its body. */
  readonly body: RequestBody | null;
  /** Where to. */
  readonly url: URL;
  /** The times and the signal. */
  readonly deadlines: Deadlines;
  /** Told of interim responses. */
  readonly onInterim?: ((head: ResponseHead) => void) | undefined;
  /** How urgent it is. */
  readonly priority?: Partial<Priority> | undefined;
}

/** What is counted over all fetches of a client. */
export interface FetchCounts {
  retries: number;
  redirects: number;
}

interface Answer {
  readonly exchange: ClientExchange;
  readonly response: ClientResponse;
}

/** One fetch: a request, those that take its place after redirects and retries, and the response. */
export class FetchJob {
  readonly #pool: Pool;
  readonly #plan: FetchPlan;
  readonly #counts: FetchCounts;
  #redirects = 0;
  #requests = 0;
  #wasOpened = false;

  constructor(pool: Pool, plan: FetchPlan, counts: FetchCounts) {
    this.#pool = pool;
    this.#plan = plan;
    this.#counts = counts;
  }

  /** Runs it. Rejects with a `FetchError`, or with the reason of the caller's signal. */
  async run(): Promise<Response> {
    const { deadlines, body } = this.#plan;
    try {
      return await this.#run();
    } catch (error) {
      deadlines.done();
      const { signal } = deadlines;
      const isAborted = deadlines.isAborted;
      if (isAborted) body?.drop(signal.reason);
      if (isAborted) throw signal.reason;
      throw fetchError(signal.aborted ? signal.reason : error, this.#wasOpened, this.#unsent());
    }
  }

  /** The request as it was given, where it can be handed back. */
  #unsent(): Request | undefined {
    const { request, body } = this.#plan;
    const isWhole = this.#redirects === 0 && !request.bodyUsed && (body === null || body.isUnread);
    return isWhole ? request : undefined;
  }

  async #run(): Promise<Response> {
    const { request, body, url, deadlines } = this.#plan;
    const { maxRedirects = 20, decode = true } = this.#pool.options;
    let current: Redirectable = {
      method: request.method,
      url,
      headers: request.headers,
      keepsBody: body !== null,
    };
    for (;;) {
      const { exchange, response } = await this.#answer(current);
      const location = isRedirect(response.status) ? response.fields.get("location") : undefined;
      if (location !== undefined && request.redirect !== "manual") {
        exchange.abort(); // its body is of no interest
        if (request.redirect === "error") throw redirectError('redirect mode is "error"');
        if (this.#redirects === maxRedirects) throw redirectError(`there were ${maxRedirects} already`);
        const next = redirected(current, response.status, location);
        if (next.keepsBody && body?.isSendable !== true) throw redirectError("the body was a stream");
        this.#redirects++;
        this.#counts.redirects++;
        current = next;
        continue;
      }
      return fetchResponse(response, {
        url: current.url,
        method: current.method,
        isRedirected: this.#redirects > 0,
        decode,
        deadlines,
        details: { exchange, response, requests: this.#requests },
      });
    }
  }

  /** Sends a request until it is answered: again only with proof that it was not worked on. */
  async #answer(request: Redirectable): Promise<Answer> {
    const { deadlines } = this.#plan;
    const { signal } = deadlines;
    const { maxRetries = 1 } = this.#pool.options;
    const { origin } = request.url;
    let moves = 0;
    let retries = 0;
    let wasMisdirected = false;
    for (;;) {
      deadlines.begin("connect");
      const link = await this.#pool.acquire(origin, signal);
      const { exchange, error } = await this.#send(link, request);
      if (exchange === undefined) {
        signal.throwIfAborted();
        if (!isAboutConnection(error) || ++moves > MAX_MOVES) throw error;
        this.#pool.retire(link);
        continue;
      }
      this.#wasOpened = true;
      let response: ClientResponse;
      try {
        response = await exchange.response;
      } catch (failure) {
        signal.throwIfAborted();
        if (isAboutConnection(failure)) this.#pool.retire(link);
        if (!isProven(failure) || retries === maxRetries || !this.#canRepeat(request)) throw failure;
        retries++;
        this.#counts.retries++;
        continue;
      }
      const isElsewhere = link.alternative !== undefined || link.origin !== origin;
      if (response.status === 421 && isElsewhere && !wasMisdirected && this.#canRepeat(request)) {
        wasMisdirected = true;
        this.#counts.retries++;
        exchange.abort();
        this.#pool.misdirect(origin, link);
        continue;
      }
      const altSvc = response.fields.getAll("alt-svc");
      if (altSvc.length > 0 && response.status !== 421) this.#pool.learn(origin, altSvc.join(", "));
      deadlines.rest();
      return { exchange, response };
    }
  }

  #canRepeat(request: Redirectable): boolean {
    return !request.keepsBody || this.#plan.body?.isSendable === true;
  }

  async #send(
    link: PoolLink,
    request: Redirectable,
  ): Promise<{ exchange?: ClientExchange; error?: unknown }> {
    const { deadlines } = this.#plan;
    link.reserved--;
    const sent = link.client.tryRequest(this.#clientRequest(link, request));
    link.idleSince = -1;
    deadlines.begin("head");
    const { exchange, error } = await sent;
    if (exchange === undefined) {
      this.#pool.release(link);
      return { error };
    }
    this.#requests++;
    const release = (): void => this.#pool.release(link);
    exchange.closed.then(release, release);
    return { exchange };
  }

  #clientRequest(link: PoolLink, request: Redirectable): ClientRequest {
    const { deadlines, body, onInterim, priority } = this.#plan;
    const { decode = true, userAgent = "tandem" } = this.#pool.options;
    const fields = fieldsOfRequestHeaders(request.headers);
    const { username, password } = request.url;
    addDefault(fields, "accept", "*/*");
    addDefault(fields, "accept-language", "*");
    if (decode) addDefault(fields, "accept-encoding", acceptedCodings());
    addDefault(fields, "user-agent", userAgent);
    if (username !== "" || password !== "") addDefault(fields, "authorization", basic(username, password));
    if (link.alternative !== undefined) fields.set("alt-used", altUsed(link.alternative, request.url));
    fields.delete("content-length");
    const isSent = request.keepsBody && body !== null;
    if (isSent && body.length >= 0) fields.append("content-length", String(body.length));
    return {
      method: request.method,
      url: request.url,
      fields,
      signal: deadlines.signal,
      ...(isSent ? { body: body.open() } : {}),
      ...(onInterim === undefined ? {} : { onInterim }),
      ...(priority === undefined ? {} : { priority }),
    };
  }
}

function addDefault(fields: Fields, name: string, value: string): void {
  if (!fields.has(name)) fields.append(name, value);
}

function basic(username: string, password: string): string {
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`;
}

/** Where a request really goes (RFC 7838 section 5). */
function altUsed(alternative: Alternative, url: URL): string {
  const host = alternative.hostname === "" ? hostOf(url) : alternative.hostname;
  const bracketed = host.includes(":") ? `[${host}]` : host;
  return alternative.port === 443 ? bracketed : `${bracketed}:${alternative.port}`;
}

/** Whether the connection is the matter, and not this request. */
function isAboutConnection(error: unknown): boolean {
  return error instanceof ConnectionError || error instanceof TransportError;
}

/** Whether it is proven that the server has not worked on the request. */
function isProven(error: unknown): boolean {
  return error instanceof HttpError && error.retry !== "unknown";
}
