/** The quick start of the README is run as it stands there. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { testAuthority, testCertificate } from "../support/certs.ts";

const ROOT = new URL("../..", import.meta.url);

async function blocks(): Promise<string[]> {
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  return [...readme.matchAll(/```ts[^\n]*\n([\s\S]*?)```/g)].map((match) => match[1]!);
}

function runIn(directory: string, name: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      "--no-check",
      `--config=${new URL("deno.json", ROOT).pathname}`,
      "--cert=ca.pem",
      name,
    ],
    cwd: directory,
    stdout: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
}

Deno.test("the quick start of the README works, in at most ten lines each", async () => {
  const [server, client] = await blocks();
  for (const block of [server, client]) assert(block!.trim().split("\n").length <= 10);
  const directory = await Deno.makeTempDir();
  const { cert, key } = await testCertificate();
  await Deno.writeTextFile(join(directory, "cert.pem"), cert);
  await Deno.writeTextFile(join(directory, "key.pem"), key);
  await Deno.writeTextFile(join(directory, "ca.pem"), await testAuthority());
  await Deno.writeTextFile(join(directory, "server.ts"), server!.replace("8443", "0"));
  const serving = runIn(directory, "server.ts");
  const reader = serving.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const [, port, protocols] = /^(\d+) (.*)/.exec((await reader.read()).value ?? "") ?? [];
  assert.match(protocols ?? "", /"h2", "h3"/);
  await Deno.writeTextFile(join(directory, "client.ts"), client!.replace("8443", port!));
  const { stdout, success } = await runIn(directory, "client.ts").output();
  assert(success);
  assert.equal(new TextDecoder().decode(stdout), "200 GET over h2\n\ntandem\n");
  serving.kill("SIGKILL");
  await serving.status;
  await reader.cancel();
  await Deno.remove(directory, { recursive: true });
});
