import assert from "node:assert/strict";
import { HpackDecoder, HpackEncoder, type HpackEncoderOptions, isSensitiveField } from "../../hpack/mod.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";

function encode(encoder: HpackEncoder, flat: string[], sensitive?: ReadonlySet<string>): string {
  const writer = new ByteWriter();
  encoder.encode(writer, flat, sensitive);
  return writer.take().toHex();
}

function plain(options: HpackEncoderOptions = {}): HpackEncoder {
  return new HpackEncoder({ strings: "plain", ...options });
}

Deno.test("HpackEncoder never indexes credentials and short cookies", () => {
  assert.equal(encode(plain(), ["authorization", "a"]), "1f080161");
  assert.equal(encode(plain(), ["proxy-authorization", "a"]), "1f220161");
  assert.equal(encode(plain(), ["set-cookie", "a"]), "1f280161");
  assert.equal(encode(plain(), ["cookie", "a".repeat(19)]).slice(0, 4), "1f11");
  assert.equal(encode(plain(), ["cookie", "a".repeat(20)]).slice(0, 2), "60");
  assert.equal(encode(plain(), ["authorization", ""]), "1f0800");
});

Deno.test("HpackEncoder never indexes the names that the message marks", () => {
  const encoder = plain();
  assert.equal(encode(encoder, ["x", "1"]), "4001780131");
  assert.equal(encode(encoder, ["x", "1"]), "be");
  assert.equal(encode(encoder, ["x", "1", ":path", "/"], new Set(["x"])), "1f2f013184");
  assert.equal(encode(encoder, ["x", "1"], new Set(["y"])), "be");
});

Deno.test("HpackEncoder asks the policy that it is given, and no other", () => {
  const encoder = plain({ sensitive: (name, value) => name === "x" && value === "secret" });
  assert.equal(encode(encoder, ["x", "1"]), "4001780131");
  assert.equal(encode(encoder, ["x", "secret"]).slice(0, 4), "1f2f");
  assert.equal(encode(encoder, ["authorization", "a"]), "570161");
  assert.equal(encode(encoder, ["authorization", "a"]), "be");
  for (
    const [name, value, expected] of [["cookie", "a", true], ["cookie", "a".repeat(20), false], [
      "x",
      "",
      false,
    ]] as const
  ) {
    assert.equal(isSensitiveField(name, value), expected);
  }
});

Deno.test("HpackEncoder indexes a wary field when its value comes twice in a row", () => {
  const encoder = plain();
  assert.equal(encode(encoder, [":path", "/a"]), "04022f61");
  assert.equal(encode(encoder, [":path", "/b"]), "04022f62");
  assert.equal(encode(encoder, [":path", "/b"]), "44022f62");
  assert.equal(encode(encoder, [":path", "/b"]), "be");
  assert.equal(encode(encoder, [":path", "/"]), "84");
});

Deno.test("HpackEncoder leaves out an entry that takes most of the table", () => {
  const encoder = plain();
  assert.equal(encode(encoder, ["x", "a".repeat(3040)]).slice(0, 2), "00");
  assert.equal(encoder.tableBytes, 0);
  assert.equal(encode(encoder, ["x", "a".repeat(3039)]).slice(0, 2), "40");
});

Deno.test("HpackEncoder announces a lower and a higher size [7541-4.2:required]", () => {
  const encoder = plain({ maxTableBytes: 8192 });
  assert.equal(encode(encoder, []), "");
  encoder.setMaxTableBytes(100);
  assert.equal(encode(encoder, []), "3f45");
  assert.equal(encode(encoder, []), "");
  encoder.setMaxTableBytes(8192);
  assert.equal(encode(encoder, []), "3fe13f");
  encoder.setMaxTableBytes(65536);
  assert.equal(encode(encoder, []), "");
});

Deno.test("HpackEncoder announces the lowest and the final size when it went down and up [7541-4.2:required]", () => {
  const encoder = plain();
  encode(encoder, ["x", "1"]);
  encoder.setMaxTableBytes(50);
  encoder.setMaxTableBytes(10);
  encoder.setMaxTableBytes(2000);
  assert.equal(encode(encoder, ["x", "1"]), "2a3fb10f4001780131");
  encoder.setMaxTableBytes(0);
  encoder.setMaxTableBytes(2000);
  assert.equal(encode(encoder, ["x", "1"]), "203fb10f4001780131");
  // Up and back without going below what is in use needs no word.
  encoder.setMaxTableBytes(4096);
  encoder.setMaxTableBytes(2000);
  assert.equal(encode(encoder, ["x", "1"]), "be");
});

Deno.test("HpackEncoder keeps to its own cap whatever the peer allows", () => {
  const encoder = plain({ maxTableBytes: 0 });
  assert.equal(encode(encoder, ["x", "1"]), "20" + "0001780131");
  encoder.setMaxTableBytes(1_000_000);
  assert.equal(encode(encoder, ["x", "1"]), "0001780131");
  assert.equal(encoder.tableBytes, 0);
});

Deno.test("HpackEncoder writes nothing of a list that it cannot write, and empties both tables after it", () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder();
  const writer = new ByteWriter();
  encoder.encode(writer, ["x", "1"]);
  decoder.decode(writer.take());
  writer.uint8(7);
  assert.throws(() => encoder.encode(writer, ["y", "2", "z", "\u0100"]), TypeError);
  assert.throws(() => encoder.encode(writer, ["y", "2", "\u0100", "z"]), TypeError);
  assert.throws(() => encoder.encode(writer, ["y"]), TypeError);
  assert.equal(writer.take().toHex(), "07");
  for (let i = 0; i < 3; i++) {
    encoder.encode(writer, ["y", "2", "x", "1"]);
    assert.deepEqual(decoder.decode(writer.take()).flat, ["y", "2", "x", "1"]);
  }
  assert.equal(encoder.tableBytes, decoder.tableBytes);
});

Deno.test("HpackEncoder tells of a size that was lost with a block it could not write", () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder();
  const writer = new ByteWriter();
  encoder.setMaxTableBytes(0);
  assert.throws(() => encoder.encode(writer, ["z", "\u0100"]), TypeError);
  decoder.setMaxTableBytes(0);
  encoder.encode(writer, ["z", "1"]);
  assert.deepEqual(decoder.decode(writer.take()).flat, ["z", "1"]);
});

Deno.test("HpackEncoder forgets names that came once", () => {
  const encoder = new HpackEncoder({ sensitive: () => true });
  const decoder = new HpackDecoder();
  const writer = new ByteWriter();
  for (let i = 0; i < 2000; i++) {
    const list = [`once-${i}`, "v", "often", "w", `again-${i >> 1}`, "often too"];
    encoder.encode(writer, list);
    const view = writer.take();
    assert.deepEqual(decoder.decode(view).flat, list);
    writer.give(view);
  }
});
