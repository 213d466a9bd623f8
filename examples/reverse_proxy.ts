/**
 * A reverse proxy: takes requests over one protocol, asks a backend over the other, and
 * passes on bodies, interim responses, trailers and cancellation, both ways.
 */
import type { ClientExchange, ClientRequest, ExchangeHandler, ServerExchange } from "@tandem/http/h2";
import { Fields, StreamError } from "@tandem/http/h2";

/** What it needs of the connection to the backend. */
export interface Backend {
  request(request: ClientRequest): ClientExchange;
}

/** A handler that passes everything to a backend. */
export function proxyTo(backend: Backend): ExchangeHandler {
  return {
    async exchange(exchange) {
      const forwarded = backend.request(requestFor(exchange));
      try {
        await passBack(exchange, forwarded);
      } catch (error) {
        forwarded.abort();
        if (exchange.isAnswered) exchange.abort("internal"); // half a response must not look whole
        else await exchange.reply(isRefused(error) ? 503 : 502);
      }
    },
  };
}

function requestFor(exchange: ServerExchange): ClientRequest {
  const { method, scheme, authority, path, fields, body, signal } = exchange;
  return {
    method,
    scheme,
    authority,
    path,
    fields: withVia(fields, exchange.protocol),
    body,
    // Known once the body was passed on; a request that ends without any sends an empty list.
    ...(body === null ? {} : { trailers: async () => await exchange.trailers ?? new Fields() }),
    // The client left: so do we.
    signal,
    onInterim: (head) => {
      if (head.status !== 100 && !exchange.isAnswered) exchange.sendInterim(head.status, head.fields);
    },
  };
}

async function passBack(exchange: ServerExchange, forwarded: ClientExchange): Promise<void> {
  const response = await forwarded.response;
  const { status, body } = response;
  if (body !== null) exchange.setTrailers(async () => await response.trailers ?? new Fields());
  await exchange.reply(status, withVia(response.fields, forwarded.protocol), body);
}

/** The fields with one more `via` (RFC 9110 section 7.6.3). */
function withVia(fields: Fields, protocol: "h2" | "h3"): Fields {
  const copy = fields.clone();
  copy.append("via", `${protocol.slice(1)} tandem`);
  return copy;
}

function isRefused(error: unknown): boolean {
  return error instanceof StreamError && error.retry !== "unknown";
}
