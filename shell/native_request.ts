import type { RequestHead } from "../semantics/head.ts";
import type { IncomingBody } from "./incoming_body.ts";

/** A complete body up to this size goes into a native object as bytes, which is cheaper than a stream. */
export const MAX_WHOLE_BYTES = 65_536;

/** Methods for which the platform has no `Request`. */
const NO_NATIVE = new Set(["CONNECT", "TRACE", "TRACK"]);

/** Whether the platform has a `Request` for a method. */
export function hasNativeRequest(method: string): boolean {
  return !NO_NATIVE.has(method) && !(method.length <= 7 && NO_NATIVE.has(method.toUpperCase()));
}

/**
 * Makes the native request of a head; `body` is absent where there is none. The cheap way:
 * the URL alone, where that will do, and the fields one by one afterwards. The body of a
 * GET or HEAD is left out: the platform does not allow it.
 *
 * Throws `TypeError` for a method or a URL that the platform does not take.
 */
export function nativeRequest(head: RequestHead, body: IncomingBody | undefined): Request {
  const { method, fields } = head;
  const authority = head.authority === "" ? "localhost" : head.authority;
  const path = head.path.charCodeAt(0) === 0x2f ? head.path : `/${head.path}`;
  const url = `${head.scheme}://${authority}${path}`;
  const request = method === "GET"
    ? new Request(url)
    : body === undefined || method === "HEAD"
    ? new Request(url, { method })
    : new Request(url, withBody(method, body));
  appendAll(request.headers, fields.flat);
  return request;
}

function withBody(method: string, body: IncomingBody): RequestInit {
  if (body.isEnded && !body.isUsed && body.queuedBytes <= MAX_WHOLE_BYTES) {
    return { method, body: body.borrowQueued() }; // the platform copies it
  }
  // `duplex` is asked for by the Fetch standard and missing in its types.
  return { method, body: body.readable, duplex: "half" } as RequestInit;
}

/** Appends a flat list to native headers; the crumbs of a cookie become one field again. */
export function appendAll(headers: Headers, flat: readonly string[]): void {
  let cookie: string | undefined;
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i]!;
    if (name === "cookie") cookie = cookie === undefined ? flat[i + 1]! : `${cookie}; ${flat[i + 1]!}`;
    else headers.append(name, flat[i + 1]!);
  }
  if (cookie !== undefined) headers.append("cookie", cookie);
}
