import assert from "node:assert/strict";
import { connect, type H2Client } from "../../h2/mod.ts";
import { Client } from "../../mod.ts";
import { connectTcp, connectTls } from "../../transport/deno.ts";
import {
  assertSchema,
  commandOf,
  ROOT,
  type RunningServer,
  startServer,
  tandem,
  temporaryDirectory,
} from "./kit.ts";

const WORKERS = 3;
const CONNECTIONS = 40;
const ignore = Deno.build.os !== "linux";

/** Clients with a connection each. */
async function clientsOf(port: number, ca?: string): Promise<H2Client[]> {
  const where = { hostname: "127.0.0.1", port };
  return await Promise.all(
    Array.from({ length: CONNECTIONS }, async () =>
      connect(
        ca === undefined
          ? await connectTcp(where)
          : await connectTls({ ...where, alpn: ["h2"], caCerts: [ca] }),
      )),
  );
}

/** Resolves once nobody listens any more. */
async function untilRefused(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      (await connectTcp({ hostname: "127.0.0.1", port })).close();
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail("somebody still listens");
}

async function textOf(client: H2Client, path: string): Promise<string> {
  const scheme = client.info.kind === "tls" ? "https" : "http";
  const response = await client.request({ scheme, authority: "localhost", path }).response;
  assert.equal(response.status, 200);
  return await response.text();
}

/** The entries of the next exchanges, and which workers they come from. */
async function entriesOf(
  server: RunningServer,
  count: number,
): Promise<{ paths: string[]; workers: number[]; connections: Set<number> }> {
  const paths: string[] = [];
  const connections = new Set<number>();
  for (let n = 0; n < count; n++) {
    const entry = JSON.parse(await server.nextLine());
    await assertSchema(entry, "access");
    assert.deepEqual([entry.status, entry.end], [200, "done"]);
    paths.push(entry.path);
    connections.add(entry.connection);
  }
  const workers = [...new Set([...connections].map((number) => (number - 1) % WORKERS))].sort();
  return { paths: paths.sort(), workers, connections };
}

for (const isPlain of [true, false]) {
  Deno.test({
    name: `serve --workers ${
      isPlain ? "--plain" : "over TLS"
    }: every worker answers, and each request has a whole line`,
    ignore,
    async fn() {
      await using directory = await temporaryDirectory();
      const tls = isPlain ? ["--plain"] : ["--cert-out", directory.path];
      await using server = await startServer(["--echo", "--workers", String(WORKERS), ...tls]);
      await assertSchema(server.first, "serve");
      assert.equal(server.first["workers"], WORKERS);
      const ca = isPlain ? undefined : await Deno.readTextFile(`${directory.path}/cert.pem`);
      const clients = await clientsOf(server.port, ca);
      const rounds = [0, 1, 2, 3];
      const paths = clients.flatMap((_, at) => rounds.map((round) => `/bytes/${1000 + at}?${round}`)).sort();
      const texts = await Promise.all(
        clients.flatMap((client, at) =>
          rounds.map((round) => textOf(client, `/bytes/${1000 + at}?${round}`))
        ),
      );
      assert.equal(texts.length, CONNECTIONS * rounds.length);
      const entries = await entriesOf(server, texts.length);
      assert.deepEqual(entries.paths, paths);
      assert.deepEqual(entries.workers, [0, 1, 2]);
      assert.equal(entries.connections.size, CONNECTIONS, "no two connections have one number");

      // All of them end, and none before what it has begun.
      const slow = clients.map((client) => textOf(client, "/delay/500"));
      await new Promise((resolve) => setTimeout(resolve, 200));
      server.kill("SIGINT");
      await untilRefused(server.port);
      assert.deepEqual(await Promise.all(slow), clients.map(() => "500\n"));
      const last = await entriesOf(server, CONNECTIONS);
      assert.deepEqual(last.paths, clients.map(() => "/delay/500"));
      assert.deepEqual(last.connections, entries.connections);
      assert.equal((await server.child.status).code, 0);
      await Promise.all(clients.map((client) => client.closed));
    },
  });
}

Deno.test({
  name: "serve --workers: HTTP/3 is in one worker, and clients of all of them find it by Alt-Svc [7838-3]",
  ignore,
  async fn() {
    await using directory = await temporaryDirectory();
    await using server = await startServer([
      "--echo",
      "--workers",
      String(WORKERS),
      "--cert-out",
      directory.path,
    ]);
    const caCerts = [await Deno.readTextFile(`${directory.path}/cert.pem`)];
    const workers = new Set<number>();
    for (let n = 0; n < CONNECTIONS; n++) {
      await using client = new Client({ caCerts });
      const first = await client.fetch(`${server.origin}/headers`);
      assert.equal(first.headers.get("alt-svc"), `h3=":${server.port}"; ma=86400`);
      assert.equal((await first.json()).protocol, "h2");
      while (client.stats.connecting > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.equal((await (await client.fetch(`${server.origin}/headers`)).json()).protocol, "h3");
      const entries = [JSON.parse(await server.nextLine()), JSON.parse(await server.nextLine())];
      for (const { protocol, connection } of entries) {
        const worker = (connection - 1) % WORKERS;
        if (protocol === "h3") assert.equal(worker, 0);
        else workers.add(worker);
      }
      assert.deepEqual(entries.map(({ protocol }) => protocol).sort(), ["h2", "h3"]);
    }
    assert.deepEqual([...workers].sort(), [0, 1, 2]);
    server.kill("SIGTERM");
    assert.equal((await server.child.status).code, 0);
  },
});

Deno.test({
  name:
    "serve --workers DIR tells people how many there are, and how many connections are open in all of them",
  ignore,
  async fn() {
    const child = new Deno.Command(Deno.execPath(), {
      args: commandOf(["serve", "cli", "--plain", "--port", "0", "--workers", String(WORKERS)]),
      cwd: ROOT,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("ctrl-c")) text += (await reader.read()).value ?? "";
    assert.match(text, /^tandem 0\.1\.0 serving cli \(read only\) in 3 workers\n/);
    const port = Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(text)![1]);
    const clients = await clientsOf(port);
    for (const client of clients) assert.match(await textOf(client, "/main.ts"), /The command line/);
    child.kill("SIGINT");
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
    assert.equal((await child.status).code, 0);
    assert.equal(
      await new Response(child.stderr).text(),
      `stopping; ${CONNECTIONS} open, at most 10 s; ctrl-c again ends at once\n`,
    );
    assert.equal(text.match(/h2 {2}GET {3}\/main\.ts +200/g)!.length, CONNECTIONS);
  },
});

Deno.test({
  name: "serve --workers ends at once at the second ctrl-c",
  ignore,
  async fn() {
    await using server = await startServer(["--echo", "--plain", "--drain", "30s", "--workers", "2"]);
    const clients = await clientsOf(server.port);
    const slow = clients.map((client) => textOf(client, "/delay/30000"));
    for (const one of slow) one.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    server.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 200));
    server.kill("SIGINT");
    assert.equal((await server.child.status).code, 130);
    for (const one of slow) await assert.rejects(one);
  },
});

Deno.test({
  name: "serve --workers auto has one for each processor, and cuts off what takes longer than --drain",
  ignore,
  async fn() {
    await using server = await startServer(["--echo", "--plain", "--drain", "200ms", "--workers", "auto"]);
    assert.equal(server.first["workers"], navigator.hardwareConcurrency);
    const clients = await clientsOf(server.port);
    const slow = clients.map((client) => textOf(client, "/delay/30000"));
    for (const one of slow) one.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    server.kill("SIGINT");
    assert.equal((await server.child.status).code, 0);
    for (const one of slow) await assert.rejects(one);
  },
});

Deno.test({
  name: "serve --workers tells mistakes before it listens, and shares no port with another program",
  ignore,
  async fn() {
    await using taken = await startServer(["--echo", "--workers", "2"]);
    const port = String(taken.port);
    const mistakes: [string[], number, RegExp][] = [
      [["--echo", "--workers", "0"], 2, /no whole number from 1 to 256/],
      [["--echo", "--workers", "many"], 2, /no whole number from 1 to 256/],
      [
        ["--echo", "--workers", "2", "--http", "3"],
        2,
        /--http 3 has one worker: a UDP port cannot be shared/,
      ],
      [["--echo", "--workers", "2", "--qlog", "x"], 2, /--qlog logs one worker/],
      [["/no/such/directory", "--workers", "2"], 2, /there is no such directory/],
      [["--echo", "--workers", "2", "--port", port], 3, /is taken/],
      [["--echo", "--workers", "2", "--port", port, "--plain"], 3, /is taken/],
      [["--echo", "--port", port, "--plain"], 3, /is taken/],
    ];
    for (const [args, code, says] of mistakes) {
      const result = await tandem(["serve", ...args]);
      assert.equal(result.code, code, `${args}: ${result.stderr}`);
      assert.match(result.stderr, says);
    }
    const denied = await tandem(["serve", "--echo", "--workers", "2"], { permissions: ["-N"] });
    assert.equal(denied.code, 7);
    assert.match(denied.stderr, /this run may not read .*\nhint: .*--allow-read=/);
    const stable = await tandem(["serve", "--echo", "--workers", "2"], {
      permissions: ["-N", "-R", "--no-config", `--import-map=${ROOT}/deno.json`],
    });
    assert.equal(stable.code, 7, stable.stderr);
    assert.match(stable.stderr, /^error: Deno shares ports only with the flag --unstable-net\nhint: /);
  },
});
