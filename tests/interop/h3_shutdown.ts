import assert from "node:assert/strict";
import type { H3ServerConnection } from "../../h3/mod.ts";
import { AIOQUIC_PEER, AIOQUIC_PYTHON, h3PeerServers, QUIC_GO } from "./h3_peer_servers.ts";
import { withClient } from "./client_cases.ts";
import { way } from "./h3_servers.ts";
import { withOurServer } from "./our_h3_server.ts";
import { program, run } from "./support.ts";
import type { InteropCase, Lab } from "./support.ts";

const REQUESTS = 60;
const ACCEPTED_FIRST = 20;

/** Starts a shutdown after the 20th of 60 requests; what the handler took must arrive. */
async function shutDownInTheMiddle(
  lab: Lab,
  burst: (port: number) => Promise<readonly number[]>,
): Promise<string> {
  const accepted: number[] = [];
  let connection: H3ServerConnection | undefined;
  const handler = async (request: Request): Promise<Response> => {
    accepted.push(Number(new URL(request.url).search.slice(1)));
    if (accepted.length === ACCEPTED_FIRST) connection!.shutdown();
    await new Promise((resolve) => setTimeout(resolve, 200));
    return new Response("x".repeat(20_000));
  };
  return await withOurServer(lab, handler, async (port) => {
    const good = new Set(await burst(port));
    const lost = accepted.filter((id) => !good.has(id));
    assert(accepted.length >= ACCEPTED_FIRST);
    assert.deepEqual(lost, [], "accepted and lost");
    return `${accepted.length} accepted, ${good.size} arrived`;
  }, (newest) => connection = newest);
}

async function ids(command: string, args: readonly string[]): Promise<readonly number[]> {
  const { code, stdout, stderr } = await run(command, args);
  assert.equal(code, 0, stderr.slice(-400));
  return JSON.parse(stdout);
}

const what = "h3: shutdown in the middle loses nothing";

const clientRows: readonly InteropCase[] = [
  {
    peer: "quic-go",
    role: "client",
    what,
    needs: [program(QUIC_GO)],
    run: (lab) =>
      shutDownInTheMiddle(
        lab,
        (port) => ids(QUIC_GO, ["burst", `https://localhost:${port}/slow`, lab.pem.ca, `${REQUESTS}`]),
      ),
  },
  {
    peer: "aioquic",
    role: "client",
    what,
    needs: [program(AIOQUIC_PYTHON)],
    run: (lab) =>
      shutDownInTheMiddle(
        lab,
        (port) => ids(AIOQUIC_PYTHON, [AIOQUIC_PEER, "burst", `${port}`, lab.pem.ca, "/slow", `${REQUESTS}`]),
      ),
  },
  {
    peer: "gtlsclient",
    role: "client",
    what,
    needs: [program("gtlsclient")],
    run: (lab) =>
      shutDownInTheMiddle(lab, async (port) => {
        const urls = Array.from({ length: REQUESTS }, (_, i) => `https://localhost:${port}/slow?${i}`);
        const base = ["--no-quic-dump", "--no-http-dump", "--timeout=5s", "--exit-on-all-streams-close"];
        const { stdout, stderr } = await run("gtlsclient", [...base, "localhost", `${port}`, ...urls]);
        const log = stdout + stderr;
        // Streams are opened in the order of the URLs.
        const whole = [...log.matchAll(/http: stream 0x([0-9a-f]+) \[:status: 200\]/g)].map((m) =>
          parseInt(m[1]!, 16)
        );
        const closed = new Map(
          [...log.matchAll(/HTTP stream (\d+) closed with error code (\d+)/g)].map((
            m,
          ) => [Number(m[1]), m[2]]),
        );
        return whole.filter((id) => closed.get(id) === "256").map((id) => id / 4);
      }),
  },
];

const serverRows: readonly InteropCase[] = h3PeerServers.map((peer) => ({
  peer: peer.name,
  role: "server",
  what,
  needs: peer.needs,
  run: (lab) =>
    withClient(way, peer, lab, async (client, origin) => {
      const texts = Array.from({ length: 50 }, () => client.fetch(origin + peer.small).then((r) => r.text()));
      const ended = client.shutdown();
      for (const text of await Promise.all(texts)) assert.equal(text, "Hello world\n");
      await ended;
      return "50 of 50";
    }),
}));

/** A graceful end in the middle of a burst, at either end. */
export const h3ShutdownCases: readonly InteropCase[] = [...serverRows, ...clientRows];
