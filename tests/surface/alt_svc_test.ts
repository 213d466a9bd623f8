import assert from "node:assert/strict";
import fc from "fast-check";
import { parseAltSvc } from "../../surface/alt_svc.ts";
import { Alternatives } from "../../surface/alternatives.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

const H3 = { protocol: "h3", hostname: "", port: 443, maxAgeS: 86_400, isPersistent: false };

const READABLE: readonly (readonly [string, unknown])[] = [
  ['h3=":443"', [H3]],
  [' h3=":443" ; ma=60;persist=1', [{ ...H3, maxAgeS: 60, isPersistent: true }]],
  ['h3=":443"; ma="60"', [{ ...H3, maxAgeS: 60 }]],
  ['h3=":443"; persist=2', [H3]],
  ['h3=":443"; unknown=x; other="a,b;c"', [H3]],
  ['h2="Alt.Example:8443", h3=":443"', [{ ...H3, protocol: "h2", hostname: "alt.example", port: 8443 }, H3]],
  ['h3="[2001:db8::1]:443"', [{ ...H3, hostname: "2001:db8::1" }]],
  ['w%3Dx%3Ay="a:1"', [{ ...H3, protocol: "w=x:y", hostname: "a", port: 1 }]],
  ['h3-29=":443"; ma=0', [{ ...H3, protocol: "h3-29", maxAgeS: 0 }]],
  ["clear", "clear"],
  [" CLEAR ", "clear"],
  // One that makes no sense is left out, the others count.
  ['h3=":0", h3=":99999", h3="x", h3=":443"', [H3]],
  ['h3=":443"; ma=-1, h3=":443"', [H3]],
  ['h3="a b:443", h3=":443"', [H3]],
];

Deno.test("parseAltSvc reads alternatives with their parameters [7838-3]", () => {
  for (const [text, expected] of READABLE) assert.deepEqual(parseAltSvc(text), expected, text);
});

Deno.test("parseAltSvc answers undefined to what cannot be read", () => {
  for (
    const text of [
      "",
      "h3",
      "h3=",
      'h3=":443',
      '="x"',
      'h3=":443" ma=1',
      'h3=":443"; ma',
      "h3=:443",
      'clear, h3=":443"',
    ]
  ) {
    assert.equal(parseAltSvc(text), undefined, text);
  }
});

Deno.test("parseAltSvc never throws, and is quick", () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => void parseAltSvc(text)));
  const started = performance.now();
  parseAltSvc('h3="' + "\\".repeat(50_000));
  parseAltSvc('h3=":443"' + '; a="b"'.repeat(10_000) + "!!");
  parseAltSvc(" ".repeat(50_000) + "clea");
  assert(performance.now() - started < 1000);
});

Deno.test("Alternatives keeps at most 1,000 origins", () => {
  const cache = new Alternatives(new VirtualClock());
  for (let n = 0; n < 1500; n++) cache.learn(`https://${n}.example`, 'h3=":443"');
  assert.equal(cache.size, 1000);
  assert.deepEqual(cache.find("https://0.example"), []);
  assert.equal(cache.find("https://1499.example").length, 1);
});

Deno.test("Alternatives leaves what failed alone for twice as long each time, two days at most", async () => {
  const clock = new VirtualClock();
  const cache = new Alternatives(clock);
  const origin = "https://a.example";
  for (const minutes of [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 2880, 2880]) {
    cache.fail(origin, H3);
    await clock.pass(minutes * 60_000 - 1);
    assert(cache.isBroken(origin, H3), `${minutes} minutes`);
    await clock.pass(1);
    assert(!cache.isBroken(origin, H3), `${minutes} minutes`);
  }
  cache.succeed(origin, H3);
  cache.fail(origin, H3);
  await clock.pass(300_000);
  assert(!cache.isBroken(origin, H3));
});
