import assert from "node:assert/strict";
import process from "node:process";
import { connect, serve } from "../../h2/mod.ts";
import { CertificateError, TransportError } from "../../transport/mod.ts";
import { connectTcp, connectTls, listenTcp, listenTls } from "../../transport/node.ts";
import { byteTransportSuite } from "../../transport/testing.ts";
import { testAuthority, testCertificate } from "../support/certs.ts";
import { nodeTcpPair, nodeTlsPair } from "./node_pairs.ts";

// A socket that was closed waits for its peer for up to a second: longer than a test.
const LINGERS = { sanitizeOps: false, sanitizeResources: false };
const IS_DENO = "deno" in process.versions;

for (const { name, run } of byteTransportSuite(nodeTcpPair)) {
  Deno.test({ name: `node:net transport ${name}`, fn: run, ...LINGERS });
}
for (const { name, run } of byteTransportSuite(nodeTlsPair, { ways: ["direct calls", "Web Streams"] })) {
  // Deno's node:tls reads on while it is paused, so whoever writes to it is not held back; Node's does not.
  const isLeftOut = IS_DENO && name.startsWith("holds back");
  const why = isLeftOut ? " (not on Deno, whose node:tls reads on while it is paused)" : "";
  Deno.test({ name: `node:tls transport ${name}${why}`, fn: run, ignore: isLeftOut, ...LINGERS });
}

async function failure(promise: Promise<unknown>): Promise<TransportError> {
  try {
    await promise;
  } catch (error) {
    assert(error instanceof TransportError, `not a TransportError: ${error}`);
    return error;
  }
  assert.fail("it did not fail");
}

Deno.test("node transport says that nothing listens", async () => {
  const listener = await listenTcp({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const error = await failure(connectTcp({ hostname: "127.0.0.1", port }));
  assert.equal(error.code, "refused");
  assert.equal(error.retry, "unsent");
});

Deno.test("node transport says that a name has no address", async () => {
  const error = await failure(connectTcp({ hostname: "no.such.name.invalid", port: 1, timeoutMs: 8000 }));
  assert.equal(error.code, "dns");
});

Deno.test("node transport says that the port is taken", async () => {
  const listener = await listenTcp({ hostname: "127.0.0.1", port: 0 });
  const error = await failure(listenTcp({ hostname: "127.0.0.1", port: listener.addr.port }));
  assert.equal(error.code, "in-use");
  listener.close();
});

Deno.test("node transport gives up a connect after its time, and when it is aborted", async () => {
  // A listener that never finishes a TLS handshake.
  const listener = await listenTcp({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const where = { hostname: "127.0.0.1", port, alpn: ["h2"] };
  assert.equal((await failure(connectTls({ ...where, timeoutMs: 50 }))).code, "timeout");
  const controller = new AbortController();
  const connecting = failure(connectTls({ ...where, signal: controller.signal }));
  controller.abort(new Error("enough"));
  assert.equal((await connecting).code, "aborted");
  listener.close();
  for await (const transport of listener) transport.close();
});

Deno.test("node transport says what is wrong with a certificate", async () => {
  const { cert, key } = await testCertificate();
  const listener = await listenTls({ hostname: "127.0.0.1", port: 0, cert, key, alpn: ["h2"] });
  const where = { hostname: "127.0.0.1", port: listener.addr.port, alpn: ["h2"] };
  const unknown = await failure(connectTls(where));
  assert(unknown instanceof CertificateError);
  assert.equal(unknown.problem, "unknown-issuer");
  const caCerts = [await testAuthority()];
  const wrong = await failure(connectTls({ ...where, caCerts, serverName: "elsewhere.example" }));
  assert(wrong instanceof CertificateError);
  assert.equal(wrong.problem, "wrong-name");
  listener.close();
});

Deno.test("node transport speaks HTTP/2 over TLS", async () => {
  const { cert, key } = await testCertificate();
  const listener = await listenTls({ hostname: "127.0.0.1", port: 0, cert, key, alpn: ["h2"] });
  const accepting = (async () => {
    for await (const transport of listener) {
      return serve(transport, async (request) => new Response(await request.text()));
    }
  })();
  const caCerts = [await testAuthority()];
  const transport = await connectTls({
    hostname: "localhost",
    port: listener.addr.port,
    alpn: ["h2"],
    caCerts,
  });
  assert.equal(transport.info.alpn, "h2");
  assert.equal(transport.info.kind, "tls");
  assert(transport.info.timing!.tlsMs! > 0);
  const client = connect(transport);
  const body = "x".repeat(300_000);
  const answers = await Promise.all(Array.from({ length: 10 }, async () => {
    const response = await client.fetch("https://localhost/echo", { method: "POST", body });
    return await response.text();
  }));
  for (const answer of answers) assert.equal(answer, body);
  const server = await accepting;
  await client.shutdown();
  await server!.closed;
  listener.close();
});

Deno.test({
  name: "node transport that retires still hands out who is in the handshake",
  ...LINGERS,
  async fn() {
    const { cert, key } = await testCertificate();
    const listener = await listenTls({ hostname: "127.0.0.1", port: 0, cert, key, alpn: ["h2"] });
    const { port } = listener.addr;
    const handedOut = (async () => {
      let count = 0;
      for await (const transport of listener) {
        count++;
        transport.close();
      }
      return count;
    })();
    const tcp = await connectTcp({ hostname: "127.0.0.1", port });
    await new Promise((resolve) => setTimeout(resolve, 50)); // until it is accepted
    await listener.retire();
    await listener.retire();
    assert.equal((await failure(connectTcp({ hostname: "127.0.0.1", port }))).code, "refused");
    const { connect: connectOver } = await import("node:tls");
    const { Duplex } = await import("node:stream");
    const socket = Duplex.fromWeb(tcp as unknown as Parameters<typeof Duplex.fromWeb>[0]);
    const client = connectOver({ socket, ALPNProtocols: ["h2"], rejectUnauthorized: false });
    client.on("error", () => {});
    assert.equal(await handedOut, 1);
    client.destroy();
    tcp.close();
  },
});
