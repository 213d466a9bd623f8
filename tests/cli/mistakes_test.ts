import assert from "node:assert/strict";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import {
  documentOf,
  startServer,
  tandem,
  temporaryDirectory,
  testCertificate,
  writeAuthority,
} from "./kit.ts";

/** Holds a failed run against what the user must be told, as text and as JSON. */
async function assertFails(
  args: readonly string[],
  expected: { exit: number; code: string; says: RegExp; hint?: RegExp; evidence?: RegExp },
  permissions?: readonly string[],
): Promise<void> {
  const options = permissions === undefined ? {} : { permissions };
  const result = await tandem(args, options);
  assert.equal(result.code, expected.exit, result.stderr);
  assert.equal(result.stdout, "", "stdout is for results");
  const lines = result.stderr.split("\n");
  assert.match(lines[0]!, /^error: /);
  assert.match(lines[0]!, expected.says);
  if (expected.hint !== undefined) {
    assert.match(result.stderr, /\nhint: /);
    assert.match(result.stderr.slice(result.stderr.indexOf("\nhint: ")), expected.hint);
  }
  if (expected.evidence !== undefined) assert.match(result.stderr, expected.evidence);

  const json = await tandem([...args, "--json"], options);
  assert.equal(json.code, expected.exit);
  const document = await documentOf(json, "error");
  assert.equal(document["code"], expected.code);
  assert.equal(document["exit"], expected.exit);
  assert.match(document["message"] as string, expected.says);
}

/** A port on which nothing listens. */
function closedPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/** A TCP server that answers whatever comes with `text` and closes. */
function plainServer(text: string): AsyncDisposable & { port: number } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  async function answer(conn: Deno.TcpConn): Promise<void> {
    open.add(conn);
    try {
      await conn.read(new Uint8Array(1024));
      await conn.write(new TextEncoder().encode(text));
      await conn.closeWrite();
      while (await conn.read(new Uint8Array(1024)) !== null);
    } catch {
      // The client may be gone.
    }
    open.delete(conn);
    conn[Symbol.dispose]();
  }
  const pending = new Set<Promise<void>>();
  const loop = (async () => {
    for await (const conn of listener) pending.add(answer(conn));
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      for (const conn of open) conn[Symbol.dispose]();
      await loop;
      await Promise.all(pending);
    },
  };
}

/** A TLS server that is never seen beyond its handshake. */
function tlsServer(certificate: { cert: string; key: string }): AsyncDisposable & { port: number } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, ...certificate, onListen(): void {} }, () => {
    return new Response("hello");
  });
  return {
    port: server.addr.port,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A TLS server that offers HTTP/1.1 alone. */
async function http1Server(): Promise<AsyncDisposable & { port: number }> {
  const server = createHttpsServer(
    { ...await testCertificate(), ALPNProtocols: ["http/1.1"] },
    (_request, response) => {
      response.end("hello");
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

Deno.test("get without a URL is a usage error that shows one", async () => {
  await assertFails(["get"], { exit: 2, code: "usage", says: /no URL given/, hint: /tandem get https:/ });
});

for (
  const [url, says] of [
    ["https://", /cannot read/],
    ["https://exa mple/", /cannot read/],
    ["ftp://example.test/", /scheme ftp/],
    ["https://user:secret@example.test/", /user name or password/],
    ["https://127.0.0.1:0/", /port 0/],
    ["https://127.0.0.1:70000/", /cannot read/],
  ] as const
) {
  Deno.test(`get refuses the URL ${url} before anything is sent`, async () => {
    await assertFails(["get", url], { exit: 2, code: "usage", says, hint: /./ }, []);
  });
}

Deno.test("a URL with a password does not show it", async () => {
  const result = await tandem(["get", "https://user:secret@example.test/"], { permissions: [] });
  assert.doesNotMatch(result.stderr, /secret/);
});

Deno.test("an unknown option names the nearest one", async () => {
  await assertFails(["get", "--htpp", "2", "https://127.0.0.1/"], {
    exit: 2,
    code: "usage",
    says: /unknown option --htpp, did you mean --http\?/,
    hint: /tandem get --help/,
  });
});

Deno.test("an unknown command names the nearest one", async () => {
  await assertFails(["prob"], {
    exit: 2,
    code: "usage",
    says: /unknown command "prob", did you mean probe\?/,
  });
});

Deno.test("a value that an option cannot take is explained", async () => {
  await assertFails(["get", "--timeout", "soon", "https://127.0.0.1/"], {
    exit: 2,
    code: "usage",
    says: /--timeout: "soon" is no duration/,
  });
  await assertFails(["get", "--http", "7", "https://127.0.0.1/"], {
    exit: 2,
    code: "usage",
    says: /--http is one of auto, 2, 3, both/,
  });
  await assertFails(["get", "--http", "both", "https://127.0.0.1/"], {
    exit: 2,
    code: "usage",
    says: /get sends one request/,
    hint: /--http auto/,
  });
  await assertFails(["probe", "--slo", "speed=3", "https://127.0.0.1/"], {
    exit: 2,
    code: "usage",
    says: /cannot read --slo/,
    hint: /ttfb/,
  });
  await assertFails(["get", "-H", "no colon", "https://127.0.0.1/"], {
    exit: 2,
    code: "usage",
    says: /cannot read -H/,
  });
});

Deno.test("an unknown host is told from a closed port", async () => {
  await assertFails(["get", "https://no-such-host.invalid/"], {
    exit: 3,
    code: "dns",
    says: /no host called no-such-host\.invalid/,
    hint: /spelling/,
  });
  const port = closedPort();
  await assertFails(["get", `https://127.0.0.1:${port}/`], {
    exit: 3,
    code: "refused",
    says: new RegExp(`nothing listens on 127\\.0\\.0\\.1:${port}`),
    evidence: /Connection refused/,
    hint: /tandem serve/,
  });
  await assertFails(["probe", `http://127.0.0.1:${port}/`], {
    exit: 3,
    code: "refused",
    says: /nothing listens/,
  });
});

Deno.test("a plain-text server on a TLS port is named as that", async () => {
  await using server = plainServer("HTTP/1.1 400 Bad Request\r\n\r\n");
  await assertFails(["get", `https://127.0.0.1:${server.port}/`], {
    exit: 4,
    code: "not-tls",
    says: /does not speak TLS/,
    hint: new RegExp(`http://127\\.0\\.0\\.1:${server.port}/`),
  });
});

Deno.test("an HTTP/1.1 server without TLS is told that it does not speak HTTP/2 [9113-3.4:settings]", async () => {
  await using server = plainServer("HTTP/1.1 400 Bad Request\r\n\r\n");
  await assertFails(["get", `http://127.0.0.1:${server.port}/`], {
    exit: 5,
    code: "not-h2",
    says: /does not speak HTTP\/2 without TLS/,
    hint: /https:/,
  });
});

Deno.test("a certificate of an unknown issuer is described", async () => {
  await using server = tlsServer(await testCertificate());
  await assertFails(["get", `https://localhost:${server.port}/`], {
    exit: 4,
    code: "certificate",
    says: /certificate of localhost:\d+ is not trusted/,
    evidence: /issued by Tandem test authority, \d+ days left/,
    hint: /--ca FILE.*-k/,
  });
});

Deno.test("a certificate for another name says which names it covers", async () => {
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  await using server = tlsServer(await testCertificate({ names: ["other.test"] }));
  await assertFails(["get", "--ca", ca, `https://localhost:${server.port}/`], {
    exit: 4,
    code: "certificate-wrong-name",
    says: /is for other names/,
    evidence: /wanted localhost\n {2}it covers other\.test/,
    hint: /--sni other\.test/,
  });
  const helped = await tandem([
    "get",
    "--ca",
    ca,
    "--sni",
    "other.test",
    `https://localhost:${server.port}/`,
  ]);
  assert.equal(helped.code, 0, helped.stderr);
  assert.equal(helped.stdout, "hello");
});

Deno.test("an expired certificate is told from an untrusted one", async () => {
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  await using server = tlsServer(await testCertificate({ fromDay: -9, toDay: -3 }));
  await assertFails(["get", "--ca", ca, `https://localhost:${server.port}/`], {
    exit: 4,
    code: "certificate-expired",
    says: /has expired/,
    evidence: /expired \d days ago/,
    hint: /-k/,
  });
  const accepted = await tandem(["get", "-k", `https://127.0.0.1:${server.port}/`]);
  assert.equal(accepted.code, 0, accepted.stderr);
});

Deno.test("a server with HTTP/1.1 alone is told by exit code 5 [9113-3.2]", async () => {
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  await using server = await http1Server();
  await assertFails(["get", "--ca", ca, `https://localhost:${server.port}/`], {
    exit: 5,
    code: "alpn",
    says: /does not offer HTTP\/2/,
    evidence: /we offered h2/,
    hint: /ALPN/,
  });
});

Deno.test("a TLS server without ALPN is told by exit code 5 [9113-3.2]", async () => {
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...await testCertificate() });
  const accepted: Deno.TlsConn[] = [];
  const loop = (async () => {
    for await (const conn of listener) {
      accepted.push(conn);
      conn.handshake().catch(() => {});
    }
  })();
  const { port } = listener.addr as Deno.NetAddr;
  await assertFails(["get", "--ca", ca, `https://localhost:${port}/`], {
    exit: 5,
    code: "alpn",
    says: /does not offer HTTP\/2/,
    evidence: /no named protocol/,
  });
  listener.close();
  await loop;
  for (const conn of accepted) conn[Symbol.dispose]();
});

Deno.test("a server that breaks the protocol is told by exit code 6, with the rule [9113-6.7:length]", async () => {
  // SETTINGS, then a PING of four octets.
  await using server = plainServer("\0\0\0\x04\0\0\0\0\0" + "\0\0\x04\x06\0\0\0\0\0abcd");
  const result = await tandem(["get", `http://127.0.0.1:${server.port}/`, "--json"]);
  assert.equal(result.code, 6, result.stdout);
  const document = await documentOf(result, "error");
  assert.equal(document["rule"], "9113-6.7:length");
  const text = await tandem(["get", `http://127.0.0.1:${server.port}/`]);
  assert.match(
    text.stderr,
    /^error: the peer broke HTTP\/2: .* \(9113-6\.7:length\)\n {2}code FRAME_SIZE_ERROR \(0x6\)\n/,
  );
  assert.match(text.stderr, /hint: tandem explain 9113-6\.7:length\n/);
});

Deno.test("a missing permission is one complete line of flags, without a connect", async () => {
  await assertFails(
    ["get", "--ca", "ca.pem", "-d", "@body.txt", "--out", "out.txt", "https://localhost:8443/x"],
    {
      exit: 7,
      code: "permission",
      says:
        /may not use the network for localhost:8443, nor read body\.txt, nor write out\.txt, nor read ca\.pem$/,
      hint:
        /deno run --unstable-net --allow-net=localhost:8443 --allow-read=body\.txt,ca\.pem --allow-write=out\.txt cli\/main\.ts get https:/,
    },
    [],
  );
});

Deno.test("a permission for that host alone is enough", async () => {
  await using server = tlsServer(await testCertificate());
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  const permissions = [`--allow-net=localhost:${server.port}`, `--allow-read=${ca}`];
  const result = await tandem(["get", "--ca", ca, `https://localhost:${server.port}/`], { permissions });
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.stdout, "hello");
  assert.match(
    result.stderr,
    /^note: over HTTP\/2; HTTP\/3 failed: this run may not open a UDP socket\nhint: --allow-net=localhost:\d+,0\.0\.0\.0:0 or -N/,
  );
});

Deno.test("a CA file that cannot be used says why", async () => {
  await using directory = await temporaryDirectory();
  const missing = join(directory.path, "missing.pem");
  await assertFails(["get", "--ca", missing, "https://127.0.0.1/"], {
    exit: 2,
    code: "file",
    says: /cannot read the certificate file .*: there is no such file/,
    hint: /path/,
  });
  await assertFails(["get", "--ca", directory.path, "https://127.0.0.1/"], {
    exit: 2,
    code: "file",
    says: /directory/,
  });
  const text = join(directory.path, "text.pem");
  await Deno.writeTextFile(text, "not a certificate");
  await assertFails(["get", "--ca", text, "https://127.0.0.1/"], {
    exit: 2,
    code: "file",
    says: /holds no certificate/,
    hint: /openssl/,
  });
  await Deno.writeTextFile(text, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  await assertFails(["get", "--ca", text, "https://127.0.0.1/"], {
    exit: 2,
    code: "file",
    says: /holds a certificate that cannot be read/,
    hint: /openssl/,
  });
});

Deno.test("a server name that cannot be one is refused before a connect", async () => {
  for (const name of ["bad name", "a..b", "a-", "a/b", ""]) {
    const expected = { exit: 2, code: "usage", says: /is no server name/, hint: /--sni example\.com/ };
    await assertFails(["get", "https://127.0.0.1:1/", "--sni", name], expected);
  }
});

Deno.test("a request that HTTP does not allow is the user's mistake, not a bug [9113-8.2.2:connection]", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const mistakes: [string[], RegExp][] = [
    [["-H", "connection: close"], /connection-specific field \(9113-8\.2\.2:connection\)/],
    [["-H", "te: gzip"], /te says something else/],
    [["-H", "x: a\nb"], /line feed/],
    [["-X", "TRACE", "-d", "x"], /a TRACE has no content/],
    [["-d", "abc", "-H", "content-length: 5"], /less content than content-length says/],
    [["-d", "abc", "-H", "content-length: 2"], /more than content-length says/],
  ];
  for (const [args, says] of mistakes) {
    await assertFails(["get", `${server.origin}/`, ...args], {
      exit: 2,
      code: "request",
      says,
      hint: /tandem explain/,
    });
  }
  await assertFails(["probe", `${server.origin}/`, "-H", "connection: close"], {
    exit: 2,
    code: "request",
    says: /connection-specific/,
  });
});

Deno.test("a body file that is missing says so", async () => {
  await assertFails(["get", "-d", "@/no/such/file", "https://127.0.0.1/"], {
    exit: 2,
    code: "file",
    says: /cannot read the body file/,
  });
});

Deno.test("a server that says nothing ends by --timeout", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  await assertFails(["get", "--timeout", "300ms", `https://127.0.0.1:${port}/`], {
    exit: 3,
    code: "timeout",
    says: /no answer from 127\.0\.0\.1:\d+ within 300\.0 ms/,
    hint: /--timeout/,
  });
  await assertFails(["get", "--timeout", "300ms", `http://127.0.0.1:${port}/`], {
    exit: 3,
    code: "timeout",
    says: /no answer/,
  });
  listener.close();
});
