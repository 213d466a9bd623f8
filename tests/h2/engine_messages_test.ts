import assert from "node:assert/strict";
import type { H2Connection } from "../../h2/connection.ts";
import { ANSWERS, H2ErrorCode } from "../../h2/errors.ts";
import type { EngineEvent } from "../../semantics/events.ts";
import { Fields } from "../../semantics/mod.ts";
import {
  MESSAGE_CASES,
  type MessageCase,
  type MessageSight,
  type MessageStep,
} from "../semantics/message_cases.ts";
import { data, FrameType, type ParsedFrame, Setting, uint32 } from "../support/h2_frames.ts";
import { engineTest, type RawPeer } from "../support/h2_peer.ts";

const CONNECT_FIELDS = { scheme: "", authority: "b.example:443", path: "", fields: new Fields() };

function openRequest(engine: H2Connection, method: string): void {
  const isConnect = method === "CONNECT";
  const target = isConnect
    ? CONNECT_FIELDS
    : { scheme: "https", authority: "a.example", path: "/", fields: new Fields() };
  engine.sendRequest({ method, ...target }, !isConnect);
}

function frameOf(peer: RawPeer, step: MessageStep): Uint8Array {
  const end = "end" in step;
  if ("section" in step) return peer.headers(1, step.section, { end });
  if ("body" in step) return data(1, new Uint8Array(step.body), { end });
  return data(1, "", { end: true });
}

function sightOf(event: EngineEvent): MessageSight | undefined {
  if (event.type === "request") {
    const { method, scheme, authority, path, protocol, fields } = event.head;
    const sight = { kind: "request", method, scheme, authority, path, fields: [...fields].flat() } as const;
    return protocol === undefined ? sight : { ...sight, protocol };
  }
  if (event.type === "interim" || event.type === "response") {
    return { kind: event.type, status: event.head.status, fields: [...event.head.fields].flat() };
  }
  return event.type === "trailers" ? { kind: "trailers", fields: [...event.fields].flat() } : undefined;
}

function isEnd(event: EngineEvent): boolean {
  return event.type === "trailers" ||
    ((event.type === "request" || event.type === "response" || event.type === "body") && event.end);
}

function checkViolation(
  given: MessageCase,
  frames: readonly ParsedFrame[],
  events: readonly EngineEvent[],
): void {
  if (typeof given.outcome === "string") return;
  const { kind, rule } = given.outcome;
  const reset = frames.find(({ type }) => type === FrameType.RST_STREAM);
  assert(reset !== undefined, "no reset");
  const code = uint32(reset.payload);
  const answer = ANSWERS[given.role === "request" ? "server" : "client"][kind];
  assert.equal(answer.scope, "stream");
  // A trailer section that is too large comes after the head was handed out, not answered.
  assert.equal(code, answer.code);
  if (answer.status !== undefined) assert(frames.some(({ type }) => type === FrameType.HEADERS), "no 431");
  const aborted = events.filter((event) => event.type === "aborted");
  if (given.role === "response" || given.seen.length > 0) {
    assert.equal(aborted.length, 1);
    assert.equal(aborted[0]!.error.rule, rule);
    assert.equal(aborted[0]!.side, "both");
  } else {
    assert.deepEqual(aborted, []);
  }
}

for (const given of MESSAGE_CASES) {
  if (given.ends === "alone") continue;
  const name = `H2Connection ${
    given.role === "request" ? "as a server" : "as a client"
  } and a message: ${given.title}`;
  engineTest(name, (makePeer) => {
    const isRequest = given.role === "request";
    const peer = makePeer({
      role: isRequest ? "server" : "client",
      ...(given.limits && { limits: { headerListGrace: 1000, ...given.limits } }),
      enableConnectProtocol: given.extendedConnect === true,
      settings: given.extendedConnect ? [Setting.ENABLE_CONNECT_PROTOCOL, 1] : [],
    });
    if (!isRequest) openRequest(peer.engine, given.method ?? "GET");
    peer.frames();
    const events: EngineEvent[] = [];
    for (const step of given.steps) {
      if ("accept" in step) peer.engine.sendResponse(1, { status: 200, fields: new Fields() }, false);
      else peer.sends(frameOf(peer, step));
      events.push(...peer.events());
    }
    const frames = peer.frames();
    if (isRequest && !("section" in given.steps[0]!)) {
      // Nothing but HEADERS opens a stream: that is an error of the connection [9113-5.1:idle].
      const goaway = frames.find(({ type }) => type === FrameType.GOAWAY);
      assert(goaway !== undefined && uint32(goaway.payload, 4) === H2ErrorCode.PROTOCOL_ERROR);
      return;
    }
    events.push(...peer.events());
    const seen = events.map(sightOf).filter((sight) => sight !== undefined);
    assert.equal(seen.length, given.seen.length);
    for (const [i, sight] of given.seen.entries()) {
      for (const [key, value] of Object.entries(sight)) {
        assert.deepEqual((seen[i] as Record<string, unknown>)[key], value, key);
      }
    }
    assert(!frames.some(({ type }) => type === FrameType.GOAWAY), "the connection goes on");
    assert.equal(events.some(isEnd), given.outcome === "complete");
    if (typeof given.outcome === "string") {
      const resets = frames.filter(({ type }) => type === FrameType.RST_STREAM);
      assert.deepEqual(resets.map(({ payload }) => uint32(payload)), []);
    } else {
      checkViolation(given, frames, events);
    }
    assert.equal(peer.engine.counters.internalErrors, 0);
    assert.equal(peer.engine.isClosed, false);
  });
}
