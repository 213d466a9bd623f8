import assert from "node:assert/strict";
import { join } from "node:path";
import { program, run, start } from "./support.ts";
import type { InteropCase, Lab, Running } from "./support.ts";
import { cli, startEcho, startServe } from "./our_server.ts";
import { peerServers } from "./peer_servers.ts";

const GIB = 1 << 30;
const MOST_BYTES = 256 * (1 << 20);

async function digest(path: string): Promise<string> {
  const { code, stdout, stderr } = await run("sha256sum", [path]);
  assert.equal(code, 0, stderr);
  return stdout.split(" ")[0]!;
}

async function makeGibibyte(lab: Lab): Promise<string> {
  const path = join(lab.www, "gibibyte.bin");
  try {
    await Deno.stat(path);
  } catch {
    const file = await Deno.open(path, { write: true, create: true });
    const block = new Uint8Array(1 << 20);
    for (let i = 0; i < GIB / block.length; i++) {
      block.fill(i & 255);
      new DataView(block.buffer).setUint32(0, i);
      for (let at = 0; at < block.length;) at += await file.write(block.subarray(at));
    }
    file.close();
  }
  return path;
}

/** Runs `tandem get …`, watches its memory and gives the peak in bytes. */
async function get(args: readonly string[]): Promise<number> {
  const client = await start(Deno.execPath(), cli("get", ...args), { ready: /^/ });
  let peak = 0;
  for (;;) {
    try {
      peak = Math.max(peak, await client.peakBytes() || 0);
    } catch {
      break; // the process has ended
    }
    if (Number.isNaN(await client.peakBytes().catch(() => NaN))) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await client.stop();
  return peak;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / (1 << 20))} MiB`;
}

async function compare(
  lab: Lab,
  file: string,
  args: readonly string[],
  server: { peakBytes(): Promise<number> } | undefined,
): Promise<string> {
  const out = join(lab.dir, "gibibyte.out");
  const began = performance.now();
  const client = await get([...args, "--ca", lab.pem.ca, "--out", out, "--timeout", "170s"]);
  const seconds = (performance.now() - began) / 1000;
  assert.equal((await Deno.stat(out)).size, GIB);
  assert.equal(await digest(out), await digest(file));
  await Deno.remove(out);
  assert(client > 0 && client < MOST_BYTES, `the client took ${mebibytes(client)}`);
  const ours = server === undefined ? 0 : await server.peakBytes();
  assert(ours < MOST_BYTES, `the server took ${mebibytes(ours)}`);
  const peaks = `client ${mebibytes(client)}${server === undefined ? "" : `, server ${mebibytes(ours)}`}`;
  return `${(1024 / seconds).toFixed(0)} MiB/s, peak ${peaks}`;
}

const nghttpd = peerServers.find((peer) => peer.name === "nghttpd")!;
const sha256sum = program("sha256sum");

/** One of our servers in a process of its own. */
async function startDirectory(lab: Lab): Promise<{ port: number; running: Running }> {
  const pem = ["--cert", lab.pem.chain, "--key", lab.pem.key];
  return await startServe(lab.www, "--hostname", "127.0.0.1", "--port", "0", ...pem);
}

/** A gibibyte between our own client and server. */
function ours(http: "2" | "3", what: string, isUpload: boolean): InteropCase {
  return {
    peer: "tandem",
    role: "server",
    what: `h${http}: 1 GiB ${what}`,
    needs: [sha256sum],
    async run(lab) {
      const file = await makeGibibyte(lab);
      const { port, running } = isUpload ? await startEcho(lab) : await startDirectory(lab);
      try {
        const upload = isUpload ? ["-X", "POST", "-d", `@${file}`] : [];
        const path = isUpload ? "" : "gibibyte.bin";
        return await compare(
          lab,
          file,
          [`https://localhost:${port}/${path}`, "--http", http, ...upload],
          running,
        );
      } finally {
        await running.stop("SIGINT");
      }
    },
  };
}

/** A gibibyte between our client and nghttpd. */
function theirs(what: string, isUpload: boolean): InteropCase {
  return {
    peer: "nghttpd",
    role: "server",
    what: `h2: 1 GiB ${what}`,
    needs: [sha256sum, ...nghttpd.needs],
    async run(lab) {
      const file = await makeGibibyte(lab);
      const { port, running } = await nghttpd.start(lab);
      try {
        const upload = isUpload ? ["-X", "POST", "-d", `@${file}`] : [];
        const path = isUpload ? "up" : "gibibyte.bin";
        return await compare(
          lab,
          file,
          [`https://localhost:${port}/${path}`, "--http", "2", ...upload],
          undefined,
        );
      } finally {
        await running.stop();
      }
    },
  };
}

/** One gibibyte each way: the digest is equal and memory stays flat. */
export const bulkCases: readonly InteropCase[] = [
  ours("2", "down, get from serve DIR", false),
  ours("2", "up and back, get -d from serve --echo", true),
  theirs("down", false),
  theirs("up and back", true),
  ours("3", "down, get from serve DIR", false),
  ours("3", "up and back, get -d from serve --echo", true),
];
