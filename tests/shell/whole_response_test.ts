import assert from "node:assert/strict";
import process from "node:process";
import { takeWhole } from "../../shell/whole_response.ts";

/** Whether this runtime shows what a response was made from; others have every body read as a stream. */
const isShown = takeWhole(new Response("a")) !== undefined;
const SHOWN = { ignore: !isShown };

/** A runtime may keep a text as bytes. */
function textOf(taken: string | Uint8Array | undefined): string {
  return typeof taken === "string" ? taken : new TextDecoder().decode(taken);
}

Deno.test("takeWhole is shown texts and bytes by Deno", { ignore: !("deno" in process.versions) }, () => {
  assert(isShown);
});

Deno.test("takeWhole takes texts and bytes", SHOWN, async () => {
  assert.equal(await takeWhole(new Response("a text")), "a text");
  assert.equal(await takeWhole(new Response("", { status: 404, headers: { "x-a": "b" } })), "");
  assert.equal(textOf(await takeWhole(Response.json({ a: 1 }))), '{"a":1}');
  assert.deepEqual(await takeWhole(new Response(new Uint8Array([1, 2]))), new Uint8Array([1, 2]));
  const marked = await takeWhole(new Response("\ufeffa")) as Uint8Array;
  assert.deepEqual([...marked], [0xef, 0xbb, 0xbf, 0x61]);
});

Deno.test("takeWhole marks the response as used, and rejects for one that is", SHOWN, async () => {
  const response = new Response("a text");
  await takeWhole(response);
  assert.equal(response.bodyUsed, true);
  await assert.rejects(takeWhole(response)!, TypeError);
  const locked = new Response("a text");
  locked.body!.getReader();
  await assert.rejects(takeWhole(locked)!, TypeError);
});

Deno.test("takeWhole leaves alone what comes piece by piece, and what has no body", async () => {
  const stream = new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
  for (const body of [stream, new Blob(["a"]), new FormData(), null]) {
    const response = new Response(body);
    assert.equal(takeWhole(response), undefined);
    assert.equal(response.bodyUsed, false);
  }
  const forwarded = new Response(new Response("a text").body);
  const taken = takeWhole(forwarded);
  assert.equal(taken === undefined ? await forwarded.text() : await taken, "a text");
});

Deno.test(
  "takeWhole takes what the headers were read of, what was cloned, and an error response",
  SHOWN,
  async () => {
    const read = new Response("a text", { headers: { "content-type": "text/html", "x-a": "b" } });
    read.headers.get("x-a");
    assert.equal(await takeWhole(read), "a text");
    assert.equal(takeWhole(Response.error()), undefined);
    const original = new Response("a text");
    const copy = original.clone();
    assert.deepEqual(
      [await (takeWhole(original) ?? original.text()), await (takeWhole(copy) ?? copy.text())],
      [
        "a text",
        "a text",
      ],
    );
  },
);
