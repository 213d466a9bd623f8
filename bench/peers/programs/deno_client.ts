/** Deno's fetch: `deno run -A deno_client.ts ORIGIN`. */
import { count, isLarge, serveRounds } from "./client_loop.mjs";

const [origin] = Deno.args;
const client = Deno.createHttpClient({ http1: false, http2: true });

serveRounds(async (path: string) => {
  const response = await fetch(origin + path, { client });
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  return isLarge(path) ? count(response.body) : (await response.arrayBuffer()).byteLength;
});
