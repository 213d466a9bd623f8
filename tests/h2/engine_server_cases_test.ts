import assert from "node:assert/strict";
import { Fields } from "../../semantics/mod.ts";
import { corpusTest, readCorpus } from "../support/corpora.ts";
import { describeFrame, Flag, FrameType, type ParsedFrame, uint32 } from "../support/h2_frames.ts";
import { engineTest, type RawPeer } from "../support/h2_peer.ts";
import { CASE_RULES, type Reaction, SERVER_CASES } from "./engine_server_cases.ts";

const BODY = new TextEncoder().encode("Hello, h2!\r\n");

/** Answers requests that are complete, as a small server would. */
function answer(peer: RawPeer): void {
  const ended = new Set<number>();
  const methods = new Map<number, string>();
  for (const event of peer.events()) {
    if (event.type === "request") methods.set(event.id, event.head.method);
    if (event.type === "body") peer.engine.consume(event.id, event.data.length);
    if (event.type === "trailers" || ((event.type === "request" || event.type === "body") && event.end)) {
      ended.add(event.id);
    }
  }
  for (const id of ended) {
    const isHead = methods.get(id) === "HEAD";
    peer.engine.sendResponse(id, { status: 200, fields: new Fields() }, isHead);
    if (!isHead) peer.engine.sendBody(id, BODY, true);
  }
}

function check(frames: readonly ParsedFrame[], reaction: Reaction): void {
  const seen = frames.map(describeFrame).join(" | ");
  const goaway = frames.find((frame) => frame.type === FrameType.GOAWAY);
  const resets = frames.filter((frame) => frame.type === FrameType.RST_STREAM);
  if (typeof reaction === "object" && "goaway" in reaction) {
    assert(goaway !== undefined && reaction.goaway.includes(uint32(goaway.payload, 4)), seen);
    return;
  }
  assert.equal(goaway, undefined, seen);
  if (typeof reaction === "object" && "reset" in reaction) {
    const reset = resets.find((frame) => frame.stream === (reaction.stream ?? 1));
    assert(reset !== undefined && reaction.reset.includes(uint32(reset.payload)), seen);
    return;
  }
  assert.deepEqual(resets, [], seen);
  if (reaction === "pong") {
    const pongs = frames.filter((frame) => frame.type === FrameType.PING && (frame.flags & Flag.ACK) !== 0);
    assert.equal(pongs.length, 1, seen);
    assert.deepEqual(pongs[0]!.payload, new TextEncoder().encode("12345678"));
  } else if (reaction === "settings first") {
    assert.equal(frames[0]?.type, FrameType.SETTINGS, seen);
    assert.equal(frames[0].flags & Flag.ACK, 0, seen);
  } else if (reaction === "settings ack") {
    assert(frames.some((frame) => frame.type === FrameType.SETTINGS && (frame.flags & Flag.ACK) !== 0), seen);
  } else if ("data" in reaction) {
    const sizes = frames.filter((frame) => frame.type === FrameType.DATA).map((frame) =>
      frame.payload.length
    );
    assert.deepEqual(sizes, reaction.data, seen);
  } else {
    assert(
      frames.some((frame) => frame.type === FrameType.HEADERS && frame.stream === reaction.response),
      seen,
    );
  }
}

for (const [id, { settings, raw, steps }] of Object.entries(SERVER_CASES)) {
  const rule = CASE_RULES[id];
  const title = `H2Connection as a server answers case ${id} as the RFC asks${
    rule === undefined ? "" : ` [${rule}]`
  }`;
  engineTest(title, (makePeer) => {
    const broken: unknown[] = [];
    const peer = makePeer({
      ...(settings && { settings }),
      ...(raw && { raw }),
      trace: (event) => {
        if (event.type === "state" && event.detail?.rule !== undefined) broken.push(event.detail.rule);
      },
    });
    for (const [stimulus, reaction] of steps) {
      peer.sends(stimulus(peer));
      answer(peer);
      if (reaction !== undefined) check(peer.frames(), reaction);
    }
    assert.deepEqual(broken, rule === undefined ? [] : [rule]);
    assert.equal(peer.engine.counters.internalErrors, 0);
  });
}

corpusTest("H2Connection has a case for each of the listed server cases", async () => {
  const { cases } = await readCorpus<{ cases: [id: string][] }>("cases/h2-server-cases.json");
  assert.deepEqual(cases.map(([id]) => id).filter((id) => !(id in SERVER_CASES)), []);
  assert.equal(cases.length, 147);
  assert.equal(Object.keys(SERVER_CASES).length, 147);
});
