import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { TransportError } from "../../semantics/errors.ts";
import { type ByteListener, connectTcp, connectTls, listenTcp, listenTls } from "../../transport/deno.ts";
import { CertificateError, PermissionError } from "../../transport/errors.ts";
import type { ByteTransport } from "../../transport/mod.ts";
import { testAuthority, testCertificate, type TestCertificateOptions } from "../support/certs.ts";

async function failure(promise: Promise<unknown>): Promise<TransportError> {
  const error = await promise.then(() => undefined, (reason) => reason);
  assert(error instanceof TransportError, `not a TransportError: ${error}`);
  return error;
}

/** Serves until closed; every transport is handed to `use`. */
function serveOn(listener: ByteListener, use: (transport: ByteTransport) => void): Promise<void> {
  return (async () => {
    for await (const transport of listener) use(transport);
  })();
}

/** A TLS server with a certificate of the given kind, for as long as `body` runs. */
async function withTls(
  options: TestCertificateOptions,
  body: (port: number, caCerts: string[]) => Promise<void>,
  alpn: readonly string[] = ["h2"],
): Promise<void> {
  const { cert, key } = await testCertificate(options);
  const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key, alpn });
  const open: ByteTransport[] = [];
  const serving = serveOn(listener, (transport) => open.push(transport));
  try {
    await body(listener.addr.port, [await testAuthority()]);
  } finally {
    for (const transport of open) transport.close();
    listener.close();
    await serving;
  }
}

/** A TCP server that does what `use` does with every connection. */
async function withTcp(
  use: (conn: Deno.TcpConn) => unknown,
  body: (port: number) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.TcpConn[] = [];
  const serving = (async () => {
    for await (const conn of listener) {
      open.push(conn);
      await use(conn);
    }
  })();
  try {
    await body((listener.addr as Deno.NetAddr).port);
  } finally {
    for (const conn of open) {
      try {
        conn.close();
      } catch { /* closed by the test */ }
    }
    listener.close();
    await serving;
  }
}

function closedPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

Deno.test("connectTcp tells a closed port", async () => {
  const port = closedPort();
  const error = await failure(connectTcp({ hostname: "127.0.0.1", port }));
  assert.equal(error.code, "refused");
  assert.equal(error.retry, "unsent");
  assert.match(error.message, new RegExp(`^Cannot connect to 127\\.0\\.0\\.1:${port}: nothing listens`));
});

Deno.test("connectTcp tells a name without an address", async () => {
  const error = await failure(connectTcp({ hostname: "no-such-host.invalid", port: 1 }));
  assert.equal(error.code, "dns");
});

Deno.test("connectTcp knows localhost, tries all its addresses and times the parts", async () => {
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  const transport = await connectTcp({ hostname: "localhost", port: listener.addr.port });
  assert(transport.info.timing!.dnsMs! >= 0);
  assert(transport.info.timing!.tcpMs! >= 0);
  assert.deepEqual(transport.info.remote, listener.addr);
  transport.close();
  listener.close();
});

Deno.test("connectTcp takes the brackets off an IPv6 address", async () => {
  const error = await failure(connectTcp({ hostname: "[::1]", port: closedPort() }));
  assert(["refused", "unreachable"].includes(error.code), error.message);
  assert.match(error.message, /\[::1\]/);
});

Deno.test("connectTcp ends before it begins when the signal is aborted", async () => {
  const error = await failure(
    connectTcp({ hostname: "127.0.0.1", port: 1, signal: AbortSignal.abort("enough") }),
  );
  assert.equal(error.code, "aborted");
  assert.equal(error.cause, "enough");
});

Deno.test("connectTcp refuses a port out of range as misuse", async () => {
  await assert.rejects(connectTcp({ hostname: "127.0.0.1", port: 70_000 }), RangeError);
});

Deno.test({
  name: "connectTcp names the missing permission",
  permissions: { net: ["127.0.0.1:2"] },
  fn: async () => {
    const error = await failure(connectTcp({ hostname: "127.0.0.1", port: 1 }));
    assert(error instanceof PermissionError);
    assert.equal(error.flag, "--allow-net=127.0.0.1:1");
  },
});

Deno.test({
  name: "connectTcp works by name with a permission for that name alone",
  permissions: { net: ["localhost", "127.0.0.1:0"] },
  fn: async () => {
    const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
    const transport = await connectTcp({ hostname: "localhost", port: listener.addr.port });
    assert.equal(transport.info.timing!.dnsMs, undefined);
    transport.close();
    listener.close();
  },
});

Deno.test("connectTls tells a certificate that nobody trusted has signed", async () => {
  await withTls({}, async (port) => {
    const error = await failure(connectTls({ hostname: "127.0.0.1", port, alpn: ["h2"] }));
    assert(error instanceof CertificateError);
    assert.equal(error.problem, "unknown-issuer");
    assert.equal(error.retry, "unsent");
  });
});

Deno.test("connectTls tells a wrong name, and the names that are covered", async () => {
  await withTls({ names: ["a.test", "b.test", "10.1.2.3", "::1"] }, async (port, caCerts) => {
    const error = await failure(connectTls({ hostname: "127.0.0.1", port, caCerts, alpn: ["h2"] }));
    assert(error instanceof CertificateError);
    assert.equal(error.problem, "wrong-name");
    assert.deepEqual(error.coveredNames, ["a.test", "b.test", "10.1.2.3", "::1"]);
  });
});

for (
  const [problem, options] of [
    ["expired", { fromDay: -3, toDay: -1 }],
    ["not-yet-valid", { fromDay: 2, toDay: 3 }],
    ["authority", { selfSigned: true, isAuthority: true }],
  ] as const
) {
  Deno.test(`connectTls tells a certificate that is ${problem}`, async () => {
    await withTls(options, async (port, caCerts) => {
      const error = await failure(connectTls({ hostname: "127.0.0.1", port, caCerts, alpn: ["h2"] }));
      assert(error instanceof CertificateError);
      assert.equal(error.problem, problem);
    });
  });
}

Deno.test("connectTls asks for another name than the one it connects to", async () => {
  await withTls({ names: ["a.test"] }, async (port, caCerts) => {
    const transport = await connectTls({
      hostname: "127.0.0.1",
      serverName: "a.test",
      port,
      caCerts,
      alpn: ["h2"],
    });
    assert.equal(transport.info.alpn, "h2");
    assert.equal(transport.info.serverName, "a.test");
    assert(transport.info.timing!.tlsMs! > 0);
    transport.close();
  });
});

Deno.test("connectTls tells that there is no protocol in common", async () => {
  await withTls({}, async (port, caCerts) => {
    const error = await failure(connectTls({ hostname: "127.0.0.1", port, caCerts, alpn: ["http/1.1"] }));
    assert.equal(error.code, "alpn");
  });
});

Deno.test("connectTls leaves info.alpn out when the server does not know ALPN", async () => {
  await withTls({}, async (port, caCerts) => {
    const transport = await connectTls({ hostname: "127.0.0.1", port, caCerts, alpn: ["h2"] });
    assert(!("alpn" in transport.info));
    transport.close();
  }, []);
});

Deno.test("connectTls tells a server that does not speak TLS", async () => {
  await withTcp(
    (conn) => conn.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")),
    async (port) => {
      const error = await failure(connectTls({ hostname: "127.0.0.1", port, alpn: ["h2"] }));
      assert.equal(error.code, "tls");
      assert.match(error.message, /does not speak TLS/);
    },
  );
});

Deno.test("connectTls tells a server that closes in the handshake", async () => {
  await withTcp((conn) => conn.closeWrite(), async (port) => {
    const error = await failure(connectTls({ hostname: "127.0.0.1", port, alpn: ["h2"] }));
    assert(["tls", "reset"].includes(error.code), error.message);
  });
});

for (const insecure of [false, true]) {
  const name = insecure ? "connectTls (insecure)" : "connectTls";
  Deno.test(`${name} gives up on a silent server in time`, async () => {
    await withTcp(() => {}, async (port) => {
      const started = performance.now();
      const options = { hostname: "127.0.0.1", port, alpn: ["h2"], timeoutMs: 150, insecure };
      const error = await failure(connectTls(options));
      assert.equal(error.code, "timeout");
      assert(performance.now() - started < 1500);
    });
  });

  Deno.test(`${name} ends at once when it is aborted`, async () => {
    await withTcp(() => {}, async (port) => {
      const controller = new AbortController();
      const connecting = failure(
        connectTls({ hostname: "127.0.0.1", port, alpn: ["h2"], signal: controller.signal, insecure }),
      );
      setTimeout(() => controller.abort(), 50);
      assert.equal((await connecting).code, "aborted");
    });
  });
}

for (
  const [what, options] of Object.entries({
    "self-signed": { selfSigned: true },
    "expired": { fromDay: -3, toDay: -1 },
    "authority's": { selfSigned: true, isAuthority: true },
    "other name's": { names: ["a.test"] },
  })
) {
  Deno.test(`connectTls with insecure takes ${what} certificate`, async () => {
    await withTls(options, async (port) => {
      const transport = await connectTls({ hostname: "localhost", port, alpn: ["h2"], insecure: true });
      assert.equal(transport.info.alpn, "h2");
      assert.equal(transport.info.kind, "tls");
      assert(transport.info.timing!.tlsMs! > 0);
      transport.close();
    });
  });
}

Deno.test("connectTls with insecure tells a plain-text server, a closed port and a missing protocol", async () => {
  await withTcp(
    (conn) => conn.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")),
    async (port) => {
      const error = await failure(connectTls({ hostname: "127.0.0.1", port, alpn: ["h2"], insecure: true }));
      assert.equal(error.code, "tls", error.message);
    },
  );
  const port = closedPort();
  assert.equal(
    (await failure(connectTls({ hostname: "127.0.0.1", port, alpn: ["h2"], insecure: true }))).code,
    "refused",
  );
  await withTls({}, async (port) => {
    const error = await failure(
      connectTls({ hostname: "127.0.0.1", port, alpn: ["http/1.1"], insecure: true }),
    );
    assert.equal(error.code, "alpn", error.message);
  });
});

for (const insecure of [false, true]) {
  Deno.test(`connectTls shows its own certificate${insecure ? " (insecure)" : ""}`, async () => {
    const tls = await import("node:tls");
    const { cert, key } = await testCertificate();
    const own = await testCertificate({ names: ["client.test"] });
    const ca = await testAuthority();
    const seen = Promise.withResolvers<string | undefined>();
    const server = tls.createServer({
      cert,
      key,
      ca,
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ["h2"],
    });
    server.on("secureConnection", (socket) => {
      seen.resolve(socket.getPeerCertificate().fingerprint256);
      socket.on("error", () => {});
      socket.end();
    });
    server.on("tlsClientError", (error) => seen.reject(error));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const transport = await connectTls({
      hostname: "127.0.0.1",
      serverName: "localhost",
      port,
      caCerts: [ca],
      alpn: ["h2"],
      cert: own.cert,
      key: own.key,
      insecure,
    });
    const fingerprint = await seen.promise;
    assert.equal(fingerprint?.replaceAll(":", "").toLowerCase(), own.sha256.toHex());
    assert.equal(await transport.read!(new Uint8Array(10)), null);
    transport.close();
    await new Promise((resolve) => server.close(resolve));
  });
}

for (const noDelay of [true, false]) {
  const which = noDelay ? "" : " with delay";
  Deno.test(`listenTls${which} goes on after clients that fail or dawdle, and tells of them`, async () => {
    const { cert, key } = await testCertificate();
    const caCerts = [await testAuthority()];
    const errors: TransportError[] = [];
    const listener = listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert,
      key,
      alpn: ["h2"],
      handshakeTimeoutMs: 100,
      noDelay,
      onError: (error) => errors.push(error),
    });
    const { port } = listener.addr;
    const { promise, resolve } = Promise.withResolvers<ByteTransport>();
    const serving = serveOn(listener, resolve);
    const silent = await Deno.connect({ hostname: "127.0.0.1", port });
    const rude = await Deno.connect({ hostname: "127.0.0.1", port });
    await rude.write(new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n"));
    await failure(connectTls({ hostname: "127.0.0.1", port, alpn: ["h2"] }));
    const client = await connectTls({ hostname: "127.0.0.1", port, alpn: ["h2"], caCerts });
    const server = await promise;
    assert.equal(server.info.alpn, "h2");
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.deepEqual(errors.map((error) => error.code).sort(), ["certificate", "timeout", "tls"]);
    const refused = errors.find((error) => error.code === "certificate");
    assert(refused instanceof CertificateError);
    assert.equal(refused.problem, "refused");
    for (const end of [silent, rude, client, server]) end.close();
    listener.close();
    await serving;
  });

  Deno.test(`listenTls${which} tells at once of a client that leaves in its handshake`, async () => {
    const { cert, key } = await testCertificate();
    for (const first of [new Uint8Array(), Uint8Array.of(22, 3, 1, 2, 0, 1, 0)]) {
      const { promise, resolve } = Promise.withResolvers<TransportError>();
      const where = { hostname: "127.0.0.1", port: 0, handshakeTimeoutMs: 3_600_000 };
      const listener = listenTls({ ...where, cert, key, alpn: ["h2"], noDelay, onError: resolve });
      const serving = serveOn(listener, () => {});
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
      await conn.write(first);
      conn.close();
      const error = await promise;
      assert(["reset", "tls"].includes(error.code), error.message);
      listener.close();
      await serving;
    }
  });

  Deno.test(`listenTls${which} answers what is no TLS, and a client without its protocol, with an alert`, async () => {
    const { cert, key } = await testCertificate();
    const caCerts = [await testAuthority()];
    const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key, alpn: ["h2"], noDelay });
    const { port } = listener.addr;
    const serving = serveOn(listener, () => {});
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    const record = new Uint8Array(100);
    assert.equal(await conn.read(record), 7);
    assert.deepEqual([record[0], record[1], record[3], record[4], record[5]], [21, 3, 0, 2, 2]); // alert, fatal
    conn.close();
    const error = await failure(connectTls({ hostname: "127.0.0.1", port, caCerts, alpn: ["spdy/3"] }));
    assert.equal(error.code, "alpn");
    listener.close();
    await serving;
  });
}

Deno.test("listenTls has nothing wait on its sockets, unless it is told so", async () => {
  const { cert, key } = await testCertificate();
  const caCerts = [await testAuthority()];
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: other.addr.port });
  const prototype: Deno.TcpConn = Object.getPrototypeOf(conn);
  const { setNoDelay } = prototype;
  try {
    for (const noDelay of [true, false]) {
      const calls: string[] = [];
      prototype.setNoDelay = function (this: Deno.TcpConn, isOn?: boolean): void {
        calls.push(`${(this.localAddr as Deno.NetAddr).port} ${isOn}`);
        setNoDelay.call(this, isOn);
      };
      const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key, alpn: ["h2"], noDelay });
      const { port } = listener.addr;
      const accepting = listener[Symbol.asyncIterator]().next();
      const client = await connectTls({ hostname: "127.0.0.1", port, alpn: ["h2"], caCerts });
      const server: ByteTransport = (await accepting).value;
      assert.equal(calls.includes(`${port} true`), noDelay);
      for (const end of [client, server, listener]) end.close();
    }
  } finally {
    prototype.setNoDelay = setNoDelay;
  }
});

/** Connects 60 times and breaks each connection off, while this thread does nothing else. */
async function breakOff60(port: number): Promise<void> {
  const program = `
    import net from "node:net";
    onmessage = async ({ data: { port, flag } }) => {
      await Promise.all(Array.from({ length: 60 }, () => new Promise((resolve) => {
        const socket = net.connect({ host: "127.0.0.1", port }, () => socket.resetAndDestroy());
        socket.on("close", resolve);
        socket.on("error", resolve);
      })));
      Atomics.store(flag, 0, 2);
      Atomics.notify(flag, 0);
    };
    postMessage("ready");
  `;
  const url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  await new Promise((resolve) => worker.onmessage = resolve);
  const flag = new Int32Array(new SharedArrayBuffer(4));
  worker.postMessage({ port, flag });
  const waited = Atomics.wait(flag, 0, 0, 5000);
  worker.terminate();
  URL.revokeObjectURL(url);
  assert.notEqual(waited, "timed-out");
}

Deno.test("listenTcp and listenTls are not held up by clients that break off before they are accepted", async () => {
  const { cert, key } = await testCertificate();
  for (const tls of [undefined, { cert, key, alpn: ["h2"] }, { cert, key, alpn: ["h2"], noDelay: false }]) {
    const errors: TransportError[] = [];
    const where = { hostname: "127.0.0.1", port: 0, onError: (error: TransportError) => errors.push(error) };
    const listener = tls === undefined ? listenTcp(where) : listenTls({ ...where, ...tls });
    const serving = serveOn(listener, (transport) => transport.close());
    await breakOff60(listener.addr.port);
    const began = performance.now();
    const next = tls === undefined
      ? connectTcp({ hostname: "127.0.0.1", port: listener.addr.port })
      : connectTls({
        hostname: "127.0.0.1",
        port: listener.addr.port,
        alpn: ["h2"],
        caCerts: [await testAuthority()],
      });
    const transport = await next;
    assert.equal(await transport.read!(new Uint8Array(1)).catch(() => null), null); // it was accepted, and closed
    const waited = performance.now() - began;
    assert(waited < 1500, `a client after 60 that broke off waited for ${waited} ms`);
    transport.close();
    listener.close();
    await serving;
    assert.equal(errors.length, 60, errors.map((error) => error.message).join());
    for (const error of errors) assert.equal(error.code, "reset");
  }
});

Deno.test("listenTcp tells a port that is taken, and listenTls a key that does not fit", async () => {
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  assert.throws(() => listenTcp({ hostname: "127.0.0.1", port }), { name: "TransportError", code: "in-use" });
  listener.close();
  listener.close();
  const { cert } = await testCertificate();
  const { key } = await testCertificate({ names: ["a.test"] });
  assert.throws(() => listenTls({ hostname: "127.0.0.1", port: 0, cert, key, alpn: ["h2"] }), {
    code: "tls",
  });
});

Deno.test({
  name: "listenTcp names the missing permission",
  permissions: { net: ["127.0.0.1:2"] },
  fn: () => {
    assert.throws(() => listenTcp({ hostname: "127.0.0.1", port: 3 }), {
      code: "permission",
      flag: "--allow-net=127.0.0.1:3",
    });
  },
});

Deno.test("connectTls tells a connection that was cut off from one that has ended", async () => {
  const { cert, key } = await testCertificate();
  const caCerts = [await testAuthority()];
  const inner = listenTls({ hostname: "127.0.0.1", port: 0, cert, key, alpn: ["h2"] });
  const outer = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const arriving = inner[Symbol.asyncIterator]().next();
  const forwarding = (async () => {
    const near = await outer.accept();
    const far = await Deno.connect({ hostname: "127.0.0.1", port: inner.addr.port });
    const copy = async (from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> => {
      const buffer = new Uint8Array(16_384);
      for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
        await to.write(buffer.subarray(0, n));
      }
    };
    void copy(near, far).catch(() => {});
    void copy(far, near).catch(() => {});
    return { near, far };
  })();
  const { port } = outer.addr as Deno.NetAddr;
  const client = await connectTls({ hostname: "127.0.0.1", port, caCerts, alpn: ["h2"] });
  const server: ByteTransport = (await arriving).value;
  await server.write!(new Uint8Array(5));
  const buffer = new Uint8Array(100);
  assert.equal(await client.read!(buffer), 5);
  const { near, far } = await forwarding;
  await near.closeWrite();
  const error = await failure(client.read!(buffer));
  assert.equal(error.code, "reset");
  assert.match(error.message, /cut short/);
  for (const end of [client, server, near, far, inner, outer]) end.close();
});
