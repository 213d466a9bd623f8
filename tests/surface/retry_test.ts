/** A request is sent again only with proof that the server has not worked on it. */
import assert from "node:assert/strict";
import { Client, detailsOf, FetchError } from "../../mod.ts";
import type { ClientOptions } from "../../mod.ts";
import { systemClock } from "../../shell/clock.ts";
import type { ServerExchange } from "../../shell/server_exchange.ts";
import { sleep } from "./kit.ts";
import { MemoryNet } from "./memory_net.ts";

const URL_A = "https://a.example/";

/** A site that refuses so many exchanges with proof, then answers with what it got. */
function refusing(times: number, options: ClientOptions = {}) {
  const net = new MemoryNet(systemClock);
  const seen: string[] = [];
  net.sites.set("a.example:443", {
    h3: true,
    handler: {
      async exchange(exchange: ServerExchange) {
        seen.push(exchange.method);
        if (seen.length <= times) return exchange.abort("refused");
        await exchange.reply(200, {}, `got ${await exchange.text()}`);
      },
    },
  });
  return { client: new Client({ dialer: net, ...options }), seen, net };
}

const BODIES: readonly (readonly [name: string, make: () => BodyInit | undefined, got: string])[] = [
  ["no body", () => undefined, ""],
  ["a string", () => "text", "text"],
  ["bytes", () => new Uint8Array([65, 66]), "AB"],
  ["a Blob", () => new Blob(["blob"]), "blob"],
  ["search parameters", () => new URLSearchParams("a=b"), "a=b"],
];

for (const http of [2, 3] as const) {
  for (const [name, make, got] of BODIES) {
    Deno.test(`Client.fetch over HTTP/${http} sends ${name} again, once, after a refusal`, async () => {
      const { client, seen } = refusing(1, { http });
      const response = await client.fetch(URL_A, { method: "POST", body: make() ?? null });
      assert.equal(await response.text(), `got ${got}`);
      assert.equal(seen.length, 2);
      assert.equal(client.stats.retries, 1);
      assert.equal(detailsOf(response)?.requests, 2);
      client.close();
    });
  }

  Deno.test(`Client.fetch over HTTP/${http} gives up after the second refusal and hands the request back`, async () => {
    const { client, seen } = refusing(2, { http });
    const request = new Request(URL_A, { method: "PUT" });
    const { unsent, error } = await client.tryFetch(request);
    assert(error instanceof FetchError);
    assert.equal(error.retry, "refused");
    assert.equal(error.unsent, request);
    assert.equal(unsent, request);
    assert.equal(seen.length, 2);
    assert.equal(await (await client.fetch(unsent!)).text(), "got ");
    client.close();
  });

  Deno.test(`Client.fetch over HTTP/${http} does not send a stream again that was read`, async () => {
    const { client, seen } = refusing(1, { http });
    const body = new ReadableStream<Uint8Array>({
      pull: (to) => to.enqueue(new Uint8Array(1000)),
    });
    const failed = client.fetch(URL_A, { method: "POST", body });
    await assert.rejects(failed, (error) => {
      assert(error instanceof FetchError);
      assert.equal(error.retry, "refused");
      assert.equal(error.unsent, undefined, "its body was read");
      return true;
    });
    assert.equal(seen.length, 1);
    client.close();
  });

  Deno.test(`Client.fetch over HTTP/${http} does not send again what may have been worked on`, async () => {
    const net = new MemoryNet(systemClock);
    let count = 0;
    net.sites.set("a.example:443", {
      h3: true,
      handler: {
        exchange(exchange) {
          count++;
          exchange.abort("internal");
        },
      },
    });
    const client = new Client({ dialer: net, http });
    await assert.rejects(client.fetch(URL_A), { name: "FetchError", retry: "unknown", unsent: undefined });
    assert.equal(count, 1);
    client.close();
  });

  Deno.test(`Client.fetch over HTTP/${http} does not retry beyond its deadline`, async () => {
    const net = new MemoryNet(systemClock);
    let count = 0;
    net.sites.set("a.example:443", {
      h3: true,
      handler: {
        async exchange(exchange) {
          count++;
          await sleep(120);
          exchange.abort("refused");
        },
      },
    });
    const client = new Client({ dialer: net, http, maxRetries: 1000 });
    const started = performance.now();
    await assert.rejects(client.fetch(URL_A, { timeouts: { totalMs: 300 } }), { code: "timeout" });
    assert(performance.now() - started < 1500);
    assert(count >= 2 && count <= 4, `${count} attempts`);
    client.close();
    await sleep(150); // the last handler
  });
}

Deno.test("Client.fetch retries nothing when it is told not to", async () => {
  const { client, seen } = refusing(1, { maxRetries: 0 });
  await assert.rejects(client.fetch(URL_A), { retry: "refused" });
  assert.equal(seen.length, 1);
  client.close();
});

Deno.test("Client.fetch moves to a new connection when an idle one has died, and nobody notices", async () => {
  const { client, net, seen } = refusing(0);
  await (await client.fetch(URL_A)).text();
  for (const connection of net.open) await connection.shutdown();
  assert.equal(await (await client.fetch(URL_A, { method: "POST", body: "x" })).text(), "got x");
  assert.deepEqual(net.dialed, ["h2 a.example:443", "h2 a.example:443"]);
  assert.equal(seen.length, 2);
  client.close();
});

Deno.test("Client.fetch takes a connection that cannot be had for unsent, stream and all", async () => {
  const net = new MemoryNet(systemClock);
  const client = new Client({ dialer: net });
  const body = new Blob(["whole"]).stream();
  const request = new Request(URL_A, { method: "POST", body });
  const error = await client.fetch(request).catch((error) => error);
  assert(error instanceof FetchError);
  assert.equal(error.code, "refused");
  assert.equal(error.retry, "unsent");
  assert.equal(error.unsent, request);
  assert.equal(await error.unsent!.text(), "whole");
  client.close();
});

Deno.test("Client.fetch tells what was not sent when the queue is full", async () => {
  const net = new MemoryNet(systemClock);
  net.sites.set("a.example:443", { handler: () => new Promise<Response>(() => {}), maxConcurrentStreams: 1 });
  const client = new Client({ dialer: net, maxQueuedRequests: 2, limits: { initialMaxSendStreams: 1 } });
  const outcomes = Array.from(
    { length: 6 },
    () => client.fetch(URL_A).then(() => "answered", (error) => `${error.code} ${error.retry}`),
  );
  await sleep(30);
  client.close();
  const told = await Promise.all(outcomes);
  assert.equal(told.filter((one) => one === "queue-full unsent").length, 3);
  assert.equal(told.filter((one) => one.endsWith(" unsent")).length, 5);
  assert.equal(told.filter((one) => one.endsWith(" unknown")).length, 1);
});
