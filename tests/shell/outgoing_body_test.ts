import assert from "node:assert/strict";
import { dropBody, openChunks, wholeBody } from "../../shell/body_input.ts";
import { encodeText } from "../../shell/encode_text.ts";
import { IncomingBody } from "../../shell/incoming_body.ts";
import { OutgoingBody } from "../../shell/outgoing_body.ts";
import { settle } from "../support/virtual_clock.ts";
import { FakeHost } from "./fake_engine.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function source(
  chunks: unknown[],
): { readable: ReadableStream<Uint8Array>; state: { pulls: number; cancelled: unknown } } {
  const state = { pulls: 0, cancelled: undefined as unknown };
  const readable = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks[state.pulls++];
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk as Uint8Array);
    },
    cancel(reason) {
      state.cancelled = reason;
    },
  }, { highWaterMark: 0 });
  return { readable, state };
}

Deno.test("OutgoingBody sends chunk by chunk and then the end", async () => {
  const host = new FakeHost();
  const { readable } = source([bytes("a"), new Uint8Array(0), bytes("bc")]);
  await new OutgoingBody(host, 4, openChunks(readable), () => undefined).send();
  assert.deepEqual(host.engine.calls, [["body", 4, "a", false], ["body", 4, "bc", false], [
    "body",
    4,
    "",
    true,
  ]]);
});

Deno.test("OutgoingBody ends with trailers that are made after the last byte", async () => {
  const host = new FakeHost();
  const { readable } = source([bytes("a")]);
  const trailers = () => Promise.resolve({ sum: String(host.engine.calls.length) });
  await new OutgoingBody(host, 4, openChunks(readable), () => trailers).send();
  assert.deepEqual(host.engine.calls.at(-1), ["trailers", 4, ["sum", "1"]]);
});

Deno.test("OutgoingBody asks its source only while more is welcome", async () => {
  const host = new FakeHost();
  host.engine.isMoreWelcome = false;
  const { readable, state } = source([bytes("a"), bytes("b"), bytes("c")]);
  const body = new OutgoingBody(host, 4, openChunks(readable), () => undefined);
  const sent = body.send();
  await settle();
  assert.equal(state.pulls, 1);
  body.receiveDrain();
  await settle();
  assert.equal(state.pulls, 2);
  host.engine.isMoreWelcome = true;
  body.receiveDrain();
  await sent;
  assert.equal(state.pulls, 4);
});

Deno.test("OutgoingBody stops wherever it is and cancels its source", async () => {
  const error = new Error("over");
  const host = new FakeHost();
  host.engine.isMoreWelcome = false;
  const waiting = source([bytes("a"), bytes("b")]);
  const body = new OutgoingBody(host, 4, openChunks(waiting.readable), () => undefined);
  const sent = body.send();
  await settle();
  body.stop(error);
  await assert.rejects(sent, error);
  assert.equal(waiting.state.cancelled, error);
  let cancelled: unknown;
  const silent = new ReadableStream<Uint8Array>({
    cancel(reason) {
      cancelled = reason;
    },
  });
  const reading = new OutgoingBody(host, 4, openChunks(silent), () => undefined);
  const read = reading.send();
  await settle();
  reading.stop(error);
  await assert.rejects(read, error);
  assert.equal(cancelled, error);
  assert.equal(host.engine.calls.length, 1);
});

Deno.test("OutgoingBody rejects with the error of its source", async () => {
  const host = new FakeHost();
  const error = new Error("disk");
  const failing = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(error);
    },
  });
  await assert.rejects(new OutgoingBody(host, 4, openChunks(failing), () => undefined).send(), error);
  const odd = source(["text"]);
  await assert.rejects(
    new OutgoingBody(host, 4, openChunks(odd.readable), () => undefined).send(),
    TypeError,
  );
  assert(odd.state.cancelled instanceof TypeError);
});

Deno.test("OutgoingBody takes async iterables, and ends them when it stops", async () => {
  const host = new FakeHost();
  let isEnded = false;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      yield bytes("a");
      yield await Promise.resolve(bytes("b"));
    } finally {
      isEnded = true;
    }
  }
  await new OutgoingBody(host, 1, openChunks(chunks()), () => undefined).send();
  assert.equal(isEnded, true);
  isEnded = false;
  host.engine.isMoreWelcome = false;
  const body = new OutgoingBody(host, 1, openChunks(chunks()), () => undefined);
  const sent = body.send();
  await settle();
  body.stop(new Error("over"));
  await assert.rejects(sent);
  await settle();
  assert.equal(isEnded, true);
});

Deno.test("OutgoingBody takes the bytes of a received body where they arrived", async () => {
  const from = new FakeHost();
  const to = new FakeHost();
  const incoming = new IncomingBody(from, 1, -1, () => assert.fail("nobody gave it up"));
  const early = bytes("early");
  incoming.receive(early, false);
  const body = new OutgoingBody(to, 2, openChunks(incoming.readable), () => undefined);
  const sent = body.send();
  assert(incoming.readable.locked);
  incoming.receive(bytes("more"), false);
  await settle();
  assert.deepEqual(to.engine.calls, [["body", 2, "early", false], ["body", 2, "more", false]]);
  assert.equal(from.engine.consumed, 9);
  const view = bytes("now");
  incoming.receive(view, false);
  view.fill(0);
  assert.deepEqual(to.engine.calls.at(-1), ["copy", 2, "now"]);
  to.engine.isMoreWelcome = false;
  incoming.receive(bytes("full"), false);
  incoming.receive(bytes("kept"), false);
  assert.deepEqual(to.engine.calls.at(-1), ["copy", 2, "full"]);
  assert.equal(incoming.queuedBytes, 4);
  assert.equal(from.engine.consumed, 16, "no credit for what waits");
  incoming.receive(new Uint8Array(0), true);
  await settle();
  assert.equal(to.engine.calls.length, 4, "nothing before it drains");
  to.engine.isMoreWelcome = true;
  body.receiveDrain();
  await sent;
  assert.deepEqual(to.engine.calls.slice(4), [["body", 2, "kept", false], ["body", 2, "", true]]);
  assert.equal(from.engine.consumed, 20);
});

Deno.test("OutgoingBody that stops gives up a received body, and is told once", async () => {
  const error = new Error("over");
  for (const isFull of [false, true]) {
    const cancelled: unknown[] = [];
    const host = new FakeHost();
    host.engine.isMoreWelcome = !isFull;
    const incoming = new IncomingBody(host, 1, -1, (reason) => cancelled.push(reason));
    const body = new OutgoingBody(host, 2, openChunks(incoming.readable), () => undefined);
    const sent = body.send();
    incoming.receive(bytes("a"), false);
    body.stop(error);
    await assert.rejects(sent, error);
    assert.deepEqual(cancelled, [error]);
    incoming.receive(bytes("b"), false);
    assert.deepEqual(host.engine.calls, [["copy", 2, "a"]]);
  }
});

Deno.test("wholeBody knows what is there at once", () => {
  assert.deepEqual(wholeBody("hé"), new Uint8Array([0x68, 0xc3, 0xa9]));
  const given = bytes("abc");
  assert.equal(wholeBody(given), given);
  assert.deepEqual(wholeBody(new Uint8Array([1, 2]).buffer), new Uint8Array([1, 2]));
  assert.equal(wholeBody(null), null);
  assert.equal(wholeBody(undefined), null);
  assert.equal(wholeBody(new Blob(["a"])), undefined);
});

Deno.test("openChunks refuses what is no body and what is locked", () => {
  assert.throws(() => openChunks(5 as never), TypeError);
  const readable = new ReadableStream<Uint8Array>();
  readable.getReader();
  assert.throws(() => openChunks(readable), TypeError);
});

Deno.test("dropBody cancels what will not be sent", async () => {
  const { readable, state } = source([bytes("a")]);
  dropBody(readable, "no");
  await settle();
  assert.equal(state.cancelled, "no");
  dropBody("text", "no");
  dropBody(null, "no");
});

Deno.test("encodeText knows the last short text again, and no other", () => {
  const first = encodeText("as before ü");
  assert.equal(encodeText(["as before", "ü"].join(" ")), first);
  assert.deepEqual(encodeText("as before u"), new TextEncoder().encode("as before u"));
  assert.notEqual(encodeText("as before ü"), first);
  assert.deepEqual(encodeText("as before ü"), first);
});

Deno.test("encodeText gives what TextEncoder gives, in buffers of its own", () => {
  const texts = [
    "",
    "hello",
    "x".repeat(47),
    "x".repeat(2000),
    "é".repeat(100),
    "\ud800",
    "z".repeat(1024),
    "😀",
  ];
  const views = Array.from({ length: 50 }, () => texts).flat().map((text) =>
    [text, encodeText(text)] as const
  );
  for (const [text, view] of views) assert.deepEqual(new Uint8Array(view), bytes(text));
});
