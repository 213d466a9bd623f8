import assert from "node:assert/strict";
import { RepeatedFields } from "../../shell/repeated_fields.ts";

function respond(headers: HeadersInit, status = 200): Response {
  return new Response(null, { status, headers });
}

Deno.test("RepeatedFields knows the last list again, whatever object it comes in", () => {
  const repeated = new RepeatedFields();
  const first = repeated.of(respond({ "content-type": "text/plain", "x-a": "b" }));
  assert.deepEqual(first.flat, ["content-type", "text/plain", "x-a", "b"]);
  assert.equal(repeated.of(respond([["X-A", "b"], ["Content-Type", "text/plain"]])), first);
  const none = repeated.of(respond({}));
  assert.deepEqual(none.flat, []);
  assert.equal(repeated.of(respond({})), none);
});

Deno.test("RepeatedFields tells lists apart by each name and value", () => {
  const repeated = new RepeatedFields();
  const lists = [{ "x-a": "b" }, { "x-a": "c" }, { "x-b": "c" }, { "x-b": "c", "x-c": "d" }, { "x-b": "c" }];
  for (const list of lists) assert.deepEqual(repeated.of(respond(list)).flat, Object.entries(list).flat());
});

Deno.test("RepeatedFields leaves content-length to the other responses than 204", () => {
  const repeated = new RepeatedFields();
  assert.deepEqual(repeated.of(respond({ "content-length": "3" })).flat, ["content-length", "3"]);
  assert.deepEqual(repeated.of(respond({ "content-length": "3" }, 204)).flat, []);
});

Deno.test("RepeatedFields remembers no cookie, no long value and no long list", () => {
  const long = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`x-${i}`, "a"]));
  for (const headers of [{ "set-cookie": "a=b" }, { "x-a": "b".repeat(257) }, long]) {
    const repeated = new RepeatedFields();
    const first = repeated.of(respond(headers));
    const second = repeated.of(respond(headers));
    assert.deepEqual(first.flat, second.flat);
    assert.notEqual(first, second);
  }
});
