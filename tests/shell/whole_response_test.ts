import assert from "node:assert/strict";
import process from "node:process";
import { wholeOf } from "../../shell/whole_response.ts";

/** Whether this runtime shows what a response was made from; others have every body read as a stream. */
const isShown = wholeOf(new Response("a")) !== undefined;
const SHOWN = { ignore: !isShown };

/** A runtime may keep a text as bytes. */
function textOf(taken: string | Uint8Array | undefined): string {
  return typeof taken === "string" ? taken : new TextDecoder().decode(taken);
}

Deno.test("wholeOf is shown texts and bytes by Deno", { ignore: !("deno" in process.versions) }, () => {
  assert(isShown);
});

Deno.test("wholeOf gives texts and bytes", SHOWN, () => {
  assert.equal(wholeOf(new Response("a text")), "a text");
  assert.equal(wholeOf(new Response("", { status: 404, headers: { "x-a": "b" } })), "");
  assert.equal(wholeOf(new Response("\ufeffa")), "\ufeffa");
  assert.equal(textOf(wholeOf(Response.json({ a: 1 }))), '{"a":1}');
  assert.deepEqual(wholeOf(new Response(new Uint8Array([1, 2]))), new Uint8Array([1, 2]));
});

Deno.test("wholeOf gives the bytes that a response was made of, whatever becomes of the array", SHOWN, () => {
  for (const init of [undefined, { status: 404 }]) {
    const bytes = new Uint8Array([1, 2]);
    const response = new Response(bytes, init);
    bytes.fill(3);
    assert.deepEqual(wholeOf(response), new Uint8Array([1, 2]));
  }
});

Deno.test("wholeOf refuses a response that was used, wholly or in part", SHOWN, async () => {
  const used = new Response("a text");
  await used.text();
  assert.throws(() => wholeOf(used), /^TypeError: Cannot send the response: its body was used already$/);
  const begun = new Response(new Uint8Array([1, 2]), { status: 201 });
  const reader = begun.body!.getReader();
  await reader.read();
  reader.releaseLock();
  assert.throws(() => wholeOf(begun), TypeError);
  const piped = new Response("a text");
  await piped.body!.pipeTo(new WritableStream());
  assert.throws(() => wholeOf(piped), TypeError);
});

Deno.test("wholeOf leaves alone what comes piece by piece, and what has no body", async () => {
  const stream = new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
  for (const body of [stream, new Blob(["a"]), new FormData(), null]) {
    const response = new Response(body);
    assert.equal(wholeOf(response), undefined);
    assert.equal(response.bodyUsed, false);
  }
  const forwarded = new Response(new Response("a text").body);
  const whole = wholeOf(forwarded);
  assert.equal(whole === undefined ? await forwarded.text() : textOf(whole), "a text");
});

Deno.test(
  "wholeOf gives what the headers were read of, what was cloned, and no error response",
  SHOWN,
  async () => {
    const read = new Response("a text", { headers: { "content-type": "text/html", "x-a": "b" } });
    read.headers.get("x-a");
    assert.equal(wholeOf(read), "a text");
    assert.equal(wholeOf(Response.error()), undefined);
    const original = new Response("a text");
    const copy = original.clone();
    for (const response of [original, copy]) {
      const whole = wholeOf(response);
      assert.equal(whole === undefined ? await response.text() : textOf(whole), "a text");
    }
  },
);
