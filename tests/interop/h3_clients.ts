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
  row("gtlsclient", "get, post, 100 requests", [program("gtlsclient")], async (port, lab) => {
    const downloads = await Deno.makeTempDir({ dir: lab.dir });
    const base = [
      "--quiet",
      "--no-quic-dump",
      "--no-http-dump",
      "--timeout=20s",
      "--exit-on-all-streams-close",
    ];
    const url = `https://localhost:${port}`;
    const get = await run("gtlsclient", [
      ...base,
      `--download=${downloads}`,
      "localhost",
      `${port}`,
      `${url}/bytes/67108864`,
    ]);
    assert.equal(get.code, 0, get.stderr.slice(-400));
    assert.equal((await Deno.stat(join(downloads, "67108864"))).size, 1 << 26);
    const upload = join(lab.www, "large.bin");
    const post = await run("gtlsclient", [
      ...base,
      `--download=${downloads}`,
      "-m",
      "POST",
      "-d",
      upload,
      "localhost",
      `${port}`,
      `${url}/up`,
    ]);
    assert.equal(post.code, 0, post.stderr.slice(-400));
    assert.equal(
      await sha256(await Deno.readFile(join(downloads, "up"))),
      await sha256(await Deno.readFile(upload)),
    );
    const many = await run("gtlsclient", [...base.slice(1), "-n", "100", "localhost", `${port}`, `${url}/`]);
    assert.equal(many.code, 0);
    assert.equal((many.stdout + many.stderr).match(/\[:status: 200\]/g)?.length, 100);
    return "64 MiB down, 1 MiB echoed, 100 of 100";
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
