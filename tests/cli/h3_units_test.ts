import assert from "node:assert/strict";
import { altSvcWords, parseAltSvc, planFor } from "../../cli/probe/alt_svc.ts";
import type { ConnectPlan } from "../../cli/protocols/mod.ts";
import { accessTrace } from "../../cli/serve/access_log.ts";
import { parseTarget } from "../../cli/target.ts";
import { frameTrace } from "../../cli/ui/frame_trace.ts";
import { chooseStyle } from "../../cli/ui/style.ts";
import type { TraceEvent } from "../../semantics/trace.ts";

Deno.test("parseAltSvc finds the entry for h3 and nothing else [7838-3]", () => {
  const day = 86_400;
  const table: readonly [string | null, ReturnType<typeof parseAltSvc>][] = [
    ['h3=":443"', { hostname: undefined, port: 443, maxAgeSeconds: day }],
    ['h3=":443"; ma=60', { hostname: undefined, port: 443, maxAgeSeconds: 60 }],
    ['h3=":443";ma=60;persist=1', { hostname: undefined, port: 443, maxAgeSeconds: 60 }],
    ['h3=":443"; persist=1; ma=7', { hostname: undefined, port: 443, maxAgeSeconds: 7 }],
    ['h2="a:1"; ma=5, h3="b.test:8443"; ma=9', { hostname: "b.test", port: 8443, maxAgeSeconds: 9 }],
    ['h3="[::1]:8443"', { hostname: "::1", port: 8443, maxAgeSeconds: day }],
    ['h3=":1", h3=":2"', { hostname: undefined, port: 1, maxAgeSeconds: day }],
    ['h3=":443", h2=":444"; ma=3', { hostname: undefined, port: 443, maxAgeSeconds: day }],
    ['h3-29=":443"', undefined],
    ['h2=":443"', undefined],
    ["clear", undefined],
    ['h3=":0"', undefined],
    ['h3=":70000"', undefined],
    ["h3=443", undefined],
    ["", undefined],
    [null, undefined],
  ];
  for (const [value, expected] of table) assert.deepEqual(parseAltSvc(value), expected, value ?? "null");
});

Deno.test("planFor goes where Alt-Svc says, but --connect goes first [7838-2.1]", () => {
  const target = parseTarget("https://a.test:8443/", "probe");
  const plan = { target, hostname: "a.test", port: 8443, serverName: "a.test" } as ConnectPlan;
  const there = planFor(plan, parseAltSvc('h3="b.test:9"')!);
  assert.deepEqual([there.hostname, there.port, there.serverName], ["b.test", 9, "a.test"]);
  const same = planFor(plan, parseAltSvc('h3=":9"')!);
  assert.deepEqual([same.hostname, same.port], ["a.test", 9]);
  const fixed = { ...plan, hostname: "127.0.0.1" };
  assert.equal(planFor(fixed, parseAltSvc('h3=":9"')!), fixed);
  assert.equal(altSvcWords(parseAltSvc('h3="[::1]:9"')!), "Alt-Svc announces h3 on [::1]:9");
});

/** The lines of `-vv` for some events, without the time. */
function linesOf(events: readonly TraceEvent[]): string[] {
  const lines: string[] = [];
  const trace = frameTrace({
    write: (line) => lines.push(line),
    style: chooseStyle({ terminal: false, noColor: true }),
    fields: true,
    showSecrets: false,
    now: () => 1,
  });
  for (const event of events) trace(event);
  return lines.slice(1).map((line) => line.replace(/^ +1\.0 +/, "").replaceAll(/ {2,}/g, "  "));
}

Deno.test("-vv shows blocked and resumed sections, instructions both ways, and what our SETTINGS say", () => {
  const state = (subject: string, name: string, stream?: number, detail?: Record<string, unknown>) =>
    ({
      type: "state",
      subject,
      state: name,
      ...(stream === undefined ? {} : { stream }),
      ...(detail === undefined ? {} : { detail }),
    }) as const;
  assert.deepEqual(
    linesOf([
      state("settings", "sent", -1, { MAX_FIELD_SECTION_SIZE: 7 }),
      { type: "frame", direction: "out", stream: -1, name: "SETTINGS", frameType: 4, length: 3 },
      state("qpack", "encoder", -2, { bytes: 5 }),
      state("qpack", "blocked", 0),
      state("stream", "type-2", 7),
      state("qpack", "encoder", 7, { bytes: 9 }),
      state("qpack", "resumed", 0),
      state("qpack", "decoder", -3, { bytes: 1 }),
      state("stream", "closed", 0, { well: true }),
      state("stream", "closed", 4, { well: false }),
      { type: "frame", direction: "in", stream: 4, name: "GREASE", frameType: 0x21, length: 2 },
    ]),
    [
      ">  ctl  SETTINGS  max_field_section_size=7",
      ">  enc  QPACK table instructions  5 B",
      "=  0  qpack blocked",
      "=  enc  stream type 2",
      "<  enc  QPACK table instructions  9 B",
      "=  0  qpack resumed",
      ">  dec  QPACK acknowledgements  1 B",
      "=  0  stream closed",
      "=  4  stream closed  well=false",
      "<  4  GREASE  2 B",
    ],
  );
});

Deno.test("an access trace of HTTP/3 tells whole answers from given-up ones", () => {
  const told: string[] = [];
  const trace = accessTrace("h3", 1, ({ path, status, bodyBytes, end }) => {
    told.push(`${path} ${status} ${bodyBytes} ${end}`);
  });
  const fields = (direction: "in" | "out", stream: number, flat: string[]) =>
    trace({ type: "fields", direction, stream, flat, encodedBytes: 1, rawBytes: 1 });
  const data = (stream: number, length: number) =>
    trace({ type: "frame", direction: "out", stream, name: "DATA", frameType: 0, length });
  const state = (stream: number, name: string) =>
    trace({ type: "state", subject: "stream", state: name, stream });
  fields("in", 0, [":method", "GET", ":path", "/whole"]);
  fields("out", 0, [":status", "200"]);
  data(0, 5);
  data(0, 6);
  state(0, "half-closed (local)");
  state(0, "closed");
  fields("in", 4, [":method", "GET", ":path", "/cut"]);
  fields("out", 4, [":status", "200"]);
  data(4, 5);
  state(4, "closed");
  fields("in", 8, [":method", "GET", ":path", "/lost"]);
  trace({ type: "state", subject: "connection", state: "closed" });
  assert.deepEqual(told, ["/whole 200 11 done", "/cut 200 5 reset", "/lost null 0 reset"]);
});
