import type { ExchangeHandler, Handler } from "../../h2/mod.ts";
import { Fields } from "../../semantics/fields.ts";

/** How long clients may remember the alternative, in seconds: a day. */
const MAX_AGE_SECONDS = 86_400;

/** The value of an `alt-svc` field that announces HTTP/3 on a UDP port of the same host (RFC 7838). */
export function altSvcValue(port: number): string {
  return `h3=":${port}"; ma=${MAX_AGE_SECONDS}`;
}

/**
 * Makes a handler whose responses carry an `alt-svc` field, unless they have one. `valueOf` is asked for each
 * response; nothing is added while it has no value.
 */
export function announceAltSvc(
  handler: Handler | ExchangeHandler,
  valueOf: () => string | undefined,
): Handler | ExchangeHandler {
  if (typeof handler === "function") {
    return async (request, exchange) => {
      const response = await handler(request, exchange);
      const value = valueOf();
      if (value === undefined || response.headers.has("alt-svc")) return response;
      try {
        response.headers.set("alt-svc", value);
        return response;
      } catch {
        // The headers of a response that came from elsewhere cannot be changed.
        const copy = new Response(response.body, response);
        copy.headers.set("alt-svc", value);
        return copy;
      }
    };
  }
  return {
    exchange(exchange): void | Promise<void> {
      const reply = exchange.reply.bind(exchange);
      exchange.reply = (status, init, body) => {
        const value = valueOf();
        const fields = Fields.from(init ?? {});
        return reply(status, value === undefined ? fields : withField(fields, value), body);
      };
      return handler.exchange(exchange);
    },
  };
}

function withField(fields: Fields, value: string): Fields {
  if (fields.has("alt-svc")) return fields;
  return Fields.from([...fields, ["alt-svc", value]]);
}
