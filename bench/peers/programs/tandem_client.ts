/** Our client: `deno run -A tandem_client.ts ORIGIN request|fetch`. */
import { connect } from "../../../h2/mod.ts";
import { connectTcp, connectTls } from "../../../transport/deno.ts";
import { count, countShown, isLarge, serveRounds } from "./client_loop.mjs";

const [origin, mode] = Deno.args;
const { hostname, port, host, protocol } = new URL(origin!);
const where = { hostname, port: Number(port) };
const scheme = protocol.slice(0, -1);
const transport = scheme === "http" ? await connectTcp(where) : await connectTls({ ...where, alpn: ["h2"] });
const client = connect(transport);
await client.ready;

async function request(path: string): Promise<number> {
  const response = await client.request({ scheme, authority: host, path }).response;
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  return isLarge(path) ? countShown(response) : (await response.bytes()).length;
}

async function fetchNative(path: string): Promise<number> {
  const response = await client.fetch(origin + path);
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  return isLarge(path) ? count(response.body) : (await response.arrayBuffer()).byteLength;
}

serveRounds(mode === "fetch" ? fetchNative : request);
