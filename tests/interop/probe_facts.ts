import assert from "node:assert/strict";
import { program, run } from "./support.ts";
import type { InteropCase } from "./support.ts";
import { cli } from "./our_server.ts";
import { peerServers } from "./peer_servers.ts";

/** Names of settings as nghttp prints them, and as our JSON has them. */
const NAMES: Readonly<Record<string, string>> = {
  SETTINGS_HEADER_TABLE_SIZE: "headerTableBytes",
  SETTINGS_ENABLE_PUSH: "enablePush",
  SETTINGS_MAX_CONCURRENT_STREAMS: "maxConcurrentStreams",
  SETTINGS_INITIAL_WINDOW_SIZE: "initialWindowBytes",
  SETTINGS_MAX_FRAME_SIZE: "maxFrameBytes",
  SETTINGS_MAX_HEADER_LIST_SIZE: "maxHeaderListBytes",
  SETTINGS_ENABLE_CONNECT_PROTOCOL: "enableConnectProtocol",
  SETTINGS_NO_RFC7540_PRIORITIES: "noRfc7540Priorities",
};

/** The settings of the first SETTINGS frame that nghttp received. */
function settingsOf(log: string): Record<string, number> {
  // deno-lint-ignore no-control-regex -- nghttp colours its output
  const plain = log.replaceAll(/\u001b\[[\d;]*m/g, "");
  const frame = /recv SETTINGS frame <[^>]*>\s*\n((?:\s+.*\n)*)/.exec(plain)?.[1] ?? "";
  const found: Record<string, number> = {};
  for (const [, name, value] of frame.matchAll(/\[(\w+)\(0x[0-9a-f]+\):(\d+)\]/g)) {
    if (NAMES[name!] !== undefined) found[NAMES[name!]!] = Number(value);
  }
  return found;
}

/** `probe` prints the facts that nghttp prints. */
export const probeCases: readonly InteropCase[] = peerServers.slice(0, 5).filter((peer) =>
  peer.name !== "node:http2"
)
  .map((peer) => ({
    peer: peer.name,
    role: "server",
    what: "probe: settings as nghttp -nv sees them",
    needs: [...peer.needs, program("nghttp")],
    async run(lab) {
      const { port, running } = await peer.start(lab);
      try {
        const url = `https://localhost:${port}${peer.small}`;
        const seen = await run("nghttp", ["-nv", url]);
        const probe = await run(
          Deno.execPath(),
          cli("probe", url, "--json", "--ca", lab.pem.ca, "--http", "2"),
        );
        const facts = JSON.parse(probe.stdout);
        assert.equal(facts.schema, "tandem.probe/1");
        assert.equal(facts.h2.reachable, true);
        const ours: Record<string, unknown> = {};
        const expected = settingsOf(seen.stdout);
        for (const name of Object.keys(expected)) ours[name] = Number(facts.h2.settings[name]);
        assert.deepEqual(ours, expected);
        const announced = Object.entries(facts.h2.settings).filter(([name, value]) =>
          value !== null && Object.values(NAMES).includes(name)
        );
        assert.equal(
          announced.length,
          Object.keys(expected).length,
          "a setting was shown that the peer did not send",
        );
        return Object.entries(expected).map(([name, value]) => `${name} ${value}`).join(", ");
      } finally {
        await running.stop();
      }
    },
  }));
