/**
 * What the rules of messages cost: `deno run bench/semantics_bench.ts`. Prints nanoseconds
 * for one message, head only; the median of seven rounds.
 *
 * @module
 */
import { Fields, measureSection, MessageReader, MessageWriter, SERVER_LIMITS } from "../semantics/mod.ts";
import { parsePriority } from "../semantics/mod.ts";
import type { DecodedSection } from "../wire/decoded_section.ts";

const SIMPLE = [
  ":path",
  "/hello",
  ":scheme",
  "http",
  ":authority",
  "127.0.0.1:8080",
  ":method",
  "GET",
  "user-agent",
  "h2load",
];
const BROWSER = [
  ":method",
  "GET",
  ":scheme",
  "https",
  ":authority",
  "www.example.com",
  ":path",
  "/assets/app/main-9f2c1.js?v=20260101",
  "user-agent",
  "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  "accept",
  "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "accept-language",
  "en-US,en;q=0.5",
  "accept-encoding",
  "gzip, deflate, br, zstd",
  "referer",
  "https://www.example.com/some/page/12345",
  "sec-fetch-dest",
  "script",
  "sec-fetch-mode",
  "no-cors",
  "sec-fetch-site",
  "same-origin",
  "cookie",
  "session=0123456789abcdef0123456789abcdef",
  "priority",
  "u=2",
  "te",
  "trailers",
];
const RESPONSE = [
  ":status",
  "200",
  "server",
  "tandem",
  "date",
  "Thu, 01 Jan 2026 00:00:00 GMT",
  "content-type",
  "text/html; charset=utf-8",
  "content-length",
  "12",
  "etag",
  '"5f2c-61a0b7"',
  "cache-control",
  "public, max-age=3600",
  "vary",
  "accept-encoding",
];

/** Strings that no cache has seen, in flat memory. */
function fresh(text: string, i: number): string {
  const bytes = new TextEncoder().encode(text);
  for (let at = bytes.length - 1, n = i; at > 1 && n > 0; at--, n = Math.floor(n / 10)) {
    bytes[at] = 48 + n % 10;
  }
  return String.fromCharCode(...bytes);
}

function sections(flat: readonly string[], count: number, changing: readonly string[]): DecodedSection[] {
  return Array.from({ length: count }, (_, i) => ({
    flat: flat.map((text, at) => at % 2 === 1 && changing.includes(flat[at - 1]!) ? fresh(text, i) : text),
    sensitive: undefined,
    bytes: measureSection(flat),
    count: flat.length / 2,
    tooLarge: false,
    validated: undefined,
  }));
}

let sink = 0;

function measure(name: string, count: number, prepare: () => (i: number) => void): void {
  const rounds: number[] = [];
  for (let round = 0; round < 9; round++) {
    const run = prepare();
    const start = performance.now();
    for (let i = 0; i < count; i++) run(i);
    if (round > 1) rounds.push((performance.now() - start) * 1e6 / count);
  }
  rounds.sort((a, b) => a - b);
  console.log(`${name.padEnd(58)} ${rounds[3]!.toFixed(0).padStart(6)} ns`);
}

const COUNT = 50_000;

function measureReader(
  name: string,
  flat: readonly string[],
  changing: readonly string[],
  shared = false,
): void {
  const role = flat[0] === ":status" ? "response" : "request";
  measure(name, COUNT, () => {
    const all = sections(flat, shared ? 1 : 512, changing);
    return (i) => {
      const section = all[shared ? 0 : i & 511]!;
      if (!shared) section.validated = undefined;
      const reader = new MessageReader({ role, limits: SERVER_LIMITS });
      const result = reader.receiveSection(section, false);
      if (result.kind !== role) throw new Error(JSON.stringify(result));
      sink += result.head.fields.size;
    };
  });
}

measureReader("read request, 5 fields, same strings", SIMPLE, []);
measureReader("read request, 5 fields, new path", SIMPLE, [":path"]);
measureReader("read request, 5 fields, same section", SIMPLE, [], true);
measureReader("read request, 15 fields, same strings", BROWSER, []);
measureReader("read request, 15 fields, new path and referer", BROWSER, [":path", "referer"]);
measureReader("read request, 15 fields, same section", BROWSER, [], true);
measureReader("read response, 8 fields, new date and etag", RESPONSE, ["date", "etag"]);
measureReader("read response, 8 fields, same section", RESPONSE, [], true);

measure("write request, 5 fields", COUNT, () => {
  const fields = new Fields(SIMPLE.slice(8));
  const head = { method: "GET", scheme: "http", authority: "127.0.0.1:8080", path: "/hello", fields };
  return () => {
    sink += new MessageWriter({ role: "request" }).sendRequest(head, true).length;
  };
});
measure("write request, 15 fields", COUNT, () => {
  const fields = new Fields(BROWSER.slice(8));
  const head = { method: "GET", scheme: "https", authority: "www.example.com", path: BROWSER[7]!, fields };
  return () => {
    sink += new MessageWriter({ role: "request" }).sendRequest(head, true).length;
  };
});
measure("write response, 2 fields, new list", COUNT, () => () => {
  const fields = new Fields(["content-type", "text/plain", "content-length", "12"]);
  const writer = new MessageWriter({ role: "response" });
  sink += writer.sendResponse({ status: 200, fields }, false).length;
  writer.sendBody(12, true);
});
measure("write response, 8 fields, new list", COUNT, () => () => {
  const fields = new Fields(RESPONSE.slice(2));
  sink += new MessageWriter({ role: "response" }).sendResponse({ status: 200, fields }, false).length;
});
measure("write response, 8 fields, same list", COUNT, () => {
  const fields = new Fields(RESPONSE.slice(2));
  return () => {
    sink += new MessageWriter({ role: "response" }).sendResponse({ status: 200, fields }, false).length;
  };
});
measure("parse priority, known value", COUNT, () => () => {
  sink += parsePriority("u=1, i").urgency;
});
measure("parse priority, new value", COUNT, () => (i) => {
  sink += parsePriority(`u=1, i, x=${i}`).urgency;
});
if (sink === 0) throw new Error("nothing was done");
