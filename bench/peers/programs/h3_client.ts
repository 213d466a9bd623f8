/** One client for all servers over QUIC: `deno run -A h3_client.ts PORT http|raw CERT`. */
import { connect } from "../../../h3/mod.ts";
import { connectQuic } from "../../../transport/deno.ts";
import { certificateHash } from "./certificate_hash.ts";
import { count, countShown, isLarge, serveRounds } from "./client_loop.mjs";

const [port, mode, certPath] = Deno.args;
const where = { hostname: "127.0.0.1", port: Number(port) };
const hash = await certificateHash(Deno.readTextFileSync(certPath!));

async function httpClient(): Promise<(path: string) => Promise<number>> {
  const transport = await connectQuic({
    ...where,
    serverName: "localhost",
    alpn: ["h3"],
    certificateHashes: [new Uint8Array(hash)],
  });
  const client = connect(transport);
  await client.ready;
  const authority = `127.0.0.1:${port}`;
  return async (path) => {
    const response = await client.request({ scheme: "https", authority, path }).response;
    if (response.status !== 200) throw new Error(`status ${response.status}`);
    return isLarge(path) ? countShown(response) : (await response.bytes()).length;
  };
}

async function rawClient(): Promise<(path: string) => Promise<number>> {
  // Deno takes pins, and its types do not know.
  const pins = { serverCertificateHashes: [{ algorithm: "sha-256", value: hash }] };
  const connection = await Deno.connectQuic({ ...where, alpnProtocols: ["raw"], ...pins });
  const encoder = new TextEncoder();
  return async (path) => {
    const stream = await connection.createBidirectionalStream({ waitUntilAvailable: true });
    const writer = stream.writable.getWriter();
    await writer.write(encoder.encode(path));
    await writer.close();
    return isLarge(path) ? countInPlace(stream.readable) : count(stream.readable);
  };
}

/** Counts a large body in one buffer that goes to and fro: nothing in Deno is cheaper. */
async function countInPlace(readable: ReadableStream<Uint8Array>): Promise<number> {
  const reader = readable.getReader({ mode: "byob" });
  let bytes = 0;
  for (let memory = new ArrayBuffer(262_144);;) {
    const { done, value } = await reader.read(new Uint8Array(memory));
    if (done) return bytes;
    bytes += value.length;
    memory = value.buffer;
  }
}

serveRounds(await (mode === "raw" ? rawClient() : httpClient()));
