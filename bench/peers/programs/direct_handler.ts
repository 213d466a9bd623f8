/** One handler with direct access to the exchange, for each of our servers. */
import type { ExchangeHandler, ServerExchange } from "../../../h2/mod.ts";
import { Fields } from "../../../semantics/mod.ts";
import { bodyFor, HELLO } from "./bodies.ts";

const FIELDS = new Fields(["content-type", "text/plain"]);

/** Who waits for an answer that never comes. */
const waiting: ServerExchange[] = [];

/** Answers as every server of the comparison does. */
export const direct: ExchangeHandler = {
  exchange(exchange) {
    if (exchange.method === "POST") return upload(exchange);
    const body = bodyFor(exchange.path);
    if (body === HELLO && exchange.path === "/wait") waiting.push(exchange);
    else exchange.reply(200, FIELDS, body);
  },
};

async function upload(exchange: ServerExchange): Promise<void> {
  if (exchange.path === "/wait") return void waiting.push(exchange);
  if (exchange.path === "/echo") return exchange.reply(200, FIELDS, exchange.body);
  let bytes = 0;
  await exchange.forEachChunk((chunk) => void (bytes += chunk.length));
  await exchange.reply(200, FIELDS, String(bytes));
}
