import type { AbortCause, ExchangeId } from "../semantics/events.ts";
import type { RequestHead, ResponseHead } from "../semantics/head.ts";
import type { Priority } from "../semantics/priority.ts";
import type { ClientResponse } from "./client_response.ts";
import type { ExchangeConnection } from "./host.ts";

/**
 * One request with its response, at the client.
 *
 * @example Usage
 * ```ts
 * import { connect, serve, StreamError } from "@tandem/http/h2";
 * import { memoryPair } from "@tandem/http/transport/memory";
 * import assert from "node:assert/strict";
 *
 * const [near, far] = memoryPair();
 * const server = serve(far, {
 *   exchange(exchange) {
 *     exchange.sendInterim(103, { link: "</style.css>; rel=preload" });
 *     if (exchange.path === "/busy") exchange.abort("refused");
 *     else exchange.reply(200, {}, "here");
 *   },
 * });
 * await using client = connect(near);
 *
 * const exchange = client.request({ url: "https://example.com/", priority: { urgency: 1 } });
 * for await (const hint of exchange.interim) assert.equal(hint.fields.get("link"), "</style.css>; rel=preload");
 * assert.equal(await (await exchange.response).text(), "here");
 * await exchange.closed;
 *
 * // What failed says whether it is safe to try again.
 * const error = await client.request({ url: "https://example.com/busy" }).response.catch((error) => error);
 * assert(error instanceof StreamError);
 * assert.equal(error.retry, "refused");
 * await server.shutdown();
 * ```
 */
export interface ClientExchange {
  /** The number of the exchange on its connection; -1 while it waits in the queue. */
  readonly id: ExchangeId;
  /** Whether it still waits in the queue. */
  readonly isQueued: boolean;
  /** `h2` or `h3`. */
  readonly protocol: "h2" | "h3";
  /** The head that was or will be sent. */
  readonly request: RequestHead;
  /** The final response. Rejects with `StreamError`, `ConnectionError`, `TransportError` or the signal's reason. */
  readonly response: Promise<ClientResponse>;
  /** The interim (1xx) responses; ends with the final one. */
  readonly interim: AsyncIterable<ResponseHead>;
  /**
   * Resolves when both halves have ended well, rejects like `response` when not. A body of bytes
   * is the caller's again then.
   */
  readonly closed: Promise<void>;
  /** How urgent the response is; setting it tells the peer (RFC 9218). */
  priority: Priority;
  /** The connection that it is on. */
  readonly connection: ExchangeConnection;
  /** Gives the exchange up. @default {"cancelled"} */
  abort(cause?: AbortCause): void;
}
