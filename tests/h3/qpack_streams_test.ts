import assert from "node:assert/strict";
import { Fields } from "../../semantics/mod.ts";
import { QpackDecoder, QpackEncoder } from "../../qpack/mod.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";
import { data, frame, frameHeader, GET, headers, join, OK, POST } from "../support/h3_frames.ts";
import { cutTest, h3Client, H3Peer, h3Server } from "../support/h3_peer.ts";

const REQUEST = { method: "GET", scheme: "https", authority: "a.example", path: "/", fields: new Fields() };

/** A peer that encodes with a dynamic table, eagerly. */
class Encoder {
  readonly #encoder = new QpackEncoder({ policy: "eager" });
  instructions: Uint8Array = new Uint8Array(0);

  constructor() {
    this.#encoder.setPeer({ maxTableBytes: 4096, maxBlockedStreams: 100 });
  }

  headers(stream: number, flat: readonly string[]): Uint8Array {
    const writer = new ByteWriter();
    this.#encoder.encode(stream, flat, writer);
    this.instructions = join(this.instructions, this.#encoder.takeInstructions());
    return frame(1, writer.take());
  }
}

const FIELDS = ["x-one", "value", "x-two", "another"];

/** Sections of which the second refers to what the first made the encoder insert. */
function twoBlocked(encoder: Encoder): [Uint8Array, Uint8Array] {
  encoder.headers(400, [...POST, ...FIELDS]); // seen once: no insert yet
  return [encoder.headers(0, [...POST, ...FIELDS]), encoder.headers(4, [...POST, ...FIELDS])];
}

cutTest("a blocked section waits with what follows it, and goes on when its inserts come", (cut) => {
  const peer = h3Server({}, cut);
  const encoder = new Encoder();
  const [first, second] = twoBlocked(encoder);
  peer.send(0, join(first, data("body"), headers(["x-trailer", "1"])), true);
  peer.send(4, second);
  assert.equal(peer.expectAlive().of("request").length, 0);
  assert.equal(peer.engine.counters.blockedSections, 2);
  assert.equal(peer.engine.wantsData(4), false);
  peer.send(peer.uni(1), encoder.instructions).expectAlive();
  assert.deepEqual(peer.of("request").map(({ id }) => id).sort(), [0, 4]);
  assert.deepEqual(peer.of("request")[0]!.head.fields.flat, FIELDS);
  const body = peer.of("body").map((event) => new TextDecoder().decode(event.data)).join("");
  assert.equal(body, "body");
  assert.equal(peer.of("trailers").length, 1);
  assert(peer.commands.some((command) => command.type === "resume" && command.stream === 4));
  assert(peer.engine.wantsData(4));
  // Both sections are acknowledged on the decoder stream, after its type.
  const instructions = peer.wrote.get(-3)!;
  assert.equal(instructions[0], 3);
  assert(instructions.includes(0x80) && instructions.includes(0x84), String(instructions));
});

cutTest("a FIN behind a blocked section ends the message once it is read", (cut) => {
  const peer = h3Server({}, cut);
  const encoder = new Encoder();
  const [first] = twoBlocked(encoder);
  peer.send(0, first, true).send(peer.uni(1), encoder.instructions);
  assert.equal(peer.of("request")[0]!.end, true);
});

cutTest("trailers may block too", (cut) => {
  const peer = h3Server({}, cut);
  const encoder = new Encoder();
  encoder.headers(400, ["x-sum", "1"]);
  const trailers = encoder.headers(0, ["x-sum", "1"]);
  peer.send(0, join(headers(POST), data("x"), trailers), true);
  assert.equal(peer.of("trailers").length, 0);
  assert.equal(peer.engine.counters.blockedSections, 1);
  peer.send(peer.uni(1), encoder.instructions);
  assert.deepEqual(peer.of("trailers")[0]!.fields.flat, ["x-sum", "1"]);
});

Deno.test("an exchange that is given up while blocked is cancelled on the decoder stream", () => {
  const acts: readonly ((peer: H3Peer) => void)[] = [
    (peer) => peer.reset(0),
    (peer) => peer.wait(30_000),
  ];
  for (const act of acts) {
    const peer = h3Server();
    const encoder = new Encoder();
    const [first] = twoBlocked(encoder);
    peer.send(0, first);
    act(peer);
    assert.deepEqual(peer.expectAlive().wrote.get(-3), [3, 0x40]);
    peer.send(peer.uni(1), encoder.instructions).expectAlive();
    assert.equal(peer.of("request").length, 0);
    assert.equal(peer.engine.openExchanges, 0);
  }
});

Deno.test("more blocked streams than were announced end the connection", () => {
  const peer = h3Server({ limits: { qpackBlockedStreams: 2 } });
  const encoder = new Encoder();
  encoder.headers(400, [...POST, ...FIELDS]);
  for (let id = 0; id <= 8; id += 4) peer.send(id, encoder.headers(id, [...POST, ...FIELDS]));
  peer.expectClose("QPACK_DECOMPRESSION_FAILED");
});

Deno.test("inserts that never come: the head deadline ends the exchanges [limit:head_timeout]", () => {
  const peer = h3Server();
  const encoder = new Encoder();
  encoder.headers(400, [...POST, ...FIELDS]);
  for (let id = 0; id < 64; id += 4) peer.send(id, encoder.headers(id, [...POST, ...FIELDS]));
  peer.wait(30_000).expectAlive();
  assert.equal(peer.resets.size, 16);
  assert.equal(peer.engine.openExchanges, 0);
});

Deno.test("too much behind a blocked section ends the exchange [limit:blocked_bytes]", () => {
  const peer = h3Server();
  const [first] = twoBlocked(new Encoder());
  peer.send(0, join(first, frameHeader(0, 1 << 22)));
  for (let i = 0; i < 20; i++) peer.send(0, new Uint8Array(65_536)); // a driver that does not ask
  assert.equal(peer.expectAlive().engine.counters.blockedBytes, 1);
  assert.equal(peer.engine.openExchanges, 0);
});

cutTest("what the encoder stream must not carry", (cut) => {
  const cases: readonly Uint8Array[] = [
    Uint8Array.fromHex("3fe1c7afa025"), // a capacity above what was announced
    Uint8Array.of(0x80, 0x01, 0x61), // a reference to no entry
    Uint8Array.of(0x00), // a duplicate of no entry
    Uint8Array.fromHex("ffffffffffffffffffff"),
  ];
  for (const bytes of cases) {
    const peer = h3Server({}, cut);
    peer.send(peer.uni(1), bytes);
    peer.expectClose("QPACK_ENCODER_STREAM_ERROR");
  }
});

cutTest("what the decoder stream must not carry", (cut) => {
  // Insert count increment 0, one for inserts that were not sent, and acknowledgement of no section.
  for (const bytes of [[0x00], [0x05], [0x3f, 0xff, 0x7f], [0x80]]) {
    const peer = h3Server({}, cut);
    peer.send(peer.uni(2), bytes);
    peer.expectClose("QPACK_DECODER_STREAM_ERROR");
  }
  const cancel = h3Server({}, cut);
  cancel.send(cancel.uni(2), [0x40]).expectAlive(); // of a stream that refers to nothing
});

Deno.test("capacity changes and duplicates over and over hold no memory and end nothing", () => {
  const peer = h3Server();
  const churn: number[] = [0x3f, 0xe1, 0x1f]; // capacity 4096
  for (let i = 0; i < 2000; i++) churn.push(0x3f, 0xe1, 0x1f, 0xd1, 0x01, 0x61 + i % 26, 0x00, 0x20);
  peer.send(peer.uni(1), churn).expectAlive();
});

Deno.test("maxDecoderStreamBytes: instructions that the peer does not read [limit:decoder_stream_bytes]", () => {
  const peer = h3Server({ limits: { maxDecoderStreamBytes: 50, peerResetBurst: 1e6 } });
  peer.isReading = false;
  for (let id = 0; id < 4000 && !peer.engine.isClosed; id += 4) {
    peer.send(id, headers(GET), true).reset(id).stop(id);
  }
  peer.expectAlive(); // a stream that was read to its end needs no word
  for (let id = 4000; id < 8000 && !peer.engine.isClosed; id += 4) peer.send(id, [1]).reset(id);
  peer.expectClose("H3_EXCESSIVE_LOAD");
  assert.equal(peer.closed!.reason, "decoder_stream_bytes");
});

Deno.test("instructions come before the section that needs them, and the peer's table is used once it allows one", () => {
  const peer = new H3Peer({ role: "client", qpackPolicy: "eager" });
  const fields = new Fields(["x-one", "value"]);
  peer.engine.sendRequest({ ...REQUEST, fields }, true);
  peer.pump();
  assert.deepEqual(peer.wrote.get(-2), [2]); // nothing before SETTINGS
  peer.handshake(1, 4096, 7, 100);
  const decoder = new QpackDecoder({ maxTableBytes: 4096, maxBlockedStreams: 0 });
  for (let id = 4; id < 40; id += 4) {
    const from = peer.commands.length;
    peer.engine.sendRequest({ ...REQUEST, fields }, true);
    peer.pump();
    // In the order of the commands nothing ever blocks.
    for (const command of peer.commands.slice(from)) {
      if (command.type !== "write") continue;
      if (command.stream === -2) decoder.receiveEncoder(command.data);
      else if (command.stream === id) {
        const section = decoder.decode(id, command.data.subarray(2));
        assert(section !== "blocked");
        assert.deepEqual(section.flat.slice(-2), ["x-one", "value"]);
      }
    }
  }
  assert(decoder.insertCount > 0);
  const client = h3Client();
  client.engine.sendRequest(REQUEST, true);
  client.send(0, headers(OK), true).expectAlive();
});
