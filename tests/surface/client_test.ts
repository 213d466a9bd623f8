import assert from "node:assert/strict";
import { Client, detailsOf, FetchError } from "../../mod.ts";
import type { ClientOptions } from "../../mod.ts";
import type { ServerExchange } from "../../shell/server_exchange.ts";
import { testAuthority } from "../support/certs.ts";
import { originOf, serveLocal } from "./kit.ts";
import { MemoryNet, PatientClock, turns } from "./memory_net.ts";

function setUp(options: ClientOptions = {}): { net: MemoryNet; clock: PatientClock; client: Client } {
  const clock = new PatientClock();
  const net = new MemoryNet(clock);
  return { net, clock, client: new Client({ dialer: net, clock, ...options }) };
}

const hello = (request: Request, exchange: ServerExchange) =>
  new Response(`${exchange.protocol} ${new URL(request.url).pathname}`);

function announcing(value: string) {
  return (request: Request, exchange: ServerExchange) =>
    new Response(`${exchange.protocol} ${new URL(request.url).host}`, { headers: { "alt-svc": value } });
}

Deno.test("Client.fetch uses one connection for one origin and goes to HTTP/3 once it is announced", async () => {
  await using server = await serveLocal(hello);
  await using client = new Client({ caCerts: [await testAuthority()] });
  const first = await Promise.all([1, 2, 3].map((n) => client.fetch(`${originOf(server)}/${n}`)));
  assert.deepEqual(await Promise.all(first.map((response) => response.text())), ["h2 /1", "h2 /2", "h2 /3"]);
  assert.equal(first[0]!.url, `${originOf(server)}/1`);
  while (client.stats.connecting > 0) await turns();
  const later = await client.fetch(`${originOf(server)}/4`);
  assert.equal(await later.text(), "h3 /4");
  assert.equal(detailsOf(later)?.exchange.protocol, "h3");
  assert.equal(detailsOf(later)?.exchange.request.fields.get("alt-used"), `127.0.0.1:${server.addr.port}`);
  assert.equal(client.stats.opened, 2);
});

Deno.test("Client.fetch follows an alternative to another host and port, as the origin [7838-2]", async () => {
  const { net, clock, client } = setUp();
  net.sites.set("a.example:443", { handler: announcing('h3="alt.example:8443"; ma=100') });
  net.sites.set("alt.example:8443", { handler: hello, h3: true });
  assert.equal(await (await client.fetch("https://a.example/")).text(), "h2 a.example");
  await turns();
  const response = await client.fetch("https://a.example/x");
  assert.equal(await response.text(), "h3 /x");
  assert.equal(detailsOf(response)?.exchange.request.authority, "a.example");
  assert.equal(detailsOf(response)?.exchange.request.fields.get("alt-used"), "alt.example:8443");
  assert.deepEqual(net.dialed, ["h2 a.example:443", "h3 alt.example:8443"]);
  client.close();
  await clock.pass(0);
});

Deno.test("Client.fetch races an alternative that it knows, and leaves one that failed alone for a while", async () => {
  const { net, clock, client } = setUp({ idleTimeoutMs: 1000 });
  net.sites.set("a.example:443", { handler: announcing('h3=":443"; ma=86400') });
  await (await client.fetch("https://a.example/")).text();
  await clock.pass(12_000); // the upgrade has failed by now, and the connection was reaped
  assert.deepEqual(net.dialed, ["h2 a.example:443", "h3 a.example:443"]);
  assert.equal(client.stats.connections, 0);
  await (await client.fetch("https://a.example/")).text();
  assert.deepEqual(net.dialed.slice(2), ["h2 a.example:443"], "no delay for what is known to be broken");
  await clock.pass(299_000);
  const again = client.fetch("https://a.example/");
  await clock.pass(199);
  assert.deepEqual(net.dialed.slice(3), ["h3 a.example:443"], "tried again after five minutes");
  await clock.pass(1);
  assert.equal(await (await again).text(), "h2 a.example");
  await clock.pass(12_000);
  await clock.pass(590_000);
  await (await client.fetch("https://a.example/")).text();
  assert.equal(net.dialed.filter((one) => one.startsWith("h3")).length, 2, "twice as long the second time");
  client.close();
});

Deno.test("Client.fetch goes over HTTP/3 at once when the race is won, and drops HTTP/2", async () => {
  const { net, clock, client } = setUp({ idleTimeoutMs: 1000 });
  net.sites.set("a.example:443", { handler: announcing('h3=":443"'), h3: true });
  await (await client.fetch("https://a.example/")).text();
  await clock.pass(3000);
  assert.equal(client.stats.connections, 0);
  assert.equal(await (await client.fetch("https://a.example/")).text(), "h3 a.example");
  assert.deepEqual(net.dialed, ["h2 a.example:443", "h3 a.example:443", "h3 a.example:443"]);
  client.close();
});

Deno.test("Client.fetch forgets alternatives when they are cleared, too old, or the network changed", async () => {
  let value = 'h3="alt.example:443"; ma=60';
  const { net, clock, client } = setUp({ idleTimeoutMs: 1000 });
  net.sites.set("a.example:443", {
    handler: () => new Response("x", { headers: { "alt-svc": value } }),
  });
  async function fetchAndReap(): Promise<string[]> {
    const from = net.dialed.length;
    const response = client.fetch("https://a.example/");
    await clock.pass(300);
    await (await response).text();
    await clock.pass(20_000);
    client.changeNetwork(); // forgets what is broken, and what does not persist
    return net.dialed.slice(from);
  }
  assert.deepEqual(await fetchAndReap(), ["h2 a.example:443", "h3 alt.example:443"]);
  value = 'h3="alt.example:443"; ma=60; persist=1';
  assert.deepEqual(await fetchAndReap(), ["h2 a.example:443", "h3 alt.example:443"]);
  assert.deepEqual((await fetchAndReap())[0], "h3 alt.example:443", "it persists");
  await clock.pass(61_000);
  assert.deepEqual((await fetchAndReap())[0], "h2 a.example:443", "it is too old");
  value = "clear";
  await fetchAndReap();
  assert.deepEqual(await fetchAndReap(), ["h2 a.example:443"], "it was cleared");
  client.close();
});

Deno.test("Client.fetch takes a request back from an alternative that answers 421, and forgets it [7838-6]", async () => {
  const { net, client } = setUp();
  const bodies: string[] = [];
  net.sites.set("a.example:443", {
    handler: async (request, { protocol }) => {
      bodies.push(await request.text());
      return new Response(`own ${protocol}`, { headers: { "alt-svc": 'h3="alt.example:443"' } });
    },
  });
  net.sites.set("alt.example:443", { handler: () => new Response("no", { status: 421 }), h3: true });
  await (await client.fetch("https://a.example/")).text();
  await turns();
  const response = await client.fetch("https://a.example/", { method: "POST", body: "again" });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "own h2");
  assert.deepEqual(bodies, ["", "again"]);
  assert.equal(detailsOf(response)?.requests, 2);
  assert.equal(client.stats.retries, 1);
  client.close();
});

Deno.test("Client.fetch gives a 421 of the origin itself to the caller", async () => {
  const { net, client } = setUp();
  net.sites.set("a.example:443", { handler: () => new Response("no", { status: 421 }) });
  const response = await client.fetch("https://a.example/");
  assert.equal(response.status, 421);
  assert.equal(client.stats.retries, 0);
  client.close();
});

for (
  const [title, expected, options] of [
    ["only when asked to", 2, {}],
    ["when ORIGIN and the address agree", 1, { coalesce: true }],
    ["not when the address is another one", 2, { coalesce: true, other: true }],
    ["when ORIGIN and the certificate agree", 1, { coalesce: true, other: true, covers: true }],
    ["not when the certificate does not cover the name", 2, { coalesce: true, covers: false }],
    ["not without ORIGIN", 2, { coalesce: true, silent: true }],
  ] as const
) {
  Deno.test(`Client.fetch coalesces origins ${title}`, async () => {
    const given = options as { coalesce?: boolean; other?: boolean; covers?: boolean; silent?: boolean };
    const { net, client } = setUp(given.coalesce === true ? { coalesce: true } : {});
    const origins = given.silent === true ? {} : { origins: ["https://b.example"] };
    net.sites.set("a.example:443", { handler: hello, address: "192.0.2.1", ...origins });
    net.sites.set("b.example:443", { handler: hello });
    net.addresses.set("b.example", [given.other === true ? "192.0.2.2" : "192.0.2.1"]);
    if (given.covers !== undefined) net.covers = () => given.covers;
    await (await client.fetch("https://a.example/")).text();
    await turns();
    assert.equal(await (await client.fetch("https://b.example/b")).text(), "h2 /b");
    assert.equal(net.dialed.length, expected);
    client.close();
  });
}

Deno.test("Client.fetch asks elsewhere when a coalesced connection answers 421", async () => {
  const { net, client } = setUp({ coalesce: true });
  net.sites.set("a.example:443", {
    handler: (request) => new Response("", { status: request.url.includes("//b.") ? 421 : 200 }),
    origins: ["https://b.example"],
  });
  net.sites.set("b.example:443", { handler: hello });
  net.addresses.set("b.example", ["192.0.2.1"]);
  await (await client.fetch("https://a.example/")).text();
  await turns();
  assert.equal(await (await client.fetch("https://b.example/b")).text(), "h2 /b");
  assert.equal(await (await client.fetch("https://b.example/c")).text(), "h2 /c");
  assert.deepEqual(net.dialed, ["h2 a.example:443", "h2 b.example:443"]);
  client.close();
});

for (const [atStreamLimit, connections] of [["queue", 1], ["connect", 3]] as const) {
  Deno.test(`Client.fetch at the stream limit: ${atStreamLimit}`, async () => {
    const { net, client } = setUp({ atStreamLimit, maxConnectionsPerOrigin: 3 });
    const release = Promise.withResolvers<void>();
    let most = 0;
    let running = 0;
    net.sites.set("a.example:443", {
      maxConcurrentStreams: 2,
      handler: async (request) => {
        if (request.url.endsWith("/warm")) return new Response();
        most = Math.max(most, ++running);
        await release.promise;
        running--;
        return new Response("x");
      },
    });
    await (await client.fetch("https://a.example/warm")).text(); // the limit is known from here on
    const responses = Array.from({ length: 10 }, () => client.fetch("https://a.example/"));
    await turns();
    release.resolve();
    for (const response of await Promise.all(responses)) assert.equal(await response.text(), "x");
    assert.equal(net.dialed.length, connections);
    assert(most <= 2 * connections);
    client.close();
  });
}

Deno.test("Client reaps 3,600 idle origins: connections, timers and origins are back to the start", async () => {
  const { net, clock, client } = setUp();
  for (let n = 0; n < 3600; n++) net.sites.set(`${n}.example:443`, { handler: hello });
  for (let n = 0; n < 3600; n++) {
    await (await client.fetch(`https://${n}.example/`)).text();
    if (n % 100 === 0) await clock.pass(10);
  }
  await turns();
  assert.equal(client.stats.connections, 3600);
  assert.equal(net.open.size, 3600);
  await clock.pass(59_000);
  assert.equal(client.stats.connections, 3600);
  await clock.pass(2000);
  await turns();
  const { origins, connections, idle, reaped } = client.stats;
  assert.deepEqual({ origins, connections, idle, reaped }, {
    origins: 0,
    connections: 0,
    idle: 0,
    reaped: 3600,
  });
  assert.equal(net.open.size, 0);
  await clock.pass(10_000); // what servers remember of a close
  assert.equal(clock.pending, 0);
  // And it still works.
  assert.equal((await client.fetch("https://7.example/")).status, 200);
  client.close();
});

Deno.test("Client keeps a connection that is in use, however quiet it is", async () => {
  const { net, clock, client } = setUp({ idleTimeoutMs: 1000 });
  const release = Promise.withResolvers<Response>();
  net.sites.set("a.example:443", { handler: () => release.promise });
  const waiting = client.fetch("https://a.example/");
  await clock.pass(5000);
  assert.equal(client.stats.connections, 1);
  release.resolve(new Response("late"));
  assert.equal(await (await waiting).text(), "late");
  await clock.pass(999);
  assert.equal(client.stats.connections, 1);
  await clock.pass(2);
  assert.equal(client.stats.connections, 0);
});

Deno.test("Client sends PINGs by option, and only while there is something to protect", async () => {
  const pings: string[] = [];
  const { net, clock, client } = setUp({
    keepAlive: { intervalMs: 1000, timeoutMs: 1000 },
    trace: (event) => {
      if (event.type === "frame" && event.name === "PING" && event.direction === "out") pings.push("ping");
    },
  });
  const release = Promise.withResolvers<Response>();
  net.sites.set("a.example:443", {
    handler: (request) => request.url.endsWith("/") ? new Response() : release.promise,
  });
  await (await client.fetch("https://a.example/")).text();
  await clock.pass(5000);
  assert.equal(pings.length, 0);
  const waiting = client.fetch("https://a.example/wait");
  await clock.pass(5000);
  assert(pings.length >= 3, `${pings.length} PINGs`);
  release.resolve(new Response());
  await (await waiting).text();
  client.close();
});

Deno.test("Client.fetch ends each part in its time and leaves no timer", async () => {
  const cases = [
    ["connectMs", "unsent", { h2Ms: 10_000 }],
    ["headMs", "unknown", { handler: () => new Promise<Response>(() => {}) }],
    ["totalMs", "unknown", { handler: () => new Promise<Response>(() => {}) }],
  ] as const;
  for (const [name, retry, site] of cases) {
    const { net, clock, client } = setUp();
    net.sites.set("a.example:443", { handler: hello, ...site });
    const failed = client.fetch("https://a.example/", { timeouts: { [name]: 500 } }).then(
      () => assert.fail(name),
      (error) => error,
    );
    await turns();
    await clock.pass(499);
    await clock.pass(1);
    const error = await failed;
    assert(error instanceof FetchError, name);
    assert.equal(error.code, "timeout");
    assert.equal(error.retry, retry, name);
    assert.equal(error.unsent !== undefined, retry === "unsent");
    await clock.pass(200_000);
    assert.equal(client.stats.connections, 0);
    assert.equal(clock.pending, 0, name);
  }
});

Deno.test("Client.fetch ends a body that stops coming, but not one that nobody reads", async () => {
  const { net, clock, client } = setUp({ timeouts: { bodyMs: 500 } });
  net.sites.set("a.example:443", {
    handler: () => new Response(new ReadableStream({ start: (to) => to.enqueue(new Uint8Array(3)) })),
  });
  const response = await client.fetch("https://a.example/");
  await clock.pass(5000);
  const reader = response.body!.getReader();
  assert.equal((await reader.read()).value?.length, 3);
  await clock.pass(5000);
  const failed = assert.rejects(reader.read(), { name: "FetchError", code: "timeout" });
  await clock.pass(501);
  await failed;
  client.close();
});

Deno.test("Client.fetch rejects when the client is closed, and hands the request back", async () => {
  const { net, client } = setUp();
  net.sites.set("a.example:443", { handler: hello });
  client.close();
  const request = new Request("https://a.example/", { method: "PUT", body: "whole" });
  const { unsent, error } = await client.tryFetch(request);
  assert.equal(unsent, request);
  assert.equal((error as FetchError).code, "closed");
  assert.equal(await unsent!.text(), "whole");
});

Deno.test("Client.shutdown lets bodies finish", async () => {
  const { net, client } = setUp();
  const more = Promise.withResolvers<void>();
  net.sites.set("a.example:443", {
    handler: () =>
      new Response(
        new ReadableStream({
          async start(to) {
            to.enqueue(new TextEncoder().encode("first "));
            await more.promise;
            to.enqueue(new TextEncoder().encode("last"));
            to.close();
          },
        }),
      ),
  });
  const response = await client.fetch("https://a.example/");
  const ended = client.shutdown();
  more.resolve();
  assert.equal(await response.text(), "first last");
  await ended;
  assert.equal(net.open.size, 0);
});

Deno.test("Client.request opens an exchange over the pool, with trailers, and moves on from a dead connection", async () => {
  const { net, client } = setUp();
  net.sites.set("a.example:443", {
    handler: {
      async exchange(exchange) {
        const text = await exchange.text();
        exchange.setTrailers({ "x-sum": String(text.length) });
        await exchange.reply(200, {}, text);
      },
    },
  });
  for (let round = 0; round < 2; round++) {
    const exchange = await client.request({ method: "POST", url: "https://a.example/", body: "four" });
    const response = await exchange.response;
    assert.equal(await response.text(), "four");
    assert.equal((await response.trailers)?.get("x-sum"), "4");
    for (const connection of net.open) void connection.shutdown();
    await turns();
  }
  assert.equal(net.dialed.length, 2);
  await assert.rejects(client.request({ url: "https://b.example/" }), { retry: "unsent" });
  client.close();
});

Deno.test("Client.fetch through many redirects leaves no window closed", async () => {
  const { net, client } = setUp({ http: 2, h2: { initialConnectionWindowBytes: 65_535 } });
  net.sites.set("a.example:443", {
    handler: (request) => {
      const left = Number(new URL(request.url).pathname.slice(1));
      if (left === 0) return new Response("there");
      const headers = { location: `/${left - 1}` };
      // One that is received to its end, and one that is stopped.
      const body = left % 2 === 0 ? new Uint8Array(9000) : new Blob([new Uint8Array(9000)]).stream();
      return new Response(body, { status: 302, headers });
    },
  });
  for (let round = 0; round < 5; round++) {
    assert.equal(await (await client.fetch("https://a.example/20")).text(), "there");
  }
  client.close();
});

Deno.test("Client.fetch gives the place back that a request had which is none", async () => {
  const { net, clock, client } = setUp({ idleTimeoutMs: 1000 });
  net.sites.set("a.example:443", { handler: hello });
  await (await client.fetch("https://a.example/")).text();
  const wrong = { url: "https://a.example/", fields: { "Bad Name": "x" } };
  await assert.rejects(client.request(wrong), TypeError);
  assert.equal(await (await client.fetch("https://%zz:@a.example/")).text(), "h2 /");
  await turns();
  await clock.pass(1001);
  assert.equal(client.stats.connections, 0);
});
