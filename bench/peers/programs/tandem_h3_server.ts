/** Our server over HTTP/3: `deno run -A tandem_h3_server.ts PORT CERT KEY exchange|native`. */
import { serve } from "../../../h3/mod.ts";
import { listenQuic } from "../../../transport/deno.ts";
import { direct } from "./direct_handler.ts";
import { handle } from "./native_handler.ts";

const [port, cert, key, mode] = Deno.args;
const listener = listenQuic({
  hostname: "127.0.0.1",
  port: Number(port),
  cert: Deno.readTextFileSync(cert!),
  key: Deno.readTextFileSync(key!),
  alpn: ["h3"],
  idleTimeoutMs: 600_000,
});
console.log("ready");
for await (const transport of listener) {
  serve(transport, mode === "native" ? handle : direct, { limits: { idleTimeoutMs: 600_000 } });
}
