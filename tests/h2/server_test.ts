import assert from "node:assert/strict";
import type { ServerExchange } from "../../h2/mod.ts";
import { Fields } from "../../semantics/mod.ts";
import { settle } from "../support/virtual_clock.ts";
import { countedBody, makeEnds, until } from "./ends.ts";

const URL_OF = "https://example.com";

Deno.test("serve gives a function a native request and sends its native response", async () => {
  await using ends = makeEnds(async (request) => {
    assert(request instanceof Request);
    const seen = [request.method, request.url, request.headers.get("x-a"), request.headers.get("cookie")];
    const headers = new Headers({ "x-seen": seen.join("|") });
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    return new Response(`got ${await request.text()}`, { status: 201, headers });
  });
  const { response } = ends.client.request({
    method: "POST",
    url: `${URL_OF}/path?query=1`,
    fields: [["x-a", "1"], ["x-a", "2"], ["cookie", "c=1; d=2"]],
    body: "the body",
  });
  const { status, fields } = await response;
  assert.equal(status, 201);
  assert.equal(fields.get("x-seen"), `POST|${URL_OF}/path?query=1|1, 2|c=1; d=2`);
  assert.deepEqual(fields.getAll("set-cookie"), ["a=1", "b=2"]);
  assert.equal(await (await response).text(), "got the body");
});

Deno.test("serve sends native responses of every kind of body", async () => {
  const bodies: Record<string, () => BodyInit | null> = {
    "/null": () => null,
    "/text": () => "text",
    "/bytes": () => new Uint8Array([116, 101, 120, 116]),
    "/blob": () => new Blob(["te", "xt"]),
    "/stream": () => new Response("text").body!,
    "/params": () => new URLSearchParams({ te: "xt" }),
  };
  await using ends = makeEnds((request) => new Response(bodies[new URL(request.url).pathname]!()));
  for (const path of Object.keys(bodies)) {
    const response = await ends.client.request({ url: URL_OF + path }).response;
    assert.equal(await response.text(), { "/null": "", "/params": "te=xt" }[path] ?? "text");
    if (path === "/null") assert.equal(response.fields.get("content-length"), "0");
  }
});

Deno.test("serve adds content-length and date where they are missing, and leaves given lists alone", async () => {
  const shared = Fields.from({ "x-a": "b" });
  await using ends = makeEnds({
    exchange(exchange): void {
      if (exchange.path === "/own") exchange.reply(200, { date: "now", "content-length": "2" }, "hi");
      else exchange.reply(200, shared, exchange.path);
    },
  });
  const own = await ends.client.request({ url: `${URL_OF}/own` }).response;
  assert.deepEqual([...own.fields], [["date", "now"], ["content-length", "2"]]);
  for (const path of ["/a", "/a", "/abc", "/a"]) {
    const { fields } = await ends.client.request({ url: URL_OF + path }).response;
    assert.equal(fields.get("content-length"), String(path.length));
    assert(Math.abs(Date.parse(fields.get("date")!) - Date.now()) < 5000);
  }
  assert.deepEqual([...shared], [["x-a", "b"]]);
});

Deno.test("serve writes all responses of a turn at once", async () => {
  for (const isNative of [false, true]) {
    await using ends = makeEnds(
      isNative
        ? (() => new Response("hello"))
        : { exchange: (exchange) => void exchange.reply(200, {}, "hello") },
    );
    await ends.client.ready;
    await settle();
    const before = ends.serverWrites.calls;
    const all = Array.from({ length: 100 }, () => ends.client.request({ url: URL_OF }));
    for (const { response } of all) assert.equal(await (await response).text(), "hello");
    const writes = ends.serverWrites.calls - before;
    assert(writes <= 2, `${writes} writes for 100 responses`);
  }
});

Deno.test("ServerExchange tells everything of its request", async () => {
  let seen: ServerExchange | undefined;
  await using ends = makeEnds({
    exchange(exchange): void {
      seen = exchange;
      exchange.reply(204);
    },
  });
  const exchange = ends.client.request({
    url: `${URL_OF}:8443/p?q`,
    fields: { "X-A": "1" },
    priority: { urgency: 1, incremental: true },
  });
  assert.equal((await exchange.response).status, 204);
  assert(seen !== undefined);
  const { id, protocol, method, scheme, authority, path, connectProtocol, early, priority, isAnswered } =
    seen;
  assert.deepEqual(
    { id, protocol, method, scheme, authority, path, connectProtocol, early, priority, isAnswered },
    {
      id: exchange.id,
      protocol: "h2",
      method: "GET",
      scheme: "https",
      authority: "example.com:8443",
      path: "/p?q",
      connectProtocol: undefined,
      early: false,
      priority: { urgency: 1, incremental: true },
      isAnswered: true,
    },
  );
  assert.equal(seen.fields.get("x-a"), "1");
  assert.equal(seen.body, null);
  assert.equal(seen.remote?.hostname, "memory");
  assert.equal(seen.connection.info.kind, "memory");
  assert.equal(seen.connection.state, ends.server.state);
  assert.equal(await seen.text(), "");
  assert.equal(await seen.trailers, undefined);
});

Deno.test("ServerExchange.priority follows PRIORITY_UPDATE [9218-7.1]", async () => {
  let seen: ServerExchange | undefined;
  await using ends = makeEnds({ exchange: (exchange) => void (seen = exchange) });
  const exchange = ends.client.request({ url: URL_OF });
  await until(() => seen !== undefined);
  assert.deepEqual(seen!.priority, { urgency: 3, incremental: false });
  exchange.priority = { urgency: 6, incremental: true };
  await until(() => seen!.priority.urgency === 6);
  assert.deepEqual(seen!.priority, { urgency: 6, incremental: true });
  seen!.priority = { urgency: 0, incremental: false };
  seen!.reply(204);
  await exchange.closed;
});

Deno.test("ServerExchange.sendInterim sends any 1xx before the response", async () => {
  await using ends = makeEnds({
    exchange(exchange): void {
      exchange.sendInterim(103, { link: "</a.css>" });
      exchange.sendInterim(102);
      assert.throws(() => exchange.sendInterim(200), RangeError);
      exchange.reply(200);
      assert.throws(() => exchange.sendInterim(103), TypeError);
    },
  });
  const heads: [number, string | undefined][] = [];
  const onInterim = (head: { status: number; fields: Fields }): void => {
    heads.push([head.status, head.fields.get("link")]);
  };
  const exchange = ends.client.request({ url: URL_OF, onInterim });
  const iterated: number[] = [];
  for await (const head of exchange.interim) iterated.push(head.status);
  assert.equal((await exchange.response).status, 200);
  assert.deepEqual(heads, [[103, "</a.css>"], [102, undefined]]);
  assert.deepEqual(iterated, [103, 102]);
  assert.deepEqual(ends.errors, []);
});

Deno.test("ServerExchange asks for the body of a client that waits for a 100 [9110-10.1.1]", async () => {
  await using ends = makeEnds({
    async exchange(exchange): Promise<void> {
      await exchange.reply(200, {}, exchange.path === "/read" ? await exchange.text() : "no");
    },
  });
  const statuses: number[] = [];
  const request = {
    method: "POST",
    fields: { expect: "100-continue" },
    body: new Blob(["abc"]),
    onInterim: (head: { status: number }) => void statuses.push(head.status),
  };
  assert.equal(
    await (await ends.client.request({ ...request, url: `${URL_OF}/read` }).response).text(),
    "abc",
  );
  assert.deepEqual(statuses, [100]);
  assert.equal(
    await (await ends.client.request({ ...request, url: `${URL_OF}/ignore` }).response).text(),
    "no",
  );
  assert.deepEqual(statuses, [100]);
});

Deno.test("ServerExchange carries trailers both ways", async () => {
  await using ends = makeEnds({
    async exchange(exchange): Promise<void> {
      const text = await exchange.text();
      const trailers = await exchange.trailers;
      exchange.setTrailers(() => Promise.resolve({ "x-sum": trailers?.get("x-sum") ?? "none" }));
      await exchange.reply(200, {}, exchange.path === "/stream" ? new Blob([text]) : text);
    },
  });
  for (const path of ["/text", "/stream"]) {
    for (const body of ["abc", null, new Blob(["abc"])]) {
      const response = await ends.client.request({
        method: "POST",
        url: URL_OF + path,
        body,
        trailers: () => ({ "x-sum": "42" }),
      }).response;
      assert.equal(await response.text(), body === null ? "" : "abc");
      assert.equal((await response.trailers)?.get("x-sum"), "42");
    }
  }
});

Deno.test("ServerExchange sends trailers after a native response", async () => {
  await using ends = makeEnds((_request, exchange) => {
    exchange.setTrailers({ "grpc-status": "0" });
    return new Response("body");
  });
  const response = await ends.client.request({ url: URL_OF }).response;
  assert.equal(await response.text(), "body");
  assert.equal((await response.trailers)?.get("grpc-status"), "0");
});

Deno.test("ServerExchange.setTrailers refuses once the response has ended", async () => {
  await using ends = makeEnds({
    exchange(exchange): void {
      exchange.reply(200, {}, "text");
      assert.throws(() => exchange.setTrailers({ a: "b" }), TypeError);
      assert.throws(() => exchange.reply(200), TypeError);
    },
  });
  await (await ends.client.request({ url: URL_OF }).response).text();
  assert.deepEqual(ends.errors, []);
});

Deno.test("serve drops and cancels the body of a response that has none [9110-6.4.1]", async () => {
  for (const [method, status] of [["HEAD", 200], ["GET", 204], ["GET", 304]] as const) {
    const { readable, state } = countedBody(1000);
    await using ends = makeEnds({
      exchange: (exchange) =>
        void exchange.reply(status, status === 200 ? { "content-length": "1000" } : {}, readable),
    });
    const exchange = ends.client.request({ method, url: URL_OF });
    const response = await exchange.response;
    assert.deepEqual([response.status, response.body], [status, null]);
    await exchange.closed;
    assert.equal(state.given, 0);
    assert(state.cancelled instanceof TypeError);
  }
});

Deno.test("serve says the length of the content that a HEAD does not get", async () => {
  await using ends = makeEnds({ exchange: (exchange) => void exchange.reply(200, {}, "12345") });
  const response = await ends.client.request({ method: "HEAD", url: URL_OF }).response;
  assert.equal(response.fields.get("content-length"), "5");
  assert.equal(response.body, null);
  await using native = makeEnds(() => new Response("12345"));
  assert.equal((await native.client.request({ method: "HEAD", url: URL_OF }).response).status, 200);
});

Deno.test("serve ends an upload that the handler does not read, with the response whole", async () => {
  const { readable, state } = countedBody(50_000_000);
  await using ends = makeEnds({ exchange: (exchange) => void exchange.reply(413, {}, "too large") });
  const exchange = ends.client.request({ method: "POST", url: URL_OF, body: readable });
  const response = await exchange.response;
  assert.equal(response.status, 413);
  assert.equal(await response.text(), "too large");
  await exchange.closed;
  await until(() => state.cancelled !== undefined);
  assert(state.given < 2_000_000);
  assert.equal(ends.server.openExchanges, 0);
});

Deno.test("serve lets unread requests wait without harm to others", async () => {
  const waiting: ServerExchange[] = [];
  await using ends = makeEnds({
    exchange(exchange): void {
      if (exchange.path === "/wait") waiting.push(exchange);
      else exchange.reply(200, {}, "quick");
    },
  });
  const body = "x".repeat(200_000);
  const slow = Array.from(
    { length: 4 },
    () => ends.client.request({ method: "POST", url: `${URL_OF}/wait`, body }),
  );
  for (let i = 0; i < 50; i++) {
    const quick = await ends.client.request({ method: "POST", url: `${URL_OF}/quick`, body }).response;
    assert.equal(await quick.text(), "quick");
  }
  for (const exchange of waiting) exchange.reply(200, {}, String((await exchange.bytes()).length));
  for (const { response } of slow) assert.equal(await (await response).text(), "200000");
});

Deno.test("ServerExchange.reply resolves when the handler may touch its bytes again", async () => {
  for (const trailers of [undefined, { "x-a": "b" }]) {
    const data = new Uint8Array(300_000).fill(7);
    let isResolved = false;
    await using ends = makeEnds({
      async exchange(exchange): Promise<void> {
        if (trailers !== undefined) exchange.setTrailers(trailers);
        await exchange.reply(200, {}, data);
        isResolved = true;
        data.fill(0);
      },
    }, { client: { initialStreamWindowBytes: 65_535 } });
    const response = await ends.client.request({ url: URL_OF }).response;
    await settle();
    assert.equal(isResolved, false);
    assert((await response.bytes()).every((byte) => byte === 7));
    assert.equal((await response.trailers)?.get("x-a"), trailers?.["x-a"]);
    await until(() => isResolved);
  }
});

Deno.test("serve works over Web Streams and whatever the cuts", async () => {
  for (const direct of [true, false]) {
    for (const chunk of ["whole", "byte", "random"] as const) {
      await using ends = makeEnds((request) => new Response(request.body), {
        pair: { direct, chunk, seed: 7 },
      });
      const size = chunk === "byte" ? 2000 : 200_000;
      const { readable } = countedBody(size, 999);
      const response = await ends.client.request({ method: "POST", url: URL_OF, body: readable }).response;
      const bytes = await response.bytes();
      assert.equal(bytes.length, size);
      let given = 0;
      for (let i = 0; i < size; i += 999) {
        given += Math.min(999, size - i);
        assert.equal(bytes[i], given % 251);
      }
    }
  }
});

Deno.test("serve leaves out of a native response what belongs to HTTP/1.1 [9113-8.2.2]", async () => {
  await using ends = makeEnds((request) => {
    if (request.method === "DELETE") {
      return new Response(null, { status: 204, headers: { "content-length": "0" } });
    }
    assert.equal(request.headers.get("te"), "trailers");
    const headers = {
      connection: "keep-alive",
      "keep-alive": "timeout=5",
      "transfer-encoding": "chunked",
      "x-a": "b",
    };
    return new Response("proxied", { headers });
  });
  const headers = {
    connection: "close",
    host: "other.example",
    te: "trailers",
    "transfer-encoding": "chunked",
  };
  const response = await ends.client.fetch(new Request(URL_OF, { headers }));
  assert.deepEqual([...response.headers.keys()].sort(), ["content-type", "date", "x-a"]);
  assert.equal(await response.text(), "proxied");
  const deleted = await ends.client.fetch(URL_OF, { method: "DELETE" });
  assert.deepEqual([deleted.status, deleted.headers.has("content-length")], [204, false]);
});
