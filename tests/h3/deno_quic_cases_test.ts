import assert from "node:assert/strict";
import { h3ErrorName } from "../../h3/errors.ts";
import { serve } from "../../h3/mod.ts";
import { QpackDecoder } from "../../qpack/mod.ts";
import { connectQuic, hasQuic, listenQuic } from "../../transport/deno.ts";
import type { QuicSendStream, QuicTransport } from "../../transport/mod.ts";
import { testAuthority, testCertificate } from "../support/certs.ts";
import { corpora, readCorpus } from "../support/corpora.ts";
import { frame, join } from "../support/h3_frames.ts";
import { type CasePeer, hexOf, type Row, STIMULI, WITHOUT_SETTINGS } from "./server_cases.ts";

/** What each case shows over Deno's QUIC, which has no codes for streams; `docs/transport.md` has the same table. */
const SEEN: Readonly<Record<string, string>> = {
  "h3spec/1": "connection H3_FRAME_UNEXPECTED",
  "h3spec/2": "answered 400",
  "h3spec/3": "answered 400",
  "h3spec/4": "answered 400",
  "h3spec/5": "answered 400",
  "h3spec/6": "connection H3_MISSING_SETTINGS",
  "h3spec/7": "connection H3_FRAME_UNEXPECTED",
  "h3spec/8": "connection H3_FRAME_UNEXPECTED",
  "h3spec/9": "connection H3_FRAME_UNEXPECTED",
  "h3spec/10": "connection H3_SETTINGS_ERROR",
  "h3spec/11": "connection H3_FRAME_UNEXPECTED",
  "h3spec/12": "connection QPACK_DECOMPRESSION_FAILED",
  "h3spec/13": "connection QPACK_ENCODER_STREAM_ERROR",
  "h3spec/14": "connection H3_CLOSED_CRITICAL_STREAM",
  "h3spec/15": "connection QPACK_DECODER_STREAM_ERROR",
};

/** A client of bare QUIC streams: what it sends is in order within each stream. */
class RawPeer implements CasePeer {
  readonly #transport: QuicTransport;
  readonly #streams: Map<number, QuicSendStream> = new Map();
  #sending: Promise<unknown> = Promise.resolve();
  /** Settles with the status that came back on stream 0, once it has ended. */
  answer: Promise<string | undefined> | undefined;

  constructor(transport: QuicTransport) {
    this.#transport = transport;
  }

  async open(withSettings: boolean): Promise<void> {
    for (const id of [2, 6, 10]) this.#streams.set(id, await this.#transport.openUni());
    const request = await this.#transport.openBidi();
    this.#streams.set(0, request.send);
    this.answer = this.#status(request.receive.readable);
    if (!withSettings) return;
    this.send(2, join(0, frame(4)));
    this.send(6, [2]);
    this.send(10, [3]);
    await this.#sending;
  }

  send(stream: number, bytes: ArrayLike<number>, fin = false): void {
    this.#sending = this.#sending.then(async () => {
      const { writable } = this.#streams.get(stream)!;
      const writer = writable.getWriter();
      if (bytes.length > 0) await writer.write(Uint8Array.from(bytes));
      if (fin) await writer.close();
      writer.releaseLock();
    }).catch(() => {}); // the server has closed already
  }

  control(...frames: readonly ArrayLike<number>[]): void {
    this.send(2, join(...frames));
  }

  async #status(readable: ReadableStream<Uint8Array>): Promise<string | undefined> {
    const bytes = new Uint8Array(
      await new Response(readable as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer(),
    );
    // One short HEADERS frame: its type and length are one octet each.
    if (bytes[0] !== 1 || bytes[1] !== bytes.length - 2) return undefined;
    const section = new QpackDecoder().decode(0, bytes.subarray(2));
    return section === "blocked" ? undefined : section.flat[1];
  }
}

async function tryCase(row: Row): Promise<string> {
  const { cert, key } = await testCertificate();
  const alpn = ["h3"];
  const listener = listenQuic({ hostname: "127.0.0.1", port: 0, cert, key, alpn });
  const arriving = listener[Symbol.asyncIterator]().next();
  const caCerts = [await testAuthority()];
  const near = await connectQuic({ hostname: "127.0.0.1", port: listener.addr.port, alpn, caCerts });
  const { value: far } = await arriving;
  let handled = 0;
  const server = serve(far!, () => {
    handled++;
    return new Response("handled");
  });
  const peer = new RawPeer(near);
  await peer.open(!WITHOUT_SETTINGS.has(row[0]));
  STIMULI[row[0]]!(peer, hexOf(row));
  const closed = near.closed.then(({ code }) => `connection ${h3ErrorName(code)}`);
  const ended = peer.answer!.then((status) => `answered ${status}`, () => closed);
  const seen = await Promise.race([closed, ended]);
  assert.equal(handled, 0, `${row[0]} reached the handler`);
  near.close(0x100, "");
  server.close();
  await server.closed;
  listener.closeAll(0x100, "");
  return seen;
}

Deno.test({
  name: hasQuic() && corpora.available
    ? "serve over Deno's QUIC reacts to the cases of h3spec as closely as Deno can"
    : `serve over Deno's QUIC reacts to the cases of h3spec (${
      hasQuic() ? "no corpora" : "no --unstable-net"
    })`,
  ignore: !hasQuic() || !corpora.available,
  async fn() {
    const { cases } = await readCorpus<{ cases: Row[] }>("cases/h3-server-cases.json");
    const seen: Record<string, string> = {};
    for (const row of cases) seen[row[0]] = await tryCase(row);
    assert.deepEqual(seen, SEEN);
  },
});
