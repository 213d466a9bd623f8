import { HttpError } from "../semantics/errors.ts";
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
import { giveRequest, isAboutConnection, MAX_MOVES } from "./open_exchange.ts";
import type { Pool } from "./pool.ts";
import type { PoolLink } from "./pool_link.ts";
import { isRedirect, type Redirectable, redirected, redirectError } from "./redirect.ts";
import type { RequestBody } from "./request_body.ts";
import { hostOf } from "./url.ts";

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
        drop(response);
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
      deadlines.begin("head");
      const { exchange, error } = await giveRequest(
        this.#pool,
        link,
        () => this.#clientRequest(link, request),
      );
      if (exchange === undefined) {
        signal.throwIfAborted();
        if (!isAboutConnection(error) || ++moves > MAX_MOVES) throw error;
        this.#pool.retire(link);
        continue;
      }
      this.#wasOpened = true;
      this.#requests++;
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
        drop(response);
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

/** What of a body is cheaper to receive than to stop. */
const SMALL_BYTES = 65_536;

/** Nobody wants the body of this response. */
function drop(response: ClientResponse): void {
  if (response.body === null) return;
  const isSmall = Number(response.fields.get("content-length") ?? Infinity) <= SMALL_BYTES;
  const dropped = isSmall ? drain(response.body) : response.body.cancel();
  dropped.catch(() => {}); // it was lost, which is as good
}

async function drain(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  while (!(await reader.read()).done);
}

function addDefault(fields: Fields, name: string, value: string): void {
  if (!fields.has(name)) fields.append(name, value);
}

function basic(username: string, password: string): string {
  const text = `${decoded(username)}:${decoded(password)}`;
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone percent sign
  }
}

/** Where a request really goes (RFC 7838 section 5). */
function altUsed(alternative: Alternative, url: URL): string {
  const host = alternative.hostname === "" ? hostOf(url) : alternative.hostname;
  const bracketed = host.includes(":") ? `[${host}]` : host;
  return alternative.port === 443 ? bracketed : `${bracketed}:${alternative.port}`;
}

/** Whether it is proven that the server has not worked on the request. */
function isProven(error: unknown): boolean {
  return error instanceof HttpError && error.retry !== "unknown";
}
