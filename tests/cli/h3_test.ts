import assert from "node:assert/strict";
import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { serve as serveH3 } from "../../h3/mod.ts";
import { listenQuic, type QuicListener } from "../../transport/deno.ts";
import {
  assertSchema,
  commandOf,
  documentOf,
  ROOT,
  startServer,
  tandem,
  temporaryDirectory,
  testCertificate,
  writeAuthority,
} from "./kit.ts";

// deno-lint-ignore no-explicit-any
type Document = Record<string, any>;

interface Peer extends AsyncDisposable {
  readonly port: number;
}

/** A QUIC server in this process that answers every request, or with `alpn` offers something else. */
async function quicServer(
  certificate: { cert: string; key: string },
  options: { port?: number; alpn?: string; delayMs?: number } = {},
): Promise<Peer> {
  const listener: QuicListener = listenQuic({
    hostname: "127.0.0.1",
    port: options.port ?? 0,
    ...certificate,
    alpn: [options.alpn ?? "h3"],
  });
  const connections: ReturnType<typeof serveH3>[] = [];
  const loop = (async () => {
    for await (const transport of listener) {
      connections.push(serveH3(transport, () => new Response("by h3\n"), { onError(): void {} }));
    }
  })();
  await Promise.resolve();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      await loop;
      for (const connection of connections) connection.close();
      await Promise.all(connections.map((connection) => connection.closed));
      listener.closeAll(0x100, "");
    },
  };
}

/** Node's HTTP/2 server in this process; `altSvc` announces what it says. */
async function tcpServer(
  certificate: { cert: string; key: string },
  options: { altSvc?: string; port?: number } = {},
): Promise<Peer> {
  const server = createSecureServer(certificate);
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream) => {
    const { altSvc } = options;
    stream.respond({ ":status": 200, ...(altSvc === undefined ? {} : { "alt-svc": altSvc }) });
    stream.end("by h2\n");
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => {
      for (const session of sessions) session.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** A UDP socket that swallows what comes, as a filter does. */
function silentSocket(): Disposable & { readonly port: number } {
  const socket = Deno.listenDatagram({ hostname: "127.0.0.1", port: 0, transport: "udp" });
  return {
    port: (socket.addr as Deno.NetAddr).port,
    [Symbol.dispose]: () => socket.close(),
  };
}

/** Holds a failed run against what the user must be told, as text and as JSON, and how soon. */
async function assertFails(
  args: readonly string[],
  expected: { exit: number; code: string; says: RegExp; hint: RegExp; evidence?: RegExp; withinMs?: number },
): Promise<void> {
  const startedAt = performance.now();
  const result = await tandem(args);
  const tookMs = performance.now() - startedAt;
  assert.deepEqual([result.code, result.stdout], [expected.exit, ""], result.stderr);
  assert.match(result.stderr.split("\n")[0]!, expected.says);
  assert.match(result.stderr.slice(result.stderr.indexOf("\nhint: ")), expected.hint);
  if (expected.evidence !== undefined) assert.match(result.stderr, expected.evidence);
  assert.ok(tookMs < (expected.withinMs ?? 2500), `took ${tookMs} ms`);
  const document = await documentOf(await tandem([...args, "--json"]), "error");
  assert.deepEqual([document["code"], document["exit"]], [expected.code, expected.exit]);
}

Deno.test("get --http 3 fetches over QUIC, streams large bodies and sends bodies", async () => {
  await using server = await startServer(["--echo"]);
  const args = ["get", "-k", "--http", "3"];
  const text = await tandem([...args, `${server.origin}/`]);
  assert.deepEqual([text.code, text.stdout, text.stderr], [0, "Hello world\n", ""]);
  const large = await tandem([...args, `${server.origin}/bytes/3000001`]);
  assert.equal(large.code, 0, large.stderr);
  assert.equal(large.bytes.length, 3_000_001);
  assert.ok(large.bytes.every((byte, at) => byte === (at % 65_536 & 0xff)));
  const echo = await tandem([...args, `${server.origin}/`, "-d", "-"], { stdin: "x".repeat(200_000) });
  assert.equal(echo.stdout, "x".repeat(200_000), echo.stderr);
  const document = await documentOf(await tandem([...args, `${server.origin}/early`, "--json"]), "get");
  assert.deepEqual([document["protocol"], document["race"], document["status"]], ["h3", null, 200]);
  assert.deepEqual((document["interim"] as Document[]).map(({ status }) => status), [103]);
  const timing = document["timing"] as Document;
  assert.ok(timing.quicMs > 0 && timing.tcpMs === null && timing.tlsMs === null);
});

Deno.test("get --http auto takes HTTP/3 first and says so", async () => {
  await using server = await startServer(["--echo"]);
  // On a busy machine 200 ms can be too little for a handshake: then the note has to say so.
  for (let attempt = 1;; attempt++) {
    const result = await tandem(["get", "-k", `${server.origin}/headers`]);
    if (JSON.parse(result.stdout).protocol === "h3") {
      assert.match(
        result.stderr,
        /^note: over HTTP\/3; HTTP\/2 (?:was not needed|had not answered after .*)\n$/,
      );
      break;
    }
    assert.match(result.stderr, /^note: over HTTP\/2; HTTP\/3 had not answered after .* ms\n$/);
    assert.ok(attempt < 5, "HTTP/3 never came first");
  }
  const two = await tandem(["get", "-k", "--http", "2", `${server.origin}/headers`]);
  assert.deepEqual(
    [JSON.parse(two.stdout).protocol, two.stderr],
    ["h2", ""],
    "what was asked for needs no note",
  );
});

Deno.test("get --http auto names HTTP/2 and that HTTP/3 did not answer in time", async () => {
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  await using server = await tcpServer(await testCertificate());
  const url = `https://localhost:${server.port}/`;
  const args = ["get", "--ca", ca, url, "--connect", "127.0.0.1"];
  const result = await tandem(args);
  assert.deepEqual([result.code, result.stdout], [0, "by h2\n"], result.stderr);
  const waited = /^note: over HTTP\/2; HTTP\/3 had not answered after ([\d.]+) ms\n$/.exec(result.stderr);
  assert.ok(waited !== null, result.stderr);
  assert.ok(Number(waited[1]) >= 200, "HTTP/3 has a start of 200 ms");
  const document = await documentOf(await tandem([...args, "--json"]), "get");
  const race = document["race"] as Document;
  assert.equal(race.winner, "h2");
  assert.deepEqual(race.losers, [{ protocol: "h3", outcome: "slower", why: null }]);
});

Deno.test("get --http auto says why HTTP/3 failed, and goes on at once", async () => {
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  const certificate = await testCertificate();
  await using tcp = await tcpServer(certificate);
  await using _quic = await quicServer(certificate, { port: tcp.port, alpn: "hq-interop" });
  const url = `https://localhost:${tcp.port}/`;
  const result = await tandem(["get", "--ca", ca, url, "--connect", "127.0.0.1"]);
  assert.deepEqual([result.code, result.stdout], [0, "by h2\n"], result.stderr);
  assert.match(
    result.stderr,
    /^note: over HTTP\/2; HTTP\/3 failed: 127\.0\.0\.1:\d+ does not offer HTTP\/3\n/,
  );
  assert.match(result.stderr, /\nhint: .*ALPN/);
});

Deno.test("get --http auto takes HTTP/3 where nothing listens on TCP", async () => {
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  await using quic = await quicServer(await testCertificate());
  const result = await tandem([
    "get",
    "--ca",
    ca,
    `https://localhost:${quic.port}/`,
    "--connect",
    "127.0.0.1",
  ]);
  assert.deepEqual([result.code, result.stdout], [0, "by h3\n"], result.stderr);
  assert.match(result.stderr, /^note: over HTTP\/3; HTTP\/2 /);
});

Deno.test("get --http auto tells both reasons when both fail", async () => {
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  await using quic = await quicServer(await testCertificate(), { alpn: "hq-interop" });
  await assertFails(["get", "--ca", ca, `https://localhost:${quic.port}/`, "--connect", "127.0.0.1"], {
    exit: 5,
    code: "alpn",
    says: /does not offer HTTP\/3/,
    evidence: /HTTP\/2: nothing listens on 127\.0\.0\.1/,
    hint: /ALPN/,
  });
});

Deno.test("a UDP port that is closed is told within 3 s, and whether TCP answers there", async () => {
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  await using tcp = await tcpServer(await testCertificate());
  await assertFails(["get", "--http", "3", "--ca", ca, `https://127.0.0.1:${tcp.port}/`], {
    exit: 3,
    code: "no-udp",
    says: /^error: no answer over QUIC \(UDP\) from 127\.0\.0\.1:\d+ within 2\.5 s$/,
    evidence: /TCP \d+ does answer: UDP is closed there, or filtered on the way/,
    hint: /--http 2 uses TCP; a firewall/,
    withinMs: 3500, // with the start of the process
  });
});

Deno.test("a UDP port that is filtered is told within 3 s", async () => {
  using socket = silentSocket();
  await assertFails(["get", "--http", "3", `https://127.0.0.1:${socket.port}/`], {
    exit: 3,
    code: "no-udp",
    says: /no answer over QUIC/,
    evidence: /TCP \d+ is closed as well/,
    hint: /check the host and the port/,
    withinMs: 3500,
  });
});

Deno.test("a QUIC server that does not offer h3 is told by exit code 5 [9114-3.1]", async () => {
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  await using quic = await quicServer(await testCertificate(), { alpn: "hq-interop" });
  await assertFails(["get", "--http", "3", "--ca", ca, `https://127.0.0.1:${quic.port}/`], {
    exit: 5,
    code: "alpn",
    says: /127\.0\.0\.1:\d+ does not offer HTTP\/3/,
    evidence: /we offered h3 over QUIC/,
    hint: /--http 2/,
  });
});

Deno.test("certificates over QUIC: untrusted, of other names, expired", async () => {
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  await using untrusted = await quicServer(await testCertificate());
  await assertFails(["get", "--http", "3", `https://127.0.0.1:${untrusted.port}/`], {
    exit: 4,
    code: "certificate",
    says: /certificate of 127\.0\.0\.1:\d+ is not trusted/,
    evidence: /UnknownIssuer[\s\S]*over QUIC/,
    hint: /--ca FILE trusts it/,
  });
  await using otherName = await quicServer(await testCertificate({ names: ["other.test"] }));
  await assertFails(["get", "--http", "3", "--ca", ca, `https://127.0.0.1:${otherName.port}/`], {
    exit: 4,
    code: "certificate-wrong-name",
    says: /is for other names/,
    evidence: /it covers other\.test/,
    hint: /--sni other\.test/,
  });
  await using expired = await quicServer(await testCertificate({ fromDay: -9, toDay: -3 }));
  await assertFails(["get", "--http", "3", "--ca", ca, `https://127.0.0.1:${expired.port}/`], {
    exit: 4,
    code: "certificate-expired",
    says: /has expired/,
    hint: /--http 2 -k/,
  });
});

Deno.test("-k over QUIC pins the certificate that TCP shows, of 13 days, of 90, and for other names", async () => {
  for (
    const options of [
      {},
      { fromDay: -1, toDay: 89, selfSigned: true },
      { names: ["other.test"] },
      { isAuthority: true, toDay: 30 },
    ]
  ) {
    const certificate = await testCertificate(options);
    await using tcp = await tcpServer(certificate);
    await using _quic = await quicServer(certificate, { port: tcp.port });
    const result = await tandem(["get", "-k", "--http", "3", `https://127.0.0.1:${tcp.port}/`]);
    assert.deepEqual(
      [result.code, result.stdout],
      [0, "by h3\n"],
      `${JSON.stringify(options)} ${result.stderr}`,
    );
  }
});

Deno.test("-k over QUIC says why it cannot help: no TCP, another certificate, an expired one", async () => {
  await using alone = await quicServer(await testCertificate());
  await assertFails(["get", "-k", "--http", "3", `https://127.0.0.1:${alone.port}/`], {
    exit: 4,
    code: "no-pin",
    says: /-k cannot be used over QUIC/,
    evidence: /certificate that the same port shows over TCP, and there is none/,
    hint: /--ca FILE[\s\S]*--unsafely-ignore-certificate-errors=127\.0\.0\.1/,
  });
  await using tcp = await tcpServer(await testCertificate({ names: ["one.test"] }));
  await using _other = await quicServer(await testCertificate({ names: ["two.test"] }), { port: tcp.port });
  await assertFails(["get", "-k", "--http", "3", `https://127.0.0.1:${tcp.port}/`], {
    exit: 4,
    code: "certificate",
    says: /certificate of 127\.0\.0\.1:\d+ is not trusted/,
    hint: /over UDP there is another one/,
  });
  const expired = await testCertificate({ fromDay: -9, toDay: -3 });
  await using expiredTcp = await tcpServer(expired);
  await using _expired = await quicServer(expired, { port: expiredTcp.port });
  await assertFails(["get", "-k", "--http", "3", `https://127.0.0.1:${expiredTcp.port}/`], {
    exit: 4,
    code: "certificate-expired",
    says: /has expired/,
    hint: /-k over QUIC cannot overlook dates/,
  });
});

Deno.test("get -vv names the control streams of both ends, and QPACK streams that say something", async () => {
  await using server = await startServer(["--echo"]);
  const { stderr } = await tandem(["get", "-k", "--http", "3", "-vv", `${server.origin}/trailers`]);
  assert.match(stderr, /> +ctl +SETTINGS {2}qpack_max_table_capacity=4096 .*max_field_section_size=\d+\n/);
  assert.match(stderr, /< +ctl +SETTINGS {2}.*enable_connect_protocol=1\n/);
  assert.match(stderr, /= +enc +stream type 2\n/);
  assert.match(stderr, /[<>] +enc +QPACK table instructions {2}\d+ B\n/);
  assert.match(stderr, /< +0 +HEADERS {2}\d+ B\n +< :status 200\n/);
  assert.match(stderr, /< +0 +DATA {2}12 B\n/);
  assert.match(
    stderr,
    /connection closed .*\ntrailer x-trailer: after the body\ntrailer x-body-bytes: 12\nHTTP\/3 200 /,
  );
});

Deno.test("get --json=lines prints each event and then the result", async () => {
  await using server = await startServer(["--echo"]);
  for (const [version, flag] of [["3", "--json=lines"], ["2", "--json-lines"]] as const) {
    const secret = ["-H", "authorization: Bearer s3cret"];
    const args = ["get", "-k", "--http", version, flag, `${server.origin}/`, ...secret];
    const { code, stdout, stderr } = await tandem(args);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.doesNotMatch(stdout, /s3cret/);
    const documents = stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as Document);
    const result = documents.pop()!;
    await assertSchema(result, "get");
    assert.equal(result["protocol"], `h${version}`);
    for (const document of documents) await assertSchema(document, "trace");
    const settings = documents.filter(({ name, direction }) => name === "SETTINGS" && direction === "in");
    assert.equal(settings[0]!.stream, version === "3" ? "ctl" : "0");
  }
  const failed = await tandem(["get", "--json=lines", "https://no-such-host.invalid/"]);
  assert.equal(JSON.parse(failed.stdout).code, "dns");
});

Deno.test("serve announces HTTP/3 on responses of HTTP/2, and logs both", async () => {
  await using server = await startServer(["--echo"]);
  const head = await tandem(["get", "-k", "--http", "2", "--head", `${server.origin}/bytes/5`]);
  assert.match(head.stdout, new RegExp(`\\nalt-svc: h3=":${server.port}"; ma=86400\\n`));
  const three = await tandem(["get", "-k", "--http", "3", "--head", `${server.origin}/bytes/5`]);
  assert.doesNotMatch(three.stdout, /alt-svc/);
  await tandem(["get", "-k", "--http", "3", `${server.origin}/bytes/5`]);
  const entries: Document[] = [];
  while (entries.length < 3) entries.push(JSON.parse(await server.nextLine()));
  for (const entry of entries) await assertSchema(entry, "access");
  assert.deepEqual(
    entries.map(({ protocol, method, path, status, bodyBytes, end }) =>
      [protocol, method, path, status, bodyBytes, end].join(" ")
    ),
    ["h2 HEAD /bytes/5 200 0 done", "h3 HEAD /bytes/5 200 0 done", "h3 GET /bytes/5 200 5 done"],
  );
});

Deno.test("serve DIR serves files over HTTP/3, and announces them over HTTP/2", async () => {
  await using directory = await temporaryDirectory();
  await Deno.writeTextFile(join(directory.path, "page.html"), "<p>hello");
  await using server = await startServer([directory.path]);
  const url = `${server.origin}/page.html`;
  const three = await tandem(["get", "-k", "--http", "3", url]);
  assert.equal(three.stdout, "<p>hello");
  const two = await tandem(["get", "-k", "--http", "2", "--head", url]);
  assert.match(two.stdout, /\ncontent-type: text\/html/);
  assert.match(two.stdout, /\nalt-svc: h3=":\d+"; ma=86400\n/);
});

Deno.test("serve logs an HTTP/3 exchange that the client gives up as reset", async () => {
  await using server = await startServer(["--echo"]);
  const result = await tandem([
    "get",
    "-k",
    "--http",
    "3",
    "--timeout",
    "700ms",
    `${server.origin}/delay/5000`,
  ]);
  assert.equal(result.code, 3);
  const entry = JSON.parse(await server.nextLine());
  assert.deepEqual([entry.protocol, entry.path, entry.status, entry.end], [
    "h3",
    "/delay/5000",
    null,
    "reset",
  ]);
});

Deno.test("serve finishes open HTTP/3 requests after ctrl-c and ends with 0", async () => {
  await using server = await startServer(["--echo"]);
  const open = tandem(["get", "-k", "--http", "3", `${server.origin}/delay/1500`]);
  await new Promise((resolve) => setTimeout(resolve, 900));
  server.kill("SIGINT");
  const result = await open;
  assert.deepEqual([result.code, result.stdout], [0, "1500\n"], result.stderr);
  assert.equal((await server.child.status).code, 0);
});

Deno.test("serve takes the same number for TCP and UDP, and says which of the two is taken", async () => {
  using socket = silentSocket();
  const result = await tandem(["serve", "--echo", "--port", String(socket.port)]);
  assert.equal(result.code, 3);
  assert.match(result.stderr, new RegExp(`^error: UDP 127\\.0\\.0\\.1:${socket.port} is taken\n`));
  assert.match(result.stderr, /hint: --port 0 .*--http 2 needs no UDP/);
  await using two = await startServer(["--echo", "--http", "2"]);
  assert.equal(two.first["h3"], null);
  const head = await tandem(["get", "-k", "--http", "2", "--head", `${two.origin}/`]);
  assert.doesNotMatch(head.stdout, /alt-svc/);
});

Deno.test("probe follows Alt-Svc to another port, and tells when nobody is there", async () => {
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  const certificate = await testCertificate();
  await using quic = await quicServer(certificate);
  await using tcp = await tcpServer(certificate, { altSvc: `h3=":${quic.port}"; ma=3600` });
  const found = await documentOf(
    await tandem(["probe", "--ca", ca, `https://127.0.0.1:${tcp.port}/`, "--json"]),
    "probe",
  ) as Document;
  assert.deepEqual([found.h3.foundBy, found.h3.target], ["alt-svc", `127.0.0.1:${quic.port}`]);
  assert.equal(found.h3.sameCertificate, null, "there is no TCP on that port");

  using silent = silentSocket();
  await using broken = await tcpServer(certificate, { altSvc: `h3=":${silent.port}"; ma=3600` });
  const args = ["probe", "--ca", ca, `https://127.0.0.1:${broken.port}/`];
  const text = await tandem(args);
  assert.equal(text.code, 3, text.stderr);
  assert.match(text.stdout, /^127\.0\.0\.1:\d+ +h2 works +h3 FAILED +1 failure /);
  assert.match(text.stdout, /\n {2}h3 {3}no answer over QUIC \(UDP\) from 127\.0\.0\.1:\d+ within 2\.5 s\n/);
  assert.match(text.stdout, new RegExp(`\\n {7}Alt-Svc announces h3 on UDP ${silent.port}\\n`));
  const json = await tandem([...args, "--json"]);
  assert.equal(json.code, 3);
  const document = await documentOf(json, "probe") as Document;
  assert.deepEqual([document.h3.reachable, document.h3.why.code], [false, "no-udp"]);
});

Deno.test("probe takes a server without HTTP/3 for healthy, unless both are asked for", async () => {
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  await using tcp = await tcpServer(await testCertificate());
  const args = ["probe", "--ca", ca, `https://127.0.0.1:${tcp.port}/`];
  const auto = await tandem(args);
  assert.equal(auto.code, 0, auto.stdout);
  assert.match(auto.stdout, /h2 works {3}h3 not there {3}\d warnings? /);
  assert.match(auto.stdout, /info {3}h3 {2}no answer over QUIC/);
  const both = await tandem([...args, "--http", "both"]);
  assert.equal(both.code, 3, both.stdout);
  assert.match(both.stdout, /FAIL {3}h3 {2}no answer over QUIC/);
});

Deno.test("probe tells that TCP and QUIC have different certificates, and that nothing announces h3", async () => {
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  await using tcp = await tcpServer(await testCertificate({ toDay: 29 }));
  await using _quic = await quicServer(await testCertificate({ toDay: 28 }), { port: tcp.port });
  const args = ["probe", "--ca", ca, `https://127.0.0.1:${tcp.port}/`];
  const document = await documentOf(await tandem([...args, "--json"]), "probe") as Document;
  assert.deepEqual([document.h3.foundBy, document.h3.sameCertificate], ["asked", false]);
  const rules = document.findings.filter((one: Document) => one.severity === "info" && one.protocol === "h3")
    .map((one: Document) => one.rule);
  assert.deepEqual(rules, ["7838-2.1", "7838-3"]);
  const text = await tandem(args);
  assert.match(text.stdout, /found by +ALPN h2 +asked directly\n/);
  assert.match(text.stdout, /certificate .* ANOTHER than over TCP\n/);
});

Deno.test("probe --http 3 asks directly and leaves the other column empty", async () => {
  await using server = await startServer(["--echo"]);
  const result = await tandem(["probe", "-k", "--http", "3", server.origin, "--slo", "quic=20000,ping=1"]);
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.match(result.stdout, /h2 not asked {3}h3 works/);
  assert.match(result.stdout, /met +h3 {2}quic [\d.]+ ms/);
  assert.match(result.stdout, /met +h3 {2}ping not measured/);
});

/** Runs the tool as one that has no `--unstable-net`, which deno.json gives to all others. */
async function withoutQuic(
  args: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  await using directory = await temporaryDirectory();
  const config = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const { imports, compilerOptions } = config;
  const path = join(directory.path, "deno.json");
  await Deno.writeTextFile(path, JSON.stringify({ imports, compilerOptions }));
  const [run, ...rest] = commandOf(args);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [run!, "--config", path, "--no-lock", ...rest],
    cwd: ROOT,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("without --unstable-net all of HTTP/2 works, and the hint names the flag", async () => {
  await using server = await startServer(["--echo"]);
  const auto = await withoutQuic(["get", "-k", `${server.origin}/headers`]);
  assert.equal(auto.code, 0, auto.stderr);
  assert.equal(JSON.parse(auto.stdout).protocol, "h2");
  assert.match(
    auto.stderr,
    /^note: over HTTP\/2; HTTP\/3 was skipped: .*--unstable-net\nhint: .*--unstable-net/,
  );
  const three = await withoutQuic(["get", "-k", "--http", "3", `${server.origin}/`]);
  assert.equal(three.code, 7);
  assert.match(
    three.stderr,
    /^error: Deno has QUIC only with the flag --unstable-net\nhint: deno run --unstable-net/,
  );
  const probe = await withoutQuic(["probe"]);
  assert.equal(probe.code, 0, probe.stderr);
  assert.match(probe.stdout, /h2 works {3}h3 no QUIC /);
  assert.match(probe.stdout, /\n {2}h3 {3}Deno has QUIC only with the flag --unstable-net\n {7}hint: /);
  const json = await withoutQuic(["probe", "--json"]);
  const document = JSON.parse(json.stdout) as Document;
  await assertSchema(document, "probe");
  assert.deepEqual([document.h3.reachable, document.h3.why.code], [null, "unstable-net"]);
});
