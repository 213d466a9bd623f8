import assert from "node:assert/strict";
import type { ServerExchange } from "../../h2/mod.ts";
import { Fields, StreamError } from "../../semantics/mod.ts";
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

Deno.test("ServerExchange.signal aborts on a reset, and late comers find it aborted", async () => {
  const exchanges: ServerExchange[] = [];
  const reasons: unknown[] = [];
  await using ends = makeEnds({
    exchange(exchange): void {
      exchanges.push(exchange);
      if (exchange.path === "/early") {
        exchange.signal.addEventListener("abort", () => reasons.push(exchange.signal.reason));
      }
    },
  });
  const early = ends.client.request({ url: `${URL_OF}/early` });
  const late = ends.client.request({ url: `${URL_OF}/late` });
  await until(() => exchanges.length === 2);
  assert.equal(exchanges[0]!.signal.aborted, false);
  early.abort();
  late.abort();
  await until(() => reasons.length === 1);
  const [reason] = reasons;
  assert(reason instanceof StreamError);
  assert.deepEqual([reason.code, reason.initiator], ["CANCEL", "remote"]);
  assert(exchanges[1]!.signal.aborted);
  await assert.rejects(exchanges[1]!.reply(200, {}, "too late"), StreamError);
  await assert.rejects(early.response, { code: "cancelled" });
  assert.equal(ends.server.openExchanges, 0);
});

Deno.test("ServerExchange.signal aborts when the connection is lost", async () => {
  let signal: AbortSignal | undefined;
  await using ends = makeEnds({ exchange: (exchange) => void (signal = exchange.signal) });
  const { response } = ends.client.request({ url: URL_OF });
  await until(() => signal !== undefined);
  ends.link.reset();
  await until(() => signal!.aborted);
  await assert.rejects(response);
  await ends.server.closed;
  assert(ends.server.error !== undefined);
});

Deno.test("ServerExchange.signal does not abort after a good end", async () => {
  let signal: AbortSignal | undefined;
  await using ends = makeEnds({
    exchange(exchange): void {
      signal = exchange.signal;
      exchange.reply(200, {}, "fine");
    },
  });
  const exchange = ends.client.request({ url: URL_OF });
  await (await exchange.response).text();
  await exchange.closed;
  await settle();
  assert.equal(signal!.aborted, false);
});

Deno.test("serve answers a failed handler with 500, and onError is told", async () => {
  const error = new Error("handler");
  const handlers = [
    (): Response => {
      throw error;
    },
    () => Promise.reject(error),
    {
      exchange(): void {
        throw error;
      },
    },
    { exchange: () => Promise.reject(error) },
  ];
  for (const handler of handlers) {
    await using ends = makeEnds(handler);
    const exchange = ends.client.request({ url: URL_OF });
    assert.equal((await exchange.response).status, 500);
    assert.deepEqual(ends.errors, [error]);
    await exchange.closed;
    assert.equal(ends.server.openExchanges, 0);
  }
});

Deno.test("serve sends what onError gives, and survives one that throws", async () => {
  for (const isThrowing of [false, true]) {
    await using ends = makeEnds(() => Promise.reject(new Error("handler")), {
      server: {
        onError(): Response {
          if (isThrowing) throw new Error("hook");
          return new Response("sorry", { status: 503 });
        },
      },
    });
    const response = await ends.client.request({ url: URL_OF }).response;
    assert.equal(response.status, isThrowing ? 500 : 503);
    assert.equal(await response.text(), isThrowing ? "" : "sorry");
  }
});

Deno.test("serve resets what a handler leaves half sent, and the connection goes on", async () => {
  const error = new Error("disk");
  await using ends = makeEnds((request) => {
    if (new URL(request.url).pathname === "/good") return new Response("good");
    let pulls = 0;
    return new Response(
      new ReadableStream({
        pull(controller): void {
          if (pulls++ === 0) controller.enqueue(new Uint8Array(10));
          else controller.error(error);
        },
      }, { highWaterMark: 0 }),
    );
  });
  const exchange = ends.client.request({ url: URL_OF });
  const response = await exchange.response;
  assert.equal(response.status, 200);
  await assert.rejects(response.bytes(), { code: "INTERNAL_ERROR", initiator: "remote", retry: "unknown" });
  await assert.rejects(exchange.closed);
  assert.deepEqual(ends.errors, [error]);
  const good = await ends.client.request({ url: `${URL_OF}/good` }).response;
  assert.equal(await good.text(), "good");
});

Deno.test("serve resets a direct exchange whose handler fails after the head", async () => {
  await using ends = makeEnds({
    async exchange(exchange): Promise<void> {
      const { readable } = new TransformStream<Uint8Array, Uint8Array>();
      exchange.reply(200, {}, readable);
      await Promise.resolve();
      throw new Error("after the head");
    },
  });
  const response = await ends.client.request({ url: URL_OF }).response;
  await assert.rejects(response.bytes(), { code: "INTERNAL_ERROR" });
  assert.equal(ends.errors.length, 1);
});

Deno.test("serve answers 500 when a handler ends without a response", async () => {
  await using ends = makeEnds({ exchange: () => Promise.resolve() });
  assert.equal((await ends.client.request({ url: URL_OF }).response).status, 500);
  assert.match(String(ends.errors[0]), /without a response/);
  await using odd = makeEnds(() => "text" as never);
  assert.equal((await odd.client.request({ url: URL_OF }).response).status, 500);
});

Deno.test("serve prints errors of handlers unless told otherwise", async () => {
  const printed: unknown[][] = [];
  const { error } = console;
  console.error = (...values: unknown[]) => void printed.push(values);
  try {
    await using ends = makeEnds(() => Promise.reject(new Error("handler")), {
      server: { onError: undefined as never },
    });
    assert.equal((await ends.client.request({ url: URL_OF }).response).status, 500);
  } finally {
    console.error = error;
  }
  assert.match(String(printed[0]![1]), /handler/);
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

Deno.test("serve cannot make a native request of CONNECT and answers 501", async () => {
  await using ends = makeEnds(() => new Response("never"));
  await assert.rejects(ends.client.openTunnel({ authority: "example.com:443" }), /501/);
});

Deno.test("ServerExchange.acceptTunnel gives bytes both ways [9113-8.5]", async () => {
  await using ends = makeEnds({
    exchange(exchange): void {
      assert.equal(exchange.method, "CONNECT");
      assert.equal(exchange.authority, "example.com:443");
      const { readable, writable } = exchange.acceptTunnel({ "x-via": "us" });
      readable.pipeTo(writable).catch(() => {});
    },
  });
  const tunnel = await ends.client.openTunnel({ authority: "example.com:443" });
  const writer = tunnel.writable.getWriter();
  const reader = tunnel.readable.getReader();
  const buffer = new TextEncoder().encode("ping");
  await writer.write(buffer);
  buffer.fill(0);
  assert.equal(new TextDecoder().decode((await reader.read()).value), "ping");
  await writer.write(new Uint8Array(100_000));
  await writer.close();
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
  }
  assert.equal(length, 100_000);
  await until(() => ends.server.openExchanges === 0 && ends.client.openExchanges === 0);
  assert.deepEqual(ends.errors, []);
});

Deno.test("ServerExchange.acceptTunnel answers an extended CONNECT [8441-4]", async () => {
  await using ends = makeEnds({
    exchange(exchange): void {
      if (exchange.connectProtocol !== "websocket") return void exchange.reply(501);
      const writer = exchange.acceptTunnel().writable.getWriter();
      writer.write(new TextEncoder().encode(exchange.path));
      writer.close();
    },
  }, { server: { enableConnectProtocol: true } });
  // Asked for before the peer's SETTINGS are there, and held back until they are.
  const opening = ends.client.openTunnel({ url: `${URL_OF}/chat`, protocol: "websocket" });
  assert.equal(ends.client.isExtendedConnectEnabled, false);
  const tunnel = await opening;
  assert.equal(ends.client.isExtendedConnectEnabled, true);
  assert.equal(await new Response(tunnel.readable).text(), "/chat");
  await tunnel.writable.close();
  await assert.rejects(ends.client.openTunnel({ url: URL_OF, protocol: "other" }), {
    code: "tunnel-refused",
  });
});

Deno.test("a tunnel that one end gives up ends at the other", async () => {
  let far: { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> } | undefined;
  await using ends = makeEnds({ exchange: (exchange) => void (far = exchange.acceptTunnel()) });
  const tunnel = await ends.client.openTunnel({ authority: "example.com:443" });
  await tunnel.readable.cancel();
  await assert.rejects(far!.readable.getReader().read(), { code: "CANCEL" });
  await assert.rejects(far!.writable.getWriter().closed, { code: "CANCEL" });
  const other = await ends.client.openTunnel({ authority: "example.com:443" });
  await far!.writable.abort();
  await assert.rejects(other.readable.getReader().read(), StreamError);
  assert.equal(ends.client.openExchanges, 0);
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

Deno.test("ServerExchange.abort resets with the code of its cause", async () => {
  const codes = { cancelled: "CANCEL", refused: "REFUSED_STREAM", calm: "ENHANCE_YOUR_CALM" } as const;
  await using ends = makeEnds({
    exchange: (exchange) => exchange.abort(exchange.path.slice(1) as keyof typeof codes),
  });
  for (const [cause, code] of Object.entries(codes)) {
    const { response } = ends.client.request({ url: `${URL_OF}/${cause}` });
    await assert.rejects(response, { code, retry: cause === "refused" ? "refused" : "unknown" });
  }
});

Deno.test("serve never begins a handler whose exchange was reset in the same turn", async () => {
  let begun = 0;
  await using ends = makeEnds({ exchange: () => void begun++ });
  await ends.client.ready;
  const exchange = ends.client.request({ url: URL_OF });
  exchange.abort();
  await assert.rejects(exchange.response);
  await settle();
  assert.equal(begun, 0);
});

Deno.test("shutdown lets open exchanges finish and takes no new ones", async () => {
  let held: ServerExchange | undefined;
  await using ends = makeEnds({ exchange: (exchange) => void (held = exchange) });
  const open = ends.client.request({ url: URL_OF });
  await until(() => held !== undefined);
  const ended = ends.server.shutdown();
  await settle();
  await assert.rejects(ends.client.request({ url: URL_OF }).response, { retry: "unsent" });
  assert.equal(ends.server.isClosed, false);
  held!.reply(200, {}, "done");
  assert.equal(await (await open.response).text(), "done");
  await ended;
  await ends.client.closed;
  assert.equal(ends.server.error, undefined);
  assert.equal(ends.clock.pending, 0);
});

Deno.test("shutdown cuts off what is not finished after graceMs", async () => {
  let signal: AbortSignal | undefined;
  await using ends = makeEnds({ exchange: (exchange) => void (signal = exchange.signal) });
  const { response } = ends.client.request({ url: URL_OF });
  await until(() => signal !== undefined);
  let isEnded = false;
  const ended = ends.server.shutdown({ graceMs: 700 }).then(() => isEnded = true);
  await ends.clock.pass(699);
  assert.deepEqual([isEnded, signal!.aborted], [false, false]);
  await ends.clock.pass(1);
  await ended;
  assert.equal(signal!.aborted, true);
  await assert.rejects(response, { scope: "connection" });
});

Deno.test("shutdown waits for handlers that are still at work", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using ends = makeEnds({
    async exchange(exchange): Promise<void> {
      exchange.reply(200);
      await promise;
    },
  });
  assert.equal((await ends.client.request({ url: URL_OF }).response).status, 200);
  let isEnded = false;
  const ended = ends.server.shutdown().then(() => isEnded = true);
  await ends.server.closed;
  await settle();
  assert.deepEqual([isEnded, ends.server.runningHandlers], [false, 1]);
  resolve();
  await ended;
});

Deno.test("serve shuts down when its signal aborts, also one that has", async () => {
  const controller = new AbortController();
  await using ends = makeEnds(() => new Response("x"), { server: { signal: controller.signal } });
  assert.equal((await ends.client.request({ url: URL_OF }).response).status, 200);
  controller.abort();
  await ends.server.closed;
  await using late = makeEnds(() => new Response("x"), { server: { signal: AbortSignal.abort() } });
  await late.server.closed;
});

Deno.test("serve ends a connection that is idle [limit:idle_timeout]", async () => {
  await using ends = makeEnds(() => new Response("x"), { server: { limits: { idleTimeoutMs: 5000 } } });
  assert.equal((await ends.client.request({ url: URL_OF }).response).status, 200);
  await ends.clock.pass(4000);
  assert.equal((await ends.client.request({ url: URL_OF }).response).status, 200);
  await ends.clock.pass(4999);
  assert.equal(ends.server.isClosed, false);
  // The engine does not know for sure when the last response left: at most it doubles the time.
  await ends.clock.pass(5001);
  assert.equal(ends.server.isClosed, true);
  await ends.client.closed;
  assert.equal(ends.server.counters.idleTimeout, 1);
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

Deno.test("ServerExchange.bytes gives up a request that is too large, and the response goes out", async () => {
  await using ends = makeEnds({
    async exchange(exchange): Promise<void> {
      try {
        await exchange.bytes({ maxBytes: 100_000 });
        await exchange.reply(200);
      } catch {
        await exchange.reply(413);
      }
    },
  });
  for (const [size, status] of [[100_000, 200], [100_001, 413], [30_000_000, 413]] as const) {
    const { readable } = countedBody(size);
    assert.equal(
      (await ends.client.request({ method: "POST", url: URL_OF, body: readable }).response).status,
      status,
    );
    const body = new Uint8Array(size);
    assert.equal((await ends.client.request({ method: "POST", url: URL_OF, body }).response).status, status);
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

Deno.test("a CONNECT that is refused leaves nothing open", async () => {
  await using ends = makeEnds({ exchange: (exchange) => void exchange.reply(403, {}, "no") });
  const exchange = ends.client.request({ method: "CONNECT", authority: "example.com:443" });
  const response = await exchange.response;
  assert.deepEqual([response.status, await response.text()], [403, "no"]);
  await exchange.closed;
  await until(() => ends.server.openExchanges === 0);
  assert.equal(ends.client.openExchanges, 0);
});

Deno.test("shutdown ends in time although the peer is gone", async () => {
  let signal: AbortSignal | undefined;
  await using ends = makeEnds({ exchange: (exchange) => void (signal = exchange.signal) });
  const { response } = ends.client.request({ url: URL_OF });
  await until(() => signal !== undefined);
  ends.link.cut();
  let isEnded = false;
  const ended = ends.server.shutdown({ graceMs: 500 }).then(() => isEnded = true);
  await ends.clock.pass(500);
  assert.equal(signal!.aborted, true);
  // The last bytes get a second to leave.
  await ends.clock.pass(1000);
  assert.equal(isEnded, true);
  await ended;
  ends.link.heal();
  await assert.rejects(response);
});
