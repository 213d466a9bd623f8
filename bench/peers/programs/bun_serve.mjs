// Bun's own server, over HTTP/2 and, with a certificate, HTTP/3: `bun bun_serve.mjs PORT [CERT KEY]`.
import process from "node:process";
import { handle } from "./native_handler.ts";

const { Bun } = globalThis;
const [port, cert, key] = process.argv.slice(2);
Bun.serve({
  hostname: "127.0.0.1",
  port: Number(port),
  http2: true,
  idleTimeout: 0,
  ...(cert === undefined ? {} : { http3: true, tls: { cert: Bun.file(cert), key: Bun.file(key) } }),
  fetch: handle,
});
console.log("ready");
