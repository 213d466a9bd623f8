import assert from "node:assert/strict";
import { connect as connectH2 } from "../../h2/mod.ts";
import { serve } from "../../mod.ts";
import { memoryPair } from "../../transport/memory.ts";
import type { ByteListener, ByteTransport } from "../../transport/mod.ts";
import { listenTls } from "../../transport/node.ts";
import { testCertificate } from "../support/certs.ts";
import { h2Client, h3Client, originOf } from "./kit.ts";

// Sockets of Node's that were closed wait for their peer for up to a second: longer than a test.
const LINGERS = { sanitizeOps: false, sanitizeResources: false };

async function nodeListener(): Promise<ByteListener> {
  const { cert, key } = await testCertificate();
  return await listenTls({ hostname: "127.0.0.1", port: 0, cert, key, alpn: ["h2"] });
}

/** Hands out one end of a pair in memory, and says what is done to it. */
function memoryListener(server: ByteTransport): { listener: ByteListener; calls: string[] } {
  const calls: string[] = [];
  const ended = Promise.withResolvers<void>();
  const listener: ByteListener = {
    addr: { hostname: "memory", port: 7 },
    close() {
      calls.push("close");
      ended.resolve();
    },
    retire() {
      calls.push("retire");
      ended.resolve();
      return ended.promise;
    },
    async *[Symbol.asyncIterator]() {
      yield server;
      await ended.promise;
    },
  };
  return { listener, calls };
}

Deno.test({
  name: "serve takes connections from a listener that it is given, and HTTP/3 at its port number",
  ...LINGERS,
  async fn() {
    const listener = await nodeListener();
    const server = serve(
      { listener, ...await testCertificate() },
      (_, { protocol }) => new Response(protocol),
    );
    assert.deepEqual(server.addr, listener.addr);
    assert.deepEqual(server.protocols, ["h2", "h3"]);
    const h2 = await h2Client(server);
    const response = await h2.fetch(originOf(server));
    assert.equal(response.headers.get("alt-svc"), `h3=":${listener.addr.port}"; ma=86400`);
    assert.equal(await response.text(), "h2");
    const h3 = await h3Client(server);
    assert.equal(await (await h3.fetch(originOf(server))).text(), "h3");
    await assert.rejects(server.setCertificate(await testCertificate()), /was given its listener/);
    await Promise.all([h2.shutdown(), h3.shutdown()]);
    await server.shutdown();
    await assert.rejects(h2Client(server), { code: "refused" });
  },
});

Deno.test({
  name: "serve with a listener and no certificate speaks HTTP/2 alone",
  ...LINGERS,
  async fn() {
    const server = serve({ listener: await nodeListener() }, () => new Response("x"));
    assert.deepEqual(server.protocols, ["h2"]);
    const client = await h2Client(server);
    assert.equal(await (await client.fetch(originOf(server))).text(), "x");
    await client.shutdown();
    await server.shutdown();
  },
});

Deno.test("serve takes plain connections from a listener of any kind, and ends it with itself", async () => {
  const [near, far] = memoryPair();
  const { listener, calls } = memoryListener(far);
  const server = serve({ listener, plain: true }, () => new Response("in memory"));
  assert.equal(server.addr.hostname, "memory");
  const client = connectH2(near);
  assert.equal(await (await client.fetch("http://memory/")).text(), "in memory");
  const ended = server.shutdown();
  assert.deepEqual(calls, ["retire"]);
  await ended;
  await client.closed;

  const other = memoryListener(memoryPair()[1]);
  const cut = serve({ listener: other.listener, plain: true }, () => new Response());
  cut.close();
  assert.deepEqual(other.calls, ["close"]);
  await cut.finished;
});

Deno.test("serve refuses what says nothing beside a listener", () => {
  const { listener, calls } = memoryListener(memoryPair()[1]);
  const handler = () => new Response();
  for (const more of [{ port: 1 }, { reusePort: true }, { noDelay: false }, { http: 3 as const }]) {
    assert.throws(() => serve({ listener, plain: false, ...more }, handler), TypeError);
  }
  assert.deepEqual(calls, []);
});
