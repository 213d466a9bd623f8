import { Fields, type FieldsInit } from "../semantics/fields.ts";
import type { BodyInput } from "../shell/body_input.ts";
import type { ExchangeHandler, Handler } from "../shell/server_exchange.ts";

/**
 * The same handler, whose responses also carry `alt-svc` (RFC 7838 section 3) unless it sets
 * that itself.
 */
export function announcing(
  handler: Handler | ExchangeHandler,
  value: string,
): Handler | ExchangeHandler {
  if (typeof handler === "function") {
    return (request, exchange) => {
      const response = handler(request, exchange);
      return response instanceof Promise
        ? response.then((response) => withAltSvc(response, value))
        : withAltSvc(response, value);
    };
  }
  return {
    exchange(exchange) {
      const { reply, respond } = exchange;
      exchange.reply = (status: number, init?: FieldsInit, body?: BodyInput): Promise<void> =>
        reply.call(exchange, status, fieldsWithAltSvc(init, value), body);
      exchange.respond = (response: Response): Promise<void> =>
        respond.call(exchange, withAltSvc(response, value));
      return handler.exchange(exchange);
    },
  };
}

function fieldsWithAltSvc(init: FieldsInit | undefined, value: string): Fields {
  const given = Fields.from(init);
  if (given.has("alt-svc")) return given;
  const fields = given === init ? given.clone() : given;
  fields.append("alt-svc", value);
  return fields;
}

function withAltSvc(response: Response, value: string): Response {
  // What is no response is for the connection to complain about.
  if (!(response instanceof Response) || response.headers.has("alt-svc")) return response;
  try {
    response.headers.append("alt-svc", value);
    return response;
  } catch {
    return copyWithAltSvc(response, value); // its headers cannot be changed: a redirect, or one that was fetched
  }
}

function copyWithAltSvc(response: Response, value: string): Response {
  const { status, body } = response;
  if (status < 200 || status > 599) return response;
  const headers = new Headers(response.headers);
  headers.append("alt-svc", value);
  return new Response(body, { status, headers });
}
