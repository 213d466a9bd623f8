import type { ExchangeHandler } from "../shell/server_exchange.ts";

/** What a handler of `Deno.serve` is told beside the request. */
export interface DenoHandlerInfo {
  /** The client's address. */
  readonly remoteAddr: {
    /** What carries the bytes. */
    readonly transport: "tcp" | "udp";
    /** An IP address. */
    readonly hostname: string;
    /** 0 to 65535. */
    readonly port: number;
  };
  /** Resolves when the response was sent, rejects when it could not be. */
  readonly completed: Promise<void>;
}

/** A handler as `Deno.serve` takes it. */
export type DenoHandler = (
  request: Request,
  info: DenoHandlerInfo,
) => Response | undefined | Promise<Response | undefined>;

/**
 * Makes a handler of one for `Deno.serve`, such as `app.fetch` of Hono or `app.handle` of Oak.
 *
 * `request.signal` aborts when the client leaves, as it does there. What is not there:
 * `Deno.upgradeWebSocket`, which needs HTTP/1.1.
 *
 * @example Usage
 * ```ts
 * import { fromDenoHandler, h2 } from "@tandem/http";
 * import { memoryPair } from "@tandem/http/transport/memory";
 * import assert from "node:assert/strict";
 *
 * const handler = fromDenoHandler((request, info) =>
 *   new Response(`${request.method} from ${info.remoteAddr.hostname}`)
 * );
 * const [near, far] = memoryPair();
 * const server = h2.serve(far, handler);
 * await using client = h2.connect(near);
 * const response = await client.fetch("https://example.com/");
 * assert.equal(await response.text(), "GET from memory");
 * await server.shutdown();
 * ```
 */
export function fromDenoHandler(handler: DenoHandler): ExchangeHandler {
  return {
    async exchange(exchange): Promise<void> {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      promise.catch(() => {}); // nobody has to look at it
      const { hostname, port } = exchange.remote ?? { hostname: "unknown", port: 0 };
      const transport = exchange.connection.info.kind === "quic" ? "udp" : "tcp";
      try {
        const request = new Request(exchange.request, { signal: exchange.signal });
        const response = await handler(request, {
          remoteAddr: { transport, hostname, port },
          completed: promise,
        });
        await exchange.respond(asNative(response));
        resolve();
      } catch (error) {
        reject(error);
        // A client that has left is nobody's mistake.
        if (!exchange.signal.aborted) throw error;
      }
    },
  };
}

/**
 * The response itself, or a native one of it: frameworks that were built for Node bring a
 * class of their own.
 */
function asNative(response: Response | undefined): Response {
  if (response instanceof Response) return response;
  const foreign = response as unknown as Partial<Response> | undefined;
  if (typeof foreign?.status !== "number" || typeof foreign.headers?.forEach !== "function") {
    throw new TypeError("Cannot send the response: the handler gave something else");
  }
  const headers = new Headers();
  foreign.headers.forEach((value, name) => headers.append(name, value));
  return new Response(foreign.body ?? null, { status: foreign.status, headers });
}
