import assert from "node:assert/strict";
import { rewriteFrames } from "../../h3/testing.ts";
import { Fields } from "../../semantics/mod.ts";
import { readVarintBig } from "../../wire/varint.ts";
import { data, GET, goaway, headers, join, OK } from "../support/h3_frames.ts";
import { cutTest, h3Client, type H3Peer, h3Server } from "../support/h3_peer.ts";

const REQUEST = { method: "GET", scheme: "https", authority: "a.example", path: "/", fields: new Fields() };
const NOTHING = new Fields();

/** The ids of the GOAWAY frames that an engine wrote. */
function goaways(peer: H3Peer): bigint[] {
  return peer.frames(-1).filter(({ type }) => type === 7).map(({ payload }) => readVarintBig(payload, 0));
}

Deno.test("Shutdown of a server: notice 2^62 - 4, then the real id, then the client closes [9114-5.2:refused]", () => {
  const peer = h3Server({ goawayNoticeMs: 500, lingerMs: 2000 }).send(0, headers(GET), true);
  peer.engine.shutdown();
  peer.pump();
  assert.deepEqual(goaways(peer), [(1n << 62n) - 4n]);
  assert(peer.engine.isGoingAway);
  // What was on its way is still taken.
  peer.wait(100).send(4, headers(GET), true);
  assert.equal(peer.of("request").length, 2);
  peer.wait(500);
  assert.deepEqual(goaways(peer), [(1n << 62n) - 4n, 8n]);
  // What comes later is refused, with proof.
  peer.send(8, headers(GET), true);
  assert.equal(peer.resets.get(8), 0x10b);
  assert.equal(peer.of("request").length, 2);
  peer.engine.sendResponse(0, { status: 200, fields: NOTHING }, true);
  peer.engine.sendResponse(4, { status: 200, fields: NOTHING }, true);
  peer.pump().wait(1999).expectAlive();
  peer.wait(1).expectClose("H3_NO_ERROR");
  assert.equal(peer.of("closed")[0]!.error, undefined);
  assert.equal(peer.engine.endReason, "shutdown");
});

Deno.test("Shutdown called twice skips the notice period", () => {
  const peer = h3Server();
  peer.engine.shutdown();
  peer.engine.shutdown();
  peer.engine.shutdown();
  assert.deepEqual(goaways(peer.pump()), [(1n << 62n) - 4n, 0n]);
});

Deno.test("Shutdown waits for exchanges at most for drainTimeoutMs [limit:drain_timeout]", () => {
  const peer = h3Server({ limits: { drainTimeoutMs: 3000 } }).send(0, headers(GET), true);
  peer.engine.shutdown();
  peer.wait(2999).expectAlive();
  peer.wait(1).expectClose("H3_NO_ERROR");
  assert.equal(peer.closed!.reason, "drain_timeout");
  assert.equal(peer.of("aborted")[0]!.side, "write");
  assert.equal(peer.engine.counters.drainTimeout, 1);
});

Deno.test("Shutdown says the id behind the highest one, also when lower ones came late", () => {
  const peer = h3Server({ goawayNoticeMs: 0 });
  peer.send(12, headers(GET), true).send(4, headers(GET), true);
  peer.engine.shutdown();
  assert.deepEqual(goaways(peer.pump()), [16n]);
  peer.send(0, headers(GET), true); // below the id: it was on its way, and is taken
  assert.deepEqual(peer.of("request").map(({ id }) => id), [12, 4, 0]);
  assert.equal(peer.resets.size, 0);
});

cutTest(
  "Shutdown of a peer: what it did not work on is refused, the rest goes on [9114-5.2:refused]",
  (cut) => {
    const peer = h3Client({}, cut);
    for (let i = 0; i < 4; i++) peer.engine.sendRequest(REQUEST, i !== 3);
    peer.pump().control(goaway((1n << 62n) - 4n));
    assert.deepEqual(peer.of("goingAway").map(({ unprocessed }) => unprocessed), [[]]);
    assert(peer.engine.isGoingAway && !peer.engine.canOpen);
    peer.control(goaway(8));
    assert.deepEqual(peer.of("goingAway")[1]!.unprocessed, [8, 12]);
    const aborted = peer.of("aborted");
    assert.deepEqual(aborted.map(({ id, side, error }) => [id, side, error.retry]), [
      [8, "both", "refused"],
      [12, "both", "refused"],
    ]);
    assert.equal(peer.engine.verdict(12), "refused");
    assert.equal(peer.engine.verdict(4), "unknown");
    assert.equal(peer.resets.get(12), 0x10c);
    peer.control(goaway(8)); // the same again is fine
    peer.send(0, headers(OK), true).wait(0).expectAlive();
    peer.send(4, join(headers(OK), data("x")), true).wait(0).expectClose("H3_NO_ERROR");
    assert.equal(peer.engine.endReason, "peer-shutdown");
  },
);

Deno.test("Shutdown of a client: no more requests, and the end when the last is over", () => {
  const peer = h3Client();
  peer.engine.sendRequest(REQUEST, true);
  peer.engine.shutdown();
  peer.pump();
  assert.deepEqual(goaways(peer), [0n]);
  assert.throws(() => peer.engine.sendRequest(REQUEST, true), RangeError);
  peer.send(0, headers(OK)).wait(10).expectAlive();
  peer.send(0, [], true).wait(0).expectClose("H3_NO_ERROR");
});

Deno.test("Shutdown tells a server of a client's GOAWAY, whose ids are pushes", () => {
  const peer = h3Server().control(goaway(3), goaway(1)).expectAlive();
  assert.equal(peer.of("goingAway").length, 2);
  peer.send(0, headers(GET), true);
  assert.equal(peer.of("request").length, 1);
});

Deno.test("Shutdown takes 2^62 - 1 for a notice only by option [9114-5.2:id]", () => {
  h3Client().control(goaway((1n << 62n) - 1n)).expectClose("H3_ID_ERROR");
  const peer = h3Client({ toleratesGoawayNotice: true });
  peer.engine.sendRequest(REQUEST, true);
  peer.pump().control(goaway((1n << 62n) - 1n), goaway(4)).expectAlive();
  assert.deepEqual(peer.of("goingAway").map(({ unprocessed }) => unprocessed), [[], []]);
});

Deno.test("H3Connection waits for active requests, body and all, before a shutdown ends", () => {
  const peer = h3Server({ goawayNoticeMs: 0, lingerMs: 50 }).send(0, headers(GET), true);
  peer.engine.sendResponse(0, { status: 200, fields: NOTHING }, false);
  peer.engine.shutdown();
  peer.isReading = false;
  peer.engine.sendBody(0, new Uint8Array(1000), true);
  peer.pump().wait(1000).expectAlive(); // nothing was read yet
  assert.equal(peer.of("done").length, 1);
  peer.readAll().wait(49).expectAlive();
  peer.wait(1).expectClose("H3_NO_ERROR");
});

Deno.test("H3Connection ends all exchanges with one code when the connection fails", () => {
  const peer = h3Server();
  for (let id = 0; id < 40; id += 4) peer.send(id, headers(GET), id % 8 === 0);
  peer.control(data(1)).expectClose("H3_FRAME_UNEXPECTED");
  const aborted = peer.of("aborted");
  assert.equal(aborted.length, 10);
  assert(aborted.every(({ error }) => error.code === "H3_FRAME_UNEXPECTED" && error.scope === "connection"));
  assert.equal(peer.events.at(-1)!.type, "closed");
  assert.equal(peer.engine.endReason, "peer-error");
  assert.equal(peer.engine.nextDeadline(), Infinity);
  assert.match(peer.closed!.reason, /9114-7\.2\.1/);
});

Deno.test("H3Connection knows why it ended", () => {
  const reasons = (act: (peer: H3Peer) => void): string | undefined => {
    const peer = h3Server().send(0, headers(GET));
    act(peer);
    return peer.pump().engine.endReason;
  };
  assert.equal(reasons((peer) => peer.engine.close()), "local-close");
  assert.equal(reasons((peer) => peer.engine.receiveClose(0x100, "", "remote", 0)), "peer-close");
  assert.equal(reasons((peer) => peer.engine.receiveClose(undefined, "", "lost", 0)), "lost");
  assert.equal(reasons((peer) => peer.control(headers(GET))), "peer-error");
  assert.equal(reasons((peer) => peer.send(4, [1, 0xbf, 0xff, 0xff, 0xff])), "limit");
  assert.equal(reasons(() => {}), undefined);
});

Deno.test("H3Connection tells what a close means for each request", () => {
  const peer = h3Client();
  peer.isOpening = false;
  for (let i = 0; i < 3; i++) peer.engine.sendRequest(REQUEST, true);
  peer.engine.opened(0);
  peer.engine.opened(4);
  peer.pump();
  peer.engine.receiveClose(0x102, "peer's words", "remote", 0);
  peer.pump();
  assert.deepEqual(peer.of("aborted").map(({ id, error }) => [id, error.code, error.wireCode, error.retry]), [
    [0, "H3_INTERNAL_ERROR", 0x102, "unknown"],
    [4, "H3_INTERNAL_ERROR", 0x102, "unknown"],
    [8, "H3_INTERNAL_ERROR", 0x102, "unsent"],
  ]);
  assert(!String(peer.of("closed")[0]!.error).includes("peer's words"));
});

Deno.test("H3Connection ends in order for H3_NO_ERROR and for codes that nobody knows", () => {
  for (const code of [0x100, 0x21, 0, undefined]) {
    const peer = h3Client();
    peer.engine.receiveClose(code, "", "remote", 0);
    assert.deepEqual(peer.pump().of("closed"), [{ type: "closed" }]);
  }
  const peer = h3Client();
  peer.engine.receiveClose(0x107, "", "remote", 0);
  assert.equal(peer.pump().of("closed")[0]!.error!.code, "H3_EXCESSIVE_LOAD");
});

Deno.test("H3Connection keeps what an application puts beside a connection and a stream", () => {
  const peer = h3Server().send(0, headers(GET), true);
  peer.engine.state.set("user", 1);
  peer.engine.stateOf(0)!.set("step", 2);
  assert.equal(peer.engine.state.get("user"), 1);
  assert.equal(peer.engine.stateOf(0)!.get("step"), 2);
  peer.engine.sendResponse(0, { status: 204, fields: NOTHING }, true);
  assert.equal(peer.engine.stateOf(0), undefined);
});

Deno.test("H3Connection ends with H3_INTERNAL_ERROR when it fails itself, and throws nothing [9114-8]", () => {
  const peer = h3Server().send(4, headers(GET), true);
  rewriteFrames(peer.engine, () => {
    throw new Error("a fault of ours");
  });
  // The answer 431 is written within receive.
  const many = Array.from({ length: 200 }, (_, i) => [`x-${i}`, "1"]).flat();
  peer.send(0, headers([...GET, ...many]), true).expectClose("H3_INTERNAL_ERROR");
  assert.equal(peer.engine.counters.internalErrors, 1);
  assert.equal(peer.engine.endReason, "internal-error");
  assert.equal(peer.of("aborted").length, 1);
  assert(!String(peer.of("closed")[0]!.error).includes("a fault of ours"));
});
