/** Deno's own server: `deno run -A deno_serve.ts PORT [CERT KEY]`. */
import { handle } from "./native_handler.ts";

const [port, cert, key] = Deno.args;
Deno.serve({
  hostname: "127.0.0.1",
  port: Number(port),
  onListen: () => console.log("ready"),
  ...(cert === undefined ? {} : { cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key!) }),
}, handle);
