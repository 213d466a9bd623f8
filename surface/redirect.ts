import { FetchError } from "./fetch_error.ts";

/** What a redirect can change of a request. */
export interface Redirectable {
  /** The method. */
  readonly method: string;
  /** Where it went. */
  readonly url: URL;
  /** Its fields. */
  readonly headers: Headers;
  /** Whether it keeps its body. */
  readonly keepsBody: boolean;
}

const STATUSES = new Set([301, 302, 303, 307, 308]);
const BODY_HEADERS = [
  "content-encoding",
  "content-language",
  "content-location",
  "content-type",
  "content-length",
];
/** What is meant for one origin and not for another. */
const PRIVATE_HEADERS = ["authorization", "cookie", "proxy-authorization", "host"];

/** Whether a status asks for a redirect. */
export function isRedirect(status: number): boolean {
  return STATUSES.has(status);
}

/**
 * The request that follows a redirect by the rules of the Fetch standard. Throws `FetchError`
 * for a location that cannot be followed.
 */
export function redirected(request: Redirectable, status: number, location: string): Redirectable {
  const url = locationOf(request.url, location);
  const { method } = request;
  const headers = new Headers(request.headers);
  const becomesGet = ((status === 301 || status === 302) && method === "POST") ||
    (status === 303 && method !== "GET" && method !== "HEAD");
  if (becomesGet) { for (const name of BODY_HEADERS) headers.delete(name); }
  if (url.origin !== request.url.origin) { for (const name of PRIVATE_HEADERS) headers.delete(name); }
  return { method: becomesGet ? "GET" : method, url, headers, keepsBody: request.keepsBody && !becomesGet };
}

function locationOf(base: URL, location: string): URL {
  const url = URL.parse(location, base);
  if (url === null) throw redirectError("its location is no URL");
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw redirectError(`it leads to ${url.protocol}, which is neither https: nor http:`);
  }
  if (url.hash === "") url.hash = base.hash;
  return url;
}

/** The error for a redirect that is not followed. The request was answered: nothing is to be sent again. */
export function redirectError(why: string): FetchError {
  return new FetchError(`Cannot follow a redirect: ${why}`, {
    code: "redirect",
    initiator: "remote",
    retry: "unknown",
  });
}
