import assert from "node:assert/strict";
import { MessageReader, resolveLimits, type SectionResult, Violation } from "../../semantics/mod.ts";
import type { SharedFields } from "../../wire/decoded_section.ts";
import { sectionOf } from "./sections.ts";

const START = [":method", "GET", ":scheme", "https", ":path", "/"];
const HOST_OF = [":authority", "a.example"];

/** Reads a request whose last fields are shared with others. */
function read(head: readonly string[], tail: SharedFields): SectionResult {
  const reader = new MessageReader({ role: "request", limits: resolveLimits("server") });
  return reader.receiveSection({ ...sectionOf([...head, ...tail.flat]), tail }, true);
}

function ruleOf(result: SectionResult): string {
  assert(result instanceof Violation, "a violation is expected");
  return result.rule;
}

Deno.test("fields that sections share are looked at once, pseudo-fields before them each time", () => {
  const tail: SharedFields = { flat: [...HOST_OF, "accept", "*/*", "cookie", "a=b", "x", "y"] };
  for (let i = 0; i < 3; i++) {
    const result = read(START, tail);
    assert("kind" in result && result.kind === "request");
    assert.equal(result.head.authority, "a.example");
    assert.deepEqual([...result.head.fields], [["accept", "*/*"], ["cookie", "a=b"], ["x", "y"]]);
  }
  assert.notEqual(tail.validated, undefined);
  assert.equal(ruleOf(read([...START, ...HOST_OF], tail)), "9113-8.3:duplicate");
});

Deno.test("what stands before shared fields is looked at as ever", () => {
  const tail: SharedFields = { flat: ["accept", "*/*", "x", "y", "z", "1", "cookie", "c=d"] };
  const head = [...START, ...HOST_OF];
  assert("kind" in read(head, tail));
  assert.equal(ruleOf(read([...head, "X", "y"], tail)), "9113-8.2");
  assert.equal(ruleOf(read([...head, "te", "gzip"], tail)), "9113-8.2.2:te");
  const joined = read([...head, "cookie", "a=b"], tail);
  assert("kind" in joined && joined.kind === "request");
  assert.equal(joined.head.fields.get("cookie"), "a=b; c=d");
});

Deno.test("a pseudo-field of the shared ones may not follow a regular field before them [9113-8.3:order]", () => {
  const tail: SharedFields = { flat: [...HOST_OF, "accept", "*/*", "x", "y"] };
  assert("kind" in read(START, tail));
  assert.equal(ruleOf(read([...START, "a", "b"], tail)), "9113-8.3:order");
});

Deno.test("shared fields that are wrong are found wrong each time", () => {
  for (
    const [rule, ...fields] of [
      ["9113-8.2", "Accept", "*/*"],
      ["9113-8.3:order", "accept", "*/*", ":scheme", "https"],
      ["9113-8.2.2:connection", "connection", "close"],
      ["9110-7.2", "host", "a.example", "host", "a.example"],
    ]
  ) {
    const tail: SharedFields = { flat: fields };
    for (let i = 0; i < 3; i++) assert.equal(ruleOf(read([...START, ...HOST_OF], tail)), rule);
  }
});

Deno.test("host and content-length count before and within shared fields", () => {
  const head = [...START, ...HOST_OF];
  const tail: SharedFields = { flat: ["host", "a.example", "content-length", "0", "x", "y"] };
  for (let i = 0; i < 2; i++) {
    assert("kind" in read(head, tail));
    assert.equal(ruleOf(read([...head, "host", "a.example"], tail)), "9110-7.2");
    assert.equal(ruleOf(read([...head, "content-length", "1"], tail)), "9110-8.6:agreement");
    assert("kind" in read([...head, "content-length", "0"], tail));
  }
  const other: SharedFields = { flat: ["host", "b.example"] };
  for (let i = 0; i < 2; i++) assert.equal(ruleOf(read(head, other)), "9113-8.3.1:host");
});
