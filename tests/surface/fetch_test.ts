import assert from "node:assert/strict";
import { Client } from "../../mod.ts";
import { testAuthority } from "../support/certs.ts";
import { FETCH_CASES, type FetchCase } from "./fetch_cases.ts";
import { fetchSite } from "./fetch_site.ts";
import { originOf, serveLocal } from "./kit.ts";

function site(request: Request): Response | Promise<Response> {
  if (!request.url.endsWith("/whoami")) return fetchSite(request);
  return new Response(`${request.headers.get("user-agent")} ${request.headers.get("accept-encoding")}`);
}

Deno.test("the table of fetch has at least 80 cases, each with a name of its own", () => {
  assert(FETCH_CASES.length >= 80, `${FETCH_CASES.length} cases`);
  assert.equal(new Set(FETCH_CASES.map(({ name }) => name)).size, FETCH_CASES.length);
});

for (const http of [2, 3] as const) {
  const name =
    `client.fetch over HTTP/${http} and the global fetch agree on every case but those that are to differ`;
  // The global fetch leaves bodies and streams behind when it is aborted.
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false }, async (t) => {
    await using server = await serveLocal(site, { onError: () => {} });
    await using elsewhere = await serveLocal(site);
    const caCerts = [await testAuthority()];
    const native = Deno.createHttpClient({ caCerts });
    await using client = new Client({ caCerts, http, timeouts: { connectMs: 2000 } });
    const places = { origin: originOf(server), other: originOf(elsewhere) };

    async function run({ run }: FetchCase, fetch: typeof globalThis.fetch): Promise<unknown> {
      return await run({ fetch, ...places }).catch((error) => `threw ${error}`);
    }

    for (const one of FETCH_CASES) {
      await t.step(one.name, async () => {
        const theirs = await run(one, (input, init) => fetch(input, { ...init, client: native }));
        const ours = await run(one, client.fetch as typeof fetch);
        if (one.difference === undefined) assert.deepEqual(ours, theirs);
        else assert.notDeepEqual(ours, theirs, `it is gone: ${one.difference}`);
      });
    }
    native.close();
  });
}
