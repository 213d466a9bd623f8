import assert from "node:assert/strict";
import { createSecureServer, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
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

/** Node's server in this process, with settings of its own. */
async function nodeServer(
  settings: Record<string, unknown>,
  tls?: { cert: string; key: string },
  altSvc?: string,
): Promise<AsyncDisposable & { port: number }> {
  const server = tls === undefined ? createServer({ settings }) : createSecureServer({ ...tls, settings });
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream) => {
    stream.respond({ ":status": 200, ...(altSvc === undefined ? {} : { "alt-svc": altSvc }) });
    stream.end("hello");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => {
      for (const session of sessions) session.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

Deno.test("probe without a URL starts a server of its own and probes it", async () => {
  const result = await tandem(["probe"], { permissions: ["-N"] });
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.stderr, "");
  const lines = result.stdout.split("\n");
  assert.match(
    lines[0]!,
    /^own server 127\.0\.0\.1:\d+ {4}h2 works {3}h3 works {3}0 warnings {3}[\d.]+ m?s$/,
  );
  assert.match(result.stdout, /found by +ALPN h2 +Alt-Svc, seen over h2\n/);
  assert.match(result.stdout, /secure channel +TLS 1\.3 +QUIC \(TLS 1\.3\)\n/);
  assert.match(result.stdout, /certificate +localhost, P-256 +the same as over TCP\n/);
  assert.match(result.stdout, /first request +200 in [\d.]+ ms +200 in [\d.]+ ms\n/);
  assert.match(result.stdout, /next request +[\d.]+ ms, same connection +[\d.]+ ms, same connection\n/);
  assert.match(result.stdout, /PING round trip +[\d.]+ ms +not in HTTP\/3\n/);
  assert.match(result.stdout, /to first byte +0 .* ms\n {2}h2 {2}dns +-\n +tcp +[\d.]+ +█+\n/);
  assert.match(result.stdout, / {2}h3 {2}dns +-\n +quic +[\d.]+ +█+\n +wait +[\d.]+ +·+█+\n/);
  assert.match(result.stdout, /concurrent streams +100 +QUIC decides\n/);
  assert.match(result.stdout, /header list bytes +32768 +32768\n/);
  assert.match(result.stdout, /blocked streams +- +16\n/);
  assert.match(result.stdout, /extended CONNECT .* yes\n/);
  assert.match(result.stdout, /ok +\d+ checks\n/);
  assert.ok(lines.every((line) => line.length <= 80 && !line.endsWith(" ")), result.stdout);
});

Deno.test("probe --json of the own server holds its schema and says what the server does", async () => {
  const document = await documentOf(await tandem(["probe", "--json", "--repeat", "3"]), "probe") as Document;
  assert.equal(document.builtIn, true);
  const { h2, h3 } = document;
  assert.equal(h3.reachable, true);
  assert.equal(h3.foundBy, "alt-svc");
  assert.equal(h3.target, document.target);
  assert.equal(h3.alpn, "h3");
  assert.deepEqual(h3.tls, { version: "1.3", cipher: null });
  assert.equal(h3.sameCertificate, true);
  assert.deepEqual(h3.certificate, h2.certificate);
  assert.equal(h3.timing.samples, 3);
  assert.deepEqual([h3.timing.tcpMs, h3.timing.tlsMs, h3.pingMs], [null, null, null]);
  for (const name of ["quicMs", "waitMs", "ttfbMs", "totalMs"]) assert.ok(h3.timing[name] > 0, name);
  assert.deepEqual([h3.first.status, h3.first.bodyBytes, h3.next.status], [200, 12, 200]);
  assert.match(h2.altSvc, /^h3=":\d+"; ma=86400$/);
  assert.equal(h3.altSvc, null);
  assert.deepEqual(document.findings.filter((one: Document) => one.severity !== "ok"), []);
  assert.equal(h2.foundBy, "alpn");
  assert.equal(h2.reachable, true);
  assert.equal(h2.alpn, "h2");
  assert.equal(h2.address, "127.0.0.1");
  assert.equal(h2.tls.version, "1.3");
  assert.deepEqual(h2.certificate.names, ["localhost", "127.0.0.1", "::1"]);
  assert.equal(h2.certificate.daysLeft, 12);
  assert.equal(h2.certificate.daysTotal, 13);
  assert.equal(h2.certificate.keyType, "P-256");
  assert.equal(h2.first.status, 200);
  assert.equal(h2.first.bodyBytes, 12);
  assert.equal(h2.next.status, 200);
  assert.equal(h2.timing.samples, 3);
  assert.equal(h2.timing.quicMs, null);
  for (const name of ["tcpMs", "tlsMs", "waitMs", "ttfbMs", "totalMs"]) assert.ok(h2.timing[name] > 0, name);
  assert.ok(h2.pingMs > 0);
});

Deno.test("probe shows the settings as a server sent them", async () => {
  const settings = {
    maxConcurrentStreams: 7,
    initialWindowSize: 70_000,
    maxFrameSize: 20_000,
    maxHeaderListSize: 12_345,
    headerTableSize: 2048,
    enableConnectProtocol: true,
  };
  await using server = await nodeServer(settings, undefined, 'h3=":443"; ma=60');
  const document = await documentOf(
    await tandem(["probe", `http://127.0.0.1:${server.port}/`, "--json"]),
    "probe",
  ) as Document;
  assert.deepEqual(document.h2.settings, {
    maxConcurrentStreams: 7,
    maxHeaderListBytes: 12_345,
    initialWindowBytes: 70_000,
    maxFrameBytes: 20_000,
    headerTableBytes: 2048,
    blockedStreams: null,
    datagrams: null,
    enablePush: document.h2.settings.enablePush,
    enableConnectProtocol: 1,
    noRfc7540Priorities: null,
    received: document.h2.settings.received,
  });
  assert.ok(
    document.h2.settings.received.some((one: Document) =>
      one.name === "MAX_FRAME_SIZE" && one.value === 20_000
    ),
  );
  assert.equal(document.h2.tls, null);
  assert.equal(document.h2.certificate, null);
  assert.equal(document.h2.altSvc, 'h3=":443"; ma=60');
  const found = document.findings.filter((one: Document) => one.severity === "warn").map((one: Document) =>
    one.rule
  );
  assert.deepEqual(found, ["9113-6.5.2", "7838-3"], "few streams, and Alt-Svc that is soon forgotten");
  const text = await tandem(["probe", `http://127.0.0.1:${server.port}/`]);
  assert.match(text.stdout, /header list bytes +12345 /);
  assert.match(text.stdout, /extended CONNECT +yes /);
  assert.match(text.stdout, /warn {3}h2 {2}only 7 concurrent streams +9113-6\.5\.2\n +At least 100/);
});

Deno.test("probe trusts --ca and describes the certificate of a server", async () => {
  await using directory = await temporaryDirectory();
  const ca = await writeAuthority(directory.path);
  await using server = await nodeServer(
    {},
    await testCertificate({ names: ["localhost"], fromDay: -80, toDay: 5 }),
  );
  const args = ["probe", `https://localhost:${server.port}/`, "--ca", ca];
  const document = await documentOf(await tandem([...args, "--json"]), "probe") as Document;
  assert.equal(document.h2.certificate.issuer, "Tandem test authority");
  assert.equal(document.h2.certificate.selfIssued, false);
  assert.ok(
    document.findings.some((one: Document) => one.severity === "warn" && /ends in 4 days/.test(one.text)),
  );
  const strict = await tandem([...args, "--fail-on", "warn"]);
  assert.equal(strict.code, 1);
  const never = await tandem([...args, "--fail-on", "never"]);
  assert.equal(never.code, 0);
});

Deno.test("probe -k probes a server that nobody trusts", async () => {
  await using server = await startServer(["--echo"]);
  const trusted = await tandem(["probe", server.origin]);
  assert.equal(trusted.code, 4, trusted.stderr);
  const document = await documentOf(
    await tandem(["probe", "-k", server.origin, "--json"]),
    "probe",
  ) as Document;
  assert.equal(document.h2.reachable, true);
});

Deno.test("probe --slo makes the exit code 8 when a limit is missed", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const met = await tandem(["probe", server.origin, "--slo", "ttfb=20000,dns=1,total=20000"]);
  assert.equal(met.code, 0, met.stdout);
  assert.match(met.stdout, /met +h2 {2}ttfb/);
  const missed = await tandem(["probe", `${server.origin}/delay/30`, "--slo", "wait=5", "--json"]);
  assert.equal(missed.code, 8);
  const document = JSON.parse(missed.stdout);
  assert.deepEqual(document.slo.map((one: Document) => [one.name, one.met]), [["wait", false]]);
});

Deno.test("probe sees early hints, and a server error is a warning", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const early = await tandem(["probe", `${server.origin}/early`]);
  assert.match(early.stdout, /early hints seen +103 x1 /);
  const failing = await tandem(["probe", `${server.origin}/status/503`]);
  assert.match(failing.stdout, /warn {3}h2 {2}the server answered 503 +9110-15\n/);
});

Deno.test("probe of a large body reads a part of it", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const document = await documentOf(
    await tandem(["probe", `${server.origin}/bytes/50000000`, "--json"]),
    "probe",
  ) as Document;
  assert.equal(document.h2.first.isWhole, false);
  assert.ok(document.h2.first.bodyBytes < 6_000_000);
  assert.equal(document.h2.timing.totalMs, null);
});

Deno.test("probe --ascii draws without block characters, --color always with colours", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const ascii = await tandem(["probe", server.origin, "--ascii"]);
  // deno-lint-ignore no-control-regex
  assert.match(ascii.stdout, /^[\x00-\x7f]*$/);
  assert.match(ascii.stdout, /wait +[\d.]+ +\.*#+\n/);
  const colours = await tandem(["probe", server.origin, "--color", "always"]);
  // deno-lint-ignore no-control-regex
  assert.match(colours.stdout, /\x1b\[32mh2 works\x1b\[39m/);
});

Deno.test("probe that is interrupted prints what it has and ends with 130", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const child = new Deno.Command(Deno.execPath(), {
    args: commandOf(["probe", `${server.origin}/delay/50`, "--repeat", "100", "--json"]),
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  for (let requests = 0; requests < 4; requests++) await server.nextLine();
  child.kill("SIGINT");
  const { code, stdout, stderr } = await child.output();
  assert.equal(code, 130, new TextDecoder().decode(stderr));
  const document = JSON.parse(new TextDecoder().decode(stdout)) as Document;
  await assertSchema(document, "probe");
  assert.equal(document.partial, true);
  assert.ok(document.h2.timing.samples >= 1 && document.h2.timing.samples < 100);
});
