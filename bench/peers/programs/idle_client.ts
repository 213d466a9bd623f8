/**
 * Opens connections and requests, and lets them be: `deno run -A idle_client.ts PORT KIND [CERT]`, where KIND is
 * `h2`, or over QUIC `http`, `raw` or `raw with uni`. A line `TOTAL EACH PATH` wants so many requests in all, so
 * many of them on each connection; `/wait` is not answered, and `/wait:1024` has a body of that size.
 */
import { writeAll } from "../../../transport/deno_socket.ts";
import { certificateHash } from "./certificate_hash.ts";
import * as h2 from "./canned_h2.ts";
import * as h3 from "./canned_h3.ts";
import { answerRounds } from "./client_loop.mjs";

const [port, kind, cert] = Deno.args;
const where = { hostname: "127.0.0.1", port: Number(port) };
const authority = `127.0.0.1:${port}`;
/** Connections that are opened at once. */
const AT_ONCE = 16;

/** Sends one more request; ends when it is answered, or at once if it never is. */
type Ask = (path: string, body: Uint8Array | undefined) => Promise<void>;

async function openH2(): Promise<Ask> {
  const connection = await Deno.connect(where);
  await writeAll(connection, h2.opening());
  const buffer = new Uint8Array(4096);
  let next = 1;
  let ended = 0;
  let hasSettings = false;
  const walk = new h2.FrameWalk((type, flags, stream) => {
    if (type === h2.Type.SETTINGS && flags === 0) hasSettings = true;
    else if (type <= h2.Type.HEADERS && (flags & h2.END_STREAM) !== 0) ended = stream;
    else if (type === h2.Type.RST_STREAM || type === h2.Type.GOAWAY) {
      throw new Error(`a frame of type ${type}`);
    }
  });
  return async (path, body) => {
    const stream = next;
    next += 2;
    await writeAll(connection, h2.request(stream, authority, path, body));
    while (!hasSettings || (path !== "/wait" && ended < stream)) {
      const count = await connection.read(buffer);
      if (count === null) throw new Error("the server closed the connection");
      walk.receive(buffer.subarray(0, count));
    }
    if (stream === 1) await writeAll(connection, h2.SETTINGS_ACK);
  };
}

const endpoint = kind === "h2" ? undefined : new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
const hash = cert === undefined ? undefined : await certificateHash(Deno.readTextFileSync(cert));

async function openQuic(): Promise<Ask> {
  // Deno takes pins, and its types do not know.
  const pins = { serverCertificateHashes: [{ algorithm: "sha-256", value: hash }] };
  const connection = await Deno.connectQuic({
    ...where,
    endpoint: endpoint!,
    alpnProtocols: [kind === "http" ? "h3" : "raw"],
    maxIdleTimeout: 600_000,
    ...pins,
  });
  const encoder = new TextEncoder();
  // Streams that nobody knows any more are closed.
  const kept: unknown[] = [];
  if (kind !== "raw") {
    const control = await connection.createUnidirectionalStream();
    await control.getWriter().write(h3.CONTROL);
    kept.push(control);
  }
  return async (path, body) => {
    const stream = await connection.createBidirectionalStream({ waitUntilAvailable: true });
    const writer = stream.writable.getWriter();
    await writer.write(kind !== "http" ? encoder.encode(path) : h3.request(authority, path, body));
    await writer.close();
    if (path === "/wait") return void kept.push(stream);
    for await (const _ of stream.readable);
  };
}

/** A connection, once it is open, and the requests that it has and is to have. */
interface Slot {
  ask: Ask | undefined;
  count: number;
  wanted: number;
}

const slots: Slot[] = [];

async function open(total: number, each: number, path: string): Promise<number> {
  const [name, size] = path.split(":");
  const body = size === undefined ? undefined : new Uint8Array(Number(size)).fill(120);
  for (let i = 0, left = total; left > 0; i++, left -= each) {
    slots[i] ??= { ask: undefined, count: 0, wanted: 0 };
    slots[i]!.wanted = Math.min(left, each);
  }
  const queue = slots.values();
  async function work(): Promise<void> {
    for (const slot of queue) {
      if (slot.count < slot.wanted) slot.ask ??= await (kind === "h2" ? openH2() : openQuic());
      for (; slot.count < slot.wanted; slot.count++) await slot.ask!(name!, body);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return slots.reduce((sum, { count }) => sum + count, 0);
}

answerRounds(open);
