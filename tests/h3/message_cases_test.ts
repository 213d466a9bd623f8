import assert from "node:assert/strict";
import type { H3ErrorName } from "../../h3/engine.ts";
import { ANSWERS } from "../../h3/errors.ts";
import { Fields } from "../../semantics/mod.ts";
import { MESSAGE_CASES, type MessageCase, type MessageSight } from "../semantics/message_cases.ts";
import { data, headers } from "../support/h3_frames.ts";
import { type Cut, CUTS, h3Client, type H3Peer, h3Server, nameOf } from "../support/h3_peer.ts";

function start(test: MessageCase, cut: Cut): H3Peer {
  const limits = test.limits ?? {};
  if (test.role === "request") {
    return h3Server({ limits, extendedConnect: test.extendedConnect === true }, cut);
  }
  const peer = h3Client({ limits }, cut);
  const method = test.method ?? "GET";
  const isConnect = method === "CONNECT";
  peer.engine.sendRequest({
    method,
    scheme: isConnect ? "" : "https",
    authority: isConnect ? "b.example:443" : "a.example",
    path: isConnect ? "" : "/",
    fields: new Fields(),
  }, !isConnect);
  return peer.pump();
}

function play(test: MessageCase, peer: H3Peer): void {
  for (const step of test.steps) {
    if ("accept" in step) {
      peer.engine.sendResponse(0, { status: 200, fields: new Fields() }, false);
      peer.pump();
    } else if ("section" in step) {
      peer.send(0, headers(step.section), step.end === true);
    } else if ("body" in step) {
      peer.send(0, data(step.body), step.end === true);
    } else {
      peer.send(0, [], true);
    }
  }
}

interface Seen {
  readonly kind: string;
  readonly [name: string]: unknown;
}

function sights(peer: H3Peer): Seen[] {
  const found: Seen[] = [];
  for (const event of peer.events) {
    if (event.type === "request" || event.type === "response" || event.type === "interim") {
      found.push({ kind: event.type, ...event.head, fields: [...event.head.fields.flat] });
    } else if (event.type === "trailers") {
      found.push({ kind: "trailers", fields: [...event.fields.flat] });
    }
  }
  return found;
}

function check(test: MessageCase, peer: H3Peer, cut: Cut): void {
  const seen = sights(peer);
  const { outcome } = test;
  // When FIN comes by itself, what it makes wrong has been shown already.
  if (typeof outcome !== "string" && cut !== "whole") seen.length = Math.min(seen.length, test.seen.length);
  // Trailers are shown once the stream has ended with them.
  const wanted: readonly MessageSight[] = outcome === "complete"
    ? test.seen
    : test.seen.filter(({ kind }) => kind !== "trailers");
  assert.deepEqual(seen.map(({ kind }) => kind), wanted.map(({ kind }) => kind));
  wanted.forEach((sight, i) => {
    for (const [name, value] of Object.entries(sight)) assert.deepEqual(seen[i]![name], value, name);
  });
  if (typeof outcome !== "string") return checkViolation(test, peer, outcome, cut);
  peer.expectAlive();
  const isOver = peer.events.some((event) =>
    event.type === "trailers" || ("end" in event && event.end === true)
  );
  assert.equal(isOver, outcome === "complete");
  assert.equal(peer.of("aborted").length, 0);
}

function checkViolation(
  test: MessageCase,
  peer: H3Peer,
  outcome: Exclude<MessageCase["outcome"], string>,
  cut: Cut,
): void {
  const answer = ANSWERS[outcome.kind];
  if (answer.scope === "connection") return peer.expectClose(answer.code);
  let code: H3ErrorName = answer.code;
  if (test.role === "request" && outcome.rule === "9113-8.1:incomplete") code = "H3_REQUEST_INCOMPLETE";
  peer.expectAlive();
  const answers = peer.sections(0).map((flat) => flat[1]);
  if (outcome.kind === "too-large" && test.role === "request" && test.seen.length === 0) {
    assert.deepEqual(answers, ["431"]);
    assert(peer.fins.has(0));
  } else if (test.role === "request" || test.method === "CONNECT") {
    peer.expectStreamError(0, code, { stops: false });
  } else {
    // The request is complete: all that is left to say is that the rest is not wanted.
    const last = test.steps[test.steps.length - 1]!;
    if (!("end" in last)) assert.equal(nameOf(peer.stops.get(0)), code);
    assert.equal(peer.resets.size, 0);
  }
  const aborted = peer.of("aborted");
  const isKnown = test.role === "response" || peer.of("request").length > 0;
  assert.equal(aborted.length, isKnown ? 1 : 0);
  if (isKnown) {
    assert.equal(aborted[0]!.error.code, code);
    // An end that comes by itself breaks the rule of ends.
    const rules: readonly (string | undefined)[] = [
      outcome.rule,
      ...(cut !== "whole" && outcome.rule === "9113-8.1:interim" ? ["9113-8.1:incomplete"] : []),
    ];
    assert(rules.includes(aborted[0]!.error.rule), aborted[0]!.error.rule);
  }
}

Deno.test("H3Connection keeps every rule of the table of message cases", () => {
  let count = 0;
  for (const test of MESSAGE_CASES) {
    if (test.ends === "together") continue; // can only be said in h2
    count++;
    for (const cut of CUTS) {
      const peer = start(test, cut);
      try {
        play(test, peer);
        check(test, peer, cut);
      } catch (error) {
        throw new Error(`${test.title} (cut ${cut}): ${(error as Error).message}`);
      }
    }
  }
  assert(count >= 120, `${count} cases`);
});
