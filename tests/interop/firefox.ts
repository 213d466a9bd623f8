import assert from "node:assert/strict";
import { join } from "node:path";
import * as h2 from "../../h2/mod.ts";
import { listenTls } from "../../transport/deno_listen.ts";
import { program, run } from "./support.ts";
import type { InteropCase, Lab } from "./support.ts";

const PAGE = `<!doctype html><title>t</title><body><script>
(async () => {
  const texts = await Promise.all(Array.from({ length: 20 }, (_, i) => fetch("/text?" + i).then((r) => r.text())));
  const echo = await fetch("/echo", { method: "POST", body: "x".repeat(300000) }).then((r) => r.text());
  const entries = performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"));
  await fetch("/report", { method: "POST", body: JSON.stringify({
    texts: texts.filter((t) => t === "Hello world\\n").length,
    echo: echo.length,
    protocols: [...new Set(entries.map((e) => e.nextHopProtocol))],
  }) });
})();
</script>`;

/** A profile that trusts the CA of the lab and calls nobody but us. */
export async function firefoxProfile(
  lab: Lab,
  prefs: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const profile = await Deno.makeTempDir({ dir: lab.dir, prefix: "firefox-" });
  await run("certutil", ["-N", "-d", `sql:${profile}`, "--empty-password"]);
  await run("certutil", ["-A", "-d", `sql:${profile}`, "-n", "ca", "-t", "C,,", "-i", lab.pem.ca]);
  const all = {
    "network.dns.disableIPv6": true,
    "browser.shell.checkDefaultBrowser": false,
    "datareporting.policy.dataSubmissionEnabled": false,
    "app.normandy.enabled": false,
    "network.captive-portal-service.enabled": false,
    "network.connectivity-service.enabled": false,
    "browser.safebrowsing.downloads.remote.enabled": false,
    "services.settings.server": "data:,",
    ...prefs,
  };
  const lines = Object.entries(all).map(([name, value]) =>
    `user_pref("${name}", ${JSON.stringify(value)});\n`
  );
  await Deno.writeTextFile(join(profile, "user.js"), lines.join(""));
  return profile;
}

/** Loads one page in Firefox without a window, for `ms` at most. */
export async function loadInFirefox(
  profile: string,
  url: string,
  until: Promise<unknown>,
  ms: number,
): Promise<void> {
  const child = new Deno.Command("firefox-esr", {
    args: ["--headless", "--no-remote", "--profile", profile, url],
    env: { HOME: profile },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), ms);
  await Promise.race([until, child.status]);
  clearTimeout(timer);
  try {
    child.kill("SIGTERM");
  } catch { /* it has ended by itself */ }
  const force = setTimeout(() => child.kill("SIGKILL"), 5000);
  await child.status;
  clearTimeout(force);
}

/** A page that fetches, posts and reports its protocols to us. */
export const firefoxCase: InteropCase = {
  peer: "firefox",
  role: "client",
  what: "h2: page, 20 fetches, echo, own report",
  needs: [program("firefox-esr"), program("certutil")],
  async run(lab) {
    const reported = Promise.withResolvers<{ texts: number; echo: number; protocols: string[] }>();
    const handler = async (request: Request): Promise<Response> => {
      const { pathname } = new URL(request.url);
      if (pathname === "/report") {
        reported.resolve(await request.json());
        return new Response("thanks");
      }
      if (pathname === "/echo") return new Response(request.body);
      if (pathname === "/text") return new Response("Hello world\n");
      if (pathname !== "/") return new Response(null, { status: 404 });
      return new Response(PAGE, { headers: { "content-type": "text/html" } });
    };
    const listener = listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: await Deno.readTextFile(lab.pem.chain),
      key: await Deno.readTextFile(lab.pem.key),
      alpn: ["h2"],
    });
    const connections: h2.H2ServerConnection[] = [];
    const accepting = (async () => {
      for await (const transport of listener) connections.push(h2.serve(transport, handler));
    })();
    try {
      const profile = await firefoxProfile(lab);
      await loadInFirefox(profile, `https://localhost:${listener.addr.port}/`, reported.promise, 60_000);
      reported.reject(new Error("the page did not report within 60 s"));
      const report = await reported.promise;
      assert.equal(report.texts, 20);
      assert.equal(report.echo, 300_000);
      assert.deepEqual(report.protocols, ["h2"]);
      return `nextHopProtocol ${report.protocols.join(", ")}`;
    } finally {
      for (const connection of connections) connection.close();
      listener.close();
      await accepting;
    }
  },
};
