// A node:http2 server for Node, Bun and Deno: `node node_server.mjs PORT [CERT KEY]`.
import { readFileSync } from "node:fs";
import http2 from "node:http2";
import process from "node:process";

const [port, cert, key] = process.argv.slice(2);
const bodies = new Map([
  ["/hello", Buffer.from("Hello world\n")],
  ["/k1", Buffer.alloc(1024, "x")],
  ["/m1", Buffer.alloc(1 << 20, "x")],
  ["/m64", Buffer.alloc(64 << 20, "x")],
]);
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
  const path = fields[":path"];
  const mark = path.indexOf("?");
  const body = bodies.get(mark < 0 ? path : path.slice(0, mark)) ?? bodies.get("/hello");
  stream.respond({ ":status": 200, "content-type": "text/plain", "content-length": body.length });
  stream.end(body);
});
server.listen(Number(port), "127.0.0.1", () => console.log("ready"));
