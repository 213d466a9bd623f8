/** What the surface promises, under stress: nothing lost, nothing doubled, nothing wrong. */
import assert from "node:assert/strict";
import { Client, FetchError, type HttpServer } from "../../mod.ts";
import { systemClock } from "../../shell/clock.ts";
import { testAuthority, testCertificate } from "../support/certs.ts";
import { Random } from "../support/random.ts";
import { originOf, serveLocal, sleep } from "./kit.ts";
import { MemoryNet } from "./memory_net.ts";

const ORIGIN = "https://a.example";

/** A site that counts how often each id was worked on. */
function countingNet(): { net: MemoryNet; counts: Map<string, number> } {
  const net = new MemoryNet(systemClock);
  const counts = new Map<string, number>();
  const random = new Random(7);
  net.sites.set("a.example:443", {
    h3: true,
    async handler(request) {
      const id = new URL(request.url).searchParams.get("id")!;
      counts.set(id, (counts.get(id) ?? 0) + 1);
      if (random.below(3) > 0) await sleep(random.below(8));
      const body = request.body === null ? "" : await request.text();
      return new Response(`done ${id} ${body}`);
    },
  });
  return { net, counts };
}

function burst(client: Client, count: number): Promise<Response>[] {
  return Array.from(
    { length: count },
    (_, id) =>
      client.fetch(`${ORIGIN}/?id=${id}`, id % 3 === 0 ? { method: "POST", body: `body ${id}` } : {}),
  );
}

for (const http of [2, 3] as const) {
  Deno.test(`GOAWAY in the middle of a burst of 1,000 requests over HTTP/${http}: none lost, none doubled`, async () => {
    const { net, counts } = countingNet();
    await using client = new Client({ dialer: net, http });
    const responses = burst(client, 1000).map(async (response) => await (await response).text());
    let goaways = 0;
    for (let wanted = 150; wanted < 1000; wanted += 250) {
      while (counts.size < wanted) await sleep(0);
      for (const connection of net.open) void connection.shutdown();
      goaways++;
    }
    const texts = await Promise.all(responses);
    assert.equal(goaways, 4);
    for (let id = 0; id < 1000; id++) {
      assert.equal(texts[id], `done ${id} ${id % 3 === 0 ? `body ${id}` : ""}`);
      assert.equal(counts.get(String(id)), 1, `request ${id}`);
    }
    assert(net.dialed.length >= 3, `${net.dialed.length} connections`);
  });

  Deno.test(`a connection that is cut in the middle of 1,000 requests over HTTP/${http}: each complete or unknown`, async () => {
    const { net, counts } = countingNet();
    await using client = new Client({ dialer: net, http });
    const outcomes = burst(client, 1000).map(async (response, id) => {
      try {
        assert.equal(await (await response).text(), `done ${id} ${id % 3 === 0 ? `body ${id}` : ""}`);
        return "complete";
      } catch (error) {
        assert(error instanceof FetchError, String(error));
        return error.retry;
      }
    });
    while (counts.size < 300) await sleep(0);
    for (const connection of net.open) connection.close();
    const told = await Promise.all(outcomes);
    let complete = 0;
    for (let id = 0; id < 1000; id++) {
      const count = counts.get(String(id)) ?? 0;
      assert(count <= 1, `request ${id} was worked on ${count} times`);
      if (told[id] === "complete") assert.equal(count, 1);
      else assert.equal(told[id], "unknown", `request ${id}, worked on ${count} times`);
      if (told[id] === "complete") complete++;
    }
    assert(complete >= 800, `${complete} complete`);
  });
}

const KILLED_SERVER = `
import { serve } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};
const [cert, key] = JSON.parse(prompt(""));
const server = serve({ port: 0, hostname: "127.0.0.1", cert, key }, async (request) => {
  const id = new URL(request.url).searchParams.get("id");
  await new Promise((resolve) => setTimeout(resolve, Number(id) % 40));
  return new Response(\`done \${id} \` + "x".repeat(5000));
});
console.log(server.addr.port);
`;

for (const http of [2, 3] as const) {
  Deno.test(`a server that is killed in the middle of 300 requests over HTTP/${http}: each complete or unknown`, async () => {
    const { cert, key } = await testCertificate();
    const script = await Deno.makeTempFile({ suffix: ".ts" });
    await Deno.writeTextFile(script, KILLED_SERVER.replace('prompt("")', "Deno.args[0]"));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--unstable-net", "--no-check", "--quiet", script, JSON.stringify([cert, key])],
      cwd: new URL("../..", import.meta.url),
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const port = Number((await reader.read()).value);
    const caCerts = [await testAuthority()];
    const client = new Client({ caCerts, http, assumeHttp3: true, timeouts: { totalMs: 3000 } });
    let done = 0;
    const half = Promise.withResolvers<void>();
    const outcomes = Array.from({ length: 300 }, async (_, id) => {
      try {
        const response = await client.fetch(`https://127.0.0.1:${port}/?id=${id}`);
        assert.equal(await response.text(), `done ${id} ${"x".repeat(5000)}`);
        if (++done === 100) half.resolve();
        return "complete";
      } catch (error) {
        assert(error instanceof FetchError, String(error));
        return error.retry;
      }
    });
    await half.promise;
    child.kill("SIGKILL");
    const told = new Map<string, number>();
    for (const outcome of await Promise.all(outcomes)) told.set(outcome, (told.get(outcome) ?? 0) + 1);
    assert(told.get("complete")! >= 100);
    assert(told.get("complete")! < 300, "it was killed too late to tell");
    assert(told.get("unknown")! > 0);
    // What waited for a stream never left: it may say so, as there is no server to take it any more.
    for (const verdict of told.keys()) assert(["complete", "unknown", "unsent"].includes(verdict), verdict);
    client.close();
    await reader.cancel();
    await child.status;
    await Deno.remove(script);
  });
}

const CHUNK = new Uint8Array(65_536);
/** What may be under way: windows of both ends and of QUIC, and what the streams in between hold. */
const MOST_BYTES = 24 * 1_048_576;

for (const http of [2, 3] as const) {
  Deno.test(`a slow reader holds the server's body back over HTTP/${http}`, async () => {
    let made = 0;
    await using server = await serveLocal(() =>
      new Response(
        new ReadableStream({
          pull(to) {
            made += CHUNK.length;
            to.enqueue(CHUNK.slice());
            if (made >= 256 * 1_048_576) to.close();
          },
        }),
      ), { limits: { minDataRate: 0 }, onError: () => {} });
    await using client = new Client({ caCerts: [await testAuthority()], http });
    const response = await client.fetch(originOf(server));
    const before = await atRest(() => made);
    assert(before < MOST_BYTES, `${before} bytes were made for nobody`);
    const reader = response.body!.getReader();
    let read = 0;
    while (read < 2 * before) read += (await reader.read()).value!.length;
    assert(await atRest(() => made) > before, "it went on once somebody read");
    await reader.cancel();
  });

  Deno.test(`a slow reader on the server holds the client's body back over HTTP/${http}`, async () => {
    let made = 0;
    const go = Promise.withResolvers<void>();
    await using server = await serveLocal(async (request) => {
      const reader = request.body!.getReader();
      await go.promise;
      let read = 0;
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return new Response(String(read));
        read += value.length;
      }
    }, { limits: { minDataRate: 0 }, onError: () => {} });
    await using client = new Client({ caCerts: [await testAuthority()], http });
    const wanted = 64 * 1_048_576;
    const body = new ReadableStream<Uint8Array>({
      pull(to) {
        made += CHUNK.length;
        to.enqueue(CHUNK.slice());
        if (made >= wanted) to.close();
      },
    });
    const response = client.fetch(originOf(server), { method: "POST", body });
    const before = await atRest(() => made);
    assert(before > 0 && before < MOST_BYTES, `${before} bytes were made for nobody`);
    go.resolve();
    assert.equal(await (await response).text(), String(wanted));
  });
}

/** Waits until a figure stands still. */
async function atRest(figure: () => number): Promise<number> {
  for (let last = -1;;) {
    await sleep(150);
    if (figure() === last) return last;
    last = figure();
  }
}

async function mixedExchange(client: Client, server: HttpServer, id: number): Promise<void> {
  const url = `${originOf(server)}/?id=${id}`;
  if (id % 4 === 0) {
    const body = new Blob([`stream ${id}`]).stream();
    assert.equal(await (await client.fetch(url, { method: "PUT", body })).text(), `stream ${id}`);
  } else if (id % 4 === 1) {
    assert.equal(
      await (await client.fetch(url, { method: "POST", body: `text ${id}` })).text(),
      `text ${id}`,
    );
  } else if (id % 4 === 2) {
    const response = await client.fetch(url, { method: "POST", body: CHUNK });
    assert.equal((await response.arrayBuffer()).byteLength, CHUNK.length);
  } else {
    assert.equal((await client.fetch(url)).status, 200);
  }
}

Deno.test("a certificate roll and a shutdown in the middle of 200 mixed exchanges lose none", async () => {
  const next = await testCertificate({ names: ["127.0.0.1", "next.test"] });
  let begun = 0;
  const server = await serveLocal(async (request) => {
    begun++;
    const id = Number(new URL(request.url).searchParams.get("id"));
    await sleep(20 + (id * 7) % 150);
    return new Response(request.body);
  });
  const caCerts = [await testAuthority()];
  const clients = [
    new Client({ caCerts, http: 2, atStreamLimit: "connect" }),
    new Client({ caCerts, http: 3, atStreamLimit: "connect" }),
  ];
  const exchanges: Promise<void>[] = [];
  for (let id = 0; id < 200; id++) {
    exchanges.push(mixedExchange(clients[id % 2]!, server, id));
    if (id === 70) void server.setCertificate(next);
    if (id % 10 === 9) await sleep(2);
  }
  while (begun < 200) await sleep(1);
  const ended = server.shutdown({ graceMs: 5000 });
  const outcomes = await Promise.allSettled(exchanges);
  const lost = outcomes.filter(({ status }) => status === "rejected");
  assert.deepEqual(lost, []);
  assert.equal(begun, 200);
  await ended;
  for (const client of clients) client.close();
});
