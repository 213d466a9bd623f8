/** Our server: `deno run -A tandem_server.ts PORT engine|exchange|native|streams [CERT KEY]`. */
import { serve } from "../../../h2/mod.ts";
import { listenTcp, listenTls } from "../../../transport/deno.ts";
import { direct } from "./direct_handler.ts";
import { serveEngine } from "./engine_server.ts";
import { handle } from "./native_handler.ts";

const [port, mode, cert, key] = Deno.args;
const where = { hostname: "127.0.0.1", port: Number(port), direct: mode !== "streams" };
const listener = cert === undefined ? listenTcp(where) : listenTls({
  ...where,
  cert: Deno.readTextFileSync(cert),
  key: Deno.readTextFileSync(key!),
  alpn: ["h2"],
});
const limits = { maxConcurrentStreams: 1000, idleTimeoutMs: 600_000 };
console.log("ready");
for await (const transport of listener) {
  if (mode === "engine") void serveEngine(transport);
  else serve(transport, mode === "native" ? handle : direct, { limits });
}
