/** Field lists to measure header codecs with: seeded, so that each run sees the same. */

/** The kinds of lists. */
export type ListKind = "simple" | "request" | "response";

/** A generator of 32-bit numbers (xorshift). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function word(random: () => number, length: number): string {
  let text = "";
  while (text.length < length) text += random().toString(36);
  return text.slice(0, length);
}

/** What a load generator sends: the same five fields each time. */
function simple(): string[] {
  return [
    ":method",
    "GET",
    ":scheme",
    "http",
    ":authority",
    "127.0.0.1:8080",
    ":path",
    "/hello",
    "user-agent",
    "h2load nghttp2/1.52.0",
  ];
}

/** What a browser sends: the path and referer differ, the rest mostly not. */
function request(random: () => number, i: number): string[] {
  const fields = [
    ":method",
    "GET",
    ":scheme",
    "https",
    ":authority",
    "www.example.com",
    ":path",
    `/assets/${word(random, 8)}/${word(random, 12)}.js?v=${random() % 100000}`,
    "user-agent",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "accept",
    "*/*",
    "accept-language",
    "en-US,en;q=0.5",
    "accept-encoding",
    "gzip, deflate, br, zstd",
    "referer",
    `https://www.example.com/page/${word(random, 10)}`,
    "cookie",
    "session=8a7c1f0e6b2d4c93a5f7; theme=dark; region=eu",
    "sec-fetch-dest",
    "script",
    "sec-fetch-mode",
    "no-cors",
    "sec-fetch-site",
    "same-origin",
    "priority",
    "u=2",
  ];
  if (i % 3 === 0) fields.push("cache-control", "no-cache");
  return fields;
}

/** What a server sends: date, etag and length differ. */
function response(random: () => number, i: number): string[] {
  const seconds = String(i >> 3 & 63).padStart(2, "0");
  const fields = [
    ":status",
    i % 10 === 0 ? "304" : "200",
    "server",
    "tandem",
    "date",
    `Mon, 03 Nov 2025 10:${String(i >> 9).padStart(2, "0")}:${seconds} GMT`,
    "content-type",
    i % 2 === 0 ? "text/html; charset=utf-8" : "application/javascript",
    "content-length",
    String(random() % 1000000),
    "etag",
    `"${word(random, 20)}"`,
    "last-modified",
    "Sat, 01 Nov 2025 08:00:00 GMT",
    "cache-control",
    "public, max-age=3600",
    "vary",
    "accept-encoding",
    "strict-transport-security",
    "max-age=31536000",
    "x-content-type-options",
    "nosniff",
  ];
  if (i % 4 === 0) fields.push("x-request-id", word(random, 16));
  return fields;
}

/** Makes the lists of a kind, one after the other: name, value, name, value, … */
export function listMaker(kind: ListKind): () => string[] {
  const random = randomOf(20251103);
  let i = 0;
  return () =>
    kind === "simple" ? simple() : kind === "request" ? request(random, i++) : response(random, i++);
}

/** Makes `count` lists of a kind. */
export function makeLists(kind: ListKind, count: number): string[][] {
  const make = listMaker(kind);
  return Array.from({ length: count }, make);
}

/** Octets of names and values in all lists. */
export function octetsOf(lists: readonly string[][]): number {
  let octets = 0;
  for (const list of lists) for (const text of list) octets += text.length;
  return octets;
}
