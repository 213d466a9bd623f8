import assert from "node:assert/strict";
import * as h2 from "../../h2/mod.ts";
import { connectTls } from "../../transport/deno_tls.ts";
import { clientCases } from "./client_cases.ts";
import type { Way } from "./client_cases.ts";
import { peerServers } from "./peer_servers.ts";
import type { InteropCase } from "./support.ts";

async function connect(lab: { readonly ca: string }, port: number): Promise<h2.H2Client> {
  const transport = await connectTls({ hostname: "localhost", port, alpn: ["h2"], caCerts: [lab.ca] });
  assert.equal(transport.info.alpn, "h2");
  return h2.connect(transport);
}

const way: Way = { protocol: "h2", connect, sizes: [0, 1, 1 << 16, 1 << 20] };

const pings: readonly InteropCase[] = peerServers.map((peer) => ({
  peer: peer.name,
  role: "server",
  what: "h2: ping, and what it announces",
  needs: peer.needs,
  async run(lab) {
    const { port, running } = await peer.start(lab);
    try {
      await using client = await connect(lab, port);
      await client.ready;
      const rtt = await client.ping();
      assert(rtt >= 0 && rtt < 5000);
      return `${rtt.toFixed(1)} ms, ${client.maxSendStreams} streams`;
    } finally {
      await running.stop();
    }
  },
}));

/** Our client against each server. */
export const h2ServerCases: readonly InteropCase[] = [
  ...peerServers.flatMap((peer) => clientCases(way, peer)),
  ...pings,
];
