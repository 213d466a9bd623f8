/**
 * One reader for HTTP/2 and for bare TCP: reads into one buffer and counts, with a walk over the frames where
 * there are any (`frames`: without HTTP); with `long` it takes frames of 1 MiB:
 * `deno run -A tcp_client.ts PORT http|long|raw|frames`.
 */
import { writeAll } from "../../../transport/deno_socket.ts";
import { END_STREAM, FrameWalk, opening, request, SETTINGS_ACK, Type, windowUpdate } from "./canned_h2.ts";
import { answerRounds } from "./client_loop.mjs";

const [port, mode] = Deno.args;
const where = { hostname: "127.0.0.1", port: Number(port) };
const authority = `127.0.0.1:${port}`;
const SIZES: ReadonlyMap<string, number> = new Map([["/m1", 20], ["/m64", 26]]);
const buffer = new Uint8Array(65_536);

/** Writes in order, and tells who reads of a write that failed. */
class Writing {
  readonly #connection: Deno.Conn;
  #last: Promise<void> = Promise.resolve();

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  write(bytes: Uint8Array): void {
    this.#last = this.#last.then(() => writeAll(this.#connection, bytes));
    this.#last.catch(() => this.#connection.close());
  }
}

async function read(connection: Deno.Conn): Promise<Uint8Array> {
  const count = await connection.read(buffer);
  if (count === null) throw new Error("the server closed the connection");
  return buffer.subarray(0, count);
}

type Run = (count: number, concurrency: number, path: string) => Promise<number>;

async function rawClient(isFramed: boolean): Promise<Run> {
  const connection = await Deno.connect(where);
  connection.setNoDelay(true);
  const writing = new Writing(connection);
  let content = 0;
  const walk = new FrameWalk((_type, _flags, _stream, length) => void (content += length));
  return async (count, concurrency, path) => {
    const exponent = SIZES.get(path)!;
    let asked = Math.min(count, concurrency);
    writing.write(new Uint8Array(asked).fill(exponent));
    let bytes = content = 0;
    for (const wanted = count * 2 ** exponent; bytes < wanted;) {
      const piece = await read(connection);
      if (isFramed) walk.receive(piece);
      bytes = isFramed ? content : bytes + piece.length;
      while (asked < count && bytes >= (asked - concurrency + 1) * 2 ** exponent) {
        writing.write(Uint8Array.of(exponent));
        asked++;
      }
    }
    return bytes;
  };
}

async function httpClient(maxFrameBytes: number): Promise<Run> {
  const connection = await Deno.connect(where);
  connection.setNoDelay(true);
  const writing = new Writing(connection);
  writing.write(opening(maxFrameBytes));
  let stream = 1;
  let bytes = 0;
  let ended = 0;
  const walk = new FrameWalk((type, flags, _stream, length) => {
    if (type === Type.DATA) {
      bytes += length;
      if ((flags & END_STREAM) !== 0) ended++;
    } else if (type === Type.SETTINGS && (flags & END_STREAM) === 0) writing.write(SETTINGS_ACK);
    else if (type === Type.RST_STREAM || type === Type.GOAWAY || type === Type.PING) {
      throw new Error(`the server sent a frame of type ${type}`);
    }
  });
  return async (count, concurrency, path) => {
    const size = 2 ** SIZES.get(path)!;
    bytes = ended = 0;
    let asked = 0;
    while (ended < count) {
      for (; asked < count && asked - ended < concurrency; asked++, stream += 2) {
        writing.write(request(stream, authority, path));
        if (asked >= concurrency) writing.write(windowUpdate(size));
      }
      walk.receive(await read(connection));
    }
    writing.write(windowUpdate(Math.min(count, concurrency) * size));
    return bytes;
  };
}

const isBare = mode === "raw" || mode === "frames";
answerRounds(
  await (isBare ? rawClient(mode === "frames") : httpClient(mode === "long" ? 1_048_576 : 16_384)),
);
