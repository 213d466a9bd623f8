// undici: `node undici_client.mjs ORIGIN request|fetch`.
import { createRequire } from "node:module";
import process from "node:process";
import { count, isLarge, serveRounds } from "./client_loop.mjs";

const require = createRequire(new URL("../../../tests/interop/peers/package.json", import.meta.url));
const { Agent, fetch, H2CClient, request } = require("undici");
const [origin, mode] = process.argv.slice(2);
const dispatcher = origin.startsWith("http:")
  ? new H2CClient(origin, { maxConcurrentStreams: 100, pipelining: 100 })
  : new Agent({
    allowH2: true,
    connections: 1,
    pipelining: 100,
    maxConcurrentStreams: 100,
    connect: { rejectUnauthorized: false },
  });

serveRounds(async (path) => {
  if (mode === "fetch") {
    const response = await fetch(origin + path, { dispatcher });
    if (response.status !== 200) throw new Error(`status ${response.status}`);
    return isLarge(path) ? count(response.body) : (await response.arrayBuffer()).byteLength;
  }
  const { body, statusCode } = await request(origin + path, { dispatcher });
  if (statusCode !== 200) throw new Error(`status ${statusCode}`);
  return isLarge(path) ? count(body) : (await body.arrayBuffer()).byteLength;
});
