import assert from "node:assert/strict";
import fc from "fast-check";
import {
  Fields,
  MessageReader,
  MessageWriter,
  type RequestHead,
  type ResponseHead,
  type RuleId,
  RULES,
  SERVER_LIMITS,
} from "../../semantics/mod.ts";
import { MESSAGE_CASES, type MessageCase, type MessageStep } from "./message_cases.ts";
import { sectionOf } from "./sections.ts";

/** What is absent on the wire is empty in a head and out of order in calls: other rules say so. */
const ABSENCES: ReadonlySet<RuleId> = new Set(["9113-8.3.1:missing", "9113-8.1:incomplete", "8441-4:fields"]);
const REQUEST_NAMES = [":method", ":scheme", ":authority", ":path", ":protocol"];

/** The pseudo-fields and the rest, or `undefined` for a section that no head can say. */
function takeApart(
  section: readonly string[],
  names: readonly string[],
): { pseudo: Map<string, string>; fields: Fields } | undefined {
  const pseudo = new Map<string, string>();
  let at = 0;
  for (; at < section.length && section[at]!.startsWith(":"); at += 2) {
    const name = section[at]!;
    if (pseudo.has(name) || !names.includes(name)) return undefined;
    pseudo.set(name, section[at + 1]!);
  }
  return { pseudo, fields: new Fields(section.slice(at)) };
}

function requestHead(section: readonly string[]): RequestHead | undefined {
  const parts = takeApart(section, REQUEST_NAMES);
  if (parts === undefined) return undefined;
  const { pseudo, fields } = parts;
  if (pseudo.get(":authority") === "" && fields.has("host")) return undefined;
  return {
    method: pseudo.get(":method") ?? "",
    scheme: pseudo.get(":scheme") ?? "",
    authority: pseudo.get(":authority") ?? "",
    path: pseudo.get(":path") ?? "",
    protocol: pseudo.get(":protocol"),
    fields,
  };
}

function responseHead(section: readonly string[]): ResponseHead | undefined {
  const parts = takeApart(section, [":status"]);
  const status = parts?.pseudo.get(":status") ?? "";
  return parts === undefined || String(Number(status)) !== status
    ? undefined
    : { status: Number(status), fields: parts.fields };
}

function writeStep(writer: MessageWriter, test: MessageCase, step: MessageStep, endsNext: boolean): boolean {
  if ("section" in step) {
    const end = step.end === true || endsNext;
    if (writer.state !== "head") writer.sendTrailers(new Fields([...step.section]));
    else if (test.role === "request") {
      const head = requestHead(step.section);
      if (head === undefined) return false;
      writer.sendRequest(head, end);
    } else {
      const head = responseHead(step.section);
      if (head === undefined) return false;
      writer.sendResponse(head, end);
    }
  } else if ("body" in step) writer.sendBody(step.body, step.end === true);
  else if ("accept" in step) writer.startTunnel();
  else if (writer.state !== "end") writer.sendBody(0, true);
  return true;
}

function ruleOf(error: unknown): RuleId {
  assert(error instanceof TypeError, String(error));
  const rule = /\[([^\]]+)\]$/.exec(error.message)?.[1];
  assert(rule !== undefined && rule in RULES, error.message);
  return rule as RuleId;
}

/** Whether a step is a section that only the end follows, which a writer says in one call. */
function isLastSection(test: MessageCase, i: number): boolean {
  const next = test.steps[i + 1];
  return test.ends === "alone" && next !== undefined && "end" in next && !("section" in next) &&
    !("body" in next);
}

for (const test of MESSAGE_CASES) {
  const outcome = test.outcome;
  const isSizeOnly = typeof outcome !== "string" && outcome.kind === "too-large";
  if (isSizeOnly || test.ends === "together") continue;
  const refused = test.writerRule ?? (typeof outcome === "string" ? undefined : outcome.rule);
  Deno.test(`MessageWriter, ${test.role}: ${test.title} [${refused ?? outcome}]`, () => {
    const writer = new MessageWriter({
      role: test.role,
      method: test.method,
      extendedConnect: test.extendedConnect === true,
    });
    let rule: RuleId | undefined;
    for (const [i, step] of test.steps.entries()) {
      try {
        if (!writeStep(writer, test, step, isLastSection(test, i))) return;
      } catch (error) {
        rule = ruleOf(error);
        if (test.writerRule === undefined) assert.equal(i, test.steps.length - 1);
        break;
      }
    }
    if (refused === undefined) {
      assert.equal(rule, undefined);
      if (test.ends !== "alone") assert.equal(writer.state === "end" ? "complete" : "open", outcome);
    } else {
      assert(rule !== undefined, "the writer took what a reader refuses");
      if (!ABSENCES.has(refused)) assert.equal(rule, refused);
    }
    if (test.writerRule !== undefined) assert.equal(rule, test.writerRule);
  });
}

Deno.test("MessageWriter writes pseudo-fields first, in the order of browsers", () => {
  const writer = new MessageWriter({ role: "request" });
  const fields = Fields.from({ Accept: "*/*" });
  const head = { method: "GET", scheme: "https", authority: "a.example", path: "/x", fields };
  assert.deepEqual(writer.sendRequest(head, true), [
    ":method",
    "GET",
    ":scheme",
    "https",
    ":authority",
    "a.example",
    ":path",
    "/x",
    "accept",
    "*/*",
  ]);
  assert.deepEqual(fields.flat, ["accept", "*/*"]);
});

Deno.test("MessageWriter splits cookies unless told not to", () => {
  const head = {
    method: "GET",
    scheme: "https",
    authority: "a",
    path: "/",
    fields: new Fields(["a", "1", "cookie", "b=2; c=3", "d", "4", "cookie", "e=5"]),
  };
  const split = new MessageWriter({ role: "request" }).sendRequest(head, true);
  assert.deepEqual(split.slice(8), ["a", "1", "cookie", "b=2", "cookie", "c=3", "d", "4", "cookie", "e=5"]);
  const whole = new MessageWriter({ role: "request", splitCookies: false }).sendRequest(head, true);
  assert.deepEqual(whole.slice(8), ["a", "1", "cookie", "b=2; c=3", "d", "4", "cookie", "e=5"]);
});

Deno.test("MessageWriter refuses characters that are no octets [9113-8.2.1:value]", () => {
  const writer = new MessageWriter({ role: "response" });
  for (const value of ["\u0100", "a\u2028b", "\u{1f600}"]) {
    assert.throws(
      () => writer.sendResponse({ status: 200, fields: new Fields(["x", value]) }, true),
      /9113-8\.2\.1:value/,
    );
  }
  assert.throws(
    () => writer.sendResponse({ status: 200, fields: new Fields(["x\u0100", ""]) }, true),
    /9113-8\.2\.1:name/,
  );
  assert.equal(writer.state, "head", "what was refused was not sent");
});

Deno.test("MessageWriter refuses a status that is not of three digits [9113-8.3.2]", () => {
  for (const status of [0, 99, 1000, 200.5, NaN, -1, Infinity]) {
    const writer = new MessageWriter({ role: "response" });
    assert.throws(() => writer.sendResponse({ status, fields: new Fields() }, true), /\[9113-8\.3\.2\]/);
  }
});

Deno.test("MessageWriter refuses the head of the other kind", () => {
  const fields = new Fields();
  const head = { method: "GET", scheme: "https", authority: "a", path: "/", fields };
  assert.throws(() => new MessageWriter({ role: "response" }).sendRequest(head, true), TypeError);
  assert.throws(
    () => new MessageWriter({ role: "request" }).sendResponse({ status: 200, fields }, true),
    TypeError,
  );
});

Deno.test("MessageWriter refuses lengths for a TRACE and a 205 [9110-9.3.8] [9110-15.3.6]", () => {
  const fields = new Fields(["content-length", "1"]);
  const trace = { method: "TRACE", scheme: "https", authority: "a", path: "/", fields };
  assert.throws(() => new MessageWriter({ role: "request" }).sendRequest(trace, false), /9110-9\.3\.8/);
  const empty = { ...trace, fields: new Fields(["content-length", "0"]) };
  assert.equal(new MessageWriter({ role: "request" }).sendRequest(empty, true).length, 10);
  const writer = new MessageWriter({ role: "response" });
  assert.throws(() => writer.sendResponse({ status: 205, fields }, false), /9110-15\.3\.6/);
  assert.equal(writer.state, "head");
});

Deno.test("MessageWriter never says a field value in a refusal", () => {
  const fields = new Fields(["x", "secret\n"]);
  const writer = new MessageWriter({ role: "response" });
  assert.throws(
    () => writer.sendResponse({ status: 200, fields }, true),
    (error: Error) =>
      error.message.startsWith("Cannot send the response: ") && !error.message.includes("secret"),
  );
});

Deno.test("MessageWriter gives the same section for the same fields again, and another after a change", () => {
  const fields = new Fields(["server", "x"]);
  const send = (status: number) =>
    new MessageWriter({ role: "response" }).sendResponse({ status, fields }, true);
  send(200);
  const second = send(200);
  assert.equal(send(200), second);
  assert.deepEqual(send(404), [":status", "404", "server", "x"]);
  assert.deepEqual(send(200), [":status", "200", "server", "x"]);
  fields.append("x", "1");
  assert.deepEqual(send(200), [":status", "200", "server", "x", "x", "1"]);
  fields.append("y", "\n");
  assert.throws(() => send(200), /9113-8\.2\.1:value/);
  assert.throws(() => send(200), /9113-8\.2\.1:value/);
});

Deno.test("MessageWriter tells the tunnel", () => {
  const tunnel = new MessageWriter({ role: "response", method: "CONNECT" });
  tunnel.sendResponse({ status: 200, fields: new Fields() }, false);
  assert(tunnel.isTunnel);
  const client = new MessageWriter({ role: "request" });
  client.sendRequest(
    { method: "CONNECT", scheme: "", authority: "a:1", path: "", fields: new Fields() },
    false,
  );
  assert.equal(client.state, "connect");
  client.startTunnel();
  assert.deepEqual([client.isTunnel, client.state], [true, "tunnel"]);
});

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9a-z-]{1,12}$/);
const value = fc.oneof(
  fc.stringMatching(/^([\x21-\x7e]([ \t\x21-\x7e]{0,10}[\x21-\x7e])?)?$/),
  fc.constantFrom("a, b", "\xe4\xff", "5"),
);
const someFields = fc.array(
  fc.tuple(fc.oneof(token, fc.constantFrom("cookie", "te", "host", "content-length")), value),
  {
    maxLength: 6,
  },
);
const someHead = fc.record({
  method: fc.oneof(fc.constantFrom("GET", "POST", "OPTIONS", "CONNECT"), token),
  scheme: fc.constantFrom("https", "http", "urn", ""),
  authority: fc.constantFrom("", "a.example", "[::1]:80", "a:1", "b@c", "A.example"),
  path: fc.oneof(fc.constantFrom("/", "*", "", "x"), fc.stringMatching(/^\/[\x21-\x7e]{0,9}$/)),
  protocol: fc.constantFrom(undefined, undefined, "websocket"),
});

/** What a reader makes of fields: one cookie, one content-length. */
function joined(pairs: readonly (readonly [string, string])[]): Map<string, string> {
  const map = new Map<string, string>();
  for (const [name, text] of pairs) {
    const before = map.get(name);
    map.set(
      name,
      before === undefined || name === "content-length"
        ? text
        : before + (name === "cookie" ? "; " : ", ") + text,
    );
  }
  return map;
}

Deno.test("MessageWriter writes requests that a reader takes for what they were", () => {
  let taken = 0;
  fc.assert(
    fc.property(someHead, someFields, fc.boolean(), (parts, pairs, end) => {
      const head: RequestHead = { ...parts, fields: new Fields(pairs.flat()) };
      let flat: readonly string[];
      try {
        flat = new MessageWriter({ role: "request", extendedConnect: true }).sendRequest(head, end);
      } catch (error) {
        ruleOf(error);
        return;
      }
      taken++;
      const reader = new MessageReader({ role: "request", limits: SERVER_LIMITS, extendedConnect: true });
      const result = reader.receiveSection(sectionOf(flat), end);
      assert.equal(result.kind, "request", JSON.stringify(result));
      if (result.kind !== "request") return;
      const { fields, ...rest } = result.head;
      const host = parts.authority === "" ? head.fields.get("host") ?? "" : parts.authority;
      assert.deepEqual(rest, { ...parts, authority: host });
      assert.deepEqual(joined([...fields]), joined(pairs));
    }),
    { numRuns: 3000 },
  );
  assert(taken > 300, `only ${taken} heads were sound`);
});

Deno.test("MessageWriter writes responses that a reader takes for what they were", () => {
  let taken = 0;
  const someStatus = fc.oneof(
    fc.constantFrom(100, 101, 103, 200, 204, 205, 304),
    fc.integer({ min: 99, max: 1000 }),
  );
  const sizes = fc.array(fc.nat(4), { maxLength: 3 });
  fc.assert(
    fc.property(
      someStatus,
      someFields,
      fc.constantFrom("GET", "HEAD", "CONNECT"),
      sizes,
      fc.boolean(),
      (status, pairs, method, sizes, hasTrailers) => {
        const writer = new MessageWriter({ role: "response", method });
        const reader = new MessageReader({ role: "response", method, limits: { ...SERVER_LIMITS } });
        try {
          const flat = writer.sendResponse({ status, fields: new Fields(pairs.flat()) }, false);
          const result = reader.receiveSection(sectionOf(flat), false);
          assert.equal(result.kind, status < 200 ? "interim" : "response", JSON.stringify(result));
          if (!("head" in result)) return;
          assert.equal((result.head as ResponseHead).status, status);
          assert.deepEqual(joined([...result.head.fields]), joined(pairs.map(([n, v]) => [n, v])));
          for (const size of sizes) {
            writer.sendBody(size, false);
            assert.equal(reader.receiveBody(size, false), undefined);
          }
          if (hasTrailers) {
            const trailers = writer.sendTrailers(new Fields(["x", "1"]));
            assert.equal(reader.receiveSection(sectionOf(trailers), true).kind, "trailers");
          } else {
            writer.sendBody(0, true);
            assert.equal(reader.receiveBody(0, true), undefined);
          }
          assert.deepEqual([writer.state, reader.state], ["end", "end"]);
          taken++;
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          ruleOf(error);
        }
      },
    ),
    { numRuns: 3000 },
  );
  assert(taken > 300, `only ${taken} messages were sound`);
});
