import assert from "node:assert/strict";
import { join } from "node:path";
import { commandOf, ROOT, startServer, temporaryDirectory } from "./kit.ts";

async function hasScript(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    const { success } = await new Deno.Command("script", {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

const ignore = !await hasScript();
const suffix = ignore ? " (ignored: there is no util-linux script to make a terminal with)" : "";

/** Runs the tool on a terminal of its own; both outputs come as one text. */
async function onTerminal(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; text: string }> {
  const command = [Deno.execPath(), ...commandOf(args)].map((word) => `'${word.replaceAll("'", "'\\''")}'`)
    .join(" ");
  const { code, stdout } = await new Deno.Command("script", {
    args: ["-qec", command, "/dev/null"],
    cwd: ROOT,
    stdin: "null",
    env: { TERM: "xterm", NO_COLOR: "", ...env },
  }).output();
  return { code, text: new TextDecoder().decode(stdout) };
}

Deno.test({
  name: `colour is on, on a terminal, and off under NO_COLOR or --color never${suffix}`,
  ignore,
  async fn(): Promise<void> {
    // deno-lint-ignore no-control-regex
    const escape = /\x1b\[3/;
    assert.match((await onTerminal(["get"])).text, escape);
    assert.doesNotMatch((await onTerminal(["get"], { NO_COLOR: "1" })).text, escape);
    assert.doesNotMatch((await onTerminal(["get", "--color", "never"])).text, escape);
  },
});

Deno.test({
  name: `a large body shows its progress on a terminal, and a binary one is kept off it${suffix}`,
  ignore,
  async fn(): Promise<void> {
    await using server = await startServer(["--echo", "--plain"]);
    await using directory = await temporaryDirectory();
    const path = join(directory.path, "body.bin");
    const large = await onTerminal(["get", `${server.origin}/bytes/60000000`, "--out", path]);
    assert.equal(large.code, 0, large.text);
    assert.match(large.text, /█* *░* \d+ % {2}[\d.]+ MB of 60\.0 MB {2}[\d.]+ MB\/s/);
    assert.match(large.text, /HTTP\/2 /);
    assert.equal((await Deno.stat(path)).size, 60_000_000);
    const small = await onTerminal(["get", `${server.origin}/bytes/1000`, "--out", path]);
    assert.doesNotMatch(small.text, /%/);
    const binary = await onTerminal(["get", `${server.origin}/bytes/1000`]);
    assert.equal(binary.code, 2);
    assert.match(binary.text, /body is binary and stdout is a terminal/);
  },
});
