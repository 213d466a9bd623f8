import assert from "node:assert/strict";
import { join } from "node:path";
import * as h2 from "../../h2/mod.ts";
import * as h3 from "../../h3/mod.ts";
import { type ByteListener, listenQuic, listenTls, type QuicListener } from "../../transport/deno.ts";
import { program, run } from "./support.ts";
import type { InteropCase, Lab } from "./support.ts";
import { breakingHandler } from "./broken_bodies.ts";

const SCRIPT = `
const texts = await Promise.all(Array.from({ length: 100 }, (_, i) => fetch("/text?" + i).then((r) => r.text())));
const sizes = [];
for (const size of [0, 1, 65536, 67108864]) {
  const body = new Uint8Array(size).map((_, i) => i % 251);
  const back = new Uint8Array(await fetch("/echo", { method: "POST", body }).then((r) => r.arrayBuffer()));
  const down = await fetch("/bytes?" + size).then((r) => r.arrayBuffer());
  if (back.length === size && back.every((b, i) => b === i % 251) && down.byteLength === size) sizes.push(size);
}
const protocolOf = (word) => performance.getEntriesByType("resource").filter((e) => e.name.includes(word))
  .map((e) => e.nextHopProtocol);
const protocols = [...new Set(protocolOf("/text?"))];
const slow = (await Promise.allSettled(Array.from({ length: 20 }, (_, i) =>
  fetch("/slow?" + i).then((r) => r.text()).then((t) => t.length === 20000 ? i : Promise.reject()))))
  .filter((one) => one.status === "fulfilled").map((one) => one.value);
const broken = [];
for (const path of ["/undeclared", "/declared"]) {
  await fetch(path).then((r) => r.text()).then((t) => broken.push(path + " whole " + t.length), () => broken.push("error"));
}
const after = await fetch("/text?after").then((r) => r.text());
await fetch("/report", { method: "POST", body: JSON.stringify({
  texts: texts.filter((t) => t === "Hello world\\n").length, sizes, broken, after,
  slow, protocols, echoProtocols: protocolOf("/echo"),
}) });
`;

interface Report {
  readonly texts: number;
  /** The sizes of the bodies that went both ways and were whole. */
  readonly sizes: readonly number[];
  /** The slow requests that went well, though the server shut down in their middle. */
  readonly slow: readonly number[];
  readonly broken: readonly string[];
  readonly after: string;
  readonly protocols: readonly string[];
  readonly echoProtocols: readonly string[];
}

/** A profile that trusts the CA of the lab and calls nobody but us. */
export async function firefoxProfile(lab: Lab, prefs: Readonly<Record<string, unknown>>): Promise<string> {
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

/** Loads one page in Firefox without a window, until `until` settles or for `ms` at most. */
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

/** Listens on one port number over TCP and, when asked for, over UDP. */
async function listen(
  lab: Lab,
  withQuic: boolean,
): Promise<{ tcp: ByteListener; udp: QuicListener | undefined }> {
  const cert = await Deno.readTextFile(lab.pem.chain);
  const key = await Deno.readTextFile(lab.pem.key);
  const tcp = listenTls({ hostname: "127.0.0.1", port: 0, cert, key, alpn: ["h2"] });
  const where = { hostname: "127.0.0.1", port: tcp.addr.port };
  return { tcp, udp: withQuic ? listenQuic({ ...where, cert, key, alpn: ["h3"] }) : undefined };
}

async function visit(lab: Lab, withQuic: boolean): Promise<Report & { readonly lost: readonly number[] }> {
  const reported = Promise.withResolvers<Report>();
  const accepted: number[] = [];
  const connections: (h2.H2ServerConnection | h3.H3ServerConnection)[] = [];
  let loads = 0;
  const handler = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/slow") {
      accepted.push(Number(search.slice(1)));
      // Accepted exchanges must arrive; Firefox opens another connection for the rest.
      if (accepted.length === 10) { for (const connection of connections) connection.shutdown(); }
      await new Promise((resolve) => setTimeout(resolve, 200));
      return new Response("x".repeat(20_000));
    }
    if (pathname === "/report") {
      reported.resolve(await request.json());
      return new Response("thanks");
    }
    if (pathname === "/echo") return new Response(request.body);
    if (pathname === "/bytes") return new Response(new Uint8Array(Number(search.slice(1))));
    if (pathname === "/text") return new Response("Hello world\n");
    if (pathname !== "/") return breakingHandler(request);
    // The first load finds out that there is HTTP/3; the script runs in the second one.
    const body = withQuic && loads++ === 0
      ? "<!doctype html><title>1</title><script>setTimeout(() => location.reload(), 1500)</script>"
      : `<!doctype html><title>2</title><script type="module">${SCRIPT}</script>`;
    return new Response(body, { headers: { "content-type": "text/html", "cache-control": "no-store" } });
  };
  const { tcp, udp } = await listen(lab, withQuic);
  const { port } = tcp.addr;
  const options = { onError: () => undefined };
  const accepting = [
    (async () => {
      for await (const transport of tcp) connections.push(h2.serve(transport, handler, options));
    })(),
    (async () => {
      if (udp === undefined) return;
      for await (const transport of udp) connections.push(h3.serve(transport, handler, options));
    })(),
  ];
  try {
    const profile = await firefoxProfile(lab, {
      "network.http.http3.enable": withQuic,
      "network.http.http3.disable_when_third_party_roots_found": false,
      ...(withQuic ? { "network.http.http3.alt-svc-mapping-for-testing": `localhost;h3=:${port}` } : {}),
    });
    await loadInFirefox(profile, `https://localhost:${port}/`, reported.promise, 60_000);
    reported.reject(new Error("the page did not report within 60 s"));
    const report = await reported.promise;
    return { ...report, lost: accepted.filter((id) => !report.slow.includes(id)) };
  } finally {
    for (const connection of connections) connection.close();
    tcp.close();
    udp?.closeAll(0x100, "");
    udp?.close();
    await Promise.all(accepting);
  }
}

function row(protocol: "h2" | "h3"): InteropCase {
  return {
    peer: "firefox",
    role: "client",
    what: `${protocol}: page, bodies, shutdown, broken bodies`,
    needs: [program("firefox-esr"), program("certutil")],
    async run(lab) {
      const report = await visit(lab, protocol === "h3");
      assert.deepEqual(report, {
        texts: 100,
        sizes: [0, 1, 65_536, 67_108_864],
        slow: Array.from({ length: 20 }, (_, i) => i),
        lost: [],
        broken: ["error", "error"],
        after: "Hello world\n",
        protocols: [protocol],
        echoProtocols: [protocol, protocol, protocol, protocol],
      });
      return `nextHopProtocol ${report.protocols.join(", ")}`;
    },
  };
}

/** A page that fetches, posts and tells us how it went, over each protocol. */
export const firefoxCases: readonly InteropCase[] = [row("h2"), row("h3")];
