/**
 * How little a download can cost in Deno: requests are found by the lengths of frames, nothing is decoded or checked,
 * and each gets the same body, copied into DATA frames of 16 KiB, a MiB for each write:
 * `deno run -A bare_download_server.ts PORT BYTES [node] [CERT KEY]`; `node` takes the sockets of `node:tls`.
 */
import { writeAll } from "../../../transport/deno_socket.ts";
import { type BareConn, listenBare, listenBareNode } from "./bare_sockets.ts";
import {
  END_HEADERS,
  frame,
  FrameWalk,
  PREFACE_BYTES,
  SERVER_OPENING,
  SETTINGS_ACK,
  STATUS_200,
  Type,
} from "./canned_h2.ts";
import { copyFrames } from "./framed_copy.ts";

const [port, bytes, ...more] = Deno.args;
const isNode = more[0] === "node";
const [cert, key] = isNode ? more.slice(1) : more;
const BODY = new Uint8Array(Number(bytes)).fill(120);
const OUTPUT_BYTES = 1_048_576;
// A copy within a page's offset of the source is slow on some processors.
const OFFSET = 192;
const ACK = 1;

/** Answers the requests of a connection in their order. */
class Answers {
  readonly #conn: BareConn;
  readonly #output = new Uint8Array(OUTPUT_BYTES + OFFSET).subarray(OFFSET);
  readonly #streams: number[] = [];
  #isSending = false;

  constructor(conn: BareConn) {
    this.#conn = conn;
  }

  add(stream: number): void {
    this.#streams.push(stream);
    if (!this.#isSending) this.#send().catch(() => this.#conn.close());
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    for (let stream = this.#streams.shift(); stream !== undefined; stream = this.#streams.shift()) {
      const head = frame(Type.HEADERS, END_HEADERS, stream, STATUS_200);
      this.#output.set(head);
      for (let done = 0, start = head.length; done < BODY.length; start = 0) {
        const copied = copyFrames(this.#output, BODY, { body: done, output: start }, stream);
        done = copied.body;
        await writeAll(this.#conn, this.#output.subarray(0, copied.output));
      }
    }
    this.#isSending = false;
  }
}

async function serve(conn: BareConn): Promise<void> {
  // The acknowledgement goes at once: the client's SETTINGS are the first that it sends.
  await writeAll(conn, SERVER_OPENING);
  await writeAll(conn, SETTINGS_ACK);
  const answers = new Answers(conn);
  const walk = new FrameWalk((type, flags, stream) => {
    if (type === Type.HEADERS) answers.add(stream);
    else if (type === Type.PING && (flags & ACK) === 0) throw new Error("nobody answers a PING here");
  });
  const input = new Uint8Array(65_536);
  let skip = PREFACE_BYTES;
  for (let read = await conn.read(input); read !== null; read = await conn.read(input)) {
    const from = Math.min(skip, read);
    skip -= from;
    walk.receive(input.subarray(from, read));
  }
  conn.close();
}

const conns = isNode ? listenBareNode(Number(port), cert!, key!) : listenBare(Number(port), cert, key);
for await (const conn of conns) serve(conn).catch(() => {});
