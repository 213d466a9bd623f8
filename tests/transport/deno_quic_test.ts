import assert from "node:assert/strict";
import { TransportError } from "../../semantics/errors.ts";
import {
  connectQuic,
  type ConnectQuicOptions,
  connectTls,
  listenQuic,
  type ListenQuicOptions,
  listenTls,
  probeExactStreamErrors,
  type QuicListener,
  QuicSessions,
} from "../../transport/deno.ts";
import { CertificateError, PermissionError } from "../../transport/errors.ts";
import type { QuicTransport } from "../../transport/mod.ts";
import { testAuthority, testCertificate, type TestCertificateOptions } from "../support/certs.ts";

async function failure(promise: Promise<unknown>): Promise<TransportError> {
  const error = await promise.then(() => undefined, (reason) => reason);
  assert(error instanceof TransportError, `not a TransportError: ${error}`);
  return error;
}

interface Server {
  readonly port: number;
  readonly listener: QuicListener;
  readonly accepted: QuicTransport[];
  readonly errors: TransportError[];
  readonly options: ConnectQuicOptions;
}

/** A port that is free on UDP and on TCP, where many more are taken. */
function portOfBoth(): number {
  for (;;) {
    const tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = tcp.addr as Deno.NetAddr;
    tcp.close();
    try {
      Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** A QUIC server for as long as `body` runs; it answers every stream with its bytes. */
async function withQuic(
  certificate: TestCertificateOptions,
  body: (server: Server) => Promise<void>,
  more: Partial<ListenQuicOptions> = {},
): Promise<void> {
  const { cert, key } = await testCertificate(certificate);
  const errors: TransportError[] = [];
  const accepted: QuicTransport[] = [];
  const alpn = ["h3"];
  const listener = listenQuic({
    hostname: "127.0.0.1",
    port: portOfBoth(),
    cert,
    key,
    alpn,
    onError: (error) => errors.push(error),
    ...more,
  });
  const serving = (async () => {
    for await (const transport of listener) {
      accepted.push(transport);
      void echo(transport);
    }
  })();
  const { port } = listener.addr;
  const caCerts = [await testAuthority()];
  try {
    await body({ port, listener, accepted, errors, options: { hostname: "127.0.0.1", port, alpn, caCerts } });
  } finally {
    listener.closeAll(0x100, "");
    await serving;
  }
}

async function echo(transport: QuicTransport): Promise<void> {
  for await (const { send, receive } of transport.incomingBidi) {
    void (async () => {
      const mark = transport.isEarly ? "early" : "late";
      const buffer = new Uint8Array(4096);
      for (let n = await receive.read!(buffer); n !== null; n = await receive.read!(buffer)) {
        await send.write!(buffer.subarray(0, n));
      }
      await send.write!(new TextEncoder().encode(` ${mark}`));
      await send.finish!();
    })().catch(() => {});
  }
}

async function ask(transport: QuicTransport, text: string): Promise<string> {
  const { send, receive } = await transport.openBidi();
  await send.write!(new TextEncoder().encode(text));
  await send.finish!();
  return await new Response(receive.readable as ReadableStream<Uint8Array<ArrayBuffer>>).text();
}

async function end(transport: QuicTransport): Promise<void> {
  transport.close(0x100, "");
  await transport.closed;
}

Deno.test("connectQuic tells what it has connected to", async () => {
  await withQuic({}, async ({ options, port, accepted }) => {
    const transport = await connectQuic({ ...options, serverName: "localhost" });
    assert.equal(await ask(transport, "hello"), "hello late");
    const { kind, alpn, remote, serverName, timing } = transport.info;
    assert.deepEqual({ kind, alpn, remote, serverName }, {
      kind: "quic",
      alpn: "h3",
      remote: { hostname: "127.0.0.1", port },
      serverName: "localhost",
    });
    assert(timing!.quicMs! > 0);
    assert.equal(accepted[0]!.info.serverName, "localhost");
    assert.deepEqual(transport.capabilities, {
      exactStreamErrors: false,
      reportsPeerCodes: true,
      priority: true,
      datagrams: true,
    });
    await end(transport);
  });
});

Deno.test("connectQuic finds the address of localhost that answers", async () => {
  await withQuic({}, async ({ options }) => {
    const transport = await connectQuic({ ...options, hostname: "localhost" });
    assert.equal(transport.info.remote!.hostname, "127.0.0.1");
    assert(transport.info.timing!.dnsMs! >= 0);
    await end(transport);
  });
});

for (
  const [problem, certificate] of [
    ["unknown-issuer", { selfSigned: true }],
    ["wrong-name", { names: ["a.test", "b.test"] }],
    ["expired", { fromDay: -3, toDay: -1 }],
    ["authority", { selfSigned: true, isAuthority: true }],
  ] as const
) {
  Deno.test(`connectQuic tells a certificate that has the problem ${problem}`, async () => {
    await withQuic(certificate, async ({ options, errors }) => {
      const error = await failure(connectQuic(options));
      assert(error instanceof CertificateError);
      assert.equal(error.problem, problem);
      assert.equal(error.retry, "unsent");
      if (problem === "wrong-name") assert.deepEqual(error.coveredNames, ["a.test", "b.test"]);
      while (errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      assert(errors[0] instanceof CertificateError);
      assert.equal(errors[0].problem, "refused");
    });
  });
}

Deno.test("connectQuic tells that there is no protocol in common", async () => {
  await withQuic({}, async ({ options }) => {
    assert.equal((await failure(connectQuic({ ...options, alpn: ["h9"] }))).code, "alpn");
  });
});

Deno.test("connectQuic gives up in time where nobody answers", async () => {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  const started = performance.now();
  const error = await failure(connectQuic({ hostname: "127.0.0.1", port, alpn: ["h3"], timeoutMs: 150 }));
  assert.equal(error.code, "timeout");
  assert(performance.now() - started < 1000);
  socket.close();
});

Deno.test("connectQuic ends at once when it is aborted", async () => {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  const controller = new AbortController();
  const connecting = failure(
    connectQuic({ hostname: "127.0.0.1", port, alpn: ["h3"], signal: controller.signal }),
  );
  setTimeout(() => controller.abort("enough"), 20);
  const error = await connecting;
  assert.equal(error.code, "aborted");
  assert.equal(error.cause, "enough");
  socket.close();
});

Deno.test("connectQuic tells a name without an address", async () => {
  assert.equal(
    (await failure(connectQuic({ hostname: "no-such-host.invalid", port: 1, alpn: ["h3"] }))).code,
    "dns",
  );
});

Deno.test("connectQuic refuses stream limits that Deno would choke on", async () => {
  const options = { hostname: "127.0.0.1", port: 1, alpn: ["h3"] };
  await assert.rejects(connectQuic({ ...options, maxBidiStreams: 2 ** 31 }), RangeError);
  await assert.rejects(connectQuic({ ...options, maxUniStreams: -1 }), RangeError);
});

Deno.test({
  name: "connectQuic names the missing permission",
  permissions: { net: ["127.0.0.1:2"] },
  fn: async () => {
    const error = await failure(connectQuic({ hostname: "127.0.0.1", port: 2, alpn: ["unused"] }));
    assert(error instanceof PermissionError);
    assert.equal(error.flag, "--allow-net=0.0.0.0:0");
  },
});

Deno.test("connectQuic and listenQuic name the flag without which there is no QUIC", async () => {
  const module = new URL("../../transport/deno.ts", import.meta.url);
  const code = `
    import { connectQuic, hasQuic, listenQuic } from ${JSON.stringify(module.href)};
    const said = [hasQuic()];
    await connectQuic({ hostname: "127.0.0.1", port: 1, alpn: ["h3"] }).catch((e) => said.push(e.code, e.message));
    try { listenQuic({ port: 0, cert: "", key: "", alpn: ["h3"] }) } catch (e) { said.push(e.code) }
    console.log(JSON.stringify(said));
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-lock", "--no-check", "-A", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const [has, code1, message, code2] = JSON.parse(new TextDecoder().decode((await child.output()).stdout));
  assert.deepEqual([has, code1, code2], [false, "unsupported", "unsupported"]);
  assert.match(message, /--unstable-net/);
});

Deno.test("connectQuic takes a certificate by its hash, whatever its name and issuer", async () => {
  const certificate = { selfSigned: true, names: ["a.test"] };
  const { sha256 } = await testCertificate(certificate);
  await withQuic(certificate, async ({ options }) => {
    const transport = await connectQuic({ ...options, certificateHashes: [sha256] });
    assert.equal(await ask(transport, "pinned"), "pinned late");
    await end(transport);
    const error = await failure(connectQuic({ ...options, certificateHashes: [new Uint8Array(32)] }));
    assert.equal(error.code, "certificate");
  });
});

Deno.test("connectQuic with insecure takes the certificate that TCP shows on the same port", async () => {
  const certificate = { selfSigned: true, isAuthority: true, names: ["a.test"] };
  await withQuic(certificate, async ({ options, port }) => {
    const { cert, key } = await testCertificate(certificate);
    const tcp = listenTls({ hostname: "127.0.0.1", port, cert, key, alpn: ["h2"] });
    const serving = (async () => {
      for await (const transport of tcp) transport.close();
    })();
    const transport = await connectQuic({ ...options, insecure: true });
    assert.equal(await ask(transport, "blind"), "blind late");
    await end(transport);
    tcp.close();
    await serving;
  });
});

Deno.test("connectQuic with insecure says so when TCP does not show the certificate", async () => {
  await withQuic({ selfSigned: true }, async ({ options, port }) => {
    const error = await failure(connectQuic({ ...options, insecure: true }));
    assert.equal(error.code, "unsupported");
    assert.match(error.message, new RegExp(`TCP port ${port} does not show the certificate`));
  });
});

Deno.test("listenQuic goes on after clients that fail", async () => {
  await withQuic({}, async ({ options, errors }) => {
    for (let i = 0; i < 3; i++) await failure(connectQuic({ ...options, caCerts: [] }));
    await failure(connectQuic({ ...options, alpn: ["h9"] }));
    const transport = await connectQuic(options);
    assert.equal(await ask(transport, "still here"), "still here late");
    assert.deepEqual(errors.map((error) => error.code), [
      "certificate",
      "certificate",
      "certificate",
      "alpn",
    ]);
    await end(transport);
  });
});

Deno.test("listenQuic: close refuses new clients at once and lets the others finish", async () => {
  await withQuic({}, async ({ options, listener }) => {
    const transport = await connectQuic(options);
    assert.equal(await ask(transport, "before"), "before late");
    listener.close();
    listener.close();
    assert.equal((await failure(connectQuic(options))).code, "refused");
    assert.equal(await ask(transport, "after"), "after late");
    await end(transport);
  });
});

Deno.test("listenQuic: closeAll ends every connection with the code", async () => {
  await withQuic({}, async ({ options, listener, accepted }) => {
    const transports = await Promise.all([connectQuic(options), connectQuic(options)]);
    while (accepted.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    listener.closeAll(0x101, "going down");
    for (const transport of transports) {
      assert.deepEqual(await transport.closed, { by: "remote", code: 0x101, reason: "going down" });
    }
  });
});

for (const early of [false, true]) {
  Deno.test(`listenQuic: renew takes another certificate for connections to come${early ? " (early)" : ""}`, async () => {
    const other = await testCertificate({ names: ["b.test"] });
    await withQuic({ names: ["a.test"] }, async ({ options, listener }) => {
      const first = await connectQuic({ ...options, serverName: "a.test" });
      listener.renew(other.cert, other.key);
      const second = await connectQuic({ ...options, serverName: "b.test" });
      assert.match(await ask(first, "old"), /^old/);
      assert.match(await ask(second, "new"), /^new/);
      assert.equal((await failure(connectQuic({ ...options, serverName: "a.test" }))).code, "certificate");
      await Promise.all([end(first), end(second)]);
    }, { early });
  });
}

Deno.test("listenQuic takes both families when no address is given", async () => {
  await withQuic({}, async ({ options }) => {
    const transport = await connectQuic(options);
    assert.equal(await ask(transport, "v4"), "v4 late");
    await end(transport);
  }, { hostname: undefined as never });
});

Deno.test("listenQuic throws for a certificate that cannot be used, and gives the socket up", () => {
  assert.throws(() => listenQuic({ hostname: "127.0.0.1", port: 0, cert: "x", key: "y", alpn: ["h3"] }), {
    name: "TransportError",
    code: "tls",
  });
});

Deno.test("QuicSessions: early data arrives before the handshake is over, and is taken", async () => {
  await withQuic({}, async ({ options }) => {
    using sessions = { store: new QuicSessions(), [Symbol.dispose]: () => sessions.store.close() };
    const first = await connectQuic({ ...options, sessions: sessions.store, early: true });
    assert.equal(first.isEarly, false);
    assert.equal(first.earlyData, undefined);
    await ask(first, "one");
    await end(first);
    assert.equal(sessions.store.size, 1);
    const second = await connectQuic({ ...options, sessions: sessions.store, early: true });
    assert.equal(second.isEarly, true);
    assert.equal(second.info.alpn, "h3");
    assert.equal(await ask(second, "two"), "two early");
    assert.equal(await second.earlyData, "accepted");
    assert.equal(second.isEarly, false);
    assert.equal(await ask(second, "three"), "three late");
    const { id } = await second.openBidi();
    assert.equal(id, 8);
    await end(second);
    const third = await connectQuic({ ...options, sessions: sessions.store });
    assert.equal(third.isEarly, false);
    await end(third);
  }, { early: true });
});

Deno.test("QuicSessions: early data that is turned down is told, and the connection goes on", async () => {
  const { cert, key } = await testCertificate({});
  await withQuic({}, async ({ options, listener }) => {
    using sessions = { store: new QuicSessions(), [Symbol.dispose]: () => sessions.store.close() };
    await end(
      await connectQuic({ ...options, sessions: sessions.store }).then(async (first) => {
        await ask(first, "one");
        return first;
      }),
    );
    listener.renew(cert, key); // another ticket key
    const second = await connectQuic({ ...options, sessions: sessions.store, early: true });
    assert.equal(second.isEarly, true);
    const control = await second.openUni();
    await control.write!(new Uint8Array(1));
    const { send, receive } = await second.openBidi();
    await send.write!(new Uint8Array(1));
    assert.equal(await second.earlyData, "rejected");
    const error = await failure(receive.read!(new Uint8Array(1)));
    assert.equal(error.code, "early-rejected");
    assert.equal(error.retry, "refused");
    assert.equal((await second.openUni()).id, 2);
    assert.equal(await ask(second, "again"), "again late");
    await end(second);
  }, { early: true });
});

Deno.test("QuicSessions keeps what was pinned, also without a check of the certificate", async () => {
  const certificate = { selfSigned: true, names: ["a.test"] };
  await withQuic(certificate, async ({ options, port }) => {
    const { cert, key } = await testCertificate(certificate);
    const tcp = listenTls({ hostname: "127.0.0.1", port, cert, key, alpn: ["h2"] });
    const serving = (async () => {
      for await (const transport of tcp) transport.close();
    })();
    const sessions = new QuicSessions();
    const first = await connectQuic({ ...options, sessions, insecure: true });
    await ask(first, "one");
    await end(first);
    tcp.close();
    await serving;
    const second = await connectQuic({ ...options, sessions, insecure: true, early: true });
    assert.equal(second.isEarly, true);
    assert.equal(await ask(second, "two"), "two late");
    assert.equal(await second.earlyData, "accepted");
    await end(second);
    assert.equal((await failure(connectQuic({ ...options, sessions }))).code, "certificate");
    sessions.close();
  });
});

Deno.test("QuicSessions begins anew when the server it knows is gone", async () => {
  const sessions = new QuicSessions();
  let known: ConnectQuicOptions | undefined;
  await withQuic({}, async ({ options }) => {
    known = options;
    await end(await connectQuic({ ...options, sessions }));
  });
  const error = await failure(connectQuic({ ...known!, sessions, timeoutMs: 200 }));
  // A socket that is given up answers until it is collected.
  assert(["timeout", "refused"].includes(error.code), error.message);
  sessions.close();
});

Deno.test("probeExactStreamErrors finds that this Deno sends no stream codes", async () => {
  assert.equal(await probeExactStreamErrors(), false);
});

Deno.test("connectQuic lives with a thousand streams one after the other, and lets them go", async () => {
  await withQuic({}, async ({ options }) => {
    const transport = await connectQuic(options);
    for (let i = 0; i < 100; i++) {
      const texts = await Promise.all(Array.from({ length: 10 }, (_, k) => ask(transport, `${i}.${k}`)));
      assert.deepEqual(texts, Array.from({ length: 10 }, (_, k) => `${i}.${k} late`));
    }
    await end(transport);
  });
});

Deno.test("connectQuic uses the sockets of ended connections again", async () => {
  await withQuic({}, async ({ options, accepted }) => {
    for (let i = 0; i < 20; i++) await end(await connectQuic(options));
    while (accepted.length < 20) await new Promise((resolve) => setTimeout(resolve, 1));
    const ports = new Set(accepted.map(({ info }) => info.remote!.port));
    assert(ports.size <= 2, `${ports.size} sockets for 20 connections in a row`);
  });
});

Deno.test("connectQuic checks the certificate anew on a socket that was used without a check", async () => {
  const certificate = { selfSigned: true };
  const { sha256 } = await testCertificate(certificate);
  await withQuic(certificate, async ({ options }) => {
    const unchecked = await connectQuic({ ...options, certificateHashes: [sha256] });
    await ask(unchecked, "ticket");
    await end(unchecked);
    assert.equal((await failure(connectQuic(options))).code, "certificate");
  });
});

Deno.test("connectTls and connectQuic share a port number", async () => {
  await withQuic({}, async ({ options, port }) => {
    const { cert, key } = await testCertificate({});
    const tcp = listenTls({ hostname: "127.0.0.1", port, cert, key, alpn: ["h2"] });
    const next = tcp[Symbol.asyncIterator]().next();
    const [near, quic] = await Promise.all([connectTls({ ...options, alpn: ["h2"] }), connectQuic(options)]);
    near.close();
    ((await next).value as { close(): void }).close();
    tcp.close();
    await end(quic);
  });
});
