// A node:http2 client: `node node_client.mjs URL CA`. Prints what it saw as one line of JSON.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import http2 from "node:http2";
import process from "node:process";

const [url, ca] = process.argv.slice(2);
const session = http2.connect(url, { ca: readFileSync(ca) });

function exchange(fields, body) {
  return new Promise((resolve, reject) => {
    const stream = session.request(fields);
    const seen = { status: 0, interim: [], bytes: 0, sha256: "", trailers: {} };
    const digest = createHash("sha256");
    stream.on("headers", (f) => seen.interim.push(f[":status"]));
    stream.on("response", (f) => (seen.status = f[":status"]));
    stream.on("trailers", (f) => (seen.trailers = { ...f }));
    stream.on("data", (chunk) => {
      seen.bytes += chunk.length;
      digest.update(chunk);
    });
    stream.on("error", reject);
    stream.on("end", () => resolve({ ...seen, sha256: digest.digest("hex") }));
    stream.end(body);
  });
}

const upload = Buffer.alloc(1 << 20, "tandem ");
const result = {
  small: await exchange({ ":path": "/" }),
  early: await exchange({ ":path": "/early" }),
  trailers: await exchange({ ":path": "/trailers" }),
  echo: await exchange({ ":path": "/", ":method": "POST" }, upload),
  sent: createHash("sha256").update(upload).digest("hex"),
  many: (await Promise.all(Array.from({ length: 500 }, () => exchange({ ":path": "/bytes/1000" }))))
    .filter((seen) => seen.status === 200 && seen.bytes === 1000).length,
};
session.close();
console.log(JSON.stringify(result));
