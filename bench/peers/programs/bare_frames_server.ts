/**
 * How little a server in Deno can cost: frames are found by their lengths, nothing is decoded or checked, and
 * each request gets the same canned answer: `deno run -A bare_frames_server.ts PORT [native]`. With `native`
 * each has the platform's `Request` and `Response` made for it, out of fields that are no request's own.
 */
import { BROWSER } from "../browser_fields.ts";
import { HELLO } from "./bodies.ts";
import { handle } from "./native_handler.ts";

const [port, mode] = Deno.args;
const listener = Deno.listen({ hostname: "127.0.0.1", port: Number(port) });
console.log("ready");

const PREFACE_BYTES = 24;
const FRAME_HEADER_BYTES = 9;
const HEADERS = 1;
const SETTINGS = 4;
const NO_SETTINGS = Uint8Array.of(0, 0, 0, SETTINGS, 0, 0, 0, 0, 0);
const SETTINGS_ACK = Uint8Array.of(0, 0, 0, SETTINGS, 1, 0, 0, 0, 0);

/** :status 200, content-type text/plain and content-length 12, from the static table and as octets. */
const HEAD = Uint8Array.of(
  0x88,
  0x5f,
  10,
  ...new TextEncoder().encode("text/plain"),
  0x0f,
  13,
  2,
  0x31,
  0x32,
);
const ANSWER = Uint8Array.of(
  ...[0, 0, HEAD.length, HEADERS, 4, 0, 0, 0, 0],
  ...HEAD,
  ...[0, 0, HELLO.length, 0, 1, 0, 0, 0, 0],
  ...HELLO,
);
/** Where the stream ids stand in the answer. */
const IDS = [5, FRAME_HEADER_BYTES + HEAD.length + 5];

/** A block of more octets is taken for one of a path of its own and the fields of a browser. */
const REPEATED_BLOCK_BYTES = 16;
const REPEATED_FIELDS: readonly string[][] = [["user-agent", "h2load"]];
const UNIQUE_FIELDS: readonly string[][] = [...BROWSER.map((field) => field.split(": ")), ...REPEATED_FIELDS];
let made = 0;

/** Does with native objects what must be done with them, whoever serves. */
function makeNative(length: number): void {
  const isUnique = length > REPEATED_BLOCK_BYTES;
  const request = new Request(`http://127.0.0.1:${port}/hello${isUnique ? `?id=${made++}` : ""}`);
  const fields = isUnique ? UNIQUE_FIELDS : REPEATED_FIELDS;
  for (const [name, value] of fields) request.headers.append(name!, value!);
  const response = handle(request) as Response;
  if (response.status !== 200 || response.headers.get("content-type") === null) throw new Error("no answer");
}

async function serve(conn: Deno.TcpConn): Promise<void> {
  conn.setNoDelay(true);
  const input = new Uint8Array(65_536);
  const output = new Uint8Array(65_536);
  let held = 0;
  let start = PREFACE_BYTES;
  output.set(NO_SETTINGS);
  let ready = NO_SETTINGS.length;
  for (;;) {
    const read = await conn.read(input.subarray(held));
    if (read === null) break;
    held += read;
    let at = start;
    while (held - at >= FRAME_HEADER_BYTES) {
      const length = input[at]! << 16 | input[at + 1]! << 8 | input[at + 2]!;
      const end = at + FRAME_HEADER_BYTES + length;
      if (end > held || ready + ANSWER.length > output.length) break;
      if (input[at + 3] === HEADERS) {
        if (mode === "native") makeNative(length);
        for (let i = 0; i < ANSWER.length; i++) output[ready + i] = ANSWER[i]!;
        for (const id of IDS) for (let i = 0; i < 4; i++) output[ready + id + i] = input[at + 5 + i]!;
        ready += ANSWER.length;
      } else if (input[at + 3] === SETTINGS && input[at + 4] === 0) {
        output.set(SETTINGS_ACK, ready);
        ready += SETTINGS_ACK.length;
      }
      at = end;
    }
    start = Math.max(0, at - held);
    if (at <= held) {
      input.copyWithin(0, at, held);
      held -= at;
    } else held = 0;
    for (let sent = 0; sent < ready;) sent += await conn.write(output.subarray(sent, ready));
    ready = 0;
  }
  conn.close();
}

for await (const conn of listener) serve(conn as Deno.TcpConn).catch(() => {});
