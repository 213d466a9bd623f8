// A node:http2 client: `node node_client.mjs ORIGIN`.
import http2 from "node:http2";
import process from "node:process";
import { serveRounds } from "./client_loop.mjs";

const session = http2.connect(process.argv[2], {
  rejectUnauthorized: false,
  settings: { initialWindowSize: 2 << 20 },
});
session.on("connect", () => session.setLocalWindowSize?.(16 << 20));

serveRounds((path) =>
  new Promise((resolve, reject) => {
    const stream = session.request({ ":path": path });
    let bytes = 0;
    stream.on("response", (fields) => {
      if (fields[":status"] !== 200) reject(new Error(`status ${fields[":status"]}`));
    });
    stream.on("data", (chunk) => bytes += chunk.length);
    stream.on("error", reject);
    stream.on("end", () => resolve(bytes));
    stream.end();
  })
);
