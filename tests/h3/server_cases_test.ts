import assert from "node:assert/strict";
import { corpusTest, readCorpus } from "../support/corpora.ts";
import { CUTS, H3Peer, h3Server } from "../support/h3_peer.ts";
import type { H3ErrorName } from "../../h3/errors.ts";
import { hexOf, type Row, STIMULI, WITHOUT_SETTINGS } from "./server_cases.ts";

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
