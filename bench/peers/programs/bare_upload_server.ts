/**
 * How little an upload can cost in Deno: frames are found by their lengths, nothing is decoded or checked. Each
 * request gets one canned answer when its last frame has come; with `echo` each piece of its body goes back as a
 * frame of its own, since nobody may begin a frame whose end may never come. Reads go on while something is written, into the other half of what is to be written next:
 * `deno run -A bare_upload_server.ts PORT count|echo [CERT KEY]`.
 */
import { END_STREAM, frame, join, opening, SETTINGS_ACK, Type, windowUpdate } from "./canned_h2.ts";

const [port, mode, cert, key] = Deno.args;
const where = { hostname: "127.0.0.1", port: Number(port) };
const listener: Deno.Listener = cert === undefined ? Deno.listen(where) : Deno.listenTls({
  ...where,
  cert: Deno.readTextFileSync(cert),
  key: Deno.readTextFileSync(key!),
  alpnProtocols: ["h2"],
});
console.log("ready");

const PREFACE_BYTES = 24;
const END_HEADERS = 4;
const STATUS_200 = 0x88;
const OUTPUT_BYTES = 1_048_576;
/** The window of a connection is given back in pieces of this size. */
const CREDIT_BYTES = 2 ** 24;

/** What is written next, and the buffer that is written now. */
class Output {
  readonly #conn: Deno.Conn;
  #ready = new Uint8Array(OUTPUT_BYTES);
  #spare = new Uint8Array(OUTPUT_BYTES);
  #length = 0;
  #writing: Promise<void> | undefined;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  add(bytes: Uint8Array): void {
    this.#ready.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Writes what is ready, unless a write is under way; waits for that where no read may still fit. */
  async flush(mostRead: number): Promise<void> {
    if (this.#writing !== undefined && this.#length + mostRead > OUTPUT_BYTES) await this.#writing;
    if (this.#writing === undefined && this.#length > 0) this.#writing = this.#write();
  }

  async #write(): Promise<void> {
    while (this.#length > 0) {
      const bytes = this.#ready.subarray(0, this.#length);
      [this.#ready, this.#spare] = [this.#spare, this.#ready];
      this.#length = 0;
      for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
    }
    this.#writing = undefined;
  }
}

async function serve(conn: Deno.Conn): Promise<void> {
  (conn as Deno.TcpConn).setNoDelay?.(true);
  const input = new Uint8Array(262_144);
  const head = new Uint8Array(9);
  const output = new Output(conn);
  output.add(opening().subarray(PREFACE_BYTES));
  let skip = PREFACE_BYTES;
  let kept = 0;
  let left = 0;
  let credit = 0;

  /** What is said when a frame has come. */
  const answer = (): void => {
    const [type, flags] = [head[3]!, head[4]!];
    const stream = head[5]! << 24 | head[6]! << 16 | head[7]! << 8 | head[8]!;
    const isLast = (flags & END_STREAM) !== 0;
    if (type === Type.SETTINGS && !isLast) output.add(SETTINGS_ACK);
    if (type === Type.HEADERS && mode === "echo") output.add(frame(type, END_HEADERS, stream, [STATUS_200]));
    if (type === Type.DATA && isLast && mode !== "echo") {
      output.add(join(
        frame(Type.HEADERS, END_HEADERS, stream, [STATUS_200]),
        frame(Type.DATA, END_STREAM, stream, [0x31]),
      ));
    }
  };

  /** Sends a piece of a frame back; `isLast` says that the frame ends with it. */
  const echo = (piece: Uint8Array, isLast: boolean): void => {
    const header = head.slice();
    header.set([piece.length >>> 16, piece.length >>> 8 & 255, piece.length & 255]);
    if (!isLast) header[4] = 0;
    output.add(header);
    output.add(piece);
  };

  for (;;) {
    const read = await conn.read(input);
    if (read === null) break;
    let at = Math.min(skip, read);
    skip -= at;
    while (at < read) {
      if (kept < head.length) {
        head[kept++] = input[at++]!;
        if (kept < head.length) continue;
        left = head[0]! << 16 | head[1]! << 8 | head[2]!;
      }
      const taken = Math.min(left, read - at);
      if (head[3] === Type.DATA) {
        if (mode === "echo" && (taken > 0 || left === 0)) {
          echo(input.subarray(at, at + taken), taken === left);
        }
        credit += taken;
      }
      at += taken;
      left -= taken;
      if (left > 0) continue;
      answer();
      kept = 0;
    }
    if (credit >= CREDIT_BYTES) {
      output.add(windowUpdate(credit));
      credit = 0;
    }
    await output.flush(input.length * 2);
  }
  conn.close();
}

for await (const conn of listener) serve(conn).catch(() => {});
