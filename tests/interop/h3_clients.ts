import assert from "node:assert/strict";
import { join } from "node:path";
import { AIOQUIC_PEER, AIOQUIC_PYTHON, QUIC_GO } from "./h3_peer_servers.ts";
import { program, run, sha256 } from "./support.ts";
import type { InteropCase, Lab, Need } from "./support.ts";
import { startEcho } from "./our_server.ts";

interface Seen {
  readonly status: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly interim?: readonly number[];
  readonly trailers?: Readonly<Record<string, string>>;
  readonly error?: string;
}

function row(
  peer: string,
  what: string,
  needs: readonly Need[],
  work: (port: number, lab: Lab) => Promise<string>,
): InteropCase {
  return {
    peer,
    role: "client",
    what: `h3: ${what}`,
    needs,
    async run(lab) {
      const { port, running } = await startEcho(lab);
      try {
        return await work(port, lab);
      } finally {
        await running.stop("SIGINT");
      }
    },
  };
}

async function report(command: string, args: readonly string[], sizes: readonly number[]): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, { timeoutMs: 170_000 });
  assert.equal(code, 0, stderr.slice(-400));
  const seen = JSON.parse(stdout) as Record<string, Seen> & { many: number };
  for (const size of sizes) {
    assert.equal(seen[`down${size}`]?.status, 200, `down ${size}`);
    assert.equal(seen[`down${size}`]?.bytes, size);
    assert.equal(seen[`echo${size}`]?.status, 200, `echo ${size}`);
    assert.equal(seen[`echo${size}`]?.sha256, seen[`sent${size}`] as unknown as string);
  }
  assert.deepEqual(seen.early?.interim, [103]);
  assert.notDeepEqual(seen.trailers?.trailers, {});
  assert.equal(seen.many, 100);
  return `${sizes.join(", ")} B both ways, 103, trailers, 100 at once`;
}

/** Each HTTP/3 client against our server. */
export const h3ClientCases: readonly InteropCase[] = [
  row("gtlsclient", "bodies both ways, 100 requests", [program("gtlsclient")], async (port, lab) => {
    const downloads = await Deno.makeTempDir({ dir: lab.dir });
    const where = ["localhost", `${port}`];
    const base = ["--no-quic-dump", "--no-http-dump", "--timeout=20s", "--exit-on-all-streams-close"];
    const url = `https://localhost:${port}`;
    const get = async (...args: string[]) => {
      const { code, stderr } = await run("gtlsclient", [
        "--quiet",
        ...base,
        `--download=${downloads}`,
        ...args,
      ]);
      assert.equal(code, 0, stderr.slice(-400));
    };
    for (const size of [0, 1, 1 << 16, 1 << 26]) {
      await get(...where, `${url}/bytes/${size}`);
      assert.equal((await Deno.stat(join(downloads, `${size}`))).size, size);
      if (size === 0) continue; // it cannot upload an empty file
      const upload = join(lab.www, `size-${size}.bin`);
      await get("-m", "POST", "-d", upload, ...where, `${url}/up-${size}`);
      const [sent, back] = await Promise.all(
        [upload, join(downloads, `up-${size}`)].map((path) => Deno.readFile(path)),
      );
      assert.equal(await sha256(back!), await sha256(sent!));
    }
    const many = await run("gtlsclient", [...base, "-n", "100", ...where, `${url}/`]);
    assert.equal(many.code, 0);
    assert.equal((many.stdout + many.stderr).match(/\[:status: 200\]/g)?.length, 100);
    return "0 B to 64 MiB both ways, 100 of 100";
  }),
  row(
    "quic-go",
    "bodies both ways, trailers, 103, 100 at once",
    [program(QUIC_GO)],
    (port, lab) =>
      report(QUIC_GO, ["get", `https://localhost:${port}`, lab.pem.ca], [0, 1, 1 << 16, 1 << 26]),
  ),
  row(
    "aioquic",
    "bodies both ways, trailers, 103, 100 at once",
    [program(AIOQUIC_PYTHON)],
    (port, lab) =>
      report(AIOQUIC_PYTHON, [AIOQUIC_PEER, "get", `${port}`, lab.pem.ca, `${1 << 26}`], [
        0,
        1,
        1 << 16,
        1 << 26,
      ]),
  ),
];
