import { join } from "node:path";
import { freePort, program, start } from "./support.ts";
import type { Lab, Need, Running } from "./support.ts";
import { peerServers } from "./peer_servers.ts";

/** A real HTTP/3 server that the run can start on loopback. */
export interface H3PeerServer {
  readonly name: string;
  readonly needs: readonly Need[];
  /** What it can do beyond files; `post`: takes one and sends the file; `sink`: says whether an upload was complete; `abort`: breaks off in mid-body. */
  readonly can: ReadonlySet<"echo" | "post" | "bytes" | "trailers" | "early" | "sink" | "abort">;
  /** The path of the 12-byte text. */
  readonly small: string;
  start(lab: Lab): Promise<{ readonly port: number; readonly running: Running }>;
}

const PEERS = join(import.meta.dirname!, "peers");
/** The small program on quic-go, once it is built. */
export const QUIC_GO = join(PEERS, "bin", "quic_go");
/** The Python with aioquic in it. */
export const AIOQUIC_PYTHON = join(PEERS, "bin", "venv", "bin", "python");
/** The small program on aioquic. */
export const AIOQUIC_PEER = join(PEERS, "aioquic_peer.py");

const caddyOverTcp = peerServers.find((peer) => peer.name === "caddy")!;

const caddy: H3PeerServer = {
  name: "caddy",
  needs: caddyOverTcp.needs,
  can: new Set(["echo"]),
  small: "/small.txt",
  start: (lab) => caddyOverTcp.start(lab),
};

const gtlsserver: H3PeerServer = {
  name: "gtlsserver",
  needs: [program("gtlsserver")],
  can: new Set(["post"]),
  small: "/small.txt",
  async start(lab) {
    const port = freePort();
    const args = [
      "-d",
      lab.www,
      "--no-quic-dump",
      "--no-http-dump",
      "127.0.0.1",
      `${port}`,
      lab.pem.key,
      lab.pem.chain,
    ];
    const running = await start("gtlsserver", args, { ready: /^/ });
    await new Promise((resolve) => setTimeout(resolve, 300)); // it prints nothing when it listens
    return { port, running };
  },
};

const quicGo: H3PeerServer = {
  name: "quic-go",
  needs: [program(QUIC_GO)],
  can: new Set(["echo", "bytes", "trailers", "early", "sink", "abort"]),
  small: "/",
  async start(lab) {
    const port = freePort();
    const args = ["serve", `${port}`, lab.pem.chain, lab.pem.key];
    const running = await start(QUIC_GO, args, { ready: /ready/ });
    await new Promise((resolve) => setTimeout(resolve, 200)); // `ready` comes just before it listens
    return { port, running };
  },
};

const aioquic: H3PeerServer = {
  name: "aioquic",
  needs: [program(AIOQUIC_PYTHON)],
  can: new Set(["echo", "bytes", "trailers", "early", "sink", "abort"]),
  small: "/",
  async start(lab) {
    const port = freePort();
    const args = [AIOQUIC_PEER, "serve", `${port}`, lab.pem.chain, lab.pem.key];
    return { port, running: await start(AIOQUIC_PYTHON, args, { ready: /ready/ }) };
  },
};

/** Every HTTP/3 server that our client must get along with. */
export const h3PeerServers: readonly H3PeerServer[] = [caddy, gtlsserver, quicGo, aioquic];
