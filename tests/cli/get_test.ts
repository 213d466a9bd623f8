import assert from "node:assert/strict";
import { join } from "node:path";
import { type Handler, serve } from "../../h2/mod.ts";
import { type ByteListener, listenTcp } from "../../transport/deno.ts";
import { commandOf, documentOf, ROOT, startServer, tandem, temporaryDirectory } from "./kit.ts";

/** An h2 server without TLS in this process, with any handler. */
function localServer(handler: Handler): AsyncDisposable & { readonly origin: string } {
  const listener: ByteListener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  const connections: ReturnType<typeof serve>[] = [];
  const loop = (async () => {
    for await (const transport of listener) {
      connections.push(serve(transport, handler, { onError(): void {} }));
    }
  })();
  return {
    origin: `http://127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      await loop;
      for (const connection of connections) connection.close();
      await Promise.all(connections.map((connection) => connection.closed));
    },
  };
}

async function sha256(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice())).toHex();
}

Deno.test("get writes the body to stdout and nothing to stderr", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const result = await tandem(["get", `${server.origin}/`]);
  assert.deepEqual({ ...result, bytes: 0 }, { code: 0, stdout: "Hello world\n", stderr: "", bytes: 0 });
});

Deno.test("get takes the short forms of a URL", async () => {
  await using server = await startServer(["--echo"]);
  for (const url of [`localhost:${server.port}/headers`, `:${server.port}/headers`]) {
    const result = await tandem(["get", "-k", url, "--connect", "127.0.0.1"]);
    assert.equal(result.code, 0, result.stderr);
    assert.equal(JSON.parse(result.stdout).authority, `localhost:${server.port}`);
  }
});

Deno.test("get streams large bodies byte for byte, and counts them", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const count = 3_000_001;
  const result = await tandem(["get", `${server.origin}/bytes/${count}`]);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.bytes.length, count);
  const expected = new Uint8Array(count).map((_, at) => at & 0xff);
  assert.equal(await sha256(result.bytes), await sha256(expected));
});

Deno.test("get -d sends text, a file, and standard input; -X and -H what they say", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  await using directory = await temporaryDirectory();
  const text = await tandem([
    "get",
    `${server.origin}/`,
    "-d",
    "héllo",
    "-H",
    "content-type: text/x-test",
    "--json",
  ]);
  const document = await documentOf(text, "get");
  assert.equal(document["method"], "POST");
  assert.deepEqual(document["body"], { text: "héllo", base64: null, why: null });
  assert.ok(
    (document["fields"] as string[][]).some(([name, value]) =>
      name === "content-type" && value === "text/x-test"
    ),
  );
  assert.ok(
    (document["fields"] as string[][]).some(([name, value]) => name === "content-length" && value === "6"),
  );

  const path = join(directory.path, "body.bin");
  const bytes = crypto.getRandomValues(new Uint8Array(60_000));
  await Deno.writeFile(path, bytes);
  const file = await tandem(["get", `${server.origin}/`, "-XPUT", "-d", `@${path}`]);
  assert.equal(file.code, 0, file.stderr);
  assert.deepEqual(file.bytes, bytes);

  const piped = await tandem(["get", `${server.origin}/`, "-d", "-"], { stdin: "from a pipe" });
  assert.equal(piped.stdout, "from a pipe");
});

Deno.test("get sends fields as given, and user-agent and accept by default", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const result = await tandem([
    "get",
    `${server.origin}/headers`,
    "-H",
    "X-One: 1",
    "-Hx-two:2",
    "-H",
    "accept: a/b",
  ]);
  const { fields } = JSON.parse(result.stdout) as { fields: string[][] };
  assert.deepEqual(fields, [["user-agent", "tandem/0.1.0"], ["x-one", "1"], ["x-two", "2"], [
    "accept",
    "a/b",
  ]]);
});

Deno.test("get --head prints the response head and no body", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const result = await tandem(["get", "--head", `${server.origin}/`]);
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /^HTTP\/2 200\ncontent-type: text\/plain; charset=utf-8\ncontent-length: 12\n/);
  assert.doesNotMatch(result.stdout, /Hello/);
});

Deno.test("get --json has the interim responses, the trailers and what does not fit", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const early = await documentOf(await tandem(["get", `${server.origin}/early`, "--json"]), "get");
  assert.deepEqual(early["interim"], [{
    status: 103,
    fields: [["link", "</style.css>; rel=preload; as=style"]],
  }]);
  const trailers = await documentOf(await tandem(["get", `${server.origin}/trailers`, "--json"]), "get");
  assert.deepEqual(trailers["trailers"], [["x-trailer", "after the body"], ["x-body-bytes", "12"]]);
  const binary = await documentOf(await tandem(["get", `${server.origin}/bytes/256`, "--json"]), "get");
  const { base64 } = binary["body"] as { base64: string };
  assert.deepEqual(Uint8Array.fromBase64(base64), new Uint8Array(256).map((_, at) => at));
  const large = await documentOf(await tandem(["get", `${server.origin}/bytes/9000000`, "--json"]), "get");
  assert.equal(large["bodyBytes"], 9_000_000);
  assert.match((large["body"] as { why: string }).why, /larger than/);
});

Deno.test("get -v shows frames on stderr, -vv fields, and credentials only when asked", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const secrets = ["-H", "authorization: Bearer s3cret", "-H", "cookie: id=s3cret"];
  const one = await tandem(["get", "-v", `${server.origin}/trailers`, ...secrets]);
  assert.equal(one.stdout, "Hello world\n");
  assert.match(one.stderr, /^ +ms +stream\n +0\.0 {2}> +0 +SETTINGS /);
  assert.match(one.stderr, /< +0 +SETTINGS ack\n/);
  assert.match(one.stderr, /> +1 +HEADERS end_headers end_stream +\d+ B\n/);
  assert.match(one.stderr, /trailer x-trailer: after the body\n/);
  assert.match(one.stderr, /HTTP\/2 200 +12 B +/);
  assert.doesNotMatch(one.stderr, /:method/);
  const two = await tandem(["get", "-vv", `${server.origin}/`, ...secrets]);
  assert.match(two.stderr, /> :method GET\n/);
  assert.match(two.stderr, /< :status 200\n/);
  assert.match(two.stderr, /> authorization \(13 bytes hidden, --show-secrets shows them\)/);
  assert.doesNotMatch(two.stderr, /s3cret/);
  const shown = await tandem(["get", "-vv", "--show-secrets", `${server.origin}/`, ...secrets]);
  assert.match(shown.stderr, /> authorization Bearer s3cret/);
});

Deno.test("get --out writes the body to a file", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "body.txt");
  const result = await tandem(["get", `${server.origin}/`, "--out", path]);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.stdout, "");
  assert.match(result.stderr, /HTTP\/2 200 .* in /);
  assert.equal(await Deno.readTextFile(path), "Hello world\n");
  const bad = await tandem(["get", `${server.origin}/`, "--out", join(directory.path, "no/such/dir")]);
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /^error: cannot write /);
});

Deno.test("get --fail makes the exit code 1 from 400 on, and prints the body all the same", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const failing = await tandem(["get", "--fail", `${server.origin}/status/404`]);
  assert.equal(failing.code, 1);
  assert.equal(failing.stdout, "404\n");
  assert.match(failing.stderr, /^error: the server answered 404/);
  const quiet = await tandem(["get", `${server.origin}/status/500`]);
  assert.equal(quiet.code, 0);
  const fine = await tandem(["get", "--fail", `${server.origin}/status/204`]);
  assert.equal(fine.code, 0);
});

Deno.test("get tells a body that was cut off from a whole one [9113-8.1.1]", async () => {
  await using server = localServer((request) => {
    const body = new ReadableStream<Uint8Array>({
      async start(controller): Promise<void> {
        controller.enqueue(new TextEncoder().encode("half of it"));
        await new Promise((resolve) => setTimeout(resolve, 50));
        controller.error(new Error("the disk is gone"));
      },
    });
    const headers: HeadersInit = new URL(request.url).pathname === "/known" ? { "content-length": "20" } : {};
    return new Response(body, { headers });
  });
  for (
    const [path, says] of [["/", /cut off after 10 bytes/], [
      "/known",
      /cut off after 10 of 20 bytes/,
    ]] as const
  ) {
    const result = await tandem(["get", server.origin + path]);
    assert.equal(result.code, 6, result.stderr);
    assert.equal(result.stdout, "half of it");
    assert.match(result.stderr, says);
    const json = await tandem(["get", server.origin + path, "--json"]);
    assert.equal((await documentOf(json, "error"))["code"], "truncated");
  }
});

Deno.test("get ends with 6 and a code when the peer resets the request", async () => {
  await using server = localServer((_request, exchange) => {
    exchange.abort("refused");
    return new Response();
  });
  const result = await tandem(["get", server.origin]);
  assert.equal(result.code, 6, result.stderr);
  assert.match(result.stderr, /REFUSED_STREAM/);
});

Deno.test("get ends by --timeout in the middle of a body", async () => {
  await using server = localServer(() =>
    new Response(
      new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(5).fill(65)) }),
    )
  );
  const result = await tandem(["get", server.origin, "--timeout", "600ms"]);
  assert.equal(result.code, 3, result.stderr);
  assert.equal(result.stdout, "AAAAA");
  assert.match(result.stderr, /cut off after 5 bytes\n {2}no answer .* within 600\.0 ms/);
});

Deno.test("get ends quietly with 0 when nobody reads its stdout any more", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const child = new Deno.Command(Deno.execPath(), {
    args: commandOf(["get", `${server.origin}/bytes/50000000`]),
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const stderr = await new Response(child.stderr).text();
  assert.deepEqual([(await child.status).code, stderr], [0, ""]);
});

Deno.test("get is interrupted by ctrl-c with 130", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const child = new Deno.Command(Deno.execPath(), {
    args: commandOf(["get", "-v", `${server.origin}/delay/30000`]),
    cwd: ROOT,
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("HEADERS")) text += (await reader.read()).value ?? "";
  child.kill("SIGINT");
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
  assert.equal((await child.status).code, 130);
  assert.match(text, /error: interrupted/);
});

Deno.test("colour is on only when asked for, on a pipe, and NO_COLOR does not matter then", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  // deno-lint-ignore no-control-regex
  const escape = /\x1b\[/;
  const plain = await tandem(["get", "-v", `${server.origin}/`]);
  assert.doesNotMatch(plain.stderr, escape);
  const always = await tandem(["get", "-v", `${server.origin}/`, "--color", "always"]);
  assert.match(always.stderr, escape);
});

Deno.test("get shows control characters of a peer as escapes", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const result = await tandem(["get", "-vv", `${server.origin}/`, "-H", "x-evil: a\u009b31mred"]);
  assert.match(result.stderr, /x-evil a/);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(result.stderr, /[\x1b\x9b]/);
});
