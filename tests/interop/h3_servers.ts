import * as h3 from "../../h3/mod.ts";
import { connectQuic } from "../../transport/deno_quic.ts";
import { clientCases } from "./client_cases.ts";
import type { Way } from "./client_cases.ts";
import { h3PeerServers } from "./h3_peer_servers.ts";
import type { InteropCase } from "./support.ts";

/** How the cases reach a server over QUIC. */
export const way: Way = {
  protocol: "h3",
  async connect(lab, port) {
    return h3.connect(await connectQuic({ hostname: "localhost", port, alpn: ["h3"], caCerts: [lab.ca] }));
  },
  sizes: [0, 1, 1 << 16, 1 << 26],
};

/** Our HTTP/3 client against each server. */
export const h3ServerCases: readonly InteropCase[] = h3PeerServers.flatMap((peer) => clientCases(way, peer));
