import { Fields, type FieldsInit } from "../semantics/fields.ts";
import type { BodyInput } from "../shell/body_input.ts";
import type { ExchangeHandler, Handler, ServerExchange } from "../shell/server_exchange.ts";

/**
 * The same handler, whose responses also carry `alt-svc` (RFC 7838 section 3) unless it sets
 * that itself. Both kinds of handler answer through `exchange.reply`, so that is where the
 * field is put in.
 */
export function announcing(
  handler: Handler | ExchangeHandler,
  value: string,
): Handler | ExchangeHandler {
  function announce(exchange: ServerExchange): void {
    const reply = exchange.reply;
    exchange.reply = (status: number, init?: FieldsInit, body?: BodyInput): Promise<void> =>
      reply.call(exchange, status, withAltSvc(init, value), body);
  }

  if (typeof handler === "function") {
    return (request, exchange) => {
      announce(exchange);
      return handler(request, exchange);
    };
  }
  return {
    exchange(exchange) {
      announce(exchange);
      return handler.exchange(exchange);
    },
  };
}

function withAltSvc(init: FieldsInit | undefined, value: string): Fields {
  const given = Fields.from(init);
  if (given.has("alt-svc")) return given;
  const fields = given === init ? given.clone() : given;
  fields.append("alt-svc", value);
  return fields;
}
