// A node:http2 server for Node, Bun and Deno: `node node_server.mjs PORT [CERT KEY]`.
import { readFileSync } from "node:fs";
import http2 from "node:http2";
import process from "node:process";

const [port, cert, key] = process.argv.slice(2);
const HELLO = Buffer.from("Hello world\n");
const K1 = Buffer.alloc(1024, "x");
const M1 = Buffer.alloc(1 << 20, "x");
const M64 = Buffer.alloc(64 << 20, "x");

/** The body for a path, found as our servers find it. */
function bodyFor(path) {
  if (path === "/k1") return K1;
  if (path === "/m1") return M1;
  if (path === "/m64") return M64;
  return HELLO;
}

const settings = { maxConcurrentStreams: 1000, initialWindowSize: 1 << 20 };
const server = cert === undefined ? http2.createServer({ settings }) : http2.createSecureServer({
  settings,
  cert: readFileSync(cert),
  key: readFileSync(key),
});
server.on("session", (session) => {
  session.on("error", () => {});
  session.setLocalWindowSize?.(1 << 22);
});
server.on("stream", (stream, fields) => {
  stream.on("error", () => {});
  if (fields[":method"] === "POST") {
    if (fields[":path"] === "/echo") {
      stream.respond({ ":status": 200 });
      stream.pipe(stream);
      return;
    }
    let bytes = 0;
    stream.on("data", (chunk) => bytes += chunk.length);
    stream.on("end", () => {
      stream.respond({ ":status": 200 });
      stream.end(String(bytes));
    });
    return;
  }
  const body = bodyFor(fields[":path"]);
  stream.respond({ ":status": 200, "content-type": "text/plain", "content-length": body.length });
  stream.end(body);
});
server.listen(Number(port), "127.0.0.1", () => console.log("ready"));
