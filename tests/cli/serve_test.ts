import assert from "node:assert/strict";
import { join } from "node:path";
import { connect, type H2Client } from "../../h2/mod.ts";
import type { ClientRequest } from "../../shell/client_request.ts";
import { connectTcp, connectTls } from "../../transport/deno.ts";
import {
  assertSchema,
  commandOf,
  ROOT,
  type RunningServer,
  startServer,
  tandem,
  temporaryDirectory,
  testCertificate,
} from "./kit.ts";

/** A client of our own, so that paths go out as they are. */
async function clientOf(server: RunningServer): Promise<H2Client> {
  return connect(await connectTcp({ hostname: "127.0.0.1", port: server.port }));
}

/** What came back for one request. */
interface Answer {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

async function ask(client: H2Client, request: ClientRequest): Promise<Answer> {
  const response = await client.request({ scheme: "http", authority: "localhost", ...request }).response;
  const body = await response.text();
  return { status: response.status, fields: Object.fromEntries(response.fields), body };
}

/** A directory to serve, and a secret beside it. */
async function makeSite(): Promise<AsyncDisposable & { readonly path: string; readonly site: string }> {
  const directory = await temporaryDirectory();
  const site = join(directory.path, "site");
  await Deno.mkdir(join(site, "sub dir"), { recursive: true });
  await Deno.mkdir(join(site, "empty"));
  await Deno.mkdir(join(site, ".git"));
  await Deno.mkdir(join(site, ".well-known"));
  await Deno.mkdir(join(directory.path, "site-not"));
  const files: Record<string, string> = {
    "site/index.html": "<p>index</p>",
    "site/a.css": "body{}",
    "site/data.json": '{"a":1}',
    "site/noextension": "?",
    "site/ten.txt": "0123456789",
    "site/sub dir/index.html": "<p>sub</p>",
    "site/.git/config": "hidden",
    "site/.well-known/x.txt": "shown",
    "secret.txt": "secret",
    "site-not/secret.txt": "secret",
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(directory.path, name), text);
  }
  await Deno.symlink("../secret.txt", join(site, "out.txt"));
  await Deno.symlink("../site-not", join(site, "outdir"));
  await Deno.symlink("ten.txt", join(site, "inside.txt"));
  await Deno.symlink("loop", join(site, "loop"));
  return { path: directory.path, site, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

Deno.test("serve --json says on its first line where it listens and with which certificate", async () => {
  await using tls = await startServer(["--echo"]);
  await assertSchema(tls.first, "serve");
  assert.deepEqual(tls.first["h3"], tls.first["h2"], "one port number for TCP and UDP");
  assert.equal(tls.first["serves"], "echo");
  const { sha256 } = tls.first["certificate"] as { sha256: string };
  const probed = JSON.parse((await tandem(["probe", "-k", tls.origin, "--json"])).stdout);
  assert.equal(probed.h2.certificate.sha256, sha256);
  await using plain = await startServer(["--echo", "--plain", "--hostname", "127.0.0.1"]);
  await assertSchema(plain.first, "serve");
  assert.equal(plain.first["h3"], null);
  assert.equal(plain.first["certificate"], null);
});

Deno.test("serve uses a certificate that is given, and keeps one that is made", async () => {
  await using directory = await temporaryDirectory();
  const certificate = await testCertificate();
  const cert = join(directory.path, "c.pem");
  const key = join(directory.path, "k.pem");
  await Deno.writeTextFile(cert, certificate.cert);
  await Deno.writeTextFile(key, certificate.key);
  await using given = await startServer(["--echo", "--cert", cert, "--key", key]);
  assert.equal((given.first["certificate"] as { sha256: string }).sha256, certificate.sha256.toHex());
  const out = join(directory.path, "kept");
  await using kept = await startServer(["--echo", "--cert-out", out]);
  const ca = await Deno.readTextFile(join(out, "cert.pem"));
  const transport = await connectTls({ hostname: "127.0.0.1", port: kept.port, alpn: ["h2"], caCerts: [ca] });
  assert.equal(transport.info.alpn, "h2");
  transport.close();
  assert.equal((await Deno.stat(join(out, "key.pem"))).mode! & 0o077, 0);
});

Deno.test("serve --echo answers each of its paths", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  await using client = await clientOf(server);
  assert.deepEqual((await ask(client, { path: "/" })).body, "Hello world\n");
  assert.equal((await ask(client, { path: "/?query" })).status, 200);
  assert.equal((await ask(client, { path: "/bytes/0" })).body, "");
  assert.equal((await ask(client, { path: "/bytes/100000" })).body.length, 100_000);
  assert.equal((await ask(client, { path: "/bytes/-1" })).status, 400);
  assert.equal((await ask(client, { path: "/bytes/99999999999999" })).status, 400);
  assert.equal((await ask(client, { path: "/status/418" })).status, 418);
  assert.equal((await ask(client, { path: "/status/204" })).status, 204);
  assert.equal((await ask(client, { path: "/status/99" })).status, 400);
  assert.equal((await ask(client, { path: "/delay/20" })).body, "20\n");
  assert.equal((await ask(client, { path: "/nowhere" })).status, 404);
  const headers = JSON.parse((await ask(client, { path: "/headers", fields: { "x-a": "1" } })).body);
  assert.deepEqual(headers.fields, [["x-a", "1"]]);
  assert.equal((await ask(client, { method: "POST", path: "/any", body: "echo" })).body, "echo");
  assert.equal((await ask(client, { method: "PUT", path: "/any", body: "" })).body, "");
  const head = await ask(client, { method: "HEAD", path: "/" });
  assert.deepEqual([head.status, head.fields["content-length"], head.body], [200, "12", ""]);
  const interim: number[] = [];
  await ask(client, { path: "/early", onInterim: (response) => interim.push(response.status) });
  assert.deepEqual(interim, [103]);
  const trailers = await client.request({ scheme: "http", authority: "localhost", path: "/trailers" })
    .response;
  await trailers.discard();
  assert.equal((await trailers.trailers)?.get("x-trailer"), "after the body");
});

Deno.test("serve --echo answers while the request body still comes", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  await using client = await clientOf(server);
  let send: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (controller) => void (send = controller) });
  const encoder = new TextEncoder();
  const exchange = client.request({
    method: "POST",
    scheme: "http",
    authority: "localhost",
    path: "/",
    body,
  });
  send!.enqueue(encoder.encode("one"));
  const response = await exchange.response;
  const reader = response.body!.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "one");
  send!.enqueue(encoder.encode("two"));
  assert.equal(new TextDecoder().decode((await reader.read()).value), "two");
  send!.close();
  assert.equal((await reader.read()).done, true);
});

Deno.test("serve DIR sends files with their types", async () => {
  await using site = await makeSite();
  await using server = await startServer(["--plain", site.site]);
  await using client = await clientOf(server);
  const types: [string, string][] = [
    ["/", "text/html; charset=utf-8"],
    ["/index.html", "text/html; charset=utf-8"],
    ["/a.css", "text/css; charset=utf-8"],
    ["/data.json", "application/json; charset=utf-8"],
    ["/noextension", "application/octet-stream"],
    ["/sub%20dir/", "text/html; charset=utf-8"],
    ["/inside.txt", "text/plain; charset=utf-8"],
    ["/.well-known/x.txt", "text/plain; charset=utf-8"],
  ];
  for (const [path, type] of types) {
    const answer = await ask(client, { path });
    assert.deepEqual([path, answer.status, answer.fields["content-type"]], [path, 200, type]);
    assert.equal(answer.fields["content-length"], String(answer.body.length));
    assert.equal(answer.fields["x-content-type-options"], "nosniff");
  }
  const moved = await ask(client, { path: "/sub%20dir?q=1" });
  assert.deepEqual([moved.status, moved.fields["location"]], [301, "/sub%20dir/?q=1"]);
  assert.equal((await ask(client, { path: "/empty/" })).status, 404);
  assert.equal((await ask(client, { path: "/a.css/" })).status, 404);
  const head = await ask(client, { method: "HEAD", path: "/a.css" });
  assert.deepEqual([head.status, head.fields["content-length"], head.body], [200, "6", ""]);
  const post = await ask(client, { method: "POST", path: "/a.css", body: "x" });
  assert.deepEqual([post.status, post.fields["allow"]], [405, "GET, HEAD"]);
});

Deno.test("serve DIR lets nothing out of DIR, and hides dot files", async () => {
  await using site = await makeSite();
  await using server = await startServer(["--plain", site.site]);
  await using client = await clientOf(server);
  const paths = [
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/%2e%2e%2fsecret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/sub%20dir/../../secret.txt",
    "/sub%20dir/%2e%2e/%2e%2e/secret.txt",
    "//../secret.txt",
    "/./../secret.txt",
    "/%252e%252e/secret.txt",
    "/..%c0%afsecret.txt",
    "/../site-not/secret.txt",
    "/out.txt",
    "/outdir/secret.txt",
    "/outdir/",
    "/loop",
    "/.git/config",
    "/a.css%00.txt",
    "/%",
    "/%zz",
    "/" + "x".repeat(5000),
    `/${encodeURIComponent(join(site.path, "secret.txt"))}`,
    `/${join(site.path, "secret.txt")}`,
  ];
  for (const path of paths) {
    const answer = await ask(client, { path });
    assert.ok(answer.status === 400 || answer.status === 404, `${path}: ${answer.status}`);
    assert.doesNotMatch(answer.body, /secret|hidden/);
  }
  assert.equal((await ask(client, { path: "/a.css" })).status, 200, "the server lives on");
});

Deno.test("serve DIR answers ranges and conditional requests [9110-13, 9110-14]", async () => {
  await using site = await makeSite();
  await using server = await startServer(["--plain", site.site]);
  await using client = await clientOf(server);
  const path = "/ten.txt";
  const whole = await ask(client, { path });
  assert.equal(whole.fields["accept-ranges"], "bytes");
  const etag = whole.fields["etag"]!;
  const modified = whole.fields["last-modified"]!;
  const later = new Date(Date.parse(modified) + 60_000).toUTCString();
  const cases: [Record<string, string>, number, string, string?][] = [
    [{ range: "bytes=2-4" }, 206, "234", "bytes 2-4/10"],
    [{ range: "bytes=7-" }, 206, "789", "bytes 7-9/10"],
    [{ range: "bytes=-3" }, 206, "789", "bytes 7-9/10"],
    [{ range: "bytes=-30" }, 206, "0123456789", "bytes 0-9/10"],
    [{ range: "bytes=8-99" }, 206, "89", "bytes 8-9/10"],
    [{ range: "bytes=10-" }, 416, "Range Not Satisfiable", "bytes */10"],
    [{ range: "bytes=0-1,4-5" }, 200, "0123456789"],
    [{ range: "lines=1-2" }, 200, "0123456789"],
    [{ range: "bytes=x" }, 200, "0123456789"],
    [{ range: "bytes=2-4", "if-range": modified }, 206, "234"],
    [{ range: "bytes=2-4", "if-range": '"other"' }, 200, "0123456789"],
    [{ "if-none-match": etag }, 304, ""],
    [{ "if-none-match": etag.replace(/^W\//, "") }, 304, ""],
    [{ "if-none-match": `"other", ${etag}` }, 304, ""],
    [{ "if-none-match": "*" }, 304, ""],
    [{ "if-none-match": '"other"' }, 200, "0123456789"],
    [{ "if-none-match": '"other"', "if-modified-since": later }, 200, "0123456789"],
    [{ "if-modified-since": later }, 304, ""],
    [{ "if-modified-since": "Thu, 01 Jan 2015 00:00:00 GMT" }, 200, "0123456789"],
    [{ "if-modified-since": "yesterday" }, 200, "0123456789"],
    [{ "if-match": '"other"' }, 412, "Precondition Failed"],
    [{ "if-match": "*" }, 200, "0123456789"],
    [{ "if-unmodified-since": "Thu, 01 Jan 2015 00:00:00 GMT" }, 412, "Precondition Failed"],
  ];
  for (const [fields, status, body, contentRange] of cases) {
    const answer = await ask(client, { path, fields });
    assert.deepEqual([fields, answer.status, answer.body], [fields, status, body]);
    if (contentRange !== undefined) assert.equal(answer.fields["content-range"], contentRange);
  }
});

Deno.test("serve DIR sends a large file byte for byte and gives up when the client does", async () => {
  await using site = await makeSite();
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  const large = new Uint8Array(3_000_000).map((_, at) => bytes[at % 65_521]!);
  await Deno.writeFile(join(site.site, "large.bin"), large);
  await using server = await startServer(["--plain", site.site]);
  await using client = await clientOf(server);
  const request = { scheme: "http", authority: "localhost", path: "/large.bin" };
  const response = await client.request(request).response;
  assert.deepEqual(await response.bytes(), large);
  const cancelled = await client.request(request).response;
  await cancelled.body!.cancel();
  assert.equal((await ask(client, { path: "/a.css" })).status, 200);
});

Deno.test("serve --json writes a line for each request", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  await using client = await clientOf(server);
  await ask(client, { path: "/status/404?x=1" });
  const entry = JSON.parse(await server.nextLine());
  await assertSchema(entry, "access");
  assert.deepEqual(
    [entry.protocol, entry.method, entry.path, entry.status, entry.bodyBytes, entry.end],
    ["h2", "GET", "/status/404?x=1", 404, 4, "done"],
  );
  const exchange = client.request({ scheme: "http", authority: "localhost", path: "/delay/30000" });
  exchange.closed.catch(() => {});
  setTimeout(() => exchange.abort(), 50);
  await exchange.response.catch(() => {});
  const reset = JSON.parse(await server.nextLine());
  await assertSchema(reset, "access");
  assert.deepEqual([reset.status, reset.end], [null, "reset"]);
});

Deno.test("serve finishes open requests after ctrl-c, takes no new connections, and ends with 0", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  await using client = await clientOf(server);
  const slow = ask(client, { path: "/delay/600" });
  await ask(client, { path: "/" });
  server.kill("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 200));
  await assert.rejects(clientOf(server));
  assert.equal((await slow).body, "600\n");
  assert.equal((await server.child.status).code, 0);
});

Deno.test("serve ends at once at the second ctrl-c", async () => {
  await using server = await startServer(["--echo", "--plain", "--drain", "30s"]);
  await using client = await clientOf(server);
  const slow = ask(client, { path: "/delay/30000" });
  slow.catch(() => {});
  await ask(client, { path: "/" });
  server.kill("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 200));
  server.kill("SIGINT");
  assert.equal((await server.child.status).code, 130);
  await assert.rejects(slow);
});

Deno.test("serve tells mistakes before it listens", async () => {
  await using taken = await startServer(["--echo", "--plain"]);
  await using directory = await temporaryDirectory();
  const mistakes: [string[], number, RegExp][] = [
    [["--echo", "somewhere"], 2, /--echo answers without files/],
    [["--plain", "--cert", "x"], 2, /--plain uses no certificate/],
    [["--echo", "--cert", "x"], 2, /--cert needs --key/],
    [["--port", "70000"], 2, /no whole number from 0 to 65535/],
    [["/no/such/directory"], 2, /there is no such directory/],
    [["deno.json"], 2, /is no directory/],
    [["--echo", "--plain", "--port", String(taken.port)], 3, /is taken/],
    [["--echo", "--cert", "deno.json", "--key", "deno.json"], 2, /holds no certificate/],
  ];
  for (const [args, code, says] of mistakes) {
    const result = await tandem(["serve", ...args]);
    assert.equal(result.code, code, `${args}: ${result.stderr}`);
    assert.match(result.stderr, says);
  }
  const denied = await tandem(["serve", directory.path, "--port", "0"], { permissions: [] });
  assert.equal(denied.code, 7);
  assert.match(denied.stderr, /--allow-net=127\.0\.0\.1:0 --allow-read=/);
});

Deno.test("serve tells people where, with what certificate, and how to try it", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: commandOf(["serve", "--echo", "--port", "0"]),
    cwd: ROOT,
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("ctrl-c")) text += (await reader.read()).value ?? "";
  child.kill("SIGTERM");
  for (let part = await reader.read(); !part.done; part = await reader.read());
  assert.equal((await child.status).code, 0);
  assert.match(text, /^tandem 0\.1\.0 serving an echo\n/);
  assert.match(text, /h2 +https:\/\/127\.0\.0\.1:\d+ +TLS\n/);
  assert.match(text, /h3 +https:\/\/127\.0\.0\.1:\d+ +QUIC, announced by Alt-Svc\n/);
  assert.match(text, /made now for localhost, 127\.0\.0\.1, ::1; valid until 20/);
  assert.match(text, /sha256 (?:[0-9a-f]{2}:){31}[0-9a-f]{2}\n/);
  assert.match(text, /try {2}tandem get -k https:/);
});
