/**
 * How little an upload can cost in Deno: frames are found by their lengths, nothing is decoded or checked. Each
 * request gets one canned answer when its last frame has come; with `echo` each piece of its body goes back as a
 * frame of its own, since nobody may begin a frame whose end may never come. Reads go on while something is
 * written, into the other half of what is to be written next:
 * `deno run -A bare_upload_server.ts PORT count|echo [CERT KEY]`.
 */
import { writeAll } from "../../../transport/deno_socket.ts";
import { type BareConn, listenBare } from "./bare_sockets.ts";
import {
  END_HEADERS,
  END_STREAM,
  frame,
  FrameWalk,
  join,
  PREFACE_BYTES,
  SERVER_OPENING,
  SETTINGS_ACK,
  STATUS_200,
  Type,
  windowUpdate,
} from "./canned_h2.ts";

const [port, mode, cert, key] = Deno.args;
const ONE = Uint8Array.of(0x31);
const OUTPUT_BYTES = 1_048_576;
/** The window of a connection is given back in pieces of this size. */
const CREDIT_BYTES = 2 ** 24;

/** What is written next, and the buffer that is written now. */
class Output {
  readonly #conn: BareConn;
  #ready = new Uint8Array(OUTPUT_BYTES);
  #spare = new Uint8Array(OUTPUT_BYTES);
  #length = 0;
  #writing: Promise<void> | undefined;

  constructor(conn: BareConn) {
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
      await writeAll(this.#conn, bytes);
    }
    this.#writing = undefined;
  }
}

async function serve(conn: BareConn): Promise<void> {
  const output = new Output(conn);
  output.add(SERVER_OPENING);
  let credit = 0;

  const walk = new FrameWalk((type, flags, stream) => {
    const isLast = (flags & END_STREAM) !== 0;
    if (type === Type.SETTINGS && !isLast) output.add(SETTINGS_ACK);
    if (type === Type.HEADERS && mode === "echo") output.add(frame(type, END_HEADERS, stream, STATUS_200));
    if (type === Type.DATA && isLast && mode !== "echo") {
      const head = frame(Type.HEADERS, END_HEADERS, stream, STATUS_200);
      output.add(join(head, frame(Type.DATA, END_STREAM, stream, ONE)));
    }
  }, (head, piece, isLast) => {
    if (head[3] !== Type.DATA) return;
    credit += piece.length;
    if (mode !== "echo") return;
    const header = head.slice();
    header.set([piece.length >>> 16, piece.length >>> 8 & 255, piece.length & 255]);
    if (!isLast) header[4] = 0;
    output.add(header);
    output.add(piece);
  });

  const input = new Uint8Array(262_144);
  let skip = PREFACE_BYTES;
  for (let read = await conn.read(input); read !== null; read = await conn.read(input)) {
    const from = Math.min(skip, read);
    skip -= from;
    walk.receive(input.subarray(from, read));
    if (credit >= CREDIT_BYTES) {
      output.add(windowUpdate(credit));
      credit = 0;
    }
    await output.flush(input.length * 2);
  }
  conn.close();
}

for await (const conn of listenBare(Number(port), cert, key)) serve(conn).catch(() => {});
