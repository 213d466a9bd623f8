import assert from "node:assert/strict";
import fc from "fast-check";
import { Fields } from "../../semantics/mod.ts";
import { viewFields } from "../../semantics/fields.ts";

Deno.test("Fields.from takes headers, records, pairs, maps and nothing", () => {
  const headers = new Headers([["B", "2"], ["A", "1"], ["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]]);
  assert.deepEqual(Fields.from(headers).flat, ["a", "1", "b", "2", "set-cookie", "a=1", "set-cookie", "b=2"]);
  assert.deepEqual(Fields.from({ B: "2", A: "1" }).flat, ["b", "2", "a", "1"]);
  assert.deepEqual(Fields.from([["B", "2"], ["b", "1"]]).flat, ["b", "2", "b", "1"]);
  assert.deepEqual(Fields.from(new Map([["X", "1"]])).flat, ["x", "1"]);
  assert.deepEqual(Fields.from(undefined).flat, []);
  const fields = new Fields(["a", "1"]);
  assert.equal(Fields.from(fields), fields);
});

Deno.test("Fields puts only A to Z in lower case", () => {
  const fields = new Fields();
  fields.append("X-Up", "1");
  fields.append("\u212aelvin", "2");
  fields.append("\u00c4", "3");
  assert.deepEqual(fields.flat, ["x-up", "1", "\u212aelvin", "2", "\u00c4", "3"]);
  assert(fields.delete("X-UP"));
  assert(!fields.has("kelvin"));
});

Deno.test("Fields joins what repeats, cookies with semicolons", () => {
  const fields = new Fields(["a", "1", "cookie", "x=1", "a", "2", "cookie", "y=2", "a", ""]);
  assert.equal(fields.get("a"), "1, 2, ");
  assert.equal(fields.get("cookie"), "x=1; y=2");
  assert.equal(fields.get("b"), undefined);
  assert.deepEqual(fields.getAll("a"), ["1", "2", ""]);
  assert.deepEqual(fields.getAll("b"), []);
  assert.equal(fields.size, 5);
});

Deno.test("Fields.set puts one field at the end, delete says whether there was one", () => {
  const fields = new Fields(["a", "1", "b", "2", "a", "3"]);
  fields.set("A", "4");
  assert.deepEqual([...fields], [["b", "2"], ["a", "4"]]);
  assert.equal(fields.delete("b"), true);
  assert.equal(fields.delete("b"), false);
  assert.deepEqual(fields.flat, ["a", "4"]);
});

Deno.test("Fields.toHeaders adds to the headers it is given, and makes one cookie of its crumbs", () => {
  const given = new Headers({ a: "0" });
  const fields = new Fields(["cookie", "b=1", "a", "1", "cookie", "c=2"]);
  assert.equal(fields.toHeaders(given), given);
  assert.deepEqual([...given], [["a", "0, 1"], ["cookie", "b=1; c=2"]]);
});

Deno.test("Fields.toHeaders keeps everything that headers can hold", () => {
  const fields = new Fields(["a", "1", "a", "2", "set-cookie", "x=1", "set-cookie", "y=2"]);
  const headers = fields.toHeaders();
  assert.equal(headers.get("a"), "1, 2");
  assert.deepEqual(headers.getSetCookie(), ["x=1", "y=2"]);
});

Deno.test("Fields.clone is a list of its own, with the marks", () => {
  const fields = new Fields(["a", "1"]);
  fields.markSensitive("Cookie");
  const copy = fields.clone();
  copy.append("b", "2");
  copy.markSensitive("x");
  assert.deepEqual(fields.flat, ["a", "1"]);
  assert.deepEqual([...fields.sensitive ?? []], ["cookie"]);
  assert.deepEqual([...copy.sensitive ?? []], ["cookie", "x"]);
  assert.equal(new Fields().sensitive, undefined);
});

const someChange = fc.oneof(
  fc.tuple(fc.constant("append"), fc.constantFrom("a", "B", "c"), fc.constantFrom("1", "2")),
  fc.tuple(fc.constant("set"), fc.constantFrom("a", "B", "c"), fc.constantFrom("1", "2")),
  fc.tuple(fc.constant("delete"), fc.constantFrom("a", "B", "c"), fc.constant("")),
  fc.tuple(fc.constant("flat"), fc.constant(""), fc.constant("")),
);

Deno.test("Fields that are a view of a section behave as a copy and leave the section alone", () => {
  const section = [":status", "200", "a", "1", "b", "2", "a", "3"];
  fc.assert(fc.property(fc.array(someChange, { maxLength: 6 }), (changes) => {
    const shared = section.slice();
    const view = viewFields(shared, 2, ["a"]);
    const copy = new Fields(section.slice(2));
    for (const [verb, name, value] of changes) {
      for (const fields of [view, copy]) {
        if (verb === "append") fields.append(name, value);
        else if (verb === "set") fields.set(name, value);
        else if (verb === "delete") fields.delete(name);
        else fields.flat;
      }
      assert.equal(view.size, copy.size);
      assert.deepEqual([...view], [...copy]);
      assert.equal(view.get("a"), copy.get("a"));
      assert.deepEqual(view.getAll("b"), copy.getAll("b"));
      assert.equal(view.has(":status"), false);
    }
    assert.deepEqual(view.clone().flat, copy.flat);
    assert.deepEqual(view.flat, copy.flat);
    assert.deepEqual([...view.toHeaders()], [...copy.toHeaders()]);
    assert.deepEqual([...view.sensitive ?? []], ["a"]);
    assert.deepEqual(shared, section);
  }));
});
