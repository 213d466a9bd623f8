import assert from "node:assert/strict";
import { connect as connectH2, type H2Client } from "../../h2/mod.ts";
import { Client, type HttpServer, ListenError, serve, type ServeOptions } from "../../mod.ts";
import { TransportError } from "../../semantics/errors.ts";
import { connectTcp, listenTcp } from "../../transport/deno.ts";
import { testAuthority, testCertificate } from "../support/certs.ts";
import { h2Client, originOf, serveLocal, sleep } from "./kit.ts";

const CONNECTIONS = 40;
const plain = { plain: true, hostname: "127.0.0.1" } as const;
const ignored = Deno.build.os !== "linux";

/** Servers with a name each on one port, which the first one picks. */
async function servers(names: readonly string[], options: Partial<ServeOptions>): Promise<HttpServer[]> {
  const { cert, key } = await testCertificate();
  const tls = options.plain === true ? {} : { cert, key };
  const started: HttpServer[] = [];
  for (const name of names) {
    const port = started[0]?.addr.port ?? 0;
    const handler = async (request: Request) => {
      await sleep(Number(new URL(request.url).searchParams.get("ms") ?? 0));
      return new Response(name);
    };
    started.push(serve({ hostname: "127.0.0.1", ...tls, ...options, reusePort: true, port }, handler));
  }
  return started;
}

async function clients(server: HttpServer, scheme: "http" | "https"): Promise<H2Client[]> {
  return await Promise.all(
    Array.from(
      { length: CONNECTIONS },
      async () =>
        scheme === "https"
          ? await h2Client(server)
          : connectH2(await connectTcp({ hostname: "127.0.0.1", port: server.addr.port })),
    ),
  );
}

for (const scheme of ["http", "https"] as const) {
  const options = scheme === "http" ? plain : { http: 2 as const };

  Deno.test({
    name: `serve with reusePort over ${scheme}: three servers share a port, and one ends without a loss`,
    ignore: ignored,
    async fn() {
      const [one, two, three] = await servers(["one", "two", "three"], options);
      assert.deepEqual([two!.addr.port, three!.addr.port], [one!.addr.port, one!.addr.port]);
      const many = await clients(one!, scheme);
      const url = originOf(one!, scheme);
      const names = await Promise.all(many.map(async (client) => await (await client.fetch(url)).text()));
      assert.deepEqual([...new Set(names)].sort(), ["one", "three", "two"]);
      const open = [one!, two!, three!].map((server) => server.connections);
      assert.equal(open.reduce((sum, count) => sum + count), CONNECTIONS);

      // Each connection stays where it is; who ends lets its own exchanges finish.
      const slow = many.map(async (client) => await (await client.fetch(`${url}/?ms=150`)).text());
      while (one!.openExchanges + two!.openExchanges + three!.openExchanges < CONNECTIONS) await sleep(5);
      const ended = two!.shutdown();
      assert.deepEqual(await Promise.all(slow), names);
      await ended;
      assert.equal(two!.connections, 0);
      const later = await clients(one!, scheme);
      const rest = await Promise.all(later.map(async (client) => await (await client.fetch(url)).text()));
      assert.deepEqual([...new Set(rest)].sort(), ["one", "three"]);
      for (const client of [...many, ...later]) client.close();
      await Promise.all([one!.shutdown(), three!.shutdown()]);
    },
  });
}

Deno.test("serve finds a port taken unless both sides share it", async () => {
  await using own = serve({ ...plain, port: 0 }, () => new Response());
  const isTaken = (error: unknown) =>
    error instanceof ListenError && error instanceof TransportError && error.code === "in-use" &&
    error.on === "tcp";
  assert.throws(
    () => serve({ ...plain, port: own.addr.port, reusePort: true }, () => new Response()),
    isTaken,
  );
  const { cert, key } = await testCertificate();
  const tls = { hostname: "127.0.0.1", cert, key, http: 2 } as const;
  assert.throws(() => serve({ ...tls, port: own.addr.port, reusePort: true }, () => new Response()), isTaken);
  const [shared] = await servers(["shared"], plain);
  await using _shared = shared!;
  assert.throws(() => serve({ ...plain, port: shared!.addr.port }, () => new Response()), isTaken);
  assert.throws(() => serve({ ...tls, port: shared!.addr.port }, () => new Response()), isTaken);
});

Deno.test({
  name: "serve with reusePort: one server has HTTP/3, and clients of the others find it by Alt-Svc [7838-3]",
  ignore: ignored,
  async fn() {
    const { cert, key } = await testCertificate();
    const common = { hostname: "127.0.0.1", cert, key, reusePort: true } as const;
    const answer = (name: string) => (_: Request, { protocol }: { protocol: string }) =>
      new Response(`${name} ${protocol}`);
    await using first = serve({ ...common, port: 0 }, answer("first"));
    const { port } = first.addr;
    assert.deepEqual(first.protocols, ["h2", "h3"]);
    assert.throws(
      () => serve({ ...common, port }, answer("second")),
      (error) =>
        error instanceof ListenError && error.code === "in-use" && error.on === "udp" &&
        /UDP 127\.0\.0\.1:\d+: .*; Deno cannot share a UDP port: .*`http: 2` and its `altSvc`/.test(
          error.message,
        ),
    );
    await using _second = serve({ ...common, port, http: 2, altSvc: first.altSvc! }, answer("second"));
    const caCerts = [await testAuthority()];
    let fromSecond = 0;
    for (let n = 0; n < CONNECTIONS && fromSecond < 3; n++) {
      await using client = new Client({ caCerts });
      const response = await client.fetch(originOf(first));
      assert.equal(response.headers.get("alt-svc"), `h3=":${port}"; ma=86400`);
      if (await response.text() !== "second h2") continue;
      fromSecond++;
      while (client.stats.connecting > 0) await sleep(5);
      assert.equal(await (await client.fetch(originOf(first))).text(), "first h3");
    }
    assert.equal(fromSecond, 3);
  },
});

Deno.test({
  name: "serve with reusePort: with a UDP port each, every worker serves HTTP/3 to its own clients [7838-3]",
  ignore: ignored,
  async fn() {
    const { cert, key } = await testCertificate();
    const common = { hostname: "127.0.0.1", cert, key } as const;
    const started: HttpServer[] = [];
    let port = 0;
    for (const name of ["one", "two"]) {
      const handler = (_: Request, { protocol }: { protocol: string }) => new Response(`${name} ${protocol}`);
      const h3 = serve({ ...common, port: 0, http: 3 }, handler);
      const altSvc = `h3=":${h3.addr.port}"; ma=86400`;
      const h2 = serve({ ...common, port, http: 2, reusePort: true, altSvc }, handler);
      port = h2.addr.port;
      started.push(h3, h2);
    }
    const caCerts = [await testAuthority()];
    const seen = new Set<string>();
    for (let n = 0; n < CONNECTIONS; n++) {
      await using client = new Client({ caCerts });
      const first = await (await client.fetch(`https://127.0.0.1:${port}`)).text();
      while (client.stats.connecting > 0) await sleep(5);
      const then = await (await client.fetch(`https://127.0.0.1:${port}`)).text();
      assert.deepEqual([first.split(" ")[1], then.split(" ")[1]], ["h2", "h3"]);
      assert.equal(first.split(" ")[0], then.split(" ")[0], "the same worker");
      seen.add(then);
    }
    assert.deepEqual([...seen].sort(), ["one h3", "two h3"]);
    await Promise.all(started.map((server) => server.shutdown()));
  },
});

Deno.test({
  name: "serve with reusePort: every server rolls its own certificate",
  ignore: ignored,
  async fn() {
    const next = await testCertificate({ names: ["roll.test", "127.0.0.1"], selfSigned: true });
    const both = await servers(["one", "two"], { http: 2 });
    await Promise.all(both.map((server) => server.setCertificate(next)));
    for (let n = 0; n < 10; n++) {
      await assert.rejects(h2Client(both[0]!), (error) => (error as TransportError).code === "certificate");
    }
    await Promise.all(both.map((server) => server.shutdown()));
  },
});

Deno.test("HttpServer.setCertificate changes one certificate after the other, and the last one stays", async () => {
  await using server = await serveLocal(() => new Response("x"), { http: 2 });
  const next = await testCertificate({ names: ["127.0.0.1"], selfSigned: true });
  const mine = await testCertificate();
  await Promise.all([server.setCertificate(next), server.setCertificate(mine), server.setCertificate(mine)]);
  for (let n = 0; n < 5; n++) {
    await using client = await h2Client(server);
    assert.equal(await (await client.fetch(originOf(server))).text(), "x");
  }
});

Deno.test("serve with reusePort refuses HTTP/3 alone, which cannot be shared", async () => {
  const { cert, key } = await testCertificate();
  assert.throws(
    () => serve({ port: 0, cert, key, http: 3, reusePort: true }, () => new Response()),
    (error) => error instanceof TypeError && /UDP port cannot be shared/.test(error.message),
  );
});

Deno.test("serve without --unstable-net: TLS works, the certificate rolls, and sharing a port is an error", async () => {
  const next = await testCertificate({ names: ["127.0.0.1"], selfSigned: true });
  const program = `
    import { serve } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};
    const { own, next, authority } = ${
    JSON.stringify({ own: await testCertificate(), next, authority: await testAuthority() })
  };
    const server = serve({ ...own, port: 0, hostname: "127.0.0.1" }, () => new Response("hello"));
    const { port } = server.addr;
    async function isTrusted(authority) {
      const conn = await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts: [authority], alpnProtocols: ["h2"] });
      const isTrusted = await conn.handshake().then(() => true, () => false);
      conn.close();
      return isTrusted;
    }
    const said = [server.protocols, await isTrusted(authority)];
    await server.setCertificate(next);
    said.push(await isTrusted(authority), await isTrusted(next.cert));
    await server.shutdown();
    try {
      serve({ port: 0, plain: true, reusePort: true }, () => new Response());
    } catch (error) {
      said.push(error.code, error.message);
    }
    console.log(JSON.stringify(said));
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-lock", "--no-check", "-A", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { code, stdout } = await child.output();
  assert.equal(code, 0);
  const said = JSON.parse(new TextDecoder().decode(stdout));
  assert.deepEqual(said.slice(0, 5), [["h2"], true, false, true, "unsupported"]);
  assert.match(said[5], /^Cannot share a port: .*--unstable-net/);
});

Deno.test({
  name: "listenTcp with reusePort and port 0 takes a port that nobody shares yet",
  ignore: ignored,
  fn() {
    // By chance alone, two of 300 would meet in four runs of five.
    const where = { hostname: "127.0.0.1", port: 0, reusePort: true } as const;
    const listeners = Array.from({ length: 300 }, () => listenTcp(where));
    assert.equal(new Set(listeners.map(({ addr }) => addr.port)).size, listeners.length);
    for (const listener of listeners) listener.close();
  },
});
