import type { Fields } from "../semantics/fields.ts";
import type { BodyInput } from "./body_input.ts";
import type { ClientRequest } from "./client_request.ts";
import { fieldsOfRequestHeaders } from "./native_fields.ts";
import { hasNativeRequest } from "./native_request.ts";

/** Methods that the Fetch standard puts into upper case. */
const NORMALIZED = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);

/** The request of a native one; its body is not touched before the request is opened. */
export function requestOf(request: Request): ClientRequest {
  return {
    method: request.method,
    url: request.url,
    fields: fieldsOfRequestHeaders(request.headers),
    signal: request.signal,
    // The getter makes the stream, but neither locks nor reads it.
    body: request.body,
  };
}

/**
 * The request of the arguments of `fetch`. A URL and plain options make no native request,
 * which would cost more than the exchange. Throws `TypeError` as `fetch` does.
 */
export function fetchRequest(input: Request | string | URL, init: RequestInit | undefined): ClientRequest {
  if (input instanceof Request) return requestOf(init === undefined ? input : new Request(input, init));
  const method = methodOf(init?.method);
  // Headers check names and values, as `fetch` would.
  const headers = init?.headers instanceof Headers ? init.headers : new Headers(init?.headers);
  const fields = fieldsOfRequestHeaders(headers);
  const body = bodyOf(init?.body, fields);
  if (body !== null && (method === "GET" || method === "HEAD")) {
    throw new TypeError(`Cannot send a body: a ${method} has none`);
  }
  const signal = init?.signal ?? undefined;
  return { method, url: input, fields, body, ...(signal === undefined ? {} : { signal }) };
}

function methodOf(given: string | undefined): string {
  if (given === undefined) return "GET";
  if (!hasNativeRequest(given)) throw new TypeError(`Cannot fetch: the method ${given} is not allowed`);
  const upper = given.toUpperCase();
  return NORMALIZED.has(upper) ? upper : given;
}

/** The body, with the content type that it brings along. */
function bodyOf(body: BodyInit | null | undefined, fields: Fields): BodyInput {
  if (body === null || body === undefined) return null;
  if (typeof body === "string") {
    if (!fields.has("content-type")) fields.append("content-type", "text/plain;charset=UTF-8");
    return body;
  }
  if (body instanceof Uint8Array || body instanceof ArrayBuffer || body instanceof ReadableStream) {
    return body;
  }
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  const response = new Response(body);
  const type = response.headers.get("content-type");
  if (type !== null && !fields.has("content-type")) fields.append("content-type", type);
  return response.body;
}
