import type { ClientExchange } from "../shell/client_exchange.ts";
import type { ClientResponse } from "../shell/client_response.ts";
import { NativeResponse } from "../shell/native_classes.ts";
import { codingsOf, decodeBody } from "./decode_body.ts";
import type { Deadlines } from "./deadlines.ts";
import { fetchError } from "./fetch_error.ts";
import { reasonPhrase } from "./reason_phrases.ts";

/** What a native response has no room for. */
export interface FetchDetails {
  /** The exchange of the last request: protocol, connection, interim responses. */
  readonly exchange: ClientExchange;
  /** The response as it came; `trailers` settles once the body was read. */
  readonly response: ClientResponse;
  /** How often a request was sent to get it: redirects and retries. */
  readonly requests: number;
}

const details: WeakMap<Response, FetchDetails> = new WeakMap();

/**
 * What a native `Response` has no room for, of one that a `Client` gave: trailers, protocol,
 * the exchange. `undefined` for other responses, also for clones.
 *
 * @example Usage
 * ```ts
 * import { Client, detailsOf, serve } from "@tandem/http";
 * import assert from "node:assert/strict";
 *
 * await using server = serve({ port: 0, hostname: "127.0.0.1", plain: true }, (_, exchange) => {
 *   exchange.setTrailers({ "x-sum": "42" });
 *   return new Response("hello");
 * });
 * await using client = new Client();
 * const response = await client.fetch(`http://127.0.0.1:${server.addr.port}/`);
 * assert.equal(await response.text(), "hello");
 * const details = detailsOf(response);
 * assert.equal(details?.exchange.protocol, "h2");
 * assert.equal((await details?.response.trailers)?.get("x-sum"), "42");
 * ```
 */
export function detailsOf(response: Response): FetchDetails | undefined {
  return details.get(response);
}

/** How a native response is made. */
export interface FetchResponseOptions {
  /** Where it came from in the end. */
  readonly url: URL;
  /** The method of the last request. */
  readonly method: string;
  /** Whether a redirect was followed. */
  readonly isRedirected: boolean;
  /** Whether content codings are undone. */
  readonly decode: boolean;
  /** The times of the fetch; over with the body. */
  readonly deadlines: Deadlines;
  /** What is kept beside it. */
  readonly details: FetchDetails;
}

const NULL_BODY = new Set([204, 205, 304]);

/** Makes the native response of a fetch. Throws `RangeError` for a status that no native one can have. */
export function fetchResponse(response: ClientResponse, options: FetchResponseOptions): Response {
  const { status } = response;
  const headers = response.fields.toHeaders();
  const codings = options.decode ? codingsOf(headers.get("content-encoding")) : undefined;
  const hasNone = NULL_BODY.has(status) || options.method === "HEAD";
  const { body: given } = response;
  let body: ReadableStream<Uint8Array> | Uint8Array | null = null;
  if (hasNone || given === null) {
    response.discard().then(() => options.deadlines.done(), () => options.deadlines.done());
    if (!hasNone) body = new Uint8Array(0); // empty, which is not the same as none
  } else {
    body = guarded(given, options.deadlines);
    if (codings !== undefined) body = decodeBody(body, codings);
  }
  const native = new NativeResponse(body as BodyInit | null, {
    status,
    statusText: reasonPhrase(status),
    headers,
  });
  const url = new URL(options.url);
  url.hash = "";
  Object.defineProperties(native, {
    url: { value: url.href },
    redirected: { value: options.isRedirected },
    type: { value: "basic" },
  });
  details.set(native, options.details);
  return native;
}

/** The body with its deadline; it fails as a fetch does. */
function guarded(body: ReadableStream<Uint8Array>, deadlines: Deadlines): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      deadlines.begin("body");
      try {
        const { done, value } = await reader.read();
        deadlines.rest();
        if (!done) return controller.enqueue(value);
        deadlines.done();
        controller.close();
      } catch (error) {
        deadlines.done();
        throw deadlines.isAborted ? error : fetchError(error, true);
      }
    },
    cancel(reason): Promise<void> {
      deadlines.done();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
