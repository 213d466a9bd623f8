import assert from "node:assert/strict";
import { corpusTest, readCorpus } from "../support/corpora.ts";
import { frame, GET, headers, join } from "../support/h3_frames.ts";
import { CUTS, H3Peer, h3Server } from "../support/h3_peer.ts";
import type { H3ErrorName } from "../../h3/errors.ts";

type Row = [
  id: string,
  section: string,
  role: string,
  stimulus: string,
  scope: string,
  code: string,
  bytes: string,
];

/** What is done to the server; the bytes of a row are used where it has any. */
const STIMULI: Readonly<Record<string, (peer: H3Peer, bytes: Uint8Array) => void>> = {
  "h3spec/1": (peer) => peer.send(0, join(frame(0), headers(GET)), true),
  "h3spec/2": (peer, bytes) => peer.send(0, frame(1, bytes), true),
  "h3spec/3": (peer, bytes) => peer.send(0, frame(1, bytes), true),
  "h3spec/4": (peer, bytes) => peer.send(0, frame(1, bytes), true),
  "h3spec/5": (peer, bytes) => peer.send(0, frame(1, bytes), true),
  "h3spec/6": (peer) => peer.send(2, [0x00, 0x0d, 0x01, 0x01]),
  "h3spec/7": (peer) => peer.control(frame(0)),
  "h3spec/8": (peer) => peer.control(frame(1)),
  "h3spec/9": (peer) => peer.control(frame(4)),
  "h3spec/10": (peer, bytes) => peer.send(2, join(0, frame(4, bytes))),
  "h3spec/11": (peer) => peer.send(0, join(frame(3), headers(GET)), true),
  "h3spec/12": (peer, bytes) => peer.send(0, frame(1, bytes), true),
  "h3spec/13": (peer, bytes) => peer.send(6, bytes),
  "h3spec/14": (peer) => peer.send(2, [], true),
  "h3spec/15": (peer) => peer.send(10, [0x00]),
};

/** Rows that begin before the control stream has said anything. */
const WITHOUT_SETTINGS: ReadonlySet<string> = new Set(["h3spec/6", "h3spec/10"]);

function hexOf(row: Row): Uint8Array {
  const hex = /(?:HEADERS payload|SETTINGSpayload|encoder stream) ?([0-9a-f]+)$/.exec(row[6])?.[1] ?? "";
  return Uint8Array.fromHex(hex);
}

corpusTest("H3Connection reacts as the cases of h3spec ask for, with the exact codes", async () => {
  const { cases } = await readCorpus<{ cases: Row[] }>("cases/h3-server-cases.json");
  assert.equal(cases.length, 15);
  for (const row of cases) {
    const [id, , , , scope, code] = row;
    const stimulus = STIMULI[id];
    assert(stimulus !== undefined, `no stimulus for ${id}`);
    for (const cut of CUTS) {
      const peer = WITHOUT_SETTINGS.has(id) ? new H3Peer({ role: "server" }, cut) : h3Server({}, cut);
      // Encoder and decoder streams are open: what their rows send follows the type.
      const bytes = hexOf(row);
      stimulus(peer, id === "h3spec/13" ? bytes.subarray(0) : bytes);
      try {
        if (scope === "conn") peer.expectClose(code as H3ErrorName);
        else {
          peer.expectStreamError(0, code as H3ErrorName, { stops: false });
          assert.equal(peer.of("request").length, 0);
        }
      } catch (error) {
        throw new Error(`${id}, cut ${cut}: ${(error as Error).message}`);
      }
    }
  }
});
