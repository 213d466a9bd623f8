import assert from "node:assert/strict";
import * as h2 from "../../h2/mod.ts";
import { connectTls } from "../../transport/deno_tls.ts";
import { patternBytes, sha256 } from "./support.ts";
import type { InteropCase, Lab } from "./support.ts";
import { peerServers } from "./peer_servers.ts";
import type { PeerServer } from "./peer_servers.ts";

async function withClient<T>(
  peer: PeerServer,
  lab: Lab,
  work: (client: h2.H2Client, origin: string) => Promise<T>,
): Promise<T> {
  const { port, running } = await peer.start(lab);
  try {
    const transport = await connectTls({ hostname: "localhost", port, alpn: ["h2"], caCerts: [lab.ca] });
    assert.equal(transport.info.alpn, "h2");
    const client = h2.connect(transport);
    try {
      await client.ready;
      return await work(client, `https://localhost:${port}`);
    } finally {
      await client.shutdown();
    }
  } finally {
    await running.stop();
  }
}

function row(peer: PeerServer, what: string, run: (lab: Lab) => Promise<string>): InteropCase {
  return { peer: peer.name, role: "server", what, needs: peer.needs, run };
}

function casesOf(peer: PeerServer): InteropCase[] {
  const cases = [
    row(
      peer,
      "h2: get 12 bytes, 1 MiB, ping, shutdown",
      (lab) =>
        withClient(peer, lab, async (client, origin) => {
          const small = await client.fetch(origin + peer.small);
          assert.equal(small.status, 200);
          assert.equal(await small.text(), "Hello world\n");
          const large = await (await client.fetch(origin + peer.large)).bytes();
          assert.equal(large.length, 1 << 20);
          if (peer.large === "/large.bin") {
            assert.equal(await sha256(large), await sha256(patternBytes(1 << 20)));
          }
          const rtt = await client.ping();
          assert(rtt >= 0 && rtt < 5000);
          return `ping ${rtt.toFixed(1)} ms, ${client.maxSendStreams} streams`;
        }),
    ),
    row(peer, "h2: 500 requests, 100 at once", (lab) =>
      withClient(peer, lab, async (client, origin) => {
        let next = 0;
        let good = 0;
        const work = async () => {
          while (next++ < 500) {
            const response = await client.fetch(origin + peer.small);
            if (response.status === 200 && await response.text() === "Hello world\n") good++;
          }
        };
        await Promise.all(Array.from({ length: 100 }, work));
        assert.equal(good, 500);
        return "500 of 500";
      })),
  ];
  if (peer.can.has("echo")) {
    cases.push(
      row(peer, "h2: post 1 MiB, get it back", (lab) =>
        withClient(peer, lab, async (client, origin) => {
          const body = patternBytes(1 << 20);
          const response = await client.fetch(`${origin}/`, { method: "POST", body });
          assert.equal(response.status, 200);
          assert.equal(await sha256(await response.bytes()), await sha256(body));
          return "digest equal";
        })),
    );
  }
  if (peer.can.has("trailers")) {
    cases.push(
      row(
        peer,
        "h2: trailers, 103 before the head",
        (lab) =>
          withClient(peer, lab, async (client, origin) => {
            const interim: number[] = [];
            const early = await client.request({
              url: `${origin}/early`,
              onInterim: (head) => interim.push(head.status),
            });
            const earlyHead = await early.response;
            assert.equal(earlyHead.status, 200);
            assert.equal(await earlyHead.text(), "Hello world\n");
            assert.deepEqual(interim, [103]);
            const trailing = await (await client.request({ url: `${origin}/trailers` })).response;
            assert.equal(await trailing.text(), "body");
            assert.equal((await trailing.trailers)?.get("x-sum"), "42");
            return "103 and x-sum seen";
          }),
      ),
    );
  }
  return cases;
}

/** Our client against each server. */
export const h2ServerCases: readonly InteropCase[] = peerServers.flatMap(casesOf);
