import assert from "node:assert/strict";
import { serve } from "../../mod.ts";
import { TransportError } from "../../semantics/errors.ts";
import { connect as connectH2 } from "../../h2/mod.ts";
import { connectTcp, connectTls, listenTcp } from "../../transport/deno.ts";
import { testAuthority, testCertificate } from "../support/certs.ts";
import { h2Client, h3Client, originOf, serveLocal, sleep } from "./kit.ts";

Deno.test("serve answers over HTTP/2 and HTTP/3 at one port number and announces HTTP/3 [7838-3]", async () => {
  await using server = await serveLocal((request, exchange) =>
    new Response(`${exchange.protocol} ${new URL(request.url).pathname}`)
  );
  assert.deepEqual(server.protocols, ["h2", "h3"]);
  await using h2 = await h2Client(server);
  await using h3 = await h3Client(server);
  const overH2 = await h2.fetch(`${originOf(server)}/a`);
  const overH3 = await h3.fetch(`${originOf(server)}/b`);
  assert.equal(overH2.headers.get("alt-svc"), `h3=":${server.addr.port}"; ma=86400`);
  assert.equal(await overH2.text(), "h2 /a");
  assert.equal(overH3.headers.get("alt-svc"), null);
  assert.equal(await overH3.text(), "h3 /b");
  assert.equal(server.connections, 2);
});

Deno.test("serve announces what it is told to, for both kinds of handlers, and leaves a field of the handler alone", async () => {
  const own = await serveLocal({
    exchange: (exchange) => exchange.reply(200, exchange.path === "/own" ? { "alt-svc": "clear" } : {}, "x"),
  }, { altSvc: 'h3="alt.example:8443"' });
  await using client = await h2Client(own);
  assert.equal((await client.fetch(`${originOf(own)}/own`)).headers.get("alt-svc"), "clear");
  assert.equal((await client.fetch(`${originOf(own)}/`)).headers.get("alt-svc"), 'h3="alt.example:8443"');
  await own.shutdown();

  const redirecting = await serveLocal(() => Response.redirect("https://example.com/"), {
    altSvc: 'h3=":1"',
  });
  await using third = await h2Client(redirecting);
  const moved = await third.fetch(originOf(redirecting));
  assert.equal(moved.headers.get("alt-svc"), 'h3=":1"');
  assert.equal(moved.headers.get("location"), "https://example.com/");
  await redirecting.shutdown();

  const none = await serveLocal(() => Response.redirect("https://example.com/"), { altSvc: false });
  await using other = await h2Client(none);
  const response = await other.fetch(originOf(none));
  assert.equal(response.status, 302);
  assert.equal(response.headers.get("alt-svc"), null);
  await none.shutdown();
});

Deno.test("serve speaks one protocol alone when asked to", async () => {
  await using only2 = await serveLocal(() => new Response("x"), { http: 2 });
  assert.deepEqual(only2.protocols, ["h2"]);
  assert.equal(only2.altSvc, undefined);
  await using only3 = await serveLocal(() => new Response("x"), { http: 3 });
  assert.deepEqual(only3.protocols, ["h3"]);
  await using client = await h3Client(only3);
  assert.equal(await (await client.fetch(originOf(only3))).text(), "x");
});

Deno.test("serve over plain TCP needs no certificate", async () => {
  const listening = Promise.withResolvers<number>();
  await using server = serve({
    port: 0,
    hostname: "127.0.0.1",
    plain: true,
    onListen: (addr) => listening.resolve(addr.port),
  }, () => new Response("plain"));
  assert.equal(await listening.promise, server.addr.port);
  await using client = connectH2(await connectTcp({ hostname: "127.0.0.1", port: server.addr.port }));
  assert.equal(await (await client.fetch(originOf(server, "http"))).text(), "plain");
});

Deno.test("serve refuses options that do not go together before it listens", async () => {
  const { cert, key } = await testCertificate();
  const handler = () => new Response();
  assert.throws(() => serve({ port: 0 }, handler), /no certificate/);
  assert.throws(() => serve({ port: 0, plain: true, cert, key }, handler), TypeError);
  assert.throws(() => serve({ port: 0, plain: true, http: 3 }, handler), TypeError);
  assert.throws(() => serve({ port: 0, http: 3, http1: true, cert, key }, handler), TypeError);
  const wrong = { maxStreams: 3 } as Record<string, number>;
  assert.throws(() => serve({ port: 0, cert, key, limits: wrong }, handler), /no such limit/);
});

Deno.test("serve finds a port taken although its own listeners can share it", async () => {
  await using server = await serveLocal(() => new Response("x"));
  const { cert, key } = await testCertificate();
  assert.throws(
    () => serve({ port: server.addr.port, hostname: "127.0.0.1", cert, key }, () => new Response()),
    (error) => error instanceof TransportError && error.code === "in-use",
  );
  const taken = listenTcp({ hostname: "127.0.0.1", port: 0 });
  assert.throws(
    () => serve({ port: taken.addr.port, hostname: "127.0.0.1", cert, key }, () => new Response()),
    (error) => error instanceof TransportError && error.code === "in-use",
  );
  taken.close();
});

Deno.test("serve refuses a client that offers http/1.1 only by ALPN, and tells one without ALPN in its own words", async () => {
  const refused: string[] = [];
  await using server = await serveLocal(() => new Response("x"), {
    onRefused: (error) => refused.push(error.code),
  });
  const caCerts = [await testAuthority()];
  const { port } = server.addr;
  await assert.rejects(
    connectTls({ hostname: "127.0.0.1", port, alpn: ["http/1.1"], caCerts }),
    (error) => error instanceof TransportError && error.code === "alpn",
  );
  const transport = await connectTls({ hostname: "127.0.0.1", port, alpn: [], caCerts });
  await transport.write!(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
  await transport.closeWrite!();
  const text = await new Response(transport.readable).text();
  assert.match(text, /^HTTP\/1\.1 505 /);
  assert.match(text, /HTTP\/2 and HTTP\/3/);
  transport.close();
  assert.deepEqual(refused.sort(), ["alpn", "alpn"]);
});

Deno.test("serve takes clients of HTTP/1.1 too when asked to, with trailers, remote address and streams", async () => {
  const { cert, key } = await testCertificate();
  await using server = serve({ port: 0, hostname: "127.0.0.1", cert, key, http1: true }, {
    async exchange(exchange) {
      const body = await exchange.text();
      exchange.setTrailers({ "x-end": "yes" });
      const { alpn, remote } = exchange.connection.info;
      const facts =
        `${exchange.method} ${exchange.path} ${exchange.authority} ${alpn} ${remote?.hostname} ${body}`;
      await exchange.reply(201, { "x-te": exchange.fields.get("te") ?? "none" }, new Blob([facts]));
    },
  });
  assert.deepEqual(server.protocols, ["h2", "h3", "http/1.1"]);
  const caCerts = [await testAuthority()];
  const client = Deno.createHttpClient({ caCerts, http2: false, http1: true });
  const url = `${originOf(server)}/path?q`;
  const response = await fetch(url, { client, method: "POST", body: "hello" });
  assert.equal(response.status, 201);
  assert.equal(response.headers.get("alt-svc"), server.altSvc);
  const authority = new URL(url).host;
  assert.equal(await response.text(), `POST /path?q ${authority} http/1.1 127.0.0.1 hello`);
  client.close();

  const raw = await connectTls({
    hostname: "127.0.0.1",
    port: server.addr.port,
    alpn: ["http/1.1"],
    caCerts,
  });
  await raw.write!(
    new TextEncoder().encode(
      "GET / HTTP/1.1\r\nhost: a.test\r\nte: trailers\r\nconnection: te, close\r\n\r\n",
    ),
  );
  const text = await new Response(raw.readable).text();
  assert.match(text, /^HTTP\/1\.1 201 /);
  assert.match(text, /x-te: trailers/i);
  assert.match(text, /x-end: yes\r\n\r\n$/i);
  raw.close();
});

Deno.test("serve tells HTTP/1.1 and HTTP/2 apart on one plain port", async () => {
  await using server = serve(
    { port: 0, hostname: "127.0.0.1", plain: true, http1: true },
    (_, exchange) => new Response(String(exchange.connection.info.alpn)),
  );
  const url = originOf(server, "http");
  const one = Deno.createHttpClient({ http2: false });
  assert.equal(await (await fetch(url, { client: one })).text(), "http/1.1");
  one.close();
  await using two = connectH2(await connectTcp({ hostname: "127.0.0.1", port: server.addr.port }));
  assert.equal(await (await two.fetch(url)).text(), "undefined");
});

Deno.test("serve hands a failing handler to onError, whose response is sent", async () => {
  const errors: unknown[] = [];
  await using server = await serveLocal(() => {
    throw new Error("broken");
  }, {
    onError: (error, exchange) => {
      errors.push(error);
      return new Response(`sorry over ${exchange.protocol}`, { status: 503 });
    },
  });
  await using h2 = await h2Client(server);
  await using h3 = await h3Client(server);
  const response = await h2.fetch(originOf(server));
  assert.equal(response.status, 503);
  assert.equal(await response.text(), "sorry over h2");
  assert.equal(await (await h3.fetch(originOf(server))).text(), "sorry over h3");
  assert.equal(errors.length, 2);
});

Deno.test("HttpServer.setCertificate shows another certificate on both protocols and drops nothing", async () => {
  const next = await testCertificate({ names: ["roll.test", "127.0.0.1"], selfSigned: true });
  await using server = await serveLocal(async (request) => {
    await sleep(Number(new URL(request.url).searchParams.get("ms") ?? 0));
    return new Response("ok");
  });
  await using h2 = await h2Client(server);
  await using h3 = await h3Client(server);
  const slow = [h2.fetch(`${originOf(server)}/?ms=100`), h3.fetch(`${originOf(server)}/?ms=100`)];
  for (const one of slow) one.catch(() => {}); // looked at below
  await server.setCertificate(next);
  // Who trusts the old authority only is turned away by now.
  for (const connect of [h2Client, h3Client]) {
    await assert.rejects(connect(server), (error) => (error as TransportError).code === "certificate");
  }
  const fresh = await connectTls({
    hostname: "127.0.0.1",
    port: server.addr.port,
    alpn: ["h2"],
    caCerts: [next.cert],
  });
  await using client = connectH2(fresh);
  assert.equal(await (await client.fetch(originOf(server))).text(), "ok");
  for (const response of await Promise.all(slow)) assert.equal(await response.text(), "ok");
  assert.equal(await (await h2.fetch(originOf(server))).text(), "ok");
  assert.equal(await (await h3.fetch(originOf(server))).text(), "ok");
});

Deno.test("HttpServer.shutdown lets exchanges of both protocols finish, then frees the port", async () => {
  const release = Promise.withResolvers<void>();
  const controller = new AbortController();
  const server = await serveLocal(async () => {
    await release.promise;
    return new Response("finished");
  }, { signal: controller.signal });
  const [h2, h3] = [await h2Client(server), await h3Client(server)];
  const responses = [h2.fetch(originOf(server)), h3.fetch(originOf(server))];
  while (server.openExchanges < 2) await sleep(5);
  controller.abort();
  await sleep(30);
  const outcome = await Promise.race([server.finished.then(() => "finished"), sleep(0).then(() => "open")]);
  assert.equal(outcome, "open");
  await assert.rejects(h2Client(server), (error) => (error as TransportError).code === "refused");
  release.resolve();
  for (const response of await Promise.all(responses)) assert.equal(await response.text(), "finished");
  await server.finished;
  assert.equal(server.connections, 0);
  await Promise.all([h2.closed, h3.closed]);
});

Deno.test("HttpServer.shutdown cuts off what takes longer than graceMs", async () => {
  const server = await serveLocal((_, exchange) =>
    new Promise<Response>((resolve) =>
      exchange.signal.addEventListener("abort", () => resolve(new Response()))
    )
  );
  const [h2, h3] = [await h2Client(server), await h3Client(server)];
  const responses = [h2.fetch(originOf(server)), h3.fetch(originOf(server))].map((one) =>
    one.then(() => "answered", () => "cut")
  );
  while (server.openExchanges < 2) await sleep(5);
  const started = performance.now();
  await server.shutdown({ graceMs: 50 });
  assert(performance.now() - started < 2000);
  assert.deepEqual(await Promise.all(responses), ["cut", "cut"]);
  h2.close();
  h3.close();
  await Promise.all([h2.closed, h3.closed]);
});

Deno.test("serve says on each connection what it is authoritative for, and traces it", async () => {
  const seen = new Set<string>();
  await using server = await serveLocal(() => new Response("x"), {
    origins: ["https://other.example"],
    trace: (event, { protocol }) => {
      if (event.type === "frame" && event.name === "ORIGIN") seen.add(protocol);
    },
  });
  await using h2 = await h2Client(server);
  await using h3 = await h3Client(server);
  await Promise.all([h2.fetch(originOf(server)), h3.fetch(originOf(server))]);
  assert.deepEqual([...seen].sort(), ["h2", "h3"]);
});

Deno.test("HttpServer.setCertificate leaves everything as it was when the certificate is wrong", async () => {
  await using server = await serveLocal(() => new Response("x"));
  const { key } = await testCertificate({ names: ["other.test"] });
  const { cert } = await testCertificate();
  await assert.rejects(server.setCertificate({ cert, key }), TransportError);
  await using h2 = await h2Client(server);
  await using h3 = await h3Client(server);
  assert.equal(await (await h2.fetch(originOf(server))).text(), "x");
  assert.equal(await (await h3.fetch(originOf(server))).text(), "x");
});

Deno.test("serve over HTTP/1.1: an idle connection does not hold the shutdown up, and a client that leaves is noticed", async () => {
  const left = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const server = await serveLocal((request, exchange) => {
    if (request.url.endsWith("/")) return new Response("quick");
    exchange.signal.addEventListener("abort", () => left.resolve());
    entered.resolve();
    return new Promise<Response>(() => {});
  }, { http: 2, http1: true });
  const client = Deno.createHttpClient({ caCerts: [await testAuthority()], http2: false });
  const controller = new AbortController();
  const gone = fetch(`${originOf(server)}/wait`, { client, signal: controller.signal }).catch(() => "gone");
  await entered.promise;
  controller.abort();
  assert.equal(await gone, "gone");
  await left.promise;
  assert.equal(await (await fetch(`${originOf(server)}/`, { client })).text(), "quick");
  const started = performance.now();
  // The handler above never ends: it is what the grace is for.
  await server.shutdown({ graceMs: 300 });
  assert(performance.now() - started < 2000);
  client.close();
});
