import { connect, type H2Client } from "@tandem/http/h2";
import { Client } from "@tandem/http";
import { connectTcp, connectTls } from "@tandem/http/transport/deno";
import assert from "node:assert/strict";
import { join } from "node:path";
import { testAuthority, testCertificate } from "../support/certs.ts";

const MAIN = join(import.meta.dirname!, "../../examples/workers/main.ts");
const WORKERS = 3;
const CONNECTIONS = 40;

interface Run extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly child: Deno.ChildProcess;
  nextLine(): Promise<string>;
}

async function run(args: readonly string[]): Promise<Run> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-q",
      "--no-prompt",
      "-N",
      "-R",
      MAIN,
      "--port",
      "0",
      "--workers",
      String(WORKERS),
      ...args,
    ],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  async function nextLine(): Promise<string> {
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error("the example has ended");
      text += value;
    }
    const [line, ...rest] = text.split("\n");
    text = rest.join("\n");
    return line!;
  }
  const match = /^(https?:\/\/127\.0\.0\.1:(\d+)\/) in 3 workers$/.exec(await nextLine())!;
  let isEnded = false;
  const ended = child.status.then(() => isEnded = true);
  return {
    url: match[1]!,
    port: Number(match[2]),
    child,
    nextLine,
    async [Symbol.asyncDispose](): Promise<void> {
      if (!isEnded) child.kill("SIGKILL");
      await ended;
      await reader.cancel();
    },
  };
}

async function clientsOf(port: number): Promise<H2Client[]> {
  return await Promise.all(
    Array.from(
      { length: CONNECTIONS },
      async () => connect(await connectTcp({ hostname: "127.0.0.1", port })),
    ),
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

Deno.test({
  name: "workers: all of them answer, and all end after ctrl-c without losing an exchange",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using example = await run([]);
    const clients = await clientsOf(example.port);
    const answers = await Promise.all(
      clients.map(async (client) => await (await client.fetch(example.url)).text()),
    );
    const names = [...new Set(answers)].sort();
    assert.deepEqual(names, [1, 2, 3].map((worker) => `worker ${worker} over h2\n`));

    // One exchange is open on each connection, its request half sent, when the signal comes.
    const rest = Promise.withResolvers<void>();
    const encoder = new TextEncoder();
    const bodies = clients.map(() =>
      new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(encoder.encode("1000")),
        async pull(controller) {
          await rest.promise;
          controller.enqueue(encoder.encode("000"));
          controller.close();
        },
      }, { highWaterMark: 0 })
    );
    const open = clients.map(async (client, at) => {
      const response = await client.fetch(example.url, { method: "POST", body: bodies[at]! });
      return await response.text();
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    example.child.kill("SIGINT");
    await untilRefused(example.port);
    rest.resolve();
    const expected = answers.map((name) => `${name.trimEnd()}: 78498 primes below 1000000\n`);
    assert.deepEqual(await Promise.all(open), expected);
    assert.equal(await example.nextLine(), "all workers have ended");
    assert.equal((await example.child.status).code, 0);
    await Promise.all(clients.map((client) => client.closed));
  },
});

Deno.test({
  name: "workers over TLS: one has HTTP/3, all of them roll their certificate at SIGHUP",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const directory = await Deno.makeTempDir();
    const [cert, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
    async function write(certificate: { readonly cert: string; readonly key: string }): Promise<void> {
      await Deno.writeTextFile(cert, certificate.cert);
      await Deno.writeTextFile(key, certificate.key);
    }
    await write(await testCertificate());
    await using example = await run(["--cert", cert, "--key", key]);
    const caCerts = [await testAuthority()];
    const seen = new Set<string>();
    for (let n = 0; n < CONNECTIONS; n++) {
      await using client = new Client({ caCerts });
      seen.add(await (await client.fetch(example.url)).text());
      while (client.stats.connecting > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      seen.add(await (await client.fetch(example.url)).text());
    }
    const names = [...[1, 2, 3].map((worker) => `worker ${worker} over h2\n`), "worker 1 over h3\n"].sort();
    assert.deepEqual([...seen].sort(), names);

    const next = await testCertificate({ names: ["127.0.0.1"], selfSigned: true });
    await write(next);
    example.child.kill("SIGHUP");
    assert.equal(await example.nextLine(), "the certificate is changed");
    const where = { hostname: "127.0.0.1", port: example.port, alpn: ["h2"] };
    for (let n = 0; n < CONNECTIONS; n++) {
      await assert.rejects(connectTls({ ...where, caCerts }), { code: "certificate" });
      (await connectTls({ ...where, caCerts: [next.cert] })).close();
    }
    example.child.kill("SIGTERM");
    assert.equal(await example.nextLine(), "all workers have ended");
    assert.equal((await example.child.status).code, 0);
    await Deno.remove(directory, { recursive: true });
  },
});
