import assert from "node:assert/strict";
import type { H3Options } from "../../h3/engine.ts";
import { type EngineEvent, Fields } from "../../semantics/mod.ts";
import { data, GET, headers, join, POST } from "../support/h3_frames.ts";
import { type H3Peer, h3Server } from "../support/h3_peer.ts";

/** Cut so that the last piece is large, too, in bytes. */
const SIZE = 900_000;

function pattern(memory: ArrayBufferLike = new ArrayBuffer(SIZE)): Uint8Array {
  const bytes = new Uint8Array(memory);
  for (let i = 0; i < SIZE; i++) bytes[i] = i * 13;
  return bytes;
}

/** A server that has begun to answer with `body`; the transport has taken its first pieces and holds the next. */
function flowing(
  body: Uint8Array,
  end: boolean,
  request = headers(GET),
  options?: Partial<H3Options>,
): H3Peer {
  const peer = h3Server(options).send(0, request, request.length < 60);
  peer.isReading = false;
  peer.engine.sendResponse(0, { status: 200, fields: new Fields() }, false);
  peer.engine.sendBody(0, body, end);
  return peer.pump().readHeld();
}

function types(peer: H3Peer): string[] {
  return peer.events.filter(isEnding).map(({ type }) => type);
}

function isEnding({ type }: EngineEvent): boolean {
  return type === "done" || type === "aborted" || type === "closed";
}

function lent(peer: H3Peer, body: Uint8Array): number {
  return peer.unread.filter(({ data }) => data.buffer === body.buffer).length;
}

Deno.test("H3Connection refers to large content where it lies, and gives it back once it is written", () => {
  const body = pattern();
  const peer = flowing(body, true);
  assert.equal(lent(peer, body), 2);
  while (lent(peer, body) > 0) {
    assert.deepEqual(types(peer), []);
    peer.readHeld();
  }
  assert.deepEqual(types(peer), ["done"]);
  assert.deepEqual(peer.content(0), body);
  assert.equal(peer.engine.isClosed, false);
});

Deno.test("H3Connection copies content that others can change or shrink, and short content", () => {
  const shared = pattern(new SharedArrayBuffer(SIZE));
  const resizable = pattern(new ArrayBuffer(SIZE, { maxByteLength: 2 * SIZE }));
  for (const body of [shared, resizable]) {
    const peer = flowing(body, true);
    assert.equal(peer.unread.length, 2);
    assert.equal(lent(peer, body), 0);
    peer.readAll();
    assert.deepEqual(peer.content(0), Uint8Array.from(body));
  }
  const short = pattern().slice(0, 250_000); // 130,560 of it are in the first two pieces
  const peer = flowing(short, true);
  assert.equal(peer.unread.length, 1);
  assert.equal(lent(peer, short), 0);
});

Deno.test("H3Connection tells of its own abort when the transport is done with lent content", () => {
  for (const exactStreamErrors of [true, false]) {
    const body = pattern();
    const peer = flowing(body, false, headers(GET), { exactStreamErrors });
    peer.engine.abort(0, "both", "cancelled");
    peer.pump();
    assert.equal(lent(peer, body), 2);
    assert.deepEqual(types(peer), []);
    const { stream, data } = peer.unread.shift()!;
    peer.engine.written(stream, data);
    peer.pump();
    assert.deepEqual(types(peer), []);
    peer.readHeld();
    assert.deepEqual(types(peer), ["aborted"]);
    if (exactStreamErrors) continue;
    // What was begun is whole, and what ends it is no end of a message.
    const frames = peer.frames(0).map(({ type, payload }) => [type, payload.length]);
    assert.deepEqual(frames.slice(-4), [[0, 261_888], [0, 261_888], [1, 6], [0, 0]]);
  }
});

Deno.test("H3Connection tells of a stop by the peer when lent content is free, of a reset at once", () => {
  const body = pattern();
  const peer = flowing(body, false, join(headers(POST), data(new Uint8Array(100))));
  peer.reset(0);
  assert.deepEqual(types(peer), ["aborted"], "the response goes on");
  peer.stop(0);
  assert.deepEqual(types(peer), ["aborted"]);
  peer.readHeld();
  assert.deepEqual(types(peer), ["aborted", "aborted"]);
  assert.equal(peer.engine.openExchanges, 0);
});

Deno.test("H3Connection gives all back at its end, in order", () => {
  const body = pattern();
  const leaving = flowing(body, true);
  while (!leaving.fins.has(0)) leaving.readHeld();
  assert(lent(leaving, body) > 0);
  assert.deepEqual(types(leaving), []);
  leaving.engine.close();
  leaving.pump();
  assert.deepEqual(types(leaving), ["done", "closed"]);
  leaving.readHeld();
  assert.deepEqual(types(leaving), ["done", "closed"]);

  const open = flowing(body, false);
  open.engine.close();
  open.pump();
  assert.deepEqual(types(open), ["aborted", "closed"]);
});

Deno.test("H3Connection resets a stream whose lent end is read too slowly, and then gives it back", () => {
  const body = pattern();
  const peer = flowing(body, true, headers(GET), {
    exactStreamErrors: true,
    limits: { minDataRate: 1000, dataRateGraceMs: 1000 },
  });
  while (!peer.fins.has(0)) peer.readHeld();
  peer.wait(1_000_000);
  assert.equal(peer.resets.size, 1);
  assert.deepEqual(types(peer), []);
  peer.readHeld();
  assert.deepEqual(types(peer), ["done"]);
});
