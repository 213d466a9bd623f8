import assert from "node:assert/strict";
import { makeEnds } from "./ends.ts";

const URL_OF = "https://example.com";

Deno.test("H2Connection does not hold resets that cross against the peer [limit:glitches]", async () => {
  await using ends = makeEnds({ exchange: (exchange) => exchange.abort() }, {
    client: { limits: { glitchBurst: 3, glitchesPerSecond: 0 } },
    server: { limits: { glitchBurst: 3, glitchesPerSecond: 0, peerResetBurst: 1000 } },
    pair: { latencyMs: 10 },
  });
  await ends.clock.pass(100);
  for (let i = 0; i < 20; i++) {
    const exchange = ends.client.request({ url: URL_OF });
    // The server resets it when it comes; this end does while that is on its way back.
    await ends.clock.pass(15);
    exchange.abort();
    await ends.clock.pass(50);
  }
  assert.deepEqual([ends.client.isClosed, ends.server.isClosed], [false, false]);
  assert.equal(ends.client.counters.resetsIn, 20);
  assert.equal(ends.client.counters.lateFrames, 20);
  ends.client.close();
  await ends.clock.pass(2000);
});
