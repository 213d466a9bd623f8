import * as h2 from "@tandem/http/h2";
import * as h3 from "@tandem/http/h3";
import { memoryPair, memoryQuicPair } from "@tandem/http/transport/memory";
import assert from "node:assert/strict";
import { page } from "../../examples/early_hints.ts";
import { proxyTo } from "../../examples/reverse_proxy.ts";
import { events } from "../../examples/server_sent_events.ts";

Deno.test("server_sent_events sends events one by one and stops when the client leaves", async () => {
  const [near, far] = memoryPair();
  const server = h2.serve(far, events(1000, 1));
  const client = h2.connect(near);
  const response = await client.request({ url: "https://a.example/events" }).response;
  assert.equal(response.fields.get("content-type"), "text/event-stream");
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    text += decoder.decode(chunk);
    if (text.includes("tick 3\n")) break;
  }
  assert.match(text, /^id: 1\ndata: tick 1\n\nid: 2\ndata: tick 2\n\nid: 3\n/);
  // The handler ends by itself: shutdown would wait for it.
  await server.shutdown();
  await client.closed;
});

Deno.test("early_hints sends a 103 before the page", async () => {
  const [near, far] = memoryPair();
  const server = h2.serve(far, page);
  const client = h2.connect(near);
  const seen: [number, string | undefined][] = [];
  const { response } = client.request({
    url: "https://a.example/",
    onInterim: ({ status, fields }) => void seen.push([status, fields.get("link")]),
  });
  assert.match(await (await response).text(), /Hello/);
  assert.deepEqual(seen, [[103, "</style.css>; rel=preload; as=style"]]);
  client.close();
  await server.closed;
});

/** A client over HTTP/3, the proxy, and a backend over HTTP/2. */
async function withProxy(
  backend: h2.ExchangeHandler,
  work: (client: h3.H3Client) => Promise<void>,
): Promise<void> {
  const [toBackend, atBackend] = memoryPair();
  const [toProxy, atProxy] = memoryQuicPair();
  const server = h2.serve(atBackend, backend, { onError: () => undefined });
  const upstream = h2.connect(toBackend);
  const proxy = h3.serve(atProxy, proxyTo(upstream), { onError: () => undefined });
  const client = h3.connect(toProxy);
  await work(client);
  client.close();
  await proxy.closed;
  upstream.close();
  await server.closed;
}

Deno.test("reverse_proxy passes bodies, trailers and interim responses on, both ways", async () => {
  const backend: h2.ExchangeHandler = {
    async exchange(exchange) {
      assert.equal(exchange.protocol, "h2");
      assert.equal(exchange.fields.get("via"), "3 tandem");
      exchange.sendInterim(103, { link: "</a>" });
      const text = await exchange.text();
      exchange.setTrailers({ "x-sum": `${(await exchange.trailers)?.get("x-count")}!` });
      await exchange.reply(201, { "content-type": "text/plain" }, text.toUpperCase());
    },
  };
  await withProxy(backend, async (client) => {
    const interim: number[] = [];
    const { response } = client.request({
      method: "POST",
      url: "https://a.example/x",
      body: "a long body ".repeat(10_000),
      trailers: { "x-count": "7" },
      onInterim: ({ status }) => void interim.push(status),
    });
    const { status, fields } = await response;
    assert.equal(status, 201);
    assert.equal(fields.get("via"), "2 tandem");
    assert.equal(await (await response).text(), "A LONG BODY ".repeat(10_000));
    assert.equal((await (await response).trailers)?.get("x-sum"), "7!");
    assert.deepEqual(interim, [103]);
  });
});

Deno.test("reverse_proxy passes cancellation on to the backend", async () => {
  const aborted = Promise.withResolvers<void>();
  const backend: h2.ExchangeHandler = {
    async exchange(exchange) {
      exchange.signal.addEventListener("abort", () => aborted.resolve());
      await exchange.reply(200, {}, new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(10)) }))
        .catch(() => {});
    },
  };
  await withProxy(backend, async (client) => {
    const controller = new AbortController();
    const { response } = client.request({ url: "https://a.example/", signal: controller.signal });
    const reader = (await response).body!.getReader();
    await reader.read();
    controller.abort();
    await assert.rejects(reader.read());
    await aborted.promise;
  });
});

Deno.test("reverse_proxy makes a broken backend response an error, not a short one", async () => {
  const backend: h2.ExchangeHandler = {
    async exchange(exchange) {
      const body = new ReadableStream<Uint8Array>({
        start: (c) => c.enqueue(new Uint8Array(10)),
        pull: (c) => c.error(new Error("broken")),
      });
      await exchange.reply(200, {}, body).catch(() => {});
    },
  };
  await withProxy(backend, async (client) => {
    const response = await client.request({ url: "https://a.example/" }).response;
    await assert.rejects(response.bytes());
  });
});
