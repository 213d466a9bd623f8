import assert from "node:assert/strict";
import type { ClientRequest } from "../../h3/mod.ts";
import { countedBody, echo, until } from "../support/ends.ts";
import type { Way } from "./way.ts";

const URL_OF = "https://example.com";

/** Tests of the client, over any protocol. */
export function clientSuite({ test, makeEnds }: Way): void {
  test("Client.fetch takes a native request, a URL or a string, and gives a native response", async () => {
    await using ends = makeEnds({ exchange: echo });
    const inputs: [Request | URL | string, RequestInit | undefined, string][] = [
      [new Request(`${URL_OF}/a?b`, { method: "PUT", body: "text" }), undefined, "PUT /a?b text"],
      [new Request(`${URL_OF}/a`), { method: "POST", body: "new" }, "POST /a new"],
      [new URL(`${URL_OF}/b#hash`), { method: "post", body: new Uint8Array([97]) }, "POST /b a"],
      [`${URL_OF}`, undefined, "GET / "],
      [`${URL_OF}/c`, { method: "PATCH", body: new URLSearchParams({ a: "b" }) }, "PATCH /c a=b"],
      [`${URL_OF}/d`, { method: "PUT", body: new Response("st").body! }, "PUT /d st"],
    ];
    for (const [input, init, expected] of inputs) {
      const response = await ends.client.fetch(input, init);
      assert(response instanceof Response);
      const { headers } = response;
      const text = await response.text();
      assert.equal(`${headers.get("x-method")} ${headers.get("x-path")} ${text}`, expected);
    }
  });

  test("Client.fetch sets the content type that a body brings along, and refuses what fetch refuses", async () => {
    const types: (string | undefined)[] = [];
    await using ends = makeEnds({
      exchange(exchange): void {
        types.push(exchange.fields.get("content-type"));
        exchange.reply(200);
      },
    });
    const bodies = [
      "text",
      new URLSearchParams("a=b"),
      new Blob(["x"], { type: "image/png" }),
      new Uint8Array(1),
    ];
    for (const body of bodies) await ends.client.fetch(URL_OF, { method: "POST", body });
    await ends.client.fetch(URL_OF, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" },
    });
    assert.deepEqual(types, [
      "text/plain;charset=UTF-8",
      "application/x-www-form-urlencoded;charset=UTF-8",
      "image/png",
      undefined,
      "application/json",
    ]);
    await assert.rejects(ends.client.fetch(URL_OF, { method: "GET", body: "x" }), TypeError);
    await assert.rejects(ends.client.fetch(URL_OF, { method: "CONNECT" }), TypeError);
    await assert.rejects(ends.client.fetch("no url"), TypeError);
    await assert.rejects(ends.client.fetch(URL_OF, { headers: { "a b": "c" } }), TypeError);
  });

  test("Client.request adds the content length of bodies that are all there", async () => {
    const seen: (string | undefined)[] = [];
    await using ends = makeEnds({
      exchange(exchange): void {
        seen.push(exchange.fields.get("content-length"));
        exchange.reply(200);
      },
    });
    const requests: ClientRequest[] = [
      {},
      { method: "POST" },
      { method: "POST", body: "héé" },
      { method: "POST", body: new Uint8Array(3) },
      { method: "POST", body: new Blob(["abc"]) },
      { method: "POST", body: "abc", fields: { "content-length": "3" } },
    ];
    for (const request of requests) await ends.client.request({ url: URL_OF, ...request }).response;
    assert.deepEqual(seen, [undefined, "0", "5", "3", undefined, "3"]);
    await assert.rejects(
      ends.client.request({ method: "POST", url: URL_OF, body: "abc", fields: { "content-length": "4" } })
        .response,
      TypeError,
    );
  });

  test("Client.request throws for what is no request and leaves no trace of it", async () => {
    await using ends = makeEnds({ exchange: echo });
    assert.throws(() => ends.client.request({}), TypeError);
    assert.throws(() => ends.client.request({ url: "not a url" }), TypeError);
    assert.throws(() => ends.client.request({ method: "CONNECT" }), TypeError);
    await assert.rejects(
      ends.client.request({ url: URL_OF, fields: { connection: "close" } }).response,
      TypeError,
    );
    await assert.rejects(ends.client.request({ url: URL_OF, body: 5 as never }).response, TypeError);
    assert.equal(ends.client.openExchanges, 0);
    assert.equal((await ends.client.request({ url: URL_OF }).response).status, 200);
  });

  test("Client refuses requests when its queue is full, as unsent", async () => {
    await using ends = makeEnds({ exchange: () => {} }, {
      client: { maxQueuedRequests: 2, limits: { initialMaxSendStreams: 1 } },
    });
    const all = Array.from({ length: 4 }, () => ends.client.request({ url: URL_OF }));
    assert.deepEqual([ends.client.openExchanges, ends.client.queuedRequests], [1, 2]);
    await assert.rejects(all[3]!.response, { code: "queue-full", retry: "unsent" });
  });

  test("Client.tryRequest gives the exchange once it is opened", async () => {
    await using ends = makeEnds({ exchange: echo });
    for (const request of [{ url: `${URL_OF}/a` }, new Request(`${URL_OF}/a`)]) {
      const { exchange, unsent } = await ends.client.tryRequest(request);
      assert.equal(unsent, undefined);
      assert.equal((await exchange!.response).fields.get("x-path"), "/a");
    }
  });

  test("Client.tryRequest does not touch what the protocol refuses", async () => {
    await using ends = makeEnds({ exchange: echo });
    const { readable, state } = countedBody(10);
    const request = {
      method: "POST",
      url: URL_OF,
      fields: { "transfer-encoding": "chunked" },
      body: readable,
    };
    const { unsent, error } = await ends.client.tryRequest(request);
    assert.equal(unsent, request);
    assert(error instanceof TypeError);
    assert.deepEqual([readable.locked, state.given, state.cancelled], [false, 0, undefined]);
  });

  test("Client.close cuts off what is open", async () => {
    let signal: AbortSignal | undefined;
    await using ends = makeEnds({ exchange: (exchange) => void (signal = exchange.signal) });
    const exchange = ends.client.request({ url: URL_OF });
    await until(() => signal !== undefined);
    ends.client.close();
    await assert.rejects(exchange.response, { scope: "connection", initiator: "user" });
    await assert.rejects(exchange.closed);
    await until(() => signal!.aborted);
    await ends.client.closed;
  });

  test("ClientExchange forgets its signal when it is over", async () => {
    await using ends = makeEnds({ exchange: (exchange) => void exchange.reply(200) });
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>): void => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>): void => {
      listeners--;
      remove(...args);
    };
    const exchange = ends.client.request({ url: URL_OF, signal });
    assert.equal(listeners, 1);
    await (await exchange.response).bytes();
    await exchange.closed;
    assert.equal(listeners, 0);
  });

  test("Client survives callbacks that throw", async () => {
    await using ends = makeEnds({
      exchange(exchange): void {
        if (exchange.path === "/103") exchange.sendInterim(103);
        exchange.reply(200, {}, "fine");
      },
    });
    const error = new Error("callback");
    const onInterim = (): void => {
      throw error;
    };
    await assert.rejects(ends.client.request({ url: `${URL_OF}/103`, onInterim }).response, error);
    assert.equal(await (await ends.client.request({ url: URL_OF }).response).text(), "fine");
  });

  test("two clients and servers are independent of each other on one thread", async () => {
    await using one = makeEnds({ exchange: echo });
    await using two = makeEnds({ exchange: echo });
    const text = async (client: typeof one.client, body: string): Promise<string> =>
      await (await client.request({ method: "POST", url: URL_OF, body }).response).text();
    const results = await Promise.all([text(one.client, "1"), text(two.client, "2"), text(one.client, "3")]);
    assert.deepEqual(results, ["1", "2", "3"]);
  });

  test("ClientResponse gives its body in every form, once", async () => {
    await using ends = makeEnds({
      exchange: (exchange) => void exchange.reply(200, [["set-cookie", "a"], ["set-cookie", "b"]], '{"a":1}'),
    });
    const get = () => ends.client.request({ url: URL_OF }).response;
    assert.deepEqual(await (await get()).json(), { a: 1 });
    assert.equal(await (await get()).text(), '{"a":1}');
    assert.equal((await (await get()).bytes()).length, 7);
    assert.equal(await new Response((await get()).body).text(), '{"a":1}');
    const response = await get();
    assert.equal(response.bodyUsed, false);
    await response.discard();
    assert.equal(response.bodyUsed, true);
    await assert.rejects(response.text(), TypeError);
    const native = (await get()).toResponse();
    assert.deepEqual(native.headers.getSetCookie(), ["a", "b"]);
    assert.equal(await native.text(), '{"a":1}');
  });

  test("ClientResponse makes native responses of statuses without content, and none over 599", async () => {
    await using ends = makeEnds({
      exchange: (exchange) => void exchange.reply(Number(exchange.path.slice(1))),
    });
    for (const status of [200, 204, 205, 304, 404, 599]) {
      const response = await ends.client.fetch(`${URL_OF}/${status}`);
      assert.deepEqual([response.status, await response.text()], [status, ""]);
    }
    const odd = await ends.client.request({ url: `${URL_OF}/799` }).response;
    assert.equal(odd.status, 799);
    assert.throws(() => odd.toResponse(), RangeError);
  });
}
