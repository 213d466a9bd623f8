import assert from "node:assert/strict";
import type { ServerExchange } from "../../h3/mod.ts";
import { Fields } from "../../semantics/mod.ts";
import { wholeOf } from "../../shell/whole_response.ts";
import { countedBody, until } from "../support/ends.ts";
import type { Way } from "./way.ts";

const URL_OF = "https://example.com";

/** Whether this runtime shows that a native response is all there, so that its length is known. */
const keepsTexts = wholeOf(new Response("a")) !== undefined;

/** Tests of the server, over any protocol. */
export function serverSuite({ test, makeEnds, ...way }: Way): void {
  test("serve gives a function a native request and sends its native response", async () => {
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

  test("serve sends native responses of every kind of body", async () => {
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
      if (path === "/text" && keepsTexts) assert.equal(response.fields.get("content-length"), "4");
      if (path === "/null") assert.equal(response.fields.get("content-length"), "0");
    }
  });

  test("serve sends every character of a native text", async () => {
    const texts = ["\ufeffwith a mark", "\u00e9\u4e2d\u{1f375}", "", "x".repeat(100_000)];
    await using ends = makeEnds((request) =>
      new Response(texts[Number(new URL(request.url).pathname.slice(1))])
    );
    for (const [i, text] of texts.entries()) {
      const bytes = await (await ends.client.request({ url: `${URL_OF}/${i}` }).response).bytes();
      assert.deepEqual(bytes, new TextEncoder().encode(text));
    }
  });

  test("serve answers 500 for a native response whose body is used, and goes on", async () => {
    const errors: unknown[] = [];
    const spoil: Record<string, (response: Response) => void> = {
      "/text": (response) => void response.text(),
      "/bytes": (response) => void response.bytes(),
      "/begun": (response) => void response.body!.getReader().read(),
    };
    await using ends = makeEnds((request) => {
      const response = new Response("text");
      spoil[new URL(request.url).pathname]?.(response);
      return response;
    }, { server: { onError: (error) => void errors.push(error) } });
    for (const path of Object.keys(spoil)) {
      assert.equal((await ends.client.request({ url: URL_OF + path }).response).status, 500);
    }
    assert.equal(errors.length, 3);
    assert(errors.every((error) => error instanceof TypeError));
    assert.equal(await (await ends.client.request({ url: `${URL_OF}/good` }).response).text(), "text");
  });

  test("serve lets nobody answer once a native response was given", async () => {
    let given: ServerExchange | undefined;
    let refused: unknown;
    await using ends = makeEnds((_request, exchange) => {
      given = exchange;
      queueMicrotask(async () => {
        try {
          await given!.reply(500);
        } catch (error) {
          refused = error;
        }
      });
      return new Response("text");
    });
    const response = await ends.client.request({ url: URL_OF }).response;
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "text");
    assert(refused instanceof Error);
  });

  test("serve never sends half of a native response that somebody reads", async () => {
    await using ends = makeEnds((_request, exchange) => {
      const response = new Response("text", { headers: { "x-a": "b" } });
      response.body!.getReader();
      exchange.setTrailers({ "x-b": "c" });
      return response;
    }, { server: { onError: () => {} } });
    const response = await ends.client.request({ url: URL_OF }).response;
    // Where the text is not shown, the stream is all that there is, and it is locked.
    assert.equal(response.status, keepsTexts ? 200 : 500);
    if (keepsTexts) assert.equal(await response.text(), "text");
    else assert.equal(response.fields.get("x-a"), undefined);
  });

  test("serve adds content-length and date where they are missing, and leaves given lists alone", async () => {
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

  test("ServerExchange tells everything of its request", async () => {
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
        protocol: way.protocol,
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

  test("ServerExchange.priority follows PRIORITY_UPDATE [9218-7.1]", async () => {
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

  test("ServerExchange.sendInterim sends any 1xx before the response", async () => {
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

  test("ServerExchange asks for the body of a client that waits for a 100 [9110-10.1.1]", async () => {
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

  test("ServerExchange carries trailers both ways", async () => {
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

  test("ServerExchange sends trailers after a native response", async () => {
    await using ends = makeEnds((_request, exchange) => {
      exchange.setTrailers({ "grpc-status": "0" });
      return new Response("body");
    });
    const response = await ends.client.request({ url: URL_OF }).response;
    assert.equal(await response.text(), "body");
    assert.equal((await response.trailers)?.get("grpc-status"), "0");
  });

  test("ServerExchange.setTrailers refuses once the response has ended", async () => {
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

  test("ServerExchange.bytes gives up a request that is too large, and the response goes out", async () => {
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
      assert.equal(
        (await ends.client.request({ method: "POST", url: URL_OF, body }).response).status,
        status,
      );
    }
  });

  test("serve leaves out of a native response what belongs to HTTP/1.1 [9113-8.2.2]", async () => {
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
    const names = [...response.headers.keys()].filter((name) => name !== "content-length");
    assert.deepEqual(names.sort(), ["content-type", "date", "x-a"]);
    assert.equal(await response.text(), "proxied");
    const deleted = await ends.client.fetch(URL_OF, { method: "DELETE" });
    assert.deepEqual([deleted.status, deleted.headers.has("content-length")], [204, false]);
  });

  test("serve answers 500 when a handler ends without a response", async () => {
    await using ends = makeEnds({ exchange: () => Promise.resolve() });
    assert.equal((await ends.client.request({ url: URL_OF }).response).status, 500);
    assert.match(String(ends.errors[0]), /without a response/);
    await using odd = makeEnds(() => "text" as never);
    assert.equal((await odd.client.request({ url: URL_OF }).response).status, 500);
  });

  test("serve prints errors of handlers unless told otherwise", async () => {
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

  test("serve answers a failed handler with 500, and onError is told", async () => {
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

  test("serve sends what onError gives, and survives one that throws", async () => {
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

  test("serve says the length of the content that a HEAD does not get", async () => {
    await using ends = makeEnds({ exchange: (exchange) => void exchange.reply(200, {}, "12345") });
    const response = await ends.client.request({ method: "HEAD", url: URL_OF }).response;
    assert.equal(response.fields.get("content-length"), "5");
    assert.equal(response.body, null);
    await using native = makeEnds(() => new Response("12345"));
    assert.equal((await native.client.request({ method: "HEAD", url: URL_OF }).response).status, 200);
  });
}
