import assert from "node:assert/strict";
import { join } from "node:path";
import { checkLog, readSequence } from "../observe/qlog_kit.ts";
import { startServer, tandem, temporaryDirectory } from "./kit.ts";

Deno.test("get --qlog writes what both ends saw, as the drafts have it, without credentials", async () => {
  await using directory = await temporaryDirectory();
  const [near, far] = [join(directory.path, "client.sqlog"), join(directory.path, "server.sqlog")];
  {
    await using server = await startServer(["--echo", "--plain", "--qlog", far]);
    const secret = "authorization: Bearer very-secret";
    const result = await tandem(["get", `${server.origin}/headers`, "-H", secret, "--qlog", near]);
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stdout, /very-secret/); // the server saw it
    server.child.kill("SIGINT");
    await server.child.status;
  }
  const texts = { client: await Deno.readTextFile(near), server: await Deno.readTextFile(far) };
  for (const role of ["client", "server"] as const) {
    const text = texts[role];
    const events = checkLog(text, "http2");
    assert.doesNotMatch(text, /very-secret/);
    const [header] = readSequence(text) as [{ trace: { vantage_point: { type: string } } }];
    assert.equal(header.trace.vantage_point.type, role);
    const request = events.find(({ name, data }) =>
      data.frame?.frame_type === "headers" &&
      name === (role === "client" ? "http2:frame_created" : "http2:frame_parsed")
    )!;
    const fields = request.data.frame.headers as { name: string; value?: string }[];
    assert(fields.some(({ name, value }) => name === ":path" && value === "/headers"));
    assert.deepEqual(fields.find(({ name }) => name === "authorization"), { name: "authorization" });
  }
});

Deno.test("get --qlog --show-secrets writes credentials as well", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "client.sqlog");
  await using server = await startServer(["--echo", "--plain"]);
  const secret = "authorization: Bearer very-secret";
  const args = ["get", `${server.origin}/`, "-H", secret, "--qlog", path, "--show-secrets"];
  assert.equal((await tandem(args)).code, 0);
  assert.match(await Deno.readTextFile(path), /very-secret/);
});

Deno.test("probe --qlog writes both protocols into one log", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "probe.sqlog");
  const permissions = ["-N", "-R", "-W", "--unstable-net"];
  const result = await tandem(["probe", "--qlog", path], { permissions });
  assert.equal(result.code, 0, result.stdout + result.stderr);
  const text = await Deno.readTextFile(path);
  const [header, ...events] = text.slice(1).split("\x1e");
  for (const namespace of ["http2", "http3"] as const) {
    const mine = events.filter((event) => event.includes(`"name":"${namespace}:`));
    assert(mine.length > 10, `${mine.length} events of ${namespace}`);
    checkLog(`\x1e${[header, ...mine].join("\x1e")}`, namespace);
  }
});

Deno.test("--qlog says why it cannot write", async () => {
  await using server = await startServer(["--echo", "--plain"]);
  const missing = await tandem(["get", `${server.origin}/`, "--qlog", "/no/such/folder/a.sqlog"]);
  assert.equal(missing.code, 2);
  assert.match(
    missing.stderr,
    /cannot write the log \/no\/such\/folder\/a\.sqlog: there is no such directory/,
  );
  const denied = await tandem(["get", `${server.origin}/`, "--qlog", "a.sqlog"], {
    permissions: ["-N", "-R"],
  });
  assert.match(denied.stderr, /write a\.sqlog/);
  assert.notEqual(denied.code, 0);
});
