/** One server, and clients that are real programs, all at once. Firefox has its own run: tests/interop/firefox.ts. */
import assert from "node:assert/strict";
import { Client } from "../../mod.ts";
import { testAuthority } from "../support/certs.ts";
import { serveLocal } from "./kit.ts";

const PEERS = ["curl", "nghttp", "gtlsclient"] as const;

async function isInstalled(name: string): Promise<boolean> {
  try {
    await new Deno.Command(name, { args: ["--help"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch {
    return false;
  }
}

const missing: string[] = [];
for (const name of PEERS) if (!await isInstalled(name)) missing.push(name);
const title = "one handler serves curl, nghttp, gtlsclient and our client over both protocols at once";

Deno.test({
  name: missing.length === 0 ? title : `${title} (not run: no ${missing.join(", ")})`,
  ignore: missing.length > 0,
  async fn() {
    const seen = new Map<string, number>();
    await using server = await serveLocal(async (request, { protocol, fields }) => {
      const who = `${protocol} ${(fields.get("user-agent") ?? "none").split("/")[0]}`;
      seen.set(who, (seen.get(who) ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      return new Response(`hello ${new URL(request.url).pathname}`);
    }, { http1: true });
    const { port } = server.addr;
    const directory = await Deno.makeTempDir();
    const ca = `${directory}/ca.pem`;
    await Deno.writeTextFile(ca, await testAuthority());

    async function run(name: string, args: readonly string[]): Promise<string> {
      const { code, stdout, stderr } = await new Deno.Command(name, { args: [...args], cwd: directory })
        .output();
      const text = new TextDecoder().decode(stdout);
      assert.equal(code, 0, `${name}: ${text}${new TextDecoder().decode(stderr)}`);
      return text;
    }

    const caCerts = [await testAuthority()];
    const url = `https://127.0.0.1:${port}`;
    await using h2 = new Client({ caCerts, http: 2, userAgent: "ours" });
    await using h3 = new Client({ caCerts, http: 3, userAgent: "ours" });
    const work: Promise<unknown>[] = [];
    for (let n = 0; n < 3; n++) {
      work.push(
        run("curl", ["-sS", "--http2", "--cacert", ca, `${url}/curl`]).then((text) =>
          assert.equal(text, "hello /curl")
        ),
      );
      work.push(
        run("curl", ["-sS", "--http1.1", "--cacert", ca, `${url}/old`]).then((text) =>
          assert.equal(text, "hello /old")
        ),
      );
      work.push(run("nghttp", ["-n", "-s", `${url}/nghttp`]));
      work.push(
        run("gtlsclient", ["-q", "--exit-on-all-streams-close", "127.0.0.1", String(port), `${url}/gtls`]),
      );
      for (const client of [h2, h3]) {
        work.push(
          client.fetch(`${url}/ours`).then(async (response) =>
            assert.equal(await response.text(), "hello /ours")
          ),
        );
      }
    }
    await Promise.all(work);
    const names = [...seen].map(([who, count]) => `${who} ${count}`).sort();
    assert.deepEqual(names.filter((one) => /ours|curl/.test(one)), ["h2 curl 6", "h2 ours 3", "h3 ours 3"]);
    assert.equal(seen.get("h2 nghttp2"), 3);
    assert(names.some((one) => /^h3 (?!ours)/.test(one)), names.join(", "));
    await Deno.remove(directory, { recursive: true });
  },
});
