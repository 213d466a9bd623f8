import { Application, Router } from "@oakserver/oak";
import { Hono } from "hono";
import { stream } from "hono/streaming";
import assert from "node:assert/strict";
import { type DenoHandler, fromDenoHandler } from "../../mod.ts";
import { h2Client, h3Client, originOf, serveLocal, sleep } from "./kit.ts";

/** The same requests over both protocols. */
async function overBoth(
  handler: DenoHandler,
  check: (fetch: (path: string, init?: RequestInit) => Promise<Response>) => Promise<void>,
): Promise<void> {
  await using server = await serveLocal(fromDenoHandler(handler), { onError: () => {} });
  await using h2 = await h2Client(server);
  await using h3 = await h3Client(server);
  for (const client of [h2, h3]) {
    await check((path, init) => client.fetch(`${originOf(server)}${path}`, init));
  }
}

Deno.test("fromDenoHandler serves a handler of Deno.serve over both protocols", async () => {
  const done: Promise<void>[] = [];
  await overBoth(async (request, info) => {
    done.push(info.completed);
    const body = await request.text();
    return Response.json({ body, from: info.remoteAddr.hostname, by: info.remoteAddr.transport });
  }, async (fetch) => {
    const response = await fetch("/", { method: "PUT", body: "text" });
    const answer = await response.json();
    assert.equal(answer.body, "text");
    assert.equal(answer.from, "127.0.0.1");
    assert(["tcp", "udp"].includes(answer.by));
  });
  await Promise.all(done);
  assert.equal(done.length, 2);
});

Deno.test("fromDenoHandler answers 500 to what is no response, and rejects completed", async () => {
  const done: Promise<void>[] = [];
  await overBoth((_, info) => {
    done.push(info.completed);
    return undefined;
  }, async (fetch) => {
    assert.equal((await fetch("/")).status, 500);
  });
  for (const completed of done) await assert.rejects(completed, TypeError);
});

Deno.test("fromDenoHandler aborts request.signal when the client leaves", async () => {
  let aborted = 0;
  await overBoth((request) =>
    new Promise((resolve) => {
      request.signal.addEventListener("abort", () => {
        aborted++;
        resolve(new Response());
      });
    }), async (fetch) => {
    const controller = new AbortController();
    const response = fetch("/", { signal: controller.signal });
    await sleep(30);
    controller.abort();
    await assert.rejects(response, { name: "AbortError" });
    await sleep(30);
  });
  assert.equal(aborted, 2);
});

Deno.test("fromDenoHandler serves a Hono application", async () => {
  const app = new Hono();
  app.get("/hello/:name", (c) => c.text(`hello ${c.req.param("name")}`));
  app.post("/json", async (c) => c.json({ got: await c.req.json() }, 201));
  app.get("/stream", (c) =>
    stream(c, async (to) => {
      for (let i = 0; i < 3; i++) await to.write(`piece ${i}\n`);
    }));
  app.get("/moved", (c) => c.redirect("/hello/you"));
  await overBoth((request) => app.fetch(request), async (fetch) => {
    assert.equal(await (await fetch("/hello/you")).text(), "hello you");
    const posted = await fetch("/json", { method: "POST", body: JSON.stringify([1]) });
    assert.equal(posted.status, 201);
    assert.deepEqual(await posted.json(), { got: [1] });
    assert.equal(await (await fetch("/stream")).text(), "piece 0\npiece 1\npiece 2\n");
    assert.equal((await fetch("/moved")).headers.get("location"), "/hello/you");
    assert.equal((await fetch("/none")).status, 404);
  });
});

Deno.test("fromDenoHandler serves an Oak application", async () => {
  const app = new Application();
  const router = new Router();
  router.get("/hello/:name", (context) => {
    context.response.body = `hello ${context.params.name}`;
  });
  router.post("/json", async (context) => {
    context.response.status = 201;
    context.response.body = { got: await context.request.body.json() };
  });
  app.use(router.routes());
  app.use(router.allowedMethods());
  // Its types, and its Response, are those of undici: the package on npm is built for Node.
  const handler: DenoHandler = (request) =>
    (app.handle as unknown as DenoHandler)(request, undefined as never);
  await overBoth(handler, async (fetch) => {
    assert.equal(await (await fetch("/hello/you")).text(), "hello you");
    const posted = await fetch("/json", {
      method: "POST",
      body: JSON.stringify([1]),
      headers: { "content-type": "application/json" },
    });
    assert.equal(posted.status, 201);
    assert.deepEqual(await posted.json(), { got: [1] });
    assert.equal((await fetch("/hello/you", { method: "DELETE" })).status, 405);
  });
});
