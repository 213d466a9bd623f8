/** One client for all servers over QUIC: `deno run -A h3_client.ts PORT http|raw CERT`. */
import { connect } from "../../../h3/mod.ts";
import { connectQuic } from "../../../transport/deno.ts";
import { certificateHash } from "./certificate_hash.ts";
import { count, isLarge, serveRounds } from "./client_loop.mjs";

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
    if (!isLarge(path)) return (await response.bytes()).length;
    let bytes = 0;
    await response.forEachChunk((chunk) => {
      bytes += chunk.length;
    });
    return bytes;
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
    return count(stream.readable);
  };
}

serveRounds(await (mode === "raw" ? rawClient() : httpClient()));
