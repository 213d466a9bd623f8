// A node:http2 server: `node node_server.mjs PORT CERT KEY`. Prints `ready` once it listens.
import { readFileSync } from "node:fs";
import http2 from "node:http2";
import process from "node:process";

const [port, cert, key] = process.argv.slice(2);
const server = http2.createSecureServer({ cert: readFileSync(cert), key: readFileSync(key) });
server.on("stream", (stream, fields) => {
  stream.on("error", () => {});
  const path = fields[":path"];
  if (fields[":method"] === "POST") {
    stream.respond({ ":status": 200 });
    stream.pipe(stream);
  } else if (path === "/trailers") {
    stream.respond({ ":status": 200 }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "42" }));
    stream.end("body");
  } else if (path === "/early") {
    stream.additionalHeaders({ ":status": 103, "link": "</a.css>; rel=preload" });
    stream.respond({ ":status": 200 });
    stream.end("Hello world\n");
  } else if (path.startsWith("/bytes/")) {
    stream.respond({ ":status": 200 });
    stream.end(Buffer.alloc(Number(path.slice(7)), "x"));
  } else {
    stream.respond({ ":status": 200, "content-type": "text/plain" });
    stream.end("Hello world\n");
  }
});
server.listen(Number(port), "127.0.0.1", () => console.log("ready"));
