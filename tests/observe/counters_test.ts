import assert from "node:assert/strict";
import { allHooks, perConnection, TraceCounters } from "../../observe/mod.ts";
import type { TraceEvent } from "../../observe/mod.ts";
import { makeEnds as makeH2 } from "../h2/ends.ts";
import { makeEnds as makeH3 } from "../h3/ends.ts";

for (const [protocol, makeEnds] of [["h2", makeH2], ["h3", makeH3]] as const) {
  Deno.test(`TraceCounters agrees with the engine's own counters over ${protocol}`, async () => {
    const counters = new TraceCounters();
    {
      await using ends = makeEnds(async (request) => {
        const body = await request.text();
        return new Response(body, { status: body.length > 500 ? 404 : 200 });
      }, { server: { trace: counters.trace } });
      for (const size of [10, 1000, 100]) {
        const response = await ends.client.fetch("https://example.org/", {
          method: "PUT",
          body: "x".repeat(size),
        });
        assert.equal((await response.text()).length, size);
      }
      const { counts } = counters;
      const total = Object.values(counts.framesIn).reduce((sum, count) => sum + count, 0);
      assert.equal(total, ends.server.counters.framesIn);
      assert.deepEqual(counts.requests, { PUT: 3 });
      assert.deepEqual(counts.responses, { "2xx": 2, "4xx": 1 });
      assert.equal(counts.bodyBytesIn, 1110);
      assert.equal(counts.bodyBytesOut, 1110);
      assert.equal(counts.streamsClosed, 3);
      assert.equal(counts.sectionsIn, 3);
      assert(counts.encodedBytesIn > 0 && counts.encodedBytesIn < counts.fieldBytesIn);
      assert.equal(counts.connectionsClosed, 0);
    }
    assert.equal(counters.counts.connectionsClosed, 1);
    assert.equal(JSON.parse(JSON.stringify(counters)).connectionsClosed, 1);
    const frozen = counters.snapshot();
    counters.trace({ type: "state", subject: "connection", state: "closed" });
    assert.equal(frozen.connectionsClosed, 1);
    assert.equal(counters.counts.connectionsClosed, 2);
  });

  Deno.test(`TraceCounters counts what a limit of ${protocol} ended, by its word`, async () => {
    const counters = new TraceCounters();
    {
      await using ends = makeEnds(() => new Response("hi"), {
        server: { trace: counters.trace, limits: { maxHeaderFields: 10 } },
      });
      const fields = Array.from({ length: 20 }, (_, i) => [`x-${i}`, "a"] as [string, string]);
      await ends.client.fetch("https://example.org/", { headers: fields }).catch(() => {});
    }
    assert.equal(counters.counts.rules["limit:header_fields"], 1);
    assert.equal(Object.values(counters.counts.resets).length > 0, true);
  });
}

Deno.test("TraceCounters counts what peers invent under one name", () => {
  const counters = new TraceCounters();
  for (let i = 0; i < 100; i++) {
    const flat = [":method", `M${i}`, ":path", "/"];
    counters.trace({ type: "fields", direction: "in", stream: 1, flat, encodedBytes: 9, rawBytes: 20 });
    counters.trace({
      type: "frame",
      direction: "in",
      stream: 1,
      name: "RST_STREAM",
      frameType: 3,
      length: 4,
      detail: { errorCode: `UNKNOWN_${i}` },
    });
  }
  assert.deepEqual(counters.counts.requests, { OTHER: 100 });
  assert.deepEqual(counters.counts.resets, { OTHER: 100 });
});

Deno.test("allHooks tells every hook that is there, in order", () => {
  const seen: string[] = [];
  const trace = allHooks((event) => void seen.push(`a ${event.type}`), undefined, () => void seen.push("b"));
  trace({ type: "state", subject: "x", state: "y" });
  assert.deepEqual(seen, ["a state", "b"]);
});

Deno.test("perConnection opens a hook for each connection once, and leaves HTTP/1.1 out", () => {
  const opened: string[] = [];
  const events: TraceEvent[] = [];
  const trace = perConnection("server", ({ role, protocol }) => {
    opened.push(`${role} ${protocol}`);
    return (event) => void events.push(event);
  });
  const connections = [{ protocol: "h2" }, { protocol: "h3" }, { protocol: "http/1.1" }];
  for (const connection of [...connections, ...connections]) {
    trace({ type: "state", subject: "x", state: "y" }, connection);
  }
  assert.deepEqual(opened, ["server h2", "server h3"]);
  assert.equal(events.length, 4);
});
