import type { AbortCause, ExchangeId } from "../semantics/events.ts";
import type { Fields, FieldsInit } from "../semantics/fields.ts";
import type { Priority } from "../semantics/priority.ts";
import type { TransportAddress } from "../transport/mod.ts";
import type { BodyInput, ChunkVisitor, WholeBodyOptions } from "./body_input.ts";
import type { ExchangeConnection } from "./host.ts";
import type { Tunnel } from "./tunnel.ts";

/** One request with its response, at the server. */
export interface ServerExchange {
  /** The number of the exchange on its connection. */
  readonly id: ExchangeId;
  /** `h2` or `h3`. */
  readonly protocol: "h2" | "h3";
  /** The method, case-sensitive. */
  readonly method: string;
  /** `https` or `http`, mostly; empty for a plain CONNECT. */
  readonly scheme: string;
  /** Host and port. */
  readonly authority: string;
  /** Path and query, or `*`; empty for a plain CONNECT. */
  readonly path: string;
  /** The `:protocol` of an extended CONNECT (RFC 8441, RFC 9220). */
  readonly connectProtocol: string | undefined;
  /** The fields of the request head, in order, names in lower case. */
  readonly fields: Fields;
  /** The native request, made when first touched. Throws `TypeError` where the platform has no such request (CONNECT, TRACE). */
  readonly request: Request;
  /** The request body as a stream, made when first touched; `null` when there is none. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** Takes the whole request body. */
  bytes(options?: WholeBodyOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** Takes the whole request body as UTF-8. */
  text(options?: WholeBodyOptions): Promise<string>;
  /** Takes the whole request body as JSON. */
  json(options?: WholeBodyOptions): Promise<unknown>;
  /**
   * Shows every piece of the request body to `visit` as it arrives, without a copy: the cheap way to count,
   * to hash or to parse a large one. Resolves at its end; rejects with what `visit` throws, which
   * cancels the rest, and with `TypeError` where it returns a promise: a piece is only valid until
   * `visit` returns. To wait between pieces, read `body`.
   *
   * @example Usage
   * ```ts
   * import { connect, serve } from "@tandem/http/h2";
   * import { memoryPair } from "@tandem/http/transport/memory";
   * import assert from "node:assert/strict";
   *
   * const [near, far] = memoryPair();
   * const server = serve(far, {
   *   async exchange(exchange) {
   *     let bytes = 0;
   *     await exchange.forEachChunk((chunk) => {
   *       bytes += chunk.length;
   *     });
   *     await exchange.reply(200, {}, `${bytes} bytes`);
   *   },
   * });
   * await using client = connect(near);
   * const { response } = client.request({ method: "POST", url: "https://example.com/", body: "four" });
   * assert.equal(await (await response).text(), "4 bytes");
   * await server.shutdown();
   * ```
   */
  forEachChunk(visit: ChunkVisitor): Promise<void>;
  /** The trailer section of the request, or `undefined` where there is none; settles once the body was taken. */
  readonly trailers: Promise<Fields | undefined>;
  /** How urgent the response is (RFC 9218); setting it overrides what the client asked for. */
  priority: Priority;
  /** The client's address, where it is known. */
  readonly remote: TransportAddress | undefined;
  /** Whether the request came as early data, which can be a replay (RFC 8470). */
  readonly early: boolean;
  /** Aborts when the exchange is reset or its connection is lost; made when first touched. */
  readonly signal: AbortSignal;
  /** The connection that it is on. */
  readonly connection: ExchangeConnection;
  /** Whether the final response head was sent. */
  readonly isAnswered: boolean;
  /** Sends an interim (1xx) response, such as 103. */
  sendInterim(status: number, fields?: FieldsInit): void;
  /**
   * Sends the response. Resolves once it is in the hands of the connection; its rejection may be
   * ignored. Either way a body of bytes is the handler's again then.
   */
  reply(status: number, fields?: FieldsInit, body?: BodyInput): Promise<void>;
  /** Sends a native response. */
  respond(response: Response): Promise<void>;
  /** Sets the trailer section that ends the response; before the body has ended. */
  setTrailers(trailers: FieldsInit | (() => FieldsInit | Promise<FieldsInit>)): void;
  /** Gives the exchange up. @default {"cancelled"} */
  abort(cause?: AbortCause): void;
  /** Answers a CONNECT with 200 and gives the bytes of both ways. */
  acceptTunnel(fields?: FieldsInit): Tunnel;
}

/**
 * A handler of native objects. What the native request has no room for is in `exchange`:
 * trailers, interim responses, and the signal that aborts when the client leaves (that of
 * the native request never does; to link it would double the cost of each request).
 */
export type Handler = (request: Request, exchange: ServerExchange) => Response | Promise<Response>;

/**
 * A handler without native objects: the quick way, and the one for tunnels.
 *
 * @example Usage
 * ```ts
 * import { connect, type ExchangeHandler, Fields, serve } from "@tandem/http/h2";
 * import { memoryPair } from "@tandem/http/transport/memory";
 * import assert from "node:assert/strict";
 *
 * // Fields that are made once are checked and compressed once.
 * const fields = Fields.from({ "content-type": "text/plain" });
 * const handler: ExchangeHandler = {
 *   async exchange(exchange) {
 *     if (exchange.path === "/hello") return exchange.reply(200, fields, "hello");
 *     if (exchange.path === "/echo") return exchange.reply(200, fields, exchange.body);
 *     if (exchange.path === "/count") {
 *       const { length } = await exchange.bytes({ maxBytes: 1_000_000 });
 *       return exchange.reply(200, fields, `${length} bytes`);
 *     }
 *     return exchange.reply(404);
 *   },
 * };
 *
 * const [near, far] = memoryPair();
 * const server = serve(far, handler);
 * await using client = connect(near);
 * const { response } = client.request({ method: "POST", url: "https://example.com/count", body: "four" });
 * assert.equal(await (await response).text(), "4 bytes");
 * await server.shutdown();
 * ```
 */
export interface ExchangeHandler {
  /** Answers an exchange, at once or later; when it returns a promise, it has answered once that resolves. */
  exchange(exchange: ServerExchange): void | Promise<void>;
}
