/**
 * Our server, on Deno's sockets, over TLS also on such as may delay what is written, or on those of `node:net`:
 * `deno run -A tandem_server.ts PORT engine|exchange|native|streams [delay|node] [CERT KEY]`.
 */
import { serve } from "../../../h2/mod.ts";
import { resolveLimits } from "../../../semantics/mod.ts";
import { listenTcp, listenTls } from "../../../transport/deno.ts";
import * as node from "../../../transport/node.ts";
import { direct } from "./direct_handler.ts";
import { serveEngine } from "./engine_server.ts";
import { handle } from "./native_handler.ts";

const [port, mode, ...more] = Deno.args;
const sockets = more[0] === "node" || more[0] === "delay" ? more.shift() : undefined;
const [cert, key] = more;
const where = { hostname: "127.0.0.1", port: Number(port), direct: mode !== "streams" };
const tls = (): Parameters<typeof listenTls>[0] => ({
  ...where,
  cert: Deno.readTextFileSync(cert!),
  key: Deno.readTextFileSync(key!),
  alpn: ["h2"],
  noDelay: sockets !== "delay",
});
const from = sockets === "node" ? node : { listenTcp, listenTls };
const listener = await (cert === undefined ? from.listenTcp(where) : from.listenTls(tls()));
// Worked out once for all connections, as the server over both protocols does it.
const limits = resolveLimits("server", { maxConcurrentStreams: 1000, idleTimeoutMs: 600_000 });
console.log("ready");
for await (const transport of listener) {
  if (mode === "engine") void serveEngine(transport);
  else serve(transport, mode === "native" ? handle : direct, { limits });
}
