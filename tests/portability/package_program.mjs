// Run where the npm package is installed: loads every entry point and speaks HTTP/2 over TCP and
// HTTP/3 in memory.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as h2 from "@tandem/http/h2";
import * as h3 from "@tandem/http/h3";
import { memoryQuicPair } from "@tandem/http/transport/memory";
import { connectTcp, listenTcp } from "@tandem/http/transport/node";

const names = Object.keys(
  JSON.parse(
    readFileSync(
      new URL("./node_modules/@tandem/http/package.json", import.meta.url),
      "utf8",
    ),
  )
    .exports,
);
assert(names.length >= 10);
for (const name of names) {
  const loaded = await import(`@tandem/http${name.slice(1)}`);
  assert(
    name === "./cli" || Object.keys(loaded).length > 0,
    `${name} exports nothing`,
  );
}

const listener = await listenTcp({ hostname: "127.0.0.1", port: 0 });
const serving = (async () => {
  for await (const transport of listener) {
    return h2.serve(
      transport,
      async (request) => new Response(`${request.method} ${await request.text()}`),
    );
  }
})();
const client = h2.connect(
  await connectTcp({ hostname: "127.0.0.1", port: listener.addr.port }),
);
const response = await client.fetch("http://127.0.0.1/", {
  method: "POST",
  body: "over TCP",
});
assert.equal(await response.text(), "POST over TCP");
await client.shutdown();
await (await serving).closed;
listener.close();

const [near, far] = memoryQuicPair();
const server = h3.serve(far, () => new Response("over QUIC"));
const http3 = h3.connect(near);
assert.equal(
  await (await http3.fetch("https://example.org/")).text(),
  "over QUIC",
);
http3.close();
await server.closed;
console.log(`loaded ${names.length} entry points`);
process.exit(0);
