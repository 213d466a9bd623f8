import assert from "node:assert/strict";
import { coreOf } from "../../h3/core_of.ts";
import { Fields } from "../../semantics/mod.ts";
import { pooledBytes } from "../../wire/buffer_pool.ts";
import { heapAfterCollection } from "../support/collect.ts";
import { H3Pair } from "../support/h3_pair.ts";
import { playScenario } from "../support/h3_scenario.ts";

const SEEDS = 10_000;

Deno.test(`H3Connection against itself under reordering, ${SEEDS} seeds`, () => {
  const sum = { whole: 0, begun: 0, poisoned: 0, blocked: 0 };
  for (let seed = 0; seed < SEEDS; seed++) {
    try {
      const result = playScenario(seed);
      sum.whole += result.whole;
      sum.begun += result.begun;
      sum.poisoned += result.poisoned;
      sum.blocked += result.blocked;
    } catch (error) {
      if (error instanceof Error) error.message = `seed ${seed}: ${error.message}`;
      throw error;
    }
  }
  // The runs are worth something only if all of this happens in them.
  assert(sum.whole > SEEDS * 2 && sum.whole < sum.begun, JSON.stringify(sum));
  assert(sum.poisoned > SEEDS / 100 && sum.blocked > SEEDS / 10, JSON.stringify(sum));
});

Deno.test("H3Connection holds nothing after 10,000 exchanges on one connection", () => {
  const body = new Uint8Array(100);
  let open = 0;
  let answered = 0;
  const pair = new H3Pair({
    seed: 5,
    server: { limits: { errorResetBurst: 1e9, peerResetBurst: 1e9 } },
    onEvent: (end, event) => {
      if (event.type === "closed") assert.fail(event.error?.message);
      if (event.type === "body") end.engine.consume(event.id, event.data.length);
      if (event.type === "request") {
        if (event.id % 100 === 0) return end.engine.abort(event.id, "both", "internal");
        const path = `/${event.id}`;
        end.engine.sendResponse(event.id, { status: 200, fields: new Fields(["x-path", path]) }, false);
        end.engine.sendBody(event.id, body, true);
      }
      if (end.name === "client" && (event.type === "done" || event.type === "aborted")) open--;
      if (event.type === "done") answered++;
    },
  });
  const exchange = (path: string): void => {
    open++;
    const fields = new Fields(["x-path", path, "cookie", "a=b"]);
    const id = pair.client.engine.sendRequest(
      { method: "POST", scheme: "https", authority: "a.example", path, fields },
      false,
    );
    pair.client.engine.sendBody(id, body, true);
    pair.pump();
    while (open > 10) pair.step();
  };
  for (let i = 0; i < 2000; i++) exchange(`/warm/${i}`);
  pair.settle();
  pair.client.lanes.clear();
  pair.server.lanes.clear();
  const before = heapAfterCollection();
  for (let i = 0; i < 10_000; i++) {
    exchange(`/${i % 50}`);
    if (i % 500 !== 0) continue;
    pair.settle();
    for (const lanes of [pair.client.lanes, pair.server.lanes]) {
      for (const id of lanes.keys()) if (id % 4 < 2) lanes.delete(id);
    }
  }
  pair.settle();
  assert.equal(open, 0);
  assert(answered > 20_000);
  for (const end of [pair.client, pair.server]) {
    const core = coreOf(end.engine);
    assert.equal(core.exchanges.size, 0);
    assert.equal(core.leaving.size, 0);
    assert.equal(core.waiting.size, 0);
    assert.equal(core.seen.skipped, 0);
    assert.equal(core.earlyPriorities.size, 0);
    for (const deadlines of [core.heads, core.receiveRates, core.sendRates, core.aborts]) {
      assert.equal(deadlines.size, 0);
    }
    assert.equal(core.out.heldBuffers, 0, `${end.name} holds output buffers`);
    assert.equal(core.section.buffer.length, 0);
    assert.equal(core.unsentControl, 0);
    assert.equal(core.decoderBytesInFlight, 0);
    assert(core.encoder.outstandingSections < 20, `${core.encoder.outstandingSections} sections`);
  }
  assert(pooledBytes() < 12 * 2 ** 20);
  for (const lanes of [pair.client.lanes, pair.server.lanes]) {
    for (const id of lanes.keys()) if (id % 4 < 2) lanes.delete(id);
  }
  const grown = heapAfterCollection() - before;
  assert(grown < 2 ** 20, `the heap grew by ${grown}`);
});
