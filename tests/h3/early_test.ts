import assert from "node:assert/strict";
import { connect, serve, type ServerExchange } from "../../h3/mod.ts";
import { memoryQuicPair } from "../../transport/memory.ts";
import { settle, VirtualClock } from "../support/virtual_clock.ts";
import { makeEnds, replaced, until } from "./ends.ts";

const URL_OF = "https://example.com";
const POST = { method: "POST", url: URL_OF, body: "pay" };

Deno.test("H3Client sends safe requests as early data and holds the others back [8470-5.2]", async () => {
  const shaken = Promise.withResolvers<void>();
  const seen: ServerExchange[] = [];
  await using ends = makeEnds({
    async exchange(exchange): Promise<void> {
      seen.push(exchange);
      await exchange.reply(200, {}, await exchange.text());
    },
  }, { pair: { earlyUntil: shaken.promise } });
  const early = ends.client.request({ url: URL_OF });
  const held = ends.client.request(POST);
  const after = ends.client.request({ url: `${URL_OF}/after` });
  assert.equal((await early.response).status, 200);
  await settle();
  assert.deepEqual(seen.map(({ method, path, early }) => [method, path, early]), [["GET", "/", true]]);
  shaken.resolve();
  assert.equal(await (await held.response).text(), "pay");
  assert.equal((await after.response).status, 200);
  // Streams have no order among each other.
  assert.deepEqual(
    seen.map(({ method, path, early }) => `${method} ${path} ${early}`).sort(),
    ["GET / true", "GET /after false", "POST / false"],
  );
  assert.equal(ends.server.counters.tooEarly, 0);
});

Deno.test("serve answers 425 to early requests that are not safe, and knows those of others [8470-5.2]", async () => {
  const shaken = Promise.withResolvers<void>();
  const seen: [string, boolean][] = [];
  await using ends = makeEnds({
    exchange(exchange): void {
      seen.push([exchange.method, exchange.early]);
      exchange.reply(200);
    },
  }, { pair: { earlyUntil: shaken.promise }, client: { allowsEarly: () => true } });
  assert.equal((await ends.client.request(POST).response).status, 425);
  assert.equal(ends.server.counters.tooEarly, 1);
  shaken.resolve();
  await settle();
  assert.equal((await ends.client.request(POST).response).status, 200);
  const fields = { "early-data": "1" };
  assert.equal((await ends.client.request({ url: URL_OF, fields }).response).status, 200);
  assert.deepEqual(seen, [["POST", false], ["GET", true]]);
});

Deno.test("H3Client ends when its early data was not taken, and all requests may be sent anew [8470-3]", async () => {
  const clock = new VirtualClock();
  const [near, far] = memoryQuicPair({ clock });
  const verdict = Promise.withResolvers<"accepted" | "rejected">();
  const client = connect(replaced(near, { isEarly: true, earlyData: verdict.promise }), { clock });
  const requests = [client.request({ url: URL_OF }), client.request(POST)];
  await settle();
  verdict.resolve("rejected");
  for (const { response } of requests) await assert.rejects(response, { retry: "refused" });
  // There is nothing to say at such an end, and the connection is closed all the same.
  await client.closed;
  assert.equal(client.endReason, "early-rejected");
  assert.deepEqual(await far.closed, { by: "remote", code: 0x100, reason: "" });
  assert.equal(clock.pending, 0);
});

Deno.test("serve takes note of a handshake that its transport does not tell of", async () => {
  const clock = new VirtualClock();
  const shaken = Promise.withResolvers<void>();
  const [near, far] = memoryQuicPair({ clock, earlyUntil: shaken.promise });
  const early: boolean[] = [];
  const server = serve(replaced(far, { earlyData: undefined as never }), {
    exchange(exchange): void {
      early.push(exchange.early);
      exchange.reply(200);
    },
  }, { clock });
  const client = connect(near, { clock });
  assert.equal((await client.request({ url: URL_OF }).response).status, 200);
  shaken.resolve();
  await settle();
  assert.equal((await client.request(POST).response).status, 200);
  assert.deepEqual(early, [true, false]);
  client.close();
  await Promise.all([client.closed, server.closed]);
  assert.equal(clock.pending, 0);
});

Deno.test("H3Client gives up a request that is held back, and sends nothing of it", async () => {
  const shaken = Promise.withResolvers<void>();
  const methods: string[] = [];
  await using ends = makeEnds({
    exchange(exchange): void {
      methods.push(exchange.method);
      exchange.reply(200);
    },
  }, { pair: { earlyUntil: shaken.promise } });
  const held = ends.client.request(POST);
  await settle();
  held.abort();
  await assert.rejects(held.response);
  shaken.resolve();
  await settle();
  assert.equal((await ends.client.request({ url: URL_OF }).response).status, 200);
  assert.deepEqual(methods, ["GET"]);
  await until(() => ends.server.openExchanges === 0);
});
