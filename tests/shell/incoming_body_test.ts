import assert from "node:assert/strict";
import fc from "fast-check";
import { Fields } from "../../semantics/fields.ts";
import { declaredLength, IncomingBody } from "../../shell/incoming_body.ts";
import { settle } from "../support/virtual_clock.ts";
import { FakeHost } from "./fake_engine.ts";

function makeBody(declared = -1): { host: FakeHost; body: IncomingBody; cancelled: unknown[] } {
  const host = new FakeHost();
  const cancelled: unknown[] = [];
  const body = new IncomingBody(host, 1, declared, (reason) => cancelled.push(reason));
  return { host, body, cancelled };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array | undefined) => new TextDecoder().decode(data);

Deno.test("IncomingBody keeps what nobody takes, and gives no credit for it", () => {
  const { host, body } = makeBody();
  body.receive(bytes("abc"), false);
  assert.equal(body.queuedBytes, 3);
  assert.equal(host.engine.consumed, 0);
});

Deno.test("IncomingBody copies views, which are used again", async () => {
  const { body } = makeBody();
  const view = bytes("abc");
  body.receive(view, false);
  view.fill(0);
  body.receive(new Uint8Array(0), true);
  assert.equal(text(await body.bytes()), "abc");
});

Deno.test("IncomingBody joins what arrives in one turn of its connection", async () => {
  const waiting: IncomingBody[] = [];
  const host = new FakeHost();
  host.arrived = (body) => void waiting.push(body);
  const body = new IncomingBody(host, 1, -1, () => {});
  const endOfTurn = () => waiting.splice(0).forEach((body) => body.settle());
  const reader = body.readable.getReader();
  const read = reader.read();
  const view = bytes("abc");
  body.receive(view, false);
  body.receive(bytes("de"), false);
  assert.equal(waiting.length, 1);
  assert.equal(body.queuedBytes, 5);
  assert.equal(host.engine.consumed, 0);
  endOfTurn();
  view.fill(0);
  assert.equal(text((await read).value), "abcde");
  assert.equal(host.engine.consumed, 5);
  body.receive(bytes("f"), false);
  endOfTurn();
  body.receive(bytes("gh"), true);
  assert.equal(text((await reader.read()).value), "f");
  assert.equal(text((await reader.read()).value), "gh");
  assert.equal((await reader.read()).done, true);
  endOfTurn();
  assert.equal(host.engine.consumed, 8);
});

Deno.test("IncomingBody lends what arrived in a turn, and what it kept before", async () => {
  const host = new FakeHost();
  host.arrived = () => {};
  const fresh = new IncomingBody(host, 1, -1, () => {});
  const view = bytes("abc");
  fresh.receive(view, true);
  assert.equal(fresh.borrowQueued(), view);
  assert.equal(host.engine.consumed, 3);
  assert.equal(fresh.isUsed, true);
  await assert.rejects(fresh.bytes(), TypeError);
  const kept = new IncomingBody(host, 1, -1, () => {});
  kept.receive(bytes("ab"), false);
  kept.settle();
  kept.receive(bytes("c"), true);
  assert.equal(text(kept.borrowQueued()), "abc");
  const empty = new IncomingBody(host, 1, -1, () => {});
  empty.receive(new Uint8Array(0), true);
  assert.equal(empty.borrowQueued().length, 0);
});

Deno.test("IncomingBody's stream that is read in a turn gives all of it, and then ends", async () => {
  const host = new FakeHost();
  host.arrived = () => {};
  const body = new IncomingBody(host, 1, -1, () => {});
  const reader = body.readable.getReader();
  await settle();
  body.receive(bytes("a"), false);
  body.settle();
  body.receive(bytes("b"), true);
  const [first, second, third] = [reader.read(), reader.read(), reader.read()];
  body.settle();
  assert.equal(text((await first).value), "a");
  assert.equal(text((await second).value), "b");
  assert.equal((await third).done, true);
  assert.equal(host.engine.consumed, 2);
});

Deno.test("IncomingBody that is taken, dropped or cut off in a turn loses nothing of it", async () => {
  const make = () => {
    const host = new FakeHost();
    host.arrived = () => {};
    const body = new IncomingBody(host, 1, -1, () => {});
    return { host, body };
  };
  const whole = make();
  whole.body.receive(bytes("abc"), false);
  const result = whole.body.bytes();
  whole.body.receive(bytes("d"), true);
  assert.equal(text(await result), "abcd");
  const dropped = make();
  dropped.body.receive(bytes("abc"), false);
  dropped.body.cancel(undefined);
  dropped.body.settle();
  assert.equal(dropped.host.engine.consumed, 3);
  const failed = make();
  const reader = failed.body.readable.getReader();
  const read = reader.read();
  await settle();
  failed.body.receive(bytes("abc"), false);
  failed.body.fail(new Error("cut off"));
  assert.equal(text((await read).value), "abc");
  await assert.rejects(reader.read(), /cut off/);
});

Deno.test("IncomingBody's stream gives credit only for what is read", async () => {
  const { host, body } = makeBody();
  body.receive(bytes("abc"), false);
  body.receive(bytes("defg"), false);
  const reader = body.readable.getReader();
  await settle();
  assert.equal(host.engine.consumed, 0);
  assert.equal(text((await reader.read()).value), "abc");
  assert.equal(host.engine.consumed, 3);
  await settle();
  assert.equal(host.engine.consumed, 3);
  assert.equal(text((await reader.read()).value), "defg");
  assert.equal(host.engine.consumed, 7);
  const pending = reader.read();
  body.receive(bytes("h"), false);
  assert.equal(host.engine.consumed, 8);
  assert.equal(text((await pending).value), "h");
  body.receive(bytes("i"), true);
  assert.equal(host.engine.consumed, 8);
  assert.equal(text((await reader.read()).value), "i");
  assert.equal((await reader.read()).done, true);
  assert.equal(host.engine.consumed, 9);
});

Deno.test("IncomingBody's stream ends with its body, before and after the first touch", async () => {
  const early = makeBody();
  early.body.receive(new Uint8Array(0), true);
  assert.equal((await early.body.readable.getReader().read()).done, true);
  const late = makeBody();
  const read = late.body.readable.getReader().read();
  late.body.receive(new Uint8Array(0), true);
  assert.equal((await read).done, true);
});

Deno.test("IncomingBody collects into one array whatever the declared length says", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 20 }),
    fc.constantFrom(-1, 0, 1, 100, 5000, 60_000, 2 ** 40),
    fc.nat(20),
    async (chunks, declared, before) => {
      const { host, body } = makeBody(declared);
      let total = 0;
      let whole: Promise<Uint8Array> | undefined;
      for (const [i, chunk] of chunks.entries()) {
        if (i === before) whole = body.bytes();
        body.receive(chunk, false);
        total += chunk.length;
      }
      whole ??= body.bytes();
      body.receiveEnd(undefined);
      const result = await whole;
      assert.deepEqual(result, new Uint8Array(chunks.flatMap((chunk) => [...chunk])));
      assert.equal(result.buffer.byteLength, result.length);
      assert.equal(host.engine.consumed, total);
    },
  ));
});

Deno.test("IncomingBody is taken once", async () => {
  const { body } = makeBody();
  const first = body.bytes();
  await assert.rejects(body.bytes(), TypeError);
  await assert.rejects(body.discard(), TypeError);
  await assert.rejects(body.readable.getReader().read(), TypeError);
  body.receive(bytes("x"), true);
  assert.equal(text(await first), "x");
});

Deno.test("IncomingBody fails every way of taking it, and drops what it holds", async () => {
  const error = new Error("cut off");
  const { body: stream } = makeBody();
  stream.receive(bytes("abc"), false);
  const read = stream.readable.getReader();
  stream.fail(error);
  assert.equal(stream.queuedBytes, 0);
  await assert.rejects(read.read(), error);
  const { body: whole } = makeBody();
  const result = whole.bytes();
  whole.fail(error);
  await assert.rejects(result, error);
  await assert.rejects(whole.trailers, error);
  const { body: late } = makeBody();
  late.fail(error);
  await assert.rejects(late.bytes(), error);
  const { body: dropped } = makeBody();
  const discarded = dropped.discard();
  dropped.fail(error);
  await assert.rejects(discarded, error);
});

Deno.test("IncomingBody that fails without anybody looking rejects nothing that is unhandled", async () => {
  const { body } = makeBody();
  void body.trailers;
  void body.discard();
  body.fail(new Error("cut off"));
  await settle();
});

Deno.test("IncomingBody tells who cancels, gives credit for the rest and takes no more", async () => {
  const { host, body, cancelled } = makeBody();
  body.receive(bytes("abc"), false);
  await body.readable.cancel("enough");
  assert.deepEqual(cancelled, ["enough"]);
  assert.equal(host.engine.consumed, 3);
  body.receive(bytes("def"), false);
  assert.equal(host.engine.consumed, 6);
  assert.equal(body.queuedBytes, 0);
});

Deno.test("IncomingBody that ended is not cancelled upwards", async () => {
  const { body, cancelled } = makeBody();
  body.receive(bytes("abc"), true);
  await body.readable.cancel("enough");
  assert.deepEqual(cancelled, []);
});

Deno.test("IncomingBody.discard resolves at the end and gives credit at once", async () => {
  const { host, body } = makeBody();
  body.receive(bytes("abc"), false);
  let isDone = false;
  const done = body.discard().then(() => isDone = true);
  assert.equal(host.engine.consumed, 3);
  body.receive(bytes("d"), false);
  await settle();
  assert.equal(isDone, false);
  const trailers = Fields.from({ a: "b" });
  body.receiveEnd(trailers);
  await done;
  assert.equal(await body.trailers, trailers);
  assert.equal(host.engine.consumed, 4);
});

Deno.test("IncomingBody.trailers is undefined after a body without a trailer section", async () => {
  const { body } = makeBody();
  const before = body.trailers;
  body.receive(bytes("abc"), true);
  assert.equal(await before, undefined);
});

Deno.test("declaredLength reads content-length and takes anything odd for none", () => {
  assert.equal(declaredLength(Fields.from({ "content-length": "12" })), 12);
  assert.equal(declaredLength(new Fields()), -1);
  assert.equal(declaredLength(Fields.from({ "content-length": "99999999999999999999" })), -1);
});

Deno.test("IncomingBody.bytes gives up a body that is too large, however it shows", async () => {
  const declared = makeBody(11);
  await assert.rejects(declared.body.bytes(10), RangeError);
  assert.equal(declared.cancelled.length, 1);
  const queued = makeBody();
  queued.body.receive(bytes("x".repeat(11)), false);
  await assert.rejects(queued.body.bytes(10), /more than 10 bytes/);
  const late = makeBody();
  const result = late.body.bytes(10);
  late.body.receive(bytes("x".repeat(6)), false);
  late.body.receive(bytes("x".repeat(6)), false);
  await assert.rejects(result, /more than 10 bytes/);
  assert.equal(late.cancelled.length, 1);
  assert.equal(late.host.engine.consumed, 12);
  const exact = makeBody(10);
  const fits = exact.body.bytes(10);
  exact.body.receive(bytes("x".repeat(10)), true);
  assert.equal((await fits).length, 10);
});

Deno.test("IncomingBody.forEachChunk shows what was kept and what arrives, and gives credit for both", async () => {
  const { host, body } = makeBody();
  body.receive(bytes("ab"), false);
  body.settle();
  const seen: string[] = [];
  const done = body.forEachChunk((chunk) => void seen.push(text(chunk)));
  assert.deepEqual(seen, ["ab"]);
  assert.equal(host.engine.consumed, 2);
  const view = bytes("cd");
  body.receive(view, false);
  view.fill(0);
  assert.deepEqual(seen, ["ab", "cd"]);
  assert.equal(host.engine.consumed, 4);
  assert.equal(body.isUsed, true);
  await assert.rejects(body.bytes(), TypeError);
  body.receive(bytes("e"), true);
  await done;
  assert.deepEqual(seen, ["ab", "cd", "e"]);
});

Deno.test("IncomingBody.forEachChunk shows the memory that a piece arrived in", async () => {
  const { body } = makeBody();
  const seen: Uint8Array[] = [];
  const done = body.forEachChunk((chunk) => void seen.push(chunk));
  const view = bytes("abc");
  body.receive(view, true);
  await done;
  assert.equal(seen[0], view);
});

Deno.test("IncomingBody.forEachChunk resolves at once for a body that is all there", async () => {
  const { body } = makeBody();
  body.receive(bytes("abc"), true);
  let seen = "";
  await body.forEachChunk((chunk) => void (seen += text(chunk)));
  assert.equal(seen, "abc");
  await assert.rejects(body.forEachChunk(() => {}), TypeError);
});

Deno.test("IncomingBody.forEachChunk rejects with what its visitor throws, and cancels the rest", async () => {
  const failure = new Error("enough");
  const fail = (): never => {
    throw failure;
  };
  const later = makeBody();
  const result = later.body.forEachChunk(fail);
  later.body.receive(bytes("abc"), false);
  await assert.rejects(result, failure);
  assert.deepEqual(later.cancelled, [failure]);
  later.body.receive(bytes("d"), true);
  assert.equal(later.host.engine.consumed, 4);
  const kept = makeBody();
  kept.body.receive(bytes("abc"), false);
  kept.body.settle();
  kept.body.receive(bytes("d"), false);
  kept.body.settle();
  let calls = 0;
  const visit = () => (calls++, fail());
  await assert.rejects(kept.body.forEachChunk(visit), failure);
  assert.equal(calls, 1);
  assert.deepEqual(kept.cancelled, [failure]);
});

Deno.test("IncomingBody.forEachChunk takes no visitor that returns a promise", async () => {
  const { body, cancelled } = makeBody();
  const result = body.forEachChunk(() => Promise.reject(new Error("not unhandled")));
  body.receive(bytes("abc"), false);
  await assert.rejects(result, /^TypeError: Cannot wait for a visitor of chunks/);
  assert.equal(cancelled.length, 1);
});

Deno.test("IncomingBody.forEachChunk rejects where the body is cut off, before or while it is taken", async () => {
  const error = new Error("reset");
  const before = makeBody();
  before.body.receive(bytes("abc"), false);
  before.body.fail(error);
  await assert.rejects(before.body.forEachChunk(() => assert.fail("nothing is left of it")), error);
  const during = makeBody();
  const result = during.body.forEachChunk(() => {});
  during.body.receive(bytes("abc"), false);
  during.body.fail(error);
  await assert.rejects(result, error);
  const within = makeBody();
  within.body.receive(bytes("a"), false);
  within.body.settle();
  within.body.receive(bytes("b"), false);
  within.body.settle();
  let calls = 0;
  const visited = within.body.forEachChunk(() => {
    calls++;
    within.body.fail(error);
  });
  await assert.rejects(visited, error);
  assert.equal(calls, 1);
});
