/** Our server: `deno run -A tandem_server.ts PORT engine|exchange|native|streams [CERT KEY]`. */
import { type ExchangeHandler, serve } from "../../../h2/mod.ts";
import { Fields } from "../../../semantics/mod.ts";
import { listenTcp, listenTls } from "../../../transport/deno.ts";
import { BODIES, HELLO } from "./bodies.ts";
import { serveEngine } from "./engine_server.ts";
import { handle } from "./native_handler.ts";

const [port, mode, cert, key] = Deno.args;
const fields = new Fields(["content-type", "text/plain"]);

const direct: ExchangeHandler = {
  exchange(exchange) {
    if (exchange.method === "POST") return upload(exchange);
    const mark = exchange.path.indexOf("?");
    const path = mark < 0 ? exchange.path : exchange.path.slice(0, mark);
    exchange.reply(200, fields, BODIES.get(path) ?? HELLO);
  },
};

async function upload(exchange: Parameters<ExchangeHandler["exchange"]>[0]): Promise<void> {
  if (exchange.path === "/echo") return exchange.reply(200, fields, exchange.body);
  let bytes = 0;
  for await (const chunk of exchange.body!) bytes += chunk.length;
  await exchange.reply(200, fields, String(bytes));
}

const where = { hostname: "127.0.0.1", port: Number(port), direct: mode !== "streams" };
const listener = cert === undefined ? listenTcp(where) : listenTls({
  ...where,
  cert: Deno.readTextFileSync(cert),
  key: Deno.readTextFileSync(key!),
  alpn: ["h2"],
});
console.log("ready");
for await (const transport of listener) {
  if (mode === "engine") void serveEngine(transport);
  else serve(transport, mode === "native" ? handle : direct, { limits: { maxConcurrentStreams: 1000 } });
}
