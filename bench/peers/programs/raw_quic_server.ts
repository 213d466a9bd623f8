/**
 * The ceiling for HTTP/3 on Deno: streams that carry the same bodies without HTTP. A request is the path and FIN,
 * a response the body and FIN. With UNI it opens so many unidirectional streams on each connection, as HTTP/3 has
 * one for control and two for QPACK, and reads those of the client: `deno run -A raw_quic_server.ts PORT CERT KEY [UNI]`.
 */
import { bodyFor } from "./bodies.ts";

const [port, cert, key, uni] = Deno.args;
const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: Number(port) });
const listener = endpoint.listen({
  cert: Deno.readTextFileSync(cert!),
  key: Deno.readTextFileSync(key!),
  alpnProtocols: ["raw"],
  maxIdleTimeout: 600_000,
});
console.log("ready");

/** Who waits for an answer that never comes. */
const waiting: Deno.QuicBidirectionalStream[] = [];

async function answer(stream: Deno.QuicBidirectionalStream): Promise<void> {
  const reader = stream.readable.getReader();
  let path = "";
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    path += decoder.decode(value, { stream: true });
  }
  if (path === "/wait") return void waiting.push(stream);
  const writer = stream.writable.getWriter();
  const body = bodyFor(path);
  // As large as the pieces that HTTP is sent in.
  for (let at = 0; at < body.length; at += PIECE) await writer.write(body.subarray(at, at + PIECE));
  await writer.close();
}

const PIECE = 262_144;

/** The streams that stay open on a connection. */
const kept: unknown[] = [];

async function openUni(connection: Deno.QuicConn): Promise<void> {
  for (let type = 0; type < Number(uni); type++) {
    const writer = (await connection.createUnidirectionalStream()).getWriter();
    await writer.write(Uint8Array.of(type));
    kept.push(writer);
  }
}

/** Reads with little room: a reader without a buffer of its own holds 64 KiB for each read that waits. */
async function drain(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
  const reader = stream.getReader({ mode: "byob" });
  for (let buffer = new Uint8Array(2048);;) {
    const { done, value } = await reader.read(buffer);
    if (done) return;
    buffer = new Uint8Array(value.buffer);
  }
}

async function readUni(connection: Deno.QuicConn): Promise<void> {
  for await (const stream of connection.incomingUnidirectionalStreams) drain(stream).catch(() => {});
}

async function serve(incoming: Deno.QuicIncoming): Promise<void> {
  const connection = await incoming.accept();
  if (uni !== undefined) {
    openUni(connection).catch(() => {});
    readUni(connection).catch(() => {});
  }
  for await (const stream of connection.incomingBidirectionalStreams) answer(stream).catch(() => {});
}

for await (const incoming of listener) serve(incoming).catch(() => {});
