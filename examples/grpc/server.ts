/**
 * A gRPC server in one page, on HTTP/2 or HTTP/3: a handler for `serve`. Messages are
 * bytes; bring your own Protocol Buffers.
 */
import type { ExchangeHandler, ServerExchange } from "@tandem/http/h2";
import { parseTimeout } from "./deadline.ts";
import { frameMessage, readMessages } from "./framing.ts";
import { encodeMessage, GrpcError, GrpcStatus } from "./status.ts";

/** A method: messages in, messages out, at the same time. Throws a `GrpcError` for another status than OK. */
export type GrpcMethod = (
  messages: AsyncIterable<Uint8Array>,
  call: GrpcCall,
) => AsyncIterable<Uint8Array>;

/** What a method can know of its call. */
export interface GrpcCall {
  /** Aborts when the client gives up or the deadline has passed. */
  readonly signal: AbortSignal;
  /** The exchange underneath. */
  readonly exchange: ServerExchange;
}

/** A handler that answers by method; the keys are paths such as `/package.Service/Method`. */
export function grpcHandler(methods: Readonly<Record<string, GrpcMethod>>): ExchangeHandler {
  return {
    async exchange(exchange) {
      const method = Object.hasOwn(methods, exchange.path) ? methods[exchange.path] : undefined;
      if (!(exchange.fields.get("content-type") ?? "").startsWith("application/grpc")) {
        await exchange.reply(415);
      } else if (method === undefined) {
        await replyStatus(exchange, GrpcStatus.UNIMPLEMENTED, "there is no such method");
      } else {
        await answer(exchange, method);
      }
    },
  };
}

async function answer(exchange: ServerExchange, method: GrpcMethod): Promise<void> {
  const timeoutMs = parseTimeout(exchange.fields.get("grpc-timeout"));
  const deadline = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const signal = deadline === undefined ? exchange.signal : AbortSignal.any([exchange.signal, deadline]);
  const incoming = readMessages(exchange.body ?? new ReadableStream({ start: (c) => c.close() }));
  const results = method(incoming, { signal, exchange })[Symbol.asyncIterator]();
  const first = await until(signal, results.next()).catch((error) => ({ error }));
  if ("error" in first) return await replyStatus(exchange, ...statusOf(first.error, deadline));
  let status: readonly [number, string] = [GrpcStatus.OK, ""];
  async function* frames(): AsyncGenerator<Uint8Array> {
    try {
      for (
        let next = first as IteratorResult<Uint8Array>;
        !next.done;
        next = await until(signal, results.next())
      ) {
        yield frameMessage(next.value);
      }
    } catch (error) {
      status = statusOf(error, deadline);
    }
  }
  exchange.setTrailers(() => statusFields(...status));
  await exchange.reply(200, { "content-type": "application/grpc" }, frames());
}

/** Fails as soon as the call is given up, however long the method still thinks. */
function until<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", onAbort));
}

function statusOf(error: unknown, deadline: AbortSignal | undefined): readonly [number, string] {
  if (error instanceof GrpcError) return [error.status, error.details];
  if (deadline?.aborted === true) return [GrpcStatus.DEADLINE_EXCEEDED, "the deadline has passed"];
  return [GrpcStatus.UNKNOWN, "the method failed"];
}

function statusFields(status: number, details: string): Record<string, string> {
  return {
    "grpc-status": `${status}`,
    ...(details === "" ? {} : { "grpc-message": encodeMessage(details) }),
  };
}

/** An answer that is a status alone: everything in the head. */
async function replyStatus(exchange: ServerExchange, status: number, details: string): Promise<void> {
  await exchange.reply(200, { "content-type": "application/grpc", ...statusFields(status, details) });
}
