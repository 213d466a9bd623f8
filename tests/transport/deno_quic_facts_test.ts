import assert from "node:assert/strict";
import { toCloseInfo, toStreamError } from "../../transport/deno_errors.ts";
import { testAuthority, testCertificate } from "../support/certs.ts";

// What transport/deno_quic*.ts relies on. These pin the running Deno, flaws included: when one
// fails, Deno has changed, perhaps for the better, and the adapter should follow.

interface Pair {
  readonly client: Deno.QuicConn;
  readonly server: Deno.QuicConn;
  readonly listener: Deno.QuicListener;
  readonly serverEndpoint: Deno.QuicEndpoint;
  readonly clientEndpoint: Deno.QuicEndpoint;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function textOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => assert.fail("it went well"), (reason) => reason);
  return `${error.name}: ${error.message}`;
}

/** What a promise has come to after a while: its value, its reason, or `pending`. */
async function stateOf(promise: Promise<unknown>, ms = 100): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((resolve) => timer = setTimeout(() => resolve("pending"), ms));
  const settled = promise.then((value) => ({ value }), (reason) => ({ reason }));
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function withPair(
  body: (pair: Pair) => Promise<void>,
  serverOptions: Partial<Deno.QuicListenOptions> = {},
): Promise<void> {
  const { cert, key } = await testCertificate();
  const serverEndpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
  const clientEndpoint = new Deno.QuicEndpoint({ hostname: "0.0.0.0", port: 0 });
  const listener = serverEndpoint.listen({ cert, key, alpnProtocols: ["h3"], ...serverOptions });
  try {
    const incoming = listener.incoming();
    const connecting = Deno.connectQuic<false>({
      endpoint: clientEndpoint,
      hostname: "127.0.0.1",
      port: serverEndpoint.addr.port,
      alpnProtocols: ["h3"],
      caCerts: [await testAuthority()],
    });
    const server = await (await incoming).accept();
    const client = await connecting;
    await body({ client, server, listener, serverEndpoint, clientEndpoint });
  } finally {
    clientEndpoint.close();
    serverEndpoint.close();
  }
}

async function acceptBidi(conn: Deno.QuicConn): Promise<Deno.QuicBidirectionalStream> {
  const reader = conn.incomingBidirectionalStreams.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return value!;
}

function byob(stream: Deno.QuicReceiveStream): ReadableStreamBYOBReader {
  return stream.getReader({ mode: "byob" });
}

function coded(code: number): Error {
  return Object.assign(new Error("abort"), { streamErrorCode: code, source: "stream" });
}

Deno.test("Deno's QUIC: abort() of a writable reaches the peer as a clean end, whatever the reason", async () => {
  await withPair(async ({ client, server }) => {
    const stream = await client.createBidirectionalStream();
    const writer = stream.writable.getWriter();
    await writer.write(new Uint8Array(3));
    const reader = byob((await acceptBidi(server)).readable);
    assert.equal((await reader.read(new Uint8Array(10))).value!.length, 3);
    await writer.abort(coded(268));
    assert.equal((await reader.read(new Uint8Array(10))).done, true);
  });
});

Deno.test("Deno's QUIC: cancel() of a readable stops the peer with code 0, whatever the reason", async () => {
  await withPair(async ({ client, server }) => {
    const stream = await client.createBidirectionalStream();
    const writer = stream.writable.getWriter();
    writer.closed.catch(() => {});
    await writer.write(new Uint8Array(3));
    await (await acceptBidi(server)).readable.cancel(coded(269));
    await pause(20);
    const text = await textOf(writer.write(new Uint8Array(1)));
    assert.equal(text, "ConnectionReset: sending stopped by peer: error 0");
    assert.equal(toStreamError(new Error(text.slice(17)))?.wireCode, 0);
  });
});

Deno.test("Deno's QUIC: a stop is not sent while a read is pending", async () => {
  await withPair(async ({ client, server }) => {
    const stream = await client.createBidirectionalStream();
    const writer = stream.writable.getWriter();
    writer.closed.catch(() => {});
    await writer.write(new Uint8Array(3));
    const reader = byob((await acceptBidi(server)).readable);
    await reader.read(new Uint8Array(10));
    const pending = reader.read(new Uint8Array(10));
    await pause(20);
    await reader.cancel();
    assert.equal((await pending).done, true);
    await pause(20);
    await writer.write(new Uint8Array(1));
    await pause(20);
    await assert.rejects(writer.write(new Uint8Array(1)), /stopped by peer/);
  });
});

Deno.test("Deno's QUIC: abort() waits for a write that is blocked", async () => {
  await withPair(async ({ client }) => {
    const { writable } = await client.createBidirectionalStream();
    const writer = writable.getWriter();
    writer.closed.catch(() => {});
    const writing = writer.write(new Uint8Array(3_000_000)).catch(() => {});
    assert.equal(await stateOf(writing), "pending");
    const aborting = writer.abort(coded(1)).catch(() => {});
    assert.equal(await stateOf(aborting), "pending");
    client.close();
    await Promise.all([writing, aborting]);
  });
});

Deno.test("Deno's QUIC: one stream takes 1.25 MB unread, other streams are not held up", async () => {
  await withPair(async ({ client }) => {
    for (let i = 0; i < 2; i++) {
      const writer = (await client.createBidirectionalStream()).writable.getWriter();
      writer.closed.catch(() => {});
      assert.notEqual(await stateOf(writer.write(new Uint8Array(1_250_000)), 2000), "pending");
      assert.equal(await stateOf(writer.write(new Uint8Array(1)).catch(() => {})), "pending");
    }
  });
});

Deno.test("Deno's QUIC: a close carries its code and reason, and its own end learns 0", async () => {
  await withPair(async ({ client, server }) => {
    client.close({ closeCode: 0x10c, reason: "good bye" });
    assert.deepEqual({ ...await server.closed }, { closeCode: 0x10c, reason: "good bye" });
    assert.deepEqual({ ...await client.closed }, { closeCode: 0, reason: "" });
    const text = await textOf(server.createUnidirectionalStream());
    assert.equal(text, "Error: closed by peer: good bye (code 268)");
    assert.deepEqual(toCloseInfo(new Error(text.slice(7))), { by: "remote", code: 268, reason: "good bye" });
    assert.equal(await textOf(client.createUnidirectionalStream()), "Error: closed");
  });
});

Deno.test("Deno's QUIC: a close without a reason has another text", async () => {
  await withPair(async ({ client, server }) => {
    client.close({ closeCode: 7, reason: "" });
    await server.closed;
    assert.equal(await textOf(server.createUnidirectionalStream()), "Error: closed by peer: 7");
  });
});

Deno.test("Deno's QUIC: what is unread at a close is thrown away, ended or not", async () => {
  await withPair(async ({ client, server }) => {
    const stream = await client.createBidirectionalStream();
    const writer = stream.writable.getWriter();
    await writer.write(new Uint8Array(100));
    await writer.close();
    const far = await acceptBidi(server);
    await pause(50);
    client.close();
    await server.closed;
    await assert.rejects(byob(far.readable).read(new Uint8Array(200)));
  });
});

Deno.test("Deno's QUIC: incoming streams end at a close, reads and writes fail", async () => {
  await withPair(async ({ client, server }) => {
    const { readable, writable } = await client.createBidirectionalStream();
    const writer = writable.getWriter();
    writer.closed.catch(() => {});
    const reading = byob(readable).read(new Uint8Array(1));
    const incoming = server.incomingBidirectionalStreams.getReader().read();
    client.close();
    assert.match(await textOf(reading), /^NotConnected: connection lost$/);
    assert.equal((await incoming).done, true);
    await assert.rejects(writer.write(new Uint8Array(1)));
  });
});

Deno.test("Deno's QUIC: ids are bigints, and gone once the stream is over", async () => {
  await withPair(async ({ client }) => {
    const stream = await client.createBidirectionalStream();
    assert.equal(stream.writable.id, 0n);
    assert.equal(stream.readable.id, 0n);
    assert.equal((await client.createBidirectionalStream()).writable.id, 4n);
    const uni = await client.createUnidirectionalStream();
    assert.equal(uni.id, 2n);
    await uni.close();
    assert.throws(() => uni.id, { name: "BadResource" });
  });
});

Deno.test("Deno's QUIC: streams arrive in the order of their ids, without gaps", async () => {
  await withPair(async ({ client, server }) => {
    await client.createBidirectionalStream();
    const second = await client.createBidirectionalStream();
    await second.writable.getWriter().write(new Uint8Array(1));
    assert.equal((await acceptBidi(server)).readable.id, 0n);
    assert.equal((await acceptBidi(server)).readable.id, 4n);
  });
});

Deno.test("Deno's QUIC: without credit a stream is refused, or waits when asked to", async () => {
  await withPair(async ({ client }) => {
    await client.createBidirectionalStream();
    await assert.rejects(client.createBidirectionalStream(), RangeError);
    const waiting = client.createBidirectionalStream({ waitUntilAvailable: true });
    assert.equal(await stateOf(waiting, 50), "pending");
    client.close();
    assert.equal(await textOf(waiting), "Error: closed");
  }, { maxConcurrentBidirectionalStreams: 1 });
});

Deno.test("Deno's QUIC: BYOB reads give the buffer back, also at the end", async () => {
  await withPair(async ({ client, server }) => {
    const stream = await client.createBidirectionalStream();
    const writer = stream.writable.getWriter();
    await writer.write(new Uint8Array(3));
    await writer.close();
    const reader = byob((await acceptBidi(server)).readable);
    const first = await reader.read(new Uint8Array(64));
    assert.equal(first.value!.length, 3);
    assert.equal(first.value!.buffer.byteLength, 64);
    const last = await reader.read(new Uint8Array(first.value!.buffer));
    assert.equal(last.done, true);
    assert.equal(last.value!.buffer.byteLength, 64);
  });
});

Deno.test("Deno's QUIC: sendOrder can be set, and not after the end", async () => {
  await withPair(async ({ client }) => {
    const uni = await client.createUnidirectionalStream();
    uni.sendOrder = 5;
    assert.equal(uni.sendOrder, 5);
    await uni.close();
    assert.throws(() => uni.sendOrder = 6, { name: "BadResource" });
  });
});

Deno.test("Deno's QUIC: datagrams have a limit that is told, and empty ones are carried", async () => {
  await withPair(async ({ client, server }) => {
    const max = client.maxDatagramSize;
    assert(max >= 1100 && max <= 1500, `${max}`);
    assert.equal(await textOf(client.sendDatagram(new Uint8Array(9000))), "Error: datagram too large");
    await client.sendDatagram(new Uint8Array(0));
    assert.equal((await server.readDatagram()).length, 0);
    const reading = server.readDatagram();
    client.close();
    await assert.rejects(reading, /closed by peer/);
  });
});

Deno.test("Deno's QUIC: reading an incoming's address drops it", async () => {
  await withPair(async ({ listener, serverEndpoint }) => {
    const waiting = listener.incoming();
    const endpoint = new Deno.QuicEndpoint({ hostname: "0.0.0.0", port: 0 });
    const connecting = Deno.connectQuic<false>({
      endpoint,
      hostname: "127.0.0.1",
      port: serverEndpoint.addr.port,
      alpnProtocols: ["h3"],
      caCerts: [await testAuthority()],
    });
    const incoming = await waiting;
    assert.equal(incoming.remoteAddr.hostname, "127.0.0.1");
    await assert.rejects(async () => await incoming.accept(), { name: "BadResource" });
    endpoint.close();
    await assert.rejects(connecting);
  });
});

Deno.test("Deno's QUIC: closing an endpoint ends its connect at once", async () => {
  const silent = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const endpoint = new Deno.QuicEndpoint({ hostname: "0.0.0.0", port: 0 });
  const connecting = Deno.connectQuic<false>({
    endpoint,
    hostname: "127.0.0.1",
    port: (silent.addr as Deno.NetAddr).port,
    alpnProtocols: ["h3"],
  });
  setTimeout(() => endpoint.close(), 10);
  assert.equal(await textOf(connecting), "Error: closed");
  silent.close();
});

Deno.test("Deno's QUIC: stop() leaves a waiting accept behind, closing the endpoint ends it", async () => {
  await withPair(async ({ listener, serverEndpoint, client, server }) => {
    const waiting = listener.incoming();
    listener.stop();
    assert.equal(await stateOf(waiting.catch((error) => error.name), 50), "pending");
    const stream = await client.createUnidirectionalStream();
    await stream.getWriter().write(new Uint8Array(1));
    assert.equal((await server.incomingUnidirectionalStreams.getReader().read()).done, false);
    serverEndpoint.close();
    await assert.rejects(waiting, { name: "BadResource" });
  });
});

Deno.test("Deno's QUIC: a refused client learns it at once", async () => {
  await withPair(async ({ listener, serverEndpoint }) => {
    const waiting = listener.incoming();
    const endpoint = new Deno.QuicEndpoint({ hostname: "0.0.0.0", port: 0 });
    const connecting = Deno.connectQuic<false>({
      endpoint,
      hostname: "127.0.0.1",
      port: serverEndpoint.addr.port,
      alpnProtocols: ["h3"],
    });
    (await waiting).refuse();
    assert.equal(
      await textOf(connecting),
      "Error: aborted by peer: the server refused to accept a new connection",
    );
    endpoint.close();
  });
});

Deno.test("Deno's QUIC: a collected listener switches listening off", async () => {
  const certs = new URL("../support/certs.ts", import.meta.url).href;
  const config = new URL("../../deno.json", import.meta.url);
  const code = `
    import { testAuthority, testCertificate } from ${JSON.stringify(certs)};
    const { cert, key } = await testCertificate();
    const caCerts = [await testAuthority()];
    const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
    const options = { cert, key, alpnProtocols: ["h3"] };
    (() => { endpoint.listen(options); })();
    const kept = endpoint.listen(options);
    const accepting = kept.incoming().then((incoming) => incoming.accept<false>()).catch(() => {});
    for (let i = 0; i < 5; i++) { gc(); await new Promise((resolve) => setTimeout(resolve, 10)); }
    const own = new Deno.QuicEndpoint({ hostname: "0.0.0.0", port: 0 });
    setTimeout(() => own.close(), 1000);
    const result = await Deno.connectQuic<false>({
      endpoint: own, hostname: "127.0.0.1", port: endpoint.addr.port, alpnProtocols: ["h3"], caCerts,
    }).then(() => "connected", (error) => error.message);
    console.log(result, kept !== undefined);
    Deno.exit();
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--config",
      config.pathname,
      "--no-lock",
      "--no-check",
      "-A",
      "--v8-flags=--expose-gc",
      "-",
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const said = new TextDecoder().decode((await child.output()).stdout).trim();
  assert.notEqual(said, "connected true");
});

Deno.test("Deno's QUIC: the texts of a failed handshake, at both ends", async () => {
  await withPair(async ({ listener, serverEndpoint }) => {
    async function attempt(more: Partial<Deno.ConnectQuicOptions<false>>): Promise<[string, string]> {
      const endpoint = new Deno.QuicEndpoint({ hostname: "0.0.0.0", port: 0 });
      const accepting = listener.incoming().then((incoming) => textOf(incoming.accept<false>()));
      const connecting = textOf(Deno.connectQuic<false>({
        endpoint,
        hostname: "127.0.0.1",
        port: serverEndpoint.addr.port,
        alpnProtocols: ["h3"],
        ...more,
      }));
      const texts = await Promise.all([connecting, accepting]);
      endpoint.close();
      return texts;
    }
    const alpn = "the cryptographic handshake failed: error 120: peer doesn't support any known protocol";
    assert.deepEqual(await attempt({ alpnProtocols: ["h9"] }), [
      `Error: aborted by peer: ${alpn}`,
      `Error: ${alpn}`,
    ]);
    const issuer = "the cryptographic handshake failed: error 48: invalid peer certificate: UnknownIssuer";
    assert.deepEqual(await attempt({}), [`Error: ${issuer}`, `Error: aborted by peer: ${issuer}`]);
  });
});

Deno.test("Deno's QUIC: a pinned hash replaces name and issuer", async () => {
  await withPair(async ({ listener, serverEndpoint }) => {
    const { sha256 } = await testCertificate();
    const endpoint = new Deno.QuicEndpoint({ hostname: "0.0.0.0", port: 0 });
    const accepting = listener.accept();
    const options = {
      endpoint,
      hostname: "127.0.0.1",
      serverName: "not-covered.test",
      port: serverEndpoint.addr.port,
      alpnProtocols: ["h3"],
      serverCertificateHashes: [{ algorithm: "sha-256", value: sha256 }],
    };
    const conn = await Deno.connectQuic<false>(options);
    assert.equal(conn.protocol, "h3");
    await accepting;
    endpoint.close();
  });
});

Deno.test("Deno's QUIC: with a ticket a connect returns at once; ids begin again when early data is turned down", async () => {
  await withPair(async ({ client, server, listener, serverEndpoint, clientEndpoint }) => {
    const first = await client.createUnidirectionalStream();
    await first.getWriter().write(new Uint8Array(1));
    await server.incomingUnidirectionalStreams.getReader().read();
    await pause(20);
    const { cert, key } = await testCertificate();
    const renewed = serverEndpoint.listen({ cert, key, alpnProtocols: ["h3"] });
    const accepting = Promise.race([listener.accept(), renewed.accept()]).catch(() => {});
    const conn = Deno.connectQuic<true>({
      endpoint: clientEndpoint,
      hostname: "127.0.0.1",
      port: serverEndpoint.addr.port,
      alpnProtocols: ["h3"],
      caCerts: [await testAuthority()],
      zeroRtt: true,
    });
    assert(!(conn instanceof Promise));
    assert.equal(conn.protocol, null);
    const early = await conn.createBidirectionalStream();
    assert.equal(early.writable.id, 0n);
    await early.writable.getWriter().write(new Uint8Array(1));
    await conn.handshake;
    assert.equal(conn.protocol, "h3");
    assert.equal(
      await textOf(byob(early.readable).read(new Uint8Array(1))),
      "ConnectionReset: 0-RTT rejected",
    );
    assert.equal((await conn.createBidirectionalStream()).writable.id, 0n);
    await accepting;
    conn.close();
  });
});
