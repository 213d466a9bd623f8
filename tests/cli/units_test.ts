import assert from "node:assert/strict";
import fc from "fast-check";
import { derOfPem, makeDevCertificate, sha256Hex } from "../../cli/dev_cert.ts";
import { parseFields } from "../../cli/connect_plan.ts";
import { CliError } from "../../cli/errors.ts";
import { permissionFlags } from "../../cli/permissions.ts";
import { pathSegments } from "../../cli/serve/static_files.ts";
import { openLineQueue } from "../../cli/serve/line_queue.ts";
import { hostPort, parseConnect, parseTarget } from "../../cli/target.ts";
import { chooseStyle, printable } from "../../cli/ui/style.ts";
import { formatBytes, formatDuration, median, parseDuration } from "../../cli/ui/units.ts";
import { niceStep, renderWaterfall } from "../../cli/ui/waterfall.ts";
import { flagWords } from "../../cli/ui/frame_trace.ts";
import { accessTrace } from "../../cli/serve/access_log.ts";

Deno.test("parseTarget reads URLs and their short forms", () => {
  const rows: [string, string, string, number, string, string][] = [
    ["https://example.test", "https", "example.test", 443, "example.test", "/"],
    ["HTTPS://Example.TEST/a?b#c", "https", "example.test", 443, "example.test", "/a?b"],
    ["example.test", "https", "example.test", 443, "example.test", "/"],
    ["example.test:8443/x", "https", "example.test", 8443, "example.test:8443", "/x"],
    [":8443/x", "https", "localhost", 8443, "localhost:8443", "/x"],
    [":8443", "https", "localhost", 8443, "localhost:8443", "/"],
    ["http://localhost:8080", "http", "localhost", 8080, "localhost:8080", "/"],
    ["[::1]:8443/", "https", "::1", 8443, "[::1]:8443", "/"],
    ["http://[::1]/", "http", "::1", 80, "[::1]", "/"],
    ["bücher.test", "https", "xn--bcher-kva.test", 443, "xn--bcher-kva.test", "/"],
  ];
  for (const [text, scheme, hostname, port, authority, path] of rows) {
    const target = parseTarget(text, "get");
    assert.deepEqual([text, target.scheme, target.hostname, target.port, target.authority, target.path], [
      text,
      scheme,
      hostname,
      port,
      authority,
      path,
    ]);
  }
});

Deno.test("parseConnect reads hosts and ports", () => {
  assert.deepEqual(parseConnect("a.test"), { hostname: "a.test" });
  assert.deepEqual(parseConnect("a.test:1"), { hostname: "a.test", port: 1 });
  assert.deepEqual(parseConnect(":81"), { port: 81 });
  assert.deepEqual(parseConnect("[::1]:443"), { hostname: "::1", port: 443 });
  for (const bad of ["", "a:b", "a:0", "a:65536", "::1", "a:1:2"]) {
    assert.throws(() => parseConnect(bad), CliError);
  }
  assert.equal(hostPort("::1", 1), "[::1]:1");
});

Deno.test("parseFields keeps order, lowers names, and puts values into bytes", () => {
  assert.deepEqual(parseFields(["X-A: 1", "x-b:", "x-c:  two words  "]), [["x-a", "1"], ["x-b", ""], [
    "x-c",
    "two words",
  ]]);
  assert.deepEqual(parseFields(["x: é"]), [["x", "\u00c3\u00a9"]]);
  for (const bad of ["no colon", ": empty", "na me: x"]) assert.throws(() => parseFields([bad]), CliError);
});

Deno.test("durations, sizes and medians are read and written", () => {
  assert.deepEqual(["500ms", "10", "1.5s", "2m", "x", "1h", ""].map(parseDuration), [
    500,
    10_000,
    1500,
    120_000,
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual([0, 999, 1000, 12_345, 999_500, 2_100_000_000].map(formatBytes), [
    "0 B",
    "999 B",
    "1.0 kB",
    "12.3 kB",
    "1.0 MB",
    "2.10 GB",
  ]);
  assert.equal(formatDuration(61.44), "61.4 ms");
  assert.equal(formatDuration(2999), "3.0 s");
  assert.deepEqual([median([]), median([3, 1, 2]), median([4, 1, 2, 3])], [null, 2, 2.5]);
});

Deno.test("permissionFlags is one line with one flag of each kind", () => {
  assert.equal(
    permissionFlags([
      { name: "net", host: "a.test:1" },
      { name: "read", path: "x y" },
      { name: "net", host: "b.test:2" },
      { name: "read", path: "x y" },
    ]),
    "--allow-net=a.test:1,b.test:2 --allow-read='x y'",
  );
});

Deno.test("pathSegments never yields a segment that climbs or separates", () => {
  const piece = fc.constantFrom(
    "..",
    "%2e%2e",
    "%2E.",
    "/",
    "%2f",
    "\\",
    "%5c",
    "%00",
    "a",
    ".",
    "%",
    "?",
    "#",
    "é",
  );
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    const segments = pathSegments("/" + pieces.join(""));
    for (const segment of segments ?? []) {
      assert.ok(segment !== "" && segment !== "." && segment !== ".." && !/[/\\\0]/.test(segment));
    }
  }));
  assert.deepEqual(pathSegments("/a%20b/./c?x/../y"), ["a b", "c"]);
  assert.equal(pathSegments("*"), undefined);
});

Deno.test("a style has colours by terminal, NO_COLOR and wish", () => {
  const red = (terminal: boolean, noColor: boolean, color: "auto" | "always" | "never") =>
    chooseStyle({ terminal, noColor, color }).red("x") !== "x";
  assert.deepEqual([red(true, false, "auto"), red(false, false, "auto"), red(true, true, "auto")], [
    true,
    false,
    false,
  ]);
  assert.deepEqual([red(false, true, "always"), red(true, false, "never")], [true, false]);
});

Deno.test("printable leaves nothing that moves a terminal", () => {
  assert.equal(printable("a\x1b[31mb\x07\x9b\u202ec é"), "a\\x1b[31mb\\x07\\x9b\\x202ec é");
});

Deno.test("a waterfall begins each part where the one before ended", () => {
  const style = chooseStyle({ terminal: false, noColor: true, ascii: true });
  const phases = [{ name: "dns", ms: null }, { name: "tcp", ms: 25 }, { name: "wait", ms: 75 }];
  const lines = renderWaterfall([{ name: "h2", phases }], style, "");
  const bars = lines.slice(1).map((line) => /[.#]+$/.exec(line.slice(20))?.[0] ?? "");
  assert.equal(bars[0], "");
  assert.match(bars[1]!, /^#+$/);
  assert.match(bars[2]!, /^\.+#+$/);
  assert.equal(bars[2]!.indexOf("#"), bars[1]!.length);
  assert.deepEqual([0.4, 3, 60, 999].map(niceStep), [0.1, 1, 20, 500]);
});

Deno.test("flagWords names the flags that a frame type has", () => {
  assert.deepEqual(flagWords("HEADERS", 0x2d), ["end_headers", "end_stream", "padded", "priority"]);
  assert.deepEqual(flagWords("SETTINGS", 1), ["ack"]);
  assert.deepEqual(flagWords("GOAWAY", 0xff), []);
});

Deno.test("an access trace tells of each exchange once, whatever the order of its events", () => {
  const told: string[] = [];
  const trace = accessTrace(
    "h2",
    1,
    (entry) => told.push(`${entry.method} ${entry.path} ${entry.status} ${entry.bodyBytes} ${entry.end}`),
  );
  const fields = (direction: "in" | "out", stream: number, flat: string[]) =>
    trace({ type: "fields", direction, stream, flat, encodedBytes: 1, rawBytes: 1 });
  const frame = (direction: "in" | "out", stream: number, name: string, flags: number, length = 0) =>
    trace({ type: "frame", direction, stream, name, frameType: 0, flags, length });
  fields("in", 1, [":method", "GET", ":path", "/a"]);
  fields("out", 1, [":status", "103"]);
  frame("out", 1, "HEADERS", 4);
  fields("out", 1, [":status", "200"]);
  frame("out", 1, "HEADERS", 4);
  frame("out", 1, "DATA", 0, 5);
  frame("out", 1, "DATA", 1, 6);
  frame("in", 1, "RST_STREAM", 0);
  fields("in", 3, [":method", "HEAD", ":path", "/b"]);
  frame("out", 3, "HEADERS", 5);
  fields("out", 3, [":status", "404"]);
  fields("in", 5, [":method", "CONNECT", ":authority", "c:1"]);
  frame("in", 5, "RST_STREAM", 0);
  assert.deepEqual(told, ["GET /a 200 11 done", "HEAD /b 404 0 done", "CONNECT c:1 null 0 reset"]);
});

Deno.test("a line queue writes in order and drops when the reader is gone", async () => {
  const written: string[] = [];
  let fails = false;
  const queue = openLineQueue((bytes) => {
    if (fails) return Promise.reject(new Error("gone"));
    written.push(new TextDecoder().decode(bytes));
    return Promise.resolve();
  });
  queue.push("a");
  queue.push("b");
  await queue.flush();
  queue.push("c");
  await queue.flush();
  assert.deepEqual(written, ["a\nb\n", "c\n"]);
  fails = true;
  queue.push("d");
  await queue.flush();
  fails = false;
  queue.push("e");
  await queue.flush();
  assert.deepEqual(written.length, 2);
});

Deno.test("a development certificate is short-lived, a leaf, and what its hash says", async () => {
  const made = await makeDevCertificate({ names: ["dev.test"] });
  const der = derOfPem(made.cert)!;
  assert.equal(await sha256Hex(der), made.sha256);
  const days = (made.notAfter.getTime() - made.notBefore.getTime()) / 86_400_000;
  assert.ok(days > 13 && days < 14, "browsers take pinned certificates of at most 14 days");
  const { X509Certificate } = await import("node:crypto");
  const parsed = new X509Certificate(made.cert);
  assert.equal(parsed.ca, false);
  assert.match(parsed.subjectAltName!, /DNS:localhost.*127\.0\.0\.1.*DNS:dev\.test/);
  assert.match(made.key, /^-----BEGIN PRIVATE KEY-----/);
  assert.equal(derOfPem("nothing"), undefined);
});
