import assert from "node:assert/strict";
import { Client, serve } from "../../mod.ts";
import { firefoxProfile, loadInFirefox } from "./firefox.ts";
import { program, run } from "./support.ts";
import type { InteropCase, Lab } from "./support.ts";

const TEXT = "Hello world\n";

/** The page reloads once, so that its second half comes after the server was heard to speak HTTP/3. */
const PAGE = `<!doctype html><title>t</title><script type="module">
const [page] = performance.getEntriesByType("navigation");
if (!sessionStorage.first) {
  sessionStorage.first = page.nextHopProtocol;
  setTimeout(() => location.reload(), 1500);
} else {
  const texts = await Promise.all(Array.from({ length: 50 }, (_, i) => fetch("/text?" + i).then((r) => r.text())));
  const later = performance.getEntriesByType("resource").map((entry) => entry.nextHopProtocol);
  await fetch("/report", { method: "POST", body: JSON.stringify({
    first: sessionStorage.first, later: [...new Set(later)], whole: texts.every((t) => t === "Hello world\\n"),
  }) });
}
</script>`;

interface Report {
  readonly first: string;
  readonly later: readonly string[];
  readonly whole: boolean;
}

async function curl(lab: Lab, origin: string): Promise<void> {
  for (let i = 0; i < 10; i++) {
    const { stdout } = await run("curl", [
      "-s",
      "--http2",
      "--cacert",
      lab.pem.ca,
      "-w",
      "%{http_version}",
      `${origin}/text`,
    ]);
    assert.equal(stdout, `${TEXT}2`);
  }
}

async function nghttp(origin: string): Promise<void> {
  for (let i = 0; i < 10; i++) assert.equal((await run("nghttp", [`${origin}/text`])).stdout, TEXT);
}

async function gtlsclient(port: number): Promise<void> {
  const base = [
    "--no-quic-dump",
    "--no-http-dump",
    "--timeout=5s",
    "--exit-on-all-streams-close",
    "-n",
    "50",
  ];
  const { stdout, stderr } = await run("gtlsclient", [
    ...base,
    "localhost",
    `${port}`,
    `https://localhost:${port}/text`,
  ]);
  assert.equal((stdout + stderr).match(/\[:status: 200\]/g)?.length, 50);
}

async function ours(lab: Lab, origin: string, http: 2 | 3): Promise<void> {
  await using client = new Client({ http, caCerts: [lab.ca] });
  const texts = Array.from({ length: 100 }, () => client.fetch(`${origin}/text`).then((r) => r.text()));
  for (const text of await Promise.all(texts)) assert.equal(text, TEXT);
}

/** One handler, one port number, every client at once. */
export const oneHandlerCases: readonly InteropCase[] = [{
  peer: "everybody",
  role: "client",
  what: "h2 and h3: one handler for all of them at once",
  needs: ["firefox-esr", "certutil", "curl", "gtlsclient", "nghttp"].map(program),
  async run(lab) {
    const reported = Promise.withResolvers<Report>();
    const seen: Record<string, number> = {};
    await using server = serve({
      port: 0,
      hostname: "127.0.0.1",
      cert: await Deno.readTextFile(lab.pem.chain),
      key: await Deno.readTextFile(lab.pem.key),
    }, async (request, exchange) => {
      seen[exchange.protocol] = (seen[exchange.protocol] ?? 0) + 1;
      const { pathname } = new URL(request.url);
      if (pathname === "/report") reported.resolve(await request.json());
      if (pathname !== "/") return new Response(TEXT);
      return new Response(PAGE, { headers: { "content-type": "text/html", "cache-control": "no-store" } });
    });
    assert.deepEqual(server.protocols, ["h2", "h3"]);
    const { port } = server.addr;
    const origin = `https://localhost:${port}`;
    const profile = await firefoxProfile(lab, {
      "network.http.http3.disable_when_third_party_roots_found": false,
    });
    await Promise.all([
      loadInFirefox(profile, `${origin}/`, reported.promise, 60_000),
      curl(lab, origin),
      nghttp(origin),
      gtlsclient(port),
      ours(lab, origin, 2),
      ours(lab, origin, 3),
    ]);
    reported.reject(new Error("Firefox did not report within 60 s"));
    assert.deepEqual(await reported.promise, { first: "h2", later: ["h3"], whole: true });
    return `${seen.h2} exchanges over h2, ${seen.h3} over h3; Firefox h2, then h3 by Alt-Svc`;
  },
}];
