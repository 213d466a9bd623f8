import assert from "node:assert/strict";
import {
  checkReceivedField,
  checkSentField,
  keepSecret,
  remembersValue,
} from "../../semantics/field_rules.ts";
import { Fields, MessageReader, resolveLimits } from "../../semantics/mod.ts";

Deno.test("values of fields are remembered as fit, but never credentials", () => {
  checkReceivedField("x-plain", "value");
  checkSentField("x-sent", "value");
  assert(remembersValue("x-plain") && remembersValue("x-sent"));
  for (const name of ["authorization", "cookie", "proxy-authorization", "set-cookie"]) {
    checkReceivedField(name, "secret");
    checkSentField(name, "secret");
    assert.equal(remembersValue(name), false, name);
  }
});

Deno.test("a field that was marked as never to be indexed is forgotten and never remembered again [7541-7.1.3]", () => {
  checkSentField("x-api-key", "secret");
  assert.equal(remembersValue("x-api-key"), true);
  const fields = Fields.from({ "X-Api-Key": "secret" });
  fields.markSensitive("X-Api-Key");
  assert.equal(remembersValue("x-api-key"), false);
  checkSentField("x-api-key", "secret");
  assert.equal(remembersValue("x-api-key"), false);
});

Deno.test("a field that the peer marked as never to be indexed is never remembered [7541-7.1.3]", () => {
  const flat = [
    ":method",
    "GET",
    ":scheme",
    "https",
    ":authority",
    "a.example",
    ":path",
    "/",
    "x-token",
    "t0",
  ];
  const section = {
    flat,
    sensitive: ["x-token"],
    bytes: 300,
    count: 5,
    tooLarge: false,
    validated: undefined,
  };
  const reader = new MessageReader({ role: "request", limits: resolveLimits("server") });
  const result = reader.receiveSection(section, true);
  assert("kind" in result && result.kind === "request");
  assert.equal(remembersValue("x-token"), false);
});

Deno.test("with too many secret names nothing is remembered, and what is not valid is still found", () => {
  checkReceivedField("x-before", "value");
  for (let i = 0; i < 300; i++) keepSecret(`x-secret-${i}`);
  assert.equal(remembersValue("x-before"), false);
  checkReceivedField("x-after", "value");
  assert.equal(remembersValue("x-after"), false);
  assert.equal(typeof checkReceivedField("x-after", "a\nb"), "object");
});
