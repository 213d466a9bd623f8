import assert from "node:assert/strict";
import fc from "fast-check";
import {
  HTTP_RULES,
  MessageReader,
  type SectionResult,
  SERVER_LIMITS,
  Violation,
} from "../../semantics/mod.ts";
import { resolveLimits } from "../../semantics/limits.ts";
import { MESSAGE_CASES, type MessageCase, type MessageSight, type MessageStep } from "./message_cases.ts";
import { sectionOf } from "./sections.ts";

function readerOf(test: MessageCase): MessageReader {
  return new MessageReader({
    role: test.role,
    limits: { ...SERVER_LIMITS, ...test.limits },
    method: test.method,
    extendedConnect: test.extendedConnect === true,
    endComesAlone: test.ends === "alone",
  });
}

function step(reader: MessageReader, step: MessageStep): SectionResult | undefined {
  if ("section" in step) return reader.receiveSection(sectionOf(step.section), step.end === true);
  if ("body" in step) return reader.receiveBody(step.body, step.end === true);
  if ("accept" in step) reader.startTunnel();
  else return reader.receiveEnd();
  return undefined;
}

function assertSight(result: SectionResult, sight: MessageSight): void {
  assert.equal(result.kind, sight.kind);
  const got: Record<string, unknown> = result.kind === "trailers"
    ? { fields: result.fields.flat }
    : "head" in result
    ? { ...result.head, fields: result.head.fields.flat }
    : {};
  for (const [name, value] of Object.entries(sight)) {
    if (name !== "kind") assert.deepEqual(got[name], value, name);
  }
}

for (const test of MESSAGE_CASES) {
  const rule = typeof test.outcome === "string" ? test.outcome : test.outcome.rule;
  Deno.test(`MessageReader, ${test.role}: ${test.title} [${rule}]`, () => {
    const reader = readerOf(test);
    const sights = [...test.seen];
    let violation: Violation | undefined;
    for (const [i, arrives] of test.steps.entries()) {
      const result = step(reader, arrives);
      if (result instanceof Violation) {
        violation = result;
        assert.equal(i, test.steps.length - 1, `the step ${i} broke ${result.rule}`);
      } else if (result !== undefined) {
        const sight = sights.shift();
        assert(sight !== undefined, `nothing is to be seen at step ${i}`);
        assertSight(result, sight);
      }
    }
    assert.equal(sights.length, 0, "more was to be seen");
    if (typeof test.outcome === "string") {
      assert.equal(violation, undefined);
      assert.equal(reader.state === "end" ? "complete" : "open", test.outcome);
    } else {
      assert.deepEqual({ kind: violation?.kind, rule: violation?.rule }, test.outcome);
      assert.equal(reader.state, "failed");
      assert.equal(reader.receiveBody(1, false), violation, "it stays with the violation");
      assert.equal(reader.receiveSection(sectionOf([]), true), violation);
      assert.equal(reader.receiveEnd(), violation);
    }
  });
}

Deno.test("MESSAGE_CASES has a case for every rule of messages", () => {
  const covered = new Set<string>();
  for (const test of MESSAGE_CASES) {
    if (typeof test.outcome !== "string") covered.add(test.outcome.rule);
    if (test.writerRule !== undefined) covered.add(test.writerRule);
  }
  assert.deepEqual(Object.keys(HTTP_RULES).filter((rule) => !covered.has(rule)), []);
  assert(MESSAGE_CASES.length >= 130);
  assert.equal(new Set(MESSAGE_CASES.map((test) => test.title)).size, MESSAGE_CASES.length);
});

Deno.test("MessageReader refuses a section that the codec cut [limit:header_list_bytes]", () => {
  const reader = new MessageReader({ role: "request", limits: SERVER_LIMITS });
  const section = { ...sectionOf([]), bytes: 40_000, count: 3, tooLarge: true };
  const result = reader.receiveSection(section, true);
  assert(result instanceof Violation);
  assert.equal(result.rule, "limit:header_list_bytes");
});

Deno.test("MessageReader refuses whatever follows the end [9114-4.1]", () => {
  const flat = [":status", "200"];
  for (const late of [{ section: ["x", "1"] }, { body: 0 }, { end: true }] as MessageStep[]) {
    const reader = new MessageReader({ role: "response", limits: SERVER_LIMITS });
    assert.equal(reader.receiveSection(sectionOf(flat), true).kind, "response");
    const result = step(reader, late);
    assert(result instanceof Violation);
    assert.deepEqual([result.kind, result.rule], ["out-of-order", "9114-4.1"]);
  }
});

Deno.test("MessageReader gives lists of their own for a section that comes twice", () => {
  const flat = [":status", "200", "a", "1", "b", "2"];
  const section = sectionOf(flat);
  const read = () => {
    const result = new MessageReader({ role: "response", limits: SERVER_LIMITS }).receiveSection(
      section,
      true,
    );
    assert(result.kind === "response");
    return result.head;
  };
  const first = read();
  first.fields.append("c", "3");
  first.fields.delete("a");
  assert.deepEqual(first.fields.flat, ["b", "2", "c", "3"]);
  assert.deepEqual(read().fields.flat, ["a", "1", "b", "2"]);
  assert.deepEqual(section.flat, flat);
});

Deno.test("MessageReader does not take a section for what it was elsewhere", () => {
  const section = sectionOf(["x", "1"]);
  const first = new MessageReader({ role: "response", limits: SERVER_LIMITS });
  first.receiveSection(sectionOf([":status", "200"]), false);
  assert.equal(first.receiveSection(section, true).kind, "trailers");
  const second = new MessageReader({ role: "response", limits: SERVER_LIMITS });
  const result = second.receiveSection(section, true);
  assert(result instanceof Violation && result.rule === "9113-8.3.2");
});

Deno.test("MessageReader asks again whether extended CONNECT is enabled for a section that comes twice [8441-3]", () => {
  const flat = [
    ":method",
    "CONNECT",
    ":protocol",
    "websocket",
    ":scheme",
    "https",
    ":authority",
    "a",
    ":path",
    "/",
  ];
  const section = sectionOf(flat);
  const enabled = new MessageReader({ role: "request", limits: SERVER_LIMITS, extendedConnect: true });
  assert.equal(enabled.receiveSection(section, false).kind, "request");
  const result = new MessageReader({ role: "request", limits: SERVER_LIMITS }).receiveSection(section, false);
  assert(result instanceof Violation && result.rule === "8441-3");
});

Deno.test("MessageReader keeps the marks of sensitive fields", () => {
  const section = { ...sectionOf([":status", "200", "set-cookie", "a=1"]), sensitive: ["set-cookie"] };
  const result = new MessageReader({ role: "response", limits: SERVER_LIMITS }).receiveSection(section, true);
  assert(result.kind === "response");
  assert.deepEqual([...result.head.fields.sensitive ?? []], ["set-cookie"]);
});

Deno.test("MessageReader leaves out each field that is no trailer, and only those (RFC 9110 section 6.5.1)", () => {
  const trailersOf = (section: string[]) => {
    const reader = new MessageReader({ role: "response", limits: SERVER_LIMITS });
    reader.receiveSection(sectionOf([":status", "200"]), false);
    const result = reader.receiveSection(sectionOf(section), true);
    assert(result.kind === "trailers", section[0]);
    return result.fields.flat;
  };
  const framing =
    "content-length 1 host a te trailers trailer x content-type a/b content-encoding gzip content-range x";
  const control =
    "cache-control no-store age 1 expires 0 date x location /x retry-after 1 vary * pragma no-cache";
  const steering = "expect 100-continue max-forwards 1 range bytes=0-1 if-match * if-none-match * if-range x";
  const others = "if-modified-since x if-unmodified-since x cookie a=1 set-cookie a=1 authorization x " +
    "proxy-authorization x www-authenticate x proxy-authenticate x";
  const words = [framing, control, steering, others].join(" ").split(" ");
  for (let i = 0; i < words.length; i += 2) {
    assert.deepEqual(trailersOf([words[i]!, words[i + 1]!]), [], words[i]);
  }
  const free = ["etag", '"x"', "grpc-status", "0", "authentication-info", "x", "server-timing", "a;dur=1"];
  assert.deepEqual(trailersOf(free), free);
});

Deno.test("MessageReader is a tunnel from startTunnel on", () => {
  const reader = new MessageReader({ role: "request", limits: SERVER_LIMITS });
  reader.receiveSection(sectionOf([":method", "CONNECT", ":authority", "a:1"]), false);
  assert.deepEqual([reader.state, reader.isTunnel], ["connect", false]);
  reader.startTunnel();
  assert.deepEqual([reader.state, reader.isTunnel], ["tunnel", true]);
  reader.receiveBody(3, true);
  assert.deepEqual([reader.state, reader.isTunnel, reader.receivedLength], ["end", true, 3]);
});

Deno.test("MessageReader tells the tunnel and the lengths", () => {
  const reader = new MessageReader({ role: "response", limits: SERVER_LIMITS, method: "CONNECT" });
  reader.receiveSection(sectionOf([":status", "200"]), false);
  assert(reader.isTunnel);
  assert.equal(reader.state, "tunnel");
  const other = new MessageReader({ role: "response", limits: SERVER_LIMITS });
  other.receiveSection(sectionOf([":status", "200", "content-length", "7"]), false);
  other.receiveBody(3, false);
  assert(!other.isTunnel);
  assert.deepEqual([other.declaredLength, other.receivedLength], [7, 3]);
});

const someName = fc.oneof(
  fc.constantFrom(
    ":method",
    ":scheme",
    ":authority",
    ":path",
    ":protocol",
    ":status",
    "host",
    "te",
    "cookie",
    "content-length",
    "connection",
    "x",
    "X",
    "",
    ":",
  ),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const someValue = fc.oneof(
  fc.constantFrom(
    "GET",
    "CONNECT",
    "https",
    "a.example",
    "a:1",
    "/",
    "*",
    "",
    "200",
    "103",
    "5",
    "5, 5",
    "trailers",
    " ",
  ),
  fc.string({ unit: "binary", maxLength: 8 }),
);
const someSection = fc.array(fc.tuple(someName, someValue), { maxLength: 8 }).map((pairs) => pairs.flat());
const someStep: fc.Arbitrary<MessageStep> = fc.oneof(
  fc.tuple(someSection, fc.boolean()).map(([section, end]) => end ? { section, end } : { section }),
  fc.tuple(fc.nat(9), fc.boolean()).map(([body, end]) => end ? { body, end } : { body }),
  fc.constant<MessageStep>({ end: true }),
  fc.constant<MessageStep>({ accept: true }),
);

Deno.test("MessageReader never throws and never goes on after a violation", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("request" as const, "response" as const),
      fc.constantFrom("GET", "HEAD", "CONNECT"),
      fc.boolean(),
      fc.array(someStep, { maxLength: 6 }),
      (role, method, flag, steps) => {
        const reader = new MessageReader({
          role,
          method,
          limits: SERVER_LIMITS,
          extendedConnect: flag,
          endComesAlone: flag,
        });
        let broken: Violation | undefined;
        for (const arrives of steps) {
          const result = step(reader, arrives);
          if ("accept" in arrives) continue;
          if (broken !== undefined) assert.equal(result, broken);
          if (result instanceof Violation) broken = result;
          assert.equal(reader.state === "failed", broken !== undefined);
        }
      },
    ),
    { numRuns: 3000 },
  );
});

Deno.test("MessageReader keeps the content-length of an extended CONNECT that says it twice", () => {
  const flat = [":method", "CONNECT", ":scheme", "https", ":authority", "a.example", ":path", "/"];
  flat.push(":protocol", "websocket", "content-length", "5", "content-length", "5");
  const section = { flat, sensitive: undefined, bytes: 400, count: 7, tooLarge: false, validated: undefined };
  const reader = new MessageReader({
    role: "request",
    limits: resolveLimits("server"),
    extendedConnect: true,
  });
  const result = reader.receiveSection(section, false);
  assert("kind" in result && result.kind === "request");
  assert.equal(result.head.fields.get("content-length"), "5");
});
