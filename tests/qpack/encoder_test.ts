import assert from "node:assert/strict";
import type { RuleId } from "../../semantics/rules/mod.ts";
import { ByteWriter, QpackDecoder, QpackEncoder, QpackError, type QpackPolicy } from "../../qpack/mod.ts";
import { fromHex } from "../support/corpora.ts";

const LIMITS = { maxTableBytes: 4096, maxBlockedStreams: 100 } as const;
const FLAT = [":method", "GET", "x-one", "a long enough value", "user-agent", "tandem"];

/** An encoder and a decoder, and all that passes between them. */
function pair(policy: QpackPolicy, limits: { maxTableBytes: number; maxBlockedStreams: number } = LIMITS) {
  const encoder = new QpackEncoder({ policy, maxTableBytes: 1 << 20 });
  encoder.setPeer(limits);
  const decoder = new QpackDecoder(limits);
  const writer = new ByteWriter();
  function encode(streamId: number, flat: readonly string[], sensitive?: ReadonlySet<string>): Uint8Array {
    encoder.encode(streamId, flat, writer, sensitive);
    return writer.take();
  }
  function decode(streamId: number, section: Uint8Array): string[] | "blocked" {
    const decoded = decoder.decode(streamId, section);
    return decoded === "blocked" ? decoded : decoded.flat;
  }
  function deliver(): number[] {
    return decoder.receiveEncoder(encoder.takeInstructions());
  }
  function answer(): void {
    encoder.receiveDecoder(decoder.takeInstructions());
  }
  return { encoder, decoder, encode, decode, deliver, answer };
}

function refusesAnswer(hex: string, rule: RuleId, encoder: QpackEncoder): void {
  assert.throws(() => encoder.receiveDecoder(fromHex(hex)), (error) => {
    if (!(error instanceof QpackError)) throw error;
    assert.equal(error.code, "QPACK_DECODER_STREAM_ERROR");
    assert.equal(error.wireCode, 0x202);
    assert.equal(error.rule, rule);
    return true;
  });
}

Deno.test("QpackEncoder leaves the table alone until the peer allows one, and under the policy static", () => {
  const before = new QpackEncoder({ policy: "eager" });
  const never = new QpackEncoder({ policy: "static" });
  never.setPeer(LIMITS);
  const none = new QpackEncoder({ policy: "eager" });
  none.setPeer({ maxTableBytes: 0, maxBlockedStreams: 100 });
  for (const encoder of [before, never, none]) {
    const writer = new ByteWriter();
    for (let i = 0; i < 3; i++) {
      encoder.encode(4 * i, FLAT, writer);
      const section = writer.take();
      assert.deepEqual([section[0], section[1]], [0, 0]);
      const decoded = new QpackDecoder().decode(0, section);
      assert.deepEqual(decoded !== "blocked" && decoded.flat, FLAT);
    }
    assert.equal(encoder.takeInstructions().length, 0);
    assert.equal(encoder.outstandingSections, 0);
  }
});

Deno.test("QpackEncoder safe refers to an entry only when it is acknowledged", () => {
  const { encoder, encode, decode, deliver, answer } = pair("safe");
  const sections = [0, 4, 8].map((streamId) => encode(streamId, FLAT));
  // Whatever was sent so far can be decoded without the encoder stream.
  for (const [i, section] of sections.entries()) assert.deepEqual(decode(4 * i, section), FLAT);
  assert.equal(encoder.insertCount, 2);
  assert.equal(encoder.outstandingSections, 0);
  deliver();
  answer();
  assert.equal(encoder.knownReceivedCount, 2);
  const short = encode(12, FLAT);
  assert(short.length < sections[0]!.length / 2);
  assert.equal(encoder.outstandingSections, 1);
  assert.equal(encoder.riskyStreams, 0);
  assert.deepEqual(decode(12, short), FLAT);
  answer();
  assert.equal(encoder.outstandingSections, 0);
});

Deno.test("QpackEncoder eager refers at once, on as many streams as may block [9204-2.1.2]", () => {
  const { encoder, decoder, encode, decode, deliver, answer } = pair("eager", {
    maxTableBytes: 4096,
    maxBlockedStreams: 2,
  });
  encode(0, FLAT);
  const first = encode(4, FLAT);
  const second = encode(8, FLAT);
  assert.equal(encoder.riskyStreams, 2);
  const third = encode(12, FLAT);
  assert.equal(encoder.riskyStreams, 2);
  // A stream that may be blocked anyway can have more of it.
  const trailers = encode(8, FLAT);
  assert.equal(encoder.riskyStreams, 2);
  assert(trailers.length < third.length);
  assert.equal(decode(4, first), "blocked");
  assert.equal(decode(8, second), "blocked");
  assert.deepEqual(decode(12, third), FLAT);
  assert.deepEqual(deliver(), [4, 8]);
  assert.deepEqual(decoder.resume(4).flat, FLAT);
  assert.deepEqual(decoder.resume(8).flat, FLAT);
  assert.deepEqual(decode(8, trailers), FLAT);
  answer();
  assert.equal(encoder.riskyStreams, 0);
  assert.equal(encoder.outstandingSections, 0);
});

Deno.test("QpackEncoder never evicts what a section refers to or the peer may lack [9204-2.1.1]", () => {
  const { encoder, encode, decode, deliver, answer } = pair("eager", {
    maxTableBytes: 120,
    maxBlockedStreams: 10,
  });
  const field = (i: number) => ["user-agent", `value number ${i}`];
  encode(0, field(1));
  const pinned = encode(4, field(1));
  encode(8, field(2));
  encode(12, field(2)); // fits beside it
  assert.equal(encoder.insertCount, 2);
  encode(16, field(3));
  encode(20, field(3)); // would need room
  assert.equal(encoder.insertCount, 2);
  deliver();
  assert.deepEqual(decode(4, pinned), field(1));
  answer();
  // Stream 12 is not acknowledged, but refers to the second entry only.
  encode(24, field(3));
  assert.equal(encoder.insertCount, 3);
  encode(28, field(4));
  encode(32, field(4));
  assert.equal(encoder.insertCount, 3);
  // The peer gives stream 12 up.
  encoder.receiveDecoder(fromHex("4c"));
  deliver();
  answer();
  encode(36, field(4));
  assert.equal(encoder.insertCount, 4);
});

Deno.test("QpackEncoder evicts no entry that the peer may lack, even if nothing refers to it [9204-2.1.1]", () => {
  const { encoder, encode, deliver, answer } = pair("safe", { maxTableBytes: 120, maxBlockedStreams: 0 });
  for (let i = 0; i < 12; i++) encode(4 * i, ["user-agent", `value number ${i >> 1}`]);
  assert.equal(encoder.insertCount, 2);
  assert.equal(encoder.outstandingSections, 0);
  deliver();
  answer();
  for (let i = 12; i < 24; i++) encode(4 * i, ["user-agent", `value number ${i >> 1}`]);
  assert.equal(encoder.insertCount, 4);
});

Deno.test("QpackEncoder duplicates what is in use and about to be evicted [9204-2.1.1.1]", () => {
  const { encoder, decoder, encode, decode, answer } = pair("safe", {
    maxTableBytes: 600,
    maxBlockedStreams: 0,
  });
  const hot = ["x-hot", "comes with every section"];
  let duplicates = 0;
  for (let i = 0; i < 200; i++) {
    const flat = [...hot, "x-cold", `comes twice ${i >> 1}`];
    const section = encode(4 * i, flat);
    const instructions = encoder.takeInstructions();
    // Duplicates are the instructions that are one octet below 32.
    if (instructions.length > 0 && instructions[0]! < 0x20) duplicates++;
    assert.deepEqual(decode(4 * i, section), flat);
    if (i > 4) assert(section.length < 28, `section ${i} has ${section.length} octets`);
    decoder.receiveEncoder(instructions);
    answer();
  }
  assert(duplicates > 5);
});

Deno.test("QpackEncoder marks sensitive fields and keeps them out of the table [9204-7.1.3]", () => {
  for (const policy of ["static", "safe", "eager"] as const) {
    const { encoder, decoder, encode, deliver, answer } = pair(policy);
    for (let i = 0; i < 4; i++) {
      const flat = [":method", "GET", "x-secret", "open sesame", "authorization", "Basic Zm9v"];
      const section = encode(4 * i, flat, new Set(["x-secret", ":method"]));
      deliver();
      const decoded = decoder.decode(4 * i, section);
      assert(decoded !== "blocked");
      assert.deepEqual(decoded.flat, flat);
      assert.deepEqual(decoded.sensitive, [":method", "x-secret", "authorization"]);
      answer();
    }
    assert.equal(encoder.insertCount, 0);
  }
});

Deno.test("QpackEncoder changes its capacity, downwards when what is in use allows it [9204-3.2.2]", () => {
  const { encoder, decoder, encode, decode, deliver, answer } = pair("eager");
  encode(0, FLAT);
  const section = encode(4, FLAT);
  assert.equal(encoder.tableCapacity, 4096);
  encoder.setTableBytes(0);
  encode(8, [":method", "GET"]);
  assert.equal(encoder.tableCapacity, 4096); // entries are in use
  deliver();
  assert.deepEqual(decode(4, section), FLAT);
  answer();
  encode(12, [":method", "GET"]);
  assert.equal(encoder.tableCapacity, 0);
  deliver();
  assert.equal(decoder.tableCapacity, 0);
  assert.equal(decoder.tableBytes, 0);
  encoder.setTableBytes(1 << 24);
  encode(16, FLAT);
  assert.equal(encoder.tableCapacity, 4096); // no more than the peer allows
  deliver();
  assert.equal(decoder.tableCapacity, 4096);
});

Deno.test("QpackEncoder refuses an acknowledgement of nothing [9204-4.4.1]", () => {
  const { encoder, encode } = pair("eager");
  refusesAnswer("80", "9204-4.4.1", encoder);
  encode(0, FLAT);
  encode(4, FLAT);
  refusesAnswer("80", "9204-4.4.1", encoder); // stream 0 referred to nothing
  encoder.receiveDecoder(fromHex("84"));
  refusesAnswer("84", "9204-4.4.1", encoder);
});

Deno.test("QpackEncoder refuses increments of 0 and beyond what was inserted [9204-4.4.3]", () => {
  const { encoder, encode } = pair("eager");
  refusesAnswer("00", "9204-4.4.3", encoder);
  refusesAnswer("01", "9204-4.4.3", encoder);
  encode(0, FLAT);
  encode(4, FLAT);
  encoder.receiveDecoder(fromHex("01"));
  refusesAnswer("02", "9204-4.4.3", encoder);
  encoder.receiveDecoder(fromHex("01"));
  assert.equal(encoder.knownReceivedCount, 2);
});

Deno.test("QpackEncoder takes no cancellation amiss, and no integer without end [9204-4.1.1]", () => {
  const { encoder } = pair("eager");
  encoder.receiveDecoder(fromHex("7fffffff7f"));
  refusesAnswer("7fffffffffffffffffffff01", "9204-4.1.1", encoder);
});

Deno.test("QpackEncoder reads answers byte by byte", () => {
  const { encoder, encode } = pair("eager");
  encode(1000, FLAT);
  encode(100_004, FLAT);
  for (const octet of fromHex("ffa58c06")) encoder.receiveDecoder(Uint8Array.of(octet));
  assert.equal(encoder.outstandingSections, 0);
  assert.equal(encoder.knownReceivedCount, 2);
});

Deno.test("QpackEncoder releases the references of a section that is never sent", () => {
  const { encoder, encode } = pair("eager");
  encode(0, FLAT);
  encode(4, FLAT);
  encoder.cancel(4);
  assert.equal(encoder.outstandingSections, 0);
  assert.equal(encoder.riskyStreams, 0);
});

Deno.test("QpackEncoder keeps both streams whole when a value cannot be encoded", () => {
  const { encoder, decoder, encode, decode, deliver } = pair("eager");
  const writer = new ByteWriter();
  writer.uint8(7);
  for (let i = 0; i < 3; i++) {
    const flat = [...FLAT, "x-bad", "snow ☃", "☃", "x"];
    assert.throws(() => encoder.encode(4, flat, writer), TypeError);
    assert.equal(writer.length, 1);
  }
  const section = encode(8, FLAT);
  deliver();
  assert.deepEqual(decode(8, section), FLAT);
  assert.equal(decoder.insertCount, encoder.insertCount);
  assert.throws(() => encode(12, ["x"]), TypeError);
});

Deno.test("QpackEncoder stops referring when too many sections stay unacknowledged", () => {
  const { encoder, encode } = pair("safe");
  encode(0, FLAT);
  encode(4, FLAT);
  encoder.receiveDecoder(Uint8Array.of(encoder.insertCount));
  for (let i = 0; i < 5000; i++) encode(4 * i + 8, FLAT);
  assert.equal(encoder.outstandingSections, 2000);
});

Deno.test("QpackEncoder inserts a value that comes again, and of a name whose values differ one that comes twice in a row", () => {
  const { encoder, encode, decode, deliver, answer } = pair("eager");
  let streamId = 0;
  function send(value: string): number {
    const section = encode(streamId, ["x-id", value]);
    deliver();
    assert.deepEqual(decode(streamId, section), ["x-id", value]);
    answer();
    streamId += 4;
    return encoder.insertCount;
  }
  // The second is the name alone, the third what came again.
  assert.deepEqual(["a", "b", "a"].map(send), [0, 1, 2]);
  for (let i = 0; i < 30; i++) assert.equal(send(`once ${i}`), 2);
  assert.deepEqual(["c", "d", "c", "d"].map(send), [2, 2, 2, 2]);
  assert.deepEqual(["e", "e"].map(send), [2, 3]);
  // One that was found makes it a name like others again.
  assert.deepEqual(["f", "g", "f"].map(send), [3, 3, 4]);
});
