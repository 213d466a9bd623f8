import type { RequestHead } from "../semantics/head.ts";
import type { IncomingBody } from "./incoming_body.ts";
import { NativeRequest } from "./native_classes.ts";

/** A complete body up to this size goes into a native object as bytes, which is cheaper than a stream. */
export const MAX_WHOLE_BYTES = 65_536;

/** Methods for which the platform has no `Request`. */
const NO_NATIVE = new Set(["CONNECT", "TRACE", "TRACK"]);

/** Whether the platform has a `Request` for a method. */
export function hasNativeRequest(method: string): boolean {
  return method === "GET" || method === "POST" || !NO_NATIVE.has(method.toUpperCase());
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
    ? new NativeRequest(url)
    : body === undefined || method === "HEAD"
    ? new NativeRequest(url, { method })
    : new NativeRequest(url, withBody(method, body));
  fields.toHeaders(request.headers);
  return request;
}

function withBody(method: string, body: IncomingBody): RequestInit {
  if (body.isEnded && !body.isUsed && body.queuedBytes <= MAX_WHOLE_BYTES) {
    return { method, body: body.borrowQueued() }; // the platform copies it
  }
  // `duplex` is asked for by the Fetch standard and missing in its types.
  return { method, body: body.readable, duplex: "half" } as RequestInit;
}
