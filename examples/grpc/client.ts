/**
 * A gRPC client in one page, on HTTP/2 or HTTP/3: the protocol's part, without code
 * generation. Messages are bytes; bring your own Protocol Buffers.
 */
import type { ClientExchange, ClientRequest, Fields } from "@tandem/http/h2";
import { StreamError } from "@tandem/http/h2";
import { formatTimeout } from "./deadline.ts";
import { frameMessage, readMessages } from "./framing.ts";
import { decodeMessage, GrpcError, GrpcStatus, statusOfHttp } from "./status.ts";

/** What it needs of a connection. */
export interface Requester {
  request(request: ClientRequest): ClientExchange;
}

/** How a call is made. */
export interface CallOptions {
  /** The call fails with DEADLINE_EXCEEDED after this, in milliseconds. */
  readonly deadlineMs?: number;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  /** Fields for the server. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Makes calls to one server. */
export class GrpcClient {
  readonly #connection: Requester;
  readonly #authority: string;
  readonly #scheme: string;

  constructor(connection: Requester, authority: string, scheme = "https") {
    this.#connection = connection;
    this.#authority = authority;
    this.#scheme = scheme;
  }

  /** One message there, one back. */
  async unary(path: string, message: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    let answer: Uint8Array | undefined;
    for await (const received of this.stream(path, [message], options)) {
      if (answer !== undefined) throw new GrpcError(GrpcStatus.INTERNAL, "more than one message came back");
      answer = received;
    }
    if (answer === undefined) throw new GrpcError(GrpcStatus.INTERNAL, "no message came back");
    return answer;
  }

  /** Any number of messages both ways, at the same time. Throws a `GrpcError` unless the call ends with OK. */
  async *stream(
    path: string,
    messages: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    options: CallOptions = {},
  ): AsyncGenerator<Uint8Array> {
    const { deadlineMs, signal, metadata } = options;
    const deadline = deadlineMs === undefined ? undefined : AbortSignal.timeout(deadlineMs);
    const signals = [signal, deadline].filter((one) => one !== undefined);
    async function* frames(): AsyncGenerator<Uint8Array> {
      for await (const message of messages) yield frameMessage(message);
    }
    const exchange = this.#connection.request({
      method: "POST",
      scheme: this.#scheme,
      authority: this.#authority,
      path,
      fields: {
        "te": "trailers",
        "content-type": "application/grpc",
        ...(deadlineMs === undefined ? {} : { "grpc-timeout": formatTimeout(deadlineMs) }),
        ...metadata,
      },
      body: frames(),
      ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
    });
    try {
      const response = await exchange.response;
      if (response.status !== 200) {
        await response.discard().catch(() => {});
        throw new GrpcError(statusOfHttp(response.status), `HTTP status ${response.status}`);
      }
      // An answer that is an error alone has its status in the head.
      let ending: Fields | undefined = response.fields.has("grpc-status") ? response.fields : undefined;
      if (response.body !== null) yield* readMessages(response.body);
      ending ??= await response.trailers;
      failUnlessOk(ending);
    } catch (error) {
      throw asGrpcError(error, signal, deadline);
    } finally {
      exchange.abort();
    }
  }
}

function failUnlessOk(fields: Fields | undefined): void {
  const status = fields?.get("grpc-status");
  if (status === undefined) throw new GrpcError(GrpcStatus.UNKNOWN, "the server gave no status");
  if (status !== "0") throw new GrpcError(Number(status), decodeMessage(fields?.get("grpc-message") ?? ""));
}

function asGrpcError(error: unknown, signal?: AbortSignal, deadline?: AbortSignal): unknown {
  if (error instanceof GrpcError) return error;
  if (deadline?.aborted === true && signal?.aborted !== true) {
    return new GrpcError(GrpcStatus.DEADLINE_EXCEEDED, "");
  }
  if (signal?.aborted === true) return new GrpcError(GrpcStatus.CANCELLED, "");
  if (error instanceof StreamError) {
    const isRefused = error.retry !== "unknown";
    return new GrpcError(isRefused ? GrpcStatus.UNAVAILABLE : GrpcStatus.INTERNAL, error.message);
  }
  return new GrpcError(GrpcStatus.UNAVAILABLE, error instanceof Error ? error.message : "");
}
