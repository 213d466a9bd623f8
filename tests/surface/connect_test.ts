import assert from "node:assert/strict";
import { connect } from "../../mod.ts";
import { TransportError } from "../../semantics/errors.ts";
import { testAuthority } from "../support/certs.ts";
import { originOf, serveLocal } from "./kit.ts";
import { MemoryNet, type MemorySite, PatientClock, turns } from "./memory_net.ts";

const handler = (request: Request, { protocol }: { protocol: string }) =>
  new Response(`${protocol} ${new URL(request.url).pathname}`);

function netWith(site: Partial<MemorySite>): { net: MemoryNet; clock: PatientClock } {
  const clock = new PatientClock();
  const net = new MemoryNet(clock);
  net.sites.set("a.example:443", { handler, ...site });
  return { net, clock };
}

Deno.test("connect names HTTP/3 as the winner over sockets and sends over it", async () => {
  await using server = await serveLocal(handler);
  await using origin = await connect(originOf(server), { caCerts: [await testAuthority()] });
  assert.equal(origin.protocol, "h3");
  assert.deepEqual(origin.race.attempts.map(({ outcome }) => outcome), ["won", "skipped"]);
  assert.equal(origin.info.alpn, "h3");
  assert.equal(await (await origin.fetch("/a")).text(), "h3 /a");
  assert.equal(await (await origin.request({ path: "/b" }).response).text(), "h3 /b");
  assert.equal(await (await origin.request({ url: "/c?d" }).response).text(), "h3 /c");
});

for (const http of [2, 3] as const) {
  Deno.test(`connect speaks HTTP/${http} alone when asked to`, async () => {
    await using server = await serveLocal(handler);
    await using origin = await connect(originOf(server), { http, caCerts: [await testAuthority()] });
    assert.equal(origin.protocol, `h${http}`);
    assert.equal(await (await origin.fetch(new Request(`${originOf(server)}/x`))).text(), `h${http} /x`);
  });
}

Deno.test("connect starts HTTP/2 200 ms after HTTP/3, and the first one wins", async () => {
  const { net, clock } = netWith({ h3: true, h3Ms: 230, h2Ms: 20 });
  const connecting = connect("https://a.example/", { dialer: net, clock });
  await clock.pass(199);
  assert.deepEqual(net.dialed, ["h3 a.example:443"]);
  await clock.pass(21);
  await using origin = await connecting;
  assert.deepEqual(net.dialed, ["h3 a.example:443", "h2 a.example:443"]);
  assert.equal(origin.protocol, "h2");
  assert.deepEqual(
    origin.race.attempts.map(({ protocol, outcome, durationMs }) => [protocol, outcome, durationMs]),
    [["h3", "late", 220], ["h2", "won", 20]],
  );
  await clock.pass(1000);
  assert.equal(net.open.size, 1, "the one that lost is given up");
});

Deno.test("connect starts HTTP/2 at once when HTTP/3 has failed, and says so", async () => {
  const { net, clock } = netWith({ h3: false });
  const connecting = connect("https://a.example/", { dialer: net, clock, timeouts: { connectMs: 50 } });
  await clock.pass(51);
  await using origin = await connecting;
  assert.equal(origin.protocol, "h2");
  const [h3] = origin.race.attempts;
  assert.equal(h3?.outcome, "failed");
  assert.equal((h3?.error as TransportError).code, "timeout");
});

Deno.test("connect rejects with what HTTP/2 says when both fail, as unsent", async () => {
  const { net, clock } = netWith({ h2: false });
  const connecting = connect("https://a.example/", { dialer: net, clock, timeouts: { connectMs: 50 } });
  const failed = assert.rejects(connecting, (error) => {
    assert(error instanceof TransportError);
    assert.equal(error.code, "refused");
    assert.equal(error.retry, "unsent");
    return true;
  });
  await clock.pass(300);
  await failed;
  assert.equal(clock.pending, 0);
});

Deno.test("connect ends with the reason of its signal, and leaves nothing behind", async () => {
  const { net, clock } = netWith({ h3: true, h3Ms: 500, h2Ms: 500 });
  const controller = new AbortController();
  const connecting = connect("https://a.example/", { dialer: net, clock, signal: controller.signal });
  const failed = assert.rejects(connecting, /enough/);
  await clock.pass(250);
  controller.abort(new Error("enough"));
  await failed;
  await turns();
  assert.equal(clock.pending, 0);
  assert.equal(net.open.size, 0);
});

Deno.test("Origin refuses what goes to another origin, and hands an unsent request back", async () => {
  const { net, clock } = netWith({ h3: true });
  await using origin = await connect("https://a.example/", { dialer: net, clock });
  await assert.rejects(origin.fetch("https://b.example/"), TypeError);
  assert.throws(() => origin.request({ url: "https://b.example/" }), TypeError);
  origin.close();
  await origin.closed;
  const request = new Request("https://a.example/", { method: "POST", body: "x" });
  const { unsent, error } = await origin.tryRequest(request);
  assert.equal(unsent, request);
  assert.equal((error as TransportError).retry, "unsent");
  assert.equal(await request.text(), "x");
});

Deno.test("connect takes no other schemes", async () => {
  await assert.rejects(connect("ftp://a.example/"), TypeError);
  await assert.rejects(connect("http://a.example/", { http: 3 }), TypeError);
});
