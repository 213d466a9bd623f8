import assert from "node:assert/strict";
import { ByteWriter, QpackDecoder, QpackEncoder } from "../../qpack/mod.ts";
import { fromHex } from "../support/corpora.ts";
import { EXAMPLE_STEPS } from "../fixtures/rfc9204_appendix_b.ts";

const LIMITS = { maxTableBytes: 220, maxBlockedStreams: 100 } as const;

Deno.test("QpackDecoder follows the worked example of RFC 9204 appendix B, answers included", () => {
  const decoder = new QpackDecoder(LIMITS);
  const taken: string[] = [];
  for (const step of EXAMPLE_STEPS) {
    if (step.stream === "decoder") {
      // In B.4 the section comes before the insert that it needs, and is given up.
      if (step.wire === "48") decoder.cancel(8);
      taken.push(step.wire);
      assert.equal(decoder.takeInstructions().toHex(), step.wire, step.id);
    } else if (step.stream === "encoder") {
      if (step.id === "B.4") continue;
      if (step.id === "B.5") decoder.receiveEncoder(fromHex("02"));
      assert.deepEqual(decoder.receiveEncoder(fromHex(step.wire)), [], step.id);
      assert.equal(decoder.tableBytes, step.size, step.id);
    } else {
      const decoded = decoder.decode(Number(step.stream), fromHex(step.wire));
      if (step.id === "B.4") assert.equal(decoded, "blocked");
      else assert.deepEqual(decoded !== "blocked" && decoded.flat, step.flat, step.id);
    }
  }
  assert.deepEqual(taken, ["84", "01", "48"]);
  assert.equal(decoder.insertCount, 5);
});

Deno.test("QpackDecoder decodes the section of appendix B.4 when the insert comes after all", () => {
  const decoder = new QpackDecoder(LIMITS);
  for (const step of EXAMPLE_STEPS) {
    if (step.id === "B.5" || step.stream === "decoder") continue;
    if (step.id === "B.4" && step.stream === "encoder") continue;
    if (step.stream === "encoder") decoder.receiveEncoder(fromHex(step.wire));
    else decoder.decode(Number(step.stream), fromHex(step.wire));
  }
  assert.equal(decoder.blockedStreams, 1);
  assert.throws(() => decoder.resume(8), TypeError);
  assert.throws(() => decoder.decode(8, fromHex("0000d1")), TypeError);
  assert.deepEqual(decoder.receiveEncoder(fromHex("02")), [8]);
  assert.equal(decoder.blockedStreams, 0);
  assert.deepEqual(decoder.resume(8).flat, EXAMPLE_STEPS.find((step) => step.stream === "8")!.flat);
  assert.throws(() => decoder.resume(8), TypeError);
});

Deno.test("QpackEncoder takes in the answers of the worked example", () => {
  const encoder = new QpackEncoder({ policy: "eager" });
  encoder.setPeer(LIMITS);
  const writer = new ByteWriter();
  const flat = [":authority", "www.example.com", ":path", "/sample/path"];
  // The second sight of a field is what puts it into the table.
  encoder.encode(0, flat, writer);
  encoder.encode(4, flat, writer);
  assert.equal(encoder.insertCount, 2);
  assert.equal(encoder.tableBytes, 106);
  assert.equal(encoder.outstandingSections, 1);
  assert.equal(encoder.riskyStreams, 1);
  encoder.receiveDecoder(fromHex("84"));
  assert.equal(encoder.knownReceivedCount, 2);
  assert.equal(encoder.outstandingSections, 0);
  assert.equal(encoder.riskyStreams, 0);
});
