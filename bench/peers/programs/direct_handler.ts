/** One handler with direct access to the exchange, for each of our servers. */
import type { ExchangeHandler } from "../../../h2/mod.ts";
import { Fields } from "../../../semantics/mod.ts";
import { BODIES, HELLO } from "./bodies.ts";

const FIELDS = new Fields(["content-type", "text/plain"]);

/** Answers as every server of the comparison does. */
export const direct: ExchangeHandler = {
  exchange(exchange) {
    if (exchange.method === "POST") return upload(exchange);
    const mark = exchange.path.indexOf("?");
    const path = mark < 0 ? exchange.path : exchange.path.slice(0, mark);
    exchange.reply(200, FIELDS, BODIES.get(path) ?? HELLO);
  },
};

async function upload(exchange: Parameters<ExchangeHandler["exchange"]>[0]): Promise<void> {
  if (exchange.path === "/echo") return exchange.reply(200, FIELDS, exchange.body);
  let bytes = 0;
  for await (const chunk of exchange.body!) bytes += chunk.length;
  await exchange.reply(200, FIELDS, String(bytes));
}
