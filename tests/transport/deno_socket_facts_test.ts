import assert from "node:assert/strict";
import { testAuthority, testCertificate } from "../support/certs.ts";

// What transport/deno_tcp.ts, deno_tls.ts and deno_socket.ts rely on. When one fails, Deno has
// changed, perhaps for the better, and the adapters should follow.

async function tcpPair(): Promise<[Deno.TcpConn, Deno.TcpConn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = listener.accept();
  const client = await Deno.connect({ hostname: "127.0.0.1", port: (listener.addr as Deno.NetAddr).port });
  return [client, await accepting];
}

Deno.test("Deno's TCP: the end of conn.readable closes the whole connection", async () => {
  const [client, server] = await tcpPair();
  await server.closeWrite();
  assert.equal((await client.readable.getReader().read()).done, true);
  await assert.rejects(client.write(new Uint8Array(1)), { name: "BadResource" });
  server.close();
});

Deno.test("Deno's TCP: a write takes a part, and a closed half lets the other live", async () => {
  const [client, server] = await tcpPair();
  assert((await client.write(new Uint8Array(64 * 1_048_576))) < 64 * 1_048_576);
  await server.closeWrite();
  assert.equal(await client.read(new Uint8Array(1)), null);
  const reading = server.read(new Uint8Array(10));
  assert.equal(await reading, 10);
  client.close();
  server.close();
});

Deno.test("Deno's TCP: close() twice throws", async () => {
  const [client, server] = await tcpPair();
  client.close();
  assert.throws(() => client.close(), { name: "BadResource" });
  server.close();
});

Deno.test("Deno's TLS: startTls has no way to take an untrusted certificate", async () => {
  const { cert, key } = await testCertificate({ selfSigned: true });
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const accepting = (async () => {
    using conn = await listener.accept();
    await conn.handshake().catch(() => {});
  })();
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const options = {
    hostname: "localhost",
    unsafelyDisableHostnameVerification: true,
    rejectUnauthorized: false,
  };
  using conn = await Deno.startTls(tcp, options);
  await assert.rejects(conn.handshake(), /UnknownIssuer/);
  await accepting;
});

Deno.test("Deno's TLS: connectTls takes a server name by its symbol", async () => {
  const { cert, key } = await testCertificate({ names: ["a.test"] });
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const accepting = (async () => {
    using conn = await listener.accept();
    await conn.handshake();
  })();
  const options = {
    hostname: "127.0.0.1",
    port: listener.addr.port,
    caCerts: [await testAuthority()],
    [Symbol.for("unstableServerName")]: "a.test",
  };
  using conn = await Deno.connectTls(options);
  await conn.handshake();
  await accepting;
});

Deno.test("Deno's TLS: what listenTls accepts cannot be told not to wait", async () => {
  const { cert, key } = await testCertificate();
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const accepting = listener.accept();
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using conn = await accepting;
  assert.equal("setNoDelay" in client, true);
  assert.equal("setNoDelay" in conn, false);
});
