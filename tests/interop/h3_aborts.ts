import assert from "node:assert/strict";
import { breakingHandler, brokenBody, DECLARED_BYTES } from "./broken_bodies.ts";
import { withOurServer } from "./our_h3_server.ts";
import { way } from "./h3_servers.ts";
import { AIOQUIC_PEER, AIOQUIC_PYTHON, h3PeerServers, QUIC_GO } from "./h3_peer_servers.ts";
import { withClient } from "./client_cases.ts";
import { program, run } from "./support.ts";
import type { InteropCase, Lab } from "./support.ts";

const PATHS = ["/undeclared", "/declared"] as const;

function clientRow(
  peer: string,
  needs: InteropCase["needs"],
  fetchBroken: (lab: Lab, port: number, path: string) => Promise<string>,
): InteropCase {
  return {
    peer,
    role: "client",
    what: "h3: a response that we break off is an error",
    needs,
    run: (lab) =>
      withOurServer(lab, breakingHandler, async (port) => {
        const remarks: string[] = [];
        for (const path of PATHS) remarks.push(`${path.slice(1)}: ${await fetchBroken(lab, port, path)}`);
        return remarks.join("; ");
      }),
  };
}

const clientRows: readonly InteropCase[] = [
  clientRow("gtlsclient", [program("gtlsclient")], async (_lab, port, path) => {
    const args = [
      "--no-quic-dump",
      "--no-http-dump",
      "--timeout=5s",
      "--exit-on-all-streams-close",
      "localhost",
      `${port}`,
    ];
    const { stdout, stderr } = await run("gtlsclient", [...args, `https://localhost:${port}${path}`], {
      timeoutMs: 20_000,
    });
    const log = stdout + stderr;
    assert.match(log, /\[:status: 200\]/);
    assert.match(
      log,
      /error code 270|0x10e/,
      `taken for whole: ${log.slice(-600)}`,
    );
    return /HTTP stream 0 closed[^\n]*/.exec(log)?.[0] ?? "closed with 0x10e";
  }),
  clientRow("quic-go", [program(QUIC_GO)], async (lab, port, path) => {
    const { stdout, stderr } = await run(QUIC_GO, ["one", `https://localhost:${port}${path}`, lab.pem.ca], {
      timeoutMs: 20_000,
    });
    const seen = JSON.parse(stdout || "{}");
    assert(typeof seen.error === "string" && seen.error !== "", `taken for whole: ${stdout}${stderr}`);
    return seen.error.slice(0, 50);
  }),
  clientRow("aioquic", [program(AIOQUIC_PYTHON)], async (lab, port, path) => {
    const args = [AIOQUIC_PEER, "one", `${port}`, lab.pem.ca, path];
    const { stdout, stderr } = await run(AIOQUIC_PYTHON, args, { timeoutMs: 20_000 });
    const seen = JSON.parse(stdout || "{}");
    assert(typeof seen.error === "string" && seen.error !== "", `taken for whole: ${stdout}${stderr}`);
    return seen.error.slice(0, 50);
  }),
];

const serverRows: readonly InteropCase[] = h3PeerServers.filter((peer) => peer.can.has("sink")).map((
  peer,
) => ({
  peer: peer.name,
  role: "server",
  what: "h3: an upload that we break off is an error",
  needs: peer.needs,
  run: (lab) =>
    withClient(way, peer, lab, async (client, origin, running) => {
      const remarks: string[] = [];
      for (const path of PATHS) {
        const fields: Record<string, string> = path === "/declared"
          ? { "content-length": `${DECLARED_BYTES}` }
          : {};
        const exchange = client.request({
          method: "POST",
          url: `${origin}/sink`,
          fields,
          body: brokenBody(),
        });
        await assert.rejects(exchange.response.then((response) => response.bytes()));
        // The peer prints what it made of it.
        for (let i = 0; i < 100 && !/aborted/.test(running.output()); i++) {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        assert.doesNotMatch(running.output(), /complete/);
        assert.match(running.output(), /aborted/);
        remarks.push(`${path.slice(1)}: aborted`);
        if (path === "/undeclared") {
          // The connection lives on, or a new one is needed: both are told apart below.
          const isAlive = await client.fetch(`${origin}/`).then((r) => r.ok, () => false);
          remarks.push(isAlive ? "connection lives" : "connection closed");
          if (!isAlive) break;
        }
      }
      return remarks.join("; ");
    }),
}));

const gtlsserver = h3PeerServers.find((peer) => peer.name === "gtlsserver")!;

const gtlsserverRow: InteropCase = {
  peer: "gtlsserver",
  role: "server",
  what: "h3: an upload that we break off is an error",
  needs: gtlsserver.needs,
  run: (lab) =>
    withClient(way, gtlsserver, lab, async (client, origin, running) => {
      const exchange = client.request({ method: "POST", url: `${origin}/small.txt`, body: brokenBody() });
      await assert.rejects(exchange.response.then((response) => response.bytes()));
      await new Promise((resolve) => setTimeout(resolve, 500));
      const log = running.output();
      assert.match(
        log,
        /0x10e|\(270\)|ERR_MALFORMED|H3_MESSAGE_ERROR|ERR_HTTP/i,
        `no error in: ${log.slice(-800)}`,
      );
      return /[^\n]*(?:0x10e|ERR_\w+)[^\n]*/.exec(log)?.[0].trim().slice(0, 60) ?? "";
    }),
};

/** Nothing that we break off looks whole to anybody. */
export const h3AbortCases: readonly InteropCase[] = [...serverRows, gtlsserverRow, ...clientRows];
