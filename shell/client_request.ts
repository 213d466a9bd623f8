import type { FieldsInit } from "../semantics/fields.ts";
import type { ResponseHead } from "../semantics/head.ts";
import type { Priority } from "../semantics/priority.ts";
import type { BodyInput } from "./body_input.ts";
import type { ClientExchange } from "./client_exchange.ts";

/**
 * A request to be sent: either `url`, or `scheme`, `authority` and `path`.
 *
 * @example Usage
 * ```ts
 * import { type ClientRequest, connect, serve } from "@tandem/http/h2";
 * import { memoryPair } from "@tandem/http/transport/memory";
 * import assert from "node:assert/strict";
 *
 * const [near, far] = memoryPair();
 * const server = serve(far, {
 *   async exchange(exchange) {
 *     const text = await exchange.text();
 *     exchange.reply(200, {}, `${text} ${(await exchange.trailers)?.get("x-pieces")}`);
 *   },
 * });
 * await using client = connect(near);
 *
 * let pieces = 0;
 * async function* body() {
 *   for (const piece of ["a", "b", "c"]) {
 *     pieces++;
 *     yield new TextEncoder().encode(piece);
 *   }
 * }
 * const request: ClientRequest = {
 *   method: "POST",
 *   url: "https://example.com/upload",
 *   fields: { "content-type": "text/plain" },
 *   body: body(),
 *   trailers: () => ({ "x-pieces": String(pieces) }),
 *   signal: AbortSignal.timeout(10_000),
 * };
 * assert.equal(await (await client.request(request).response).text(), "abc 3");
 * await server.shutdown();
 * ```
 */
export interface ClientRequest {
  /** The method, case-sensitive. @default {"GET"} */
  readonly method?: string;
  /** Where to: scheme, authority and path in one. */
  readonly url?: string | URL;
  /** `https` or `http`. @default {"https"} */
  readonly scheme?: string;
  /** Host and port. */
  readonly authority?: string;
  /** Path and query. @default {"/"} */
  readonly path?: string;
  /** The fields of the head. */
  readonly fields?: FieldsInit;
  /** The body. A stream is not touched before the request is opened; bytes are in use until `closed` settles. */
  readonly body?: BodyInput;
  /** The trailer section, or what makes it once the body was sent. */
  readonly trailers?: FieldsInit | (() => FieldsInit | Promise<FieldsInit>);
  /** Gives the exchange up, also while it waits in the queue. */
  readonly signal?: AbortSignal;
  /** How urgent the response is (RFC 9218). */
  readonly priority?: Partial<Priority>;
  /** The `:protocol` of an extended CONNECT (RFC 8441, RFC 9220). */
  readonly protocol?: string;
  /** Called for each interim (1xx) response. */
  readonly onInterim?: (head: ResponseHead) => void;
}

/** What `tryRequest` tells: the exchange, or the request as it was given. */
export type TryRequestResult<R> =
  | {
    /** The exchange that was opened. */
    readonly exchange: ClientExchange;
    /** Absent. */
    readonly unsent?: undefined;
    /** Absent. */
    readonly error?: undefined;
  }
  | {
    /** Absent. */
    readonly exchange?: undefined;
    /** The request as it was given; nothing of it was touched. */
    readonly unsent: R;
    /** Why it could not be sent. */
    readonly error: Error;
  };
