import assert from "node:assert/strict";
import { CertificateError, PermissionError } from "../../transport/errors.ts";
import { toCloseInfo, toStreamError, toTransportError } from "../../transport/deno_errors.ts";
import { testAuthority, testCertificate } from "../support/certs.ts";

// The wording of the running Deno. When one of these fails, Deno has changed its texts:
// correct transport/deno_errors.ts first.

async function textOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => assert.fail("it went well"), (reason) => reason);
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

async function handshake(
  parameters: Partial<Deno.StartTlsOptions>,
  names?: readonly string[],
): Promise<void> {
  const { cert, key } = await testCertificate(names === undefined ? {} : { names });
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key, alpnProtocols: ["h2"] });
  const accepting = (async () => {
    using conn = await listener.accept();
    await conn.handshake().catch(() => {});
  })();
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using tls = await Deno.startTls(tcp, { hostname: "localhost", ...parameters });
  try {
    await tls.handshake();
  } finally {
    await accepting;
  }
}

Deno.test("Deno's text: connection refused", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const text = await textOf(Deno.connect({ hostname: "127.0.0.1", port }));
  assert.match(text, /^ConnectionRefused: Connection refused \(os error \d+\)$/);
});

Deno.test("Deno's text: no such name", async () => {
  const text = await textOf(Deno.connect({ hostname: "no-such-host.invalid", port: 1 }));
  assert.match(text, /^Error: failed to lookup address information: /);
});

Deno.test({
  name: "Deno's text: missing permission",
  permissions: { net: false },
  fn: async () => {
    const text = await textOf(Deno.connect({ hostname: "127.0.0.1", port: 1 }));
    assert.equal(
      text,
      'NotCapable: Requires net access to "127.0.0.1:1", run again with the --allow-net flag',
    );
  },
});

Deno.test("Deno's text: address in use", () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  assert.throws(() => Deno.listen({ hostname: "127.0.0.1", port }), {
    name: "AddrInUse",
    message: /^Address already in use \(os error \d+\)$/,
  });
});

Deno.test("Deno's text: certificates and ALPN", async () => {
  const caCerts = [await testAuthority()];
  assert.equal(await textOf(handshake({})), "InvalidData: invalid peer certificate: UnknownIssuer");
  assert.equal(
    await textOf(handshake({ caCerts }, ["a.test", "10.1.2.3"])),
    'InvalidData: invalid peer certificate: certificate not valid for name "localhost"; ' +
      'certificate is only valid for DnsName("a.test") or IpAddress(10.1.2.3)',
  );
  assert.equal(
    await textOf(handshake({ caCerts, alpnProtocols: ["http/1.1"] })),
    "InvalidData: received fatal alert: NoApplicationProtocol",
  );
});

Deno.test("toTransportError reads the texts that QUIC fails with", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["timed out", "timeout"],
    [
      "aborted by peer: the cryptographic handshake failed: error 120: peer doesn't support any known protocol",
      "alpn",
    ],
    ["the cryptographic handshake failed: error 120: peer doesn't support any known protocol", "alpn"],
    ["the cryptographic handshake failed: error 48: invalid peer certificate: UnknownIssuer", "certificate"],
    ["aborted by peer: the server refused to accept a new connection", "refused"],
    ["invalid server name: [::1]", "dns"],
    ["invalid remote address: [::1]:4433", "unreachable"],
    ["failed to lookup address information: Name or service not known", "dns"],
    ["endpoint stopping", "closed"],
    ["closed", "closed"],
    ["connection lost", "closed"],
    ["reset by peer", "reset"],
    ["closed by peer: 256", "closed"],
  ];
  for (const [text, code] of rows) {
    assert.equal(toTransportError(new Error(text), "connect").code, code, text);
  }
  assert.equal(toTransportError(new Error("closed by peer: bye (code 268)"), "open").wireCode, 268);
});

Deno.test("toTransportError keeps what it does not know, and returns its own", () => {
  const strange = toTransportError(new Error("the moon is full"), "connect to x");
  assert.equal(strange.code, "lost");
  assert.equal(strange.message, "Cannot connect to x: the moon is full");
  assert.equal(toTransportError(strange, "do it again"), strange);
});

Deno.test("CertificateError and PermissionError are told apart from other TransportErrors", () => {
  const certificate = toTransportError(new Error("invalid peer certificate: UnknownIssuer"), "connect");
  const timeout = toTransportError(new Error("timed out"), "connect");
  assert(certificate instanceof CertificateError);
  assert(!(certificate instanceof PermissionError));
  assert(!(timeout instanceof CertificateError));
});

Deno.test("toStreamError reads the codes of resets and stops", () => {
  const reset = toStreamError(new Error("stream reset by peer: error 268"));
  assert.deepEqual([reset?.kind, reset?.wireCode], ["reset", 268]);
  const stop = toStreamError(new Error("sending stopped by peer: error 0"));
  assert.deepEqual([stop?.kind, stop?.wireCode], ["stopped", 0]);
  assert.equal(toStreamError(new Error("connection lost")), undefined);
});

Deno.test("toCloseInfo reads how a connection ended", () => {
  assert.deepEqual(toCloseInfo(new Error("closed by peer: 256")), { by: "remote", code: 256, reason: "" });
  assert.deepEqual(toCloseInfo(new Error("closed by peer: good bye (code 268)")), {
    by: "remote",
    code: 268,
    reason: "good bye",
  });
  assert.equal(toCloseInfo(new Error("timed out")).by, "lost");
  assert.equal(toCloseInfo(new Error("aborted by peer: whatever")).by, "remote");
});
