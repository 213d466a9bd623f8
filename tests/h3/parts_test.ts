import assert from "node:assert/strict";
import fc from "fast-check";
import { Deadlines } from "../../h3/deadlines.ts";
import { h3ErrorName } from "../../h3/errors.ts";
import { FrameReader } from "../../h3/frame_reader.ts";
import { frameName, isHttp2Frame, isReserved } from "../../h3/frame_types.ts";
import { reservedNumber } from "../../h3/grease.ts";
import { resolveH3Options } from "../../h3/options.ts";
import { readOrigins, writeOrigins } from "../../h3/origin.ts";
import { Outbox } from "../../h3/outbox.ts";
import { Scratch } from "../../h3/scratch.ts";
import { SeenIds } from "../../h3/seen_ids.ts";
import { frame, join, varint } from "../support/h3_frames.ts";

Deno.test("Deadlines are due in the order in which they were set last", () => {
  const deadlines = new Deadlines(100);
  assert.equal(deadlines.next, Infinity);
  deadlines.set(4, 0);
  deadlines.set(8, 10);
  deadlines.set(4, 20);
  assert.equal(deadlines.next, 110);
  assert.deepEqual(deadlines.takeDue(109), []);
  assert.deepEqual(deadlines.takeDue(115), [8]);
  assert.deepEqual(deadlines.takeDue(1000), [4]);
  assert.equal(deadlines.size, 0);
});

Deno.test("SeenIds knows each id once, in any order", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 40 }).map((n) => n * 4)), (ids) => {
    const seen = new SeenIds(0);
    const model = new Set<number>();
    for (const id of ids) {
      assert.equal(seen.has(id), model.has(id));
      assert.equal(seen.see(id), !model.has(id));
      model.add(id);
    }
    assert.equal(seen.skipped, seen.next / 4 - model.size);
  }));
});

Deno.test("FrameReader finds the same headers however they are cut", () => {
  const one = fc.record({
    type: fc.oneof(fc.constantFrom(0, 1, 0x21, 0xf0700), fc.bigInt({ min: 0n, max: (1n << 53n) - 1n })),
    size: fc.nat({ max: 70 }),
    width: fc.constantFrom<1 | 2 | 4 | 8 | undefined>(undefined, 2, 4, 8),
  });
  fc.assert(
    fc.property(
      fc.array(one, { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (list, sizes) => {
        const bytes = join(
          ...list.map(({ type, size, width }) =>
            join(varint(type), varint(size, width), new Uint8Array(size))
          ),
        );
        const reader = new FrameReader();
        const seen: [number, number][] = [];
        for (let from = 0, i = 0; from < bytes.length; i++) {
          const chunk = bytes.subarray(from, from + sizes[i % sizes.length]!);
          from += chunk.length;
          for (let at = 0; at < chunk.length || (reader.type >= 0 && reader.left === 0);) {
            if (reader.type < 0) {
              at = reader.readHeader(chunk, at);
              if (at < 0) break;
              seen.push([reader.type, reader.left]);
            }
            const size = Math.min(reader.left, chunk.length - at);
            at += size;
            reader.left -= size;
            if (reader.left === 0) reader.endFrame();
          }
        }
        assert(reader.isAtBoundary);
        assert.deepEqual(seen, list.map(({ type, size }) => [Number(type), size]));
      },
    ),
  );
});

Deno.test("Outbox joins what one stream writes in a row, and gets its buffers back", () => {
  const outbox = new Outbox();
  const payload = Uint8Array.of(1, 2, 3);
  outbox.frame(0, 1, payload, 0, 3);
  outbox.frame(0, 0, payload, 1, 3);
  outbox.finish(0);
  outbox.frame(4, 0, payload, 0, 0);
  outbox.frame(0x4000, 0x4000_0000_0000, new Uint8Array(20_000), 0, 20_000);
  outbox.push({ type: "stop", stream: 8, code: 5 });
  outbox.finish(4);
  const commands = outbox.take();
  assert.deepEqual(commands.map(({ type }) => type), ["write", "write", "write", "stop", "finish"]);
  const [first, second, third] = commands;
  assert(first!.type === "write" && second!.type === "write" && third!.type === "write");
  assert.deepEqual(first.data, join(frame(1, [1, 2, 3]), frame(0, [2, 3])));
  assert.deepEqual([first.fin, second.fin], [true, false]);
  assert.deepEqual(third.data, frame(0x4000_0000_0000n, new Uint8Array(20_000)));
  assert(outbox.isEmpty && outbox.heldBuffers > 0);
  for (const command of [third, first, second]) outbox.release(command.data);
  assert.equal(outbox.heldBuffers, 0);
  assert.deepEqual(outbox.take(), []);
});

Deno.test("Outbox leaves the bytes of a command alone until it is released", () => {
  const outbox = new Outbox();
  const held: { readonly data: Uint8Array; readonly copy: Uint8Array }[] = [];
  for (let i = 0; i < 500; i++) {
    const payload = new Uint8Array(1 + i * 37 % 3000).fill(i);
    outbox.frame(4 * (i % 7), 0, payload, 0, payload.length);
    if (i % 3 === 0) {
      for (const command of outbox.take()) {
        if (command.type === "write") held.push({ data: command.data, copy: command.data.slice() });
      }
    }
    if (i % 5 === 0 && held.length > 3) {
      const { data, copy } = held.splice(i % held.length, 1)[0]!;
      assert.deepEqual(data, copy);
      outbox.release(data);
    }
  }
  for (const { data, copy } of held) {
    assert.deepEqual(data, copy);
    outbox.release(data);
  }
});

Deno.test("Scratch joins pieces and keeps those that it gave out before", () => {
  const scratch = new Scratch();
  const given: Uint8Array[] = [];
  for (let i = 0; i < 50; i++) {
    let joined: Uint8Array = new Uint8Array(60).fill(i);
    for (let j = 0; j < 3; j++) joined = scratch.join(joined, new Uint8Array(50).fill(i));
    given.push(joined);
  }
  given.forEach((piece, i) => assert.deepEqual(piece, new Uint8Array(210).fill(i)));
});

Deno.test("reserved numbers are those of the pattern, and mean nothing", () => {
  for (let seed = 0; seed < 1000; seed += 7) assert(isReserved(reservedNumber(seed)));
  assert(isReserved(0x21) && isReserved(0x40) && !isReserved(0x20) && !isReserved(1));
  assert.equal(frameName(0x40), "GREASE");
  assert.equal(frameName(0x41), "UNKNOWN");
  assert(isHttp2Frame(6) && !isHttp2Frame(5));
  assert.equal(h3ErrorName(0x10b), "H3_REQUEST_REJECTED");
  assert.equal(h3ErrorName(0x21), "0x21");
});

Deno.test("readOrigins reads what writeOrigins wrote [9412-2:syntax]", () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: "binary-ascii" })), (origins) => {
    const payload = writeOrigins(origins);
    assert.deepEqual(readOrigins(payload.buffer.subarray(0, payload.position)), origins);
  }));
});

Deno.test("resolveH3Options refuses bounds that are none", () => {
  assert.throws(() => resolveH3Options({ role: "server", now: 0, lingerMs: -1 }), RangeError);
  assert.throws(() => resolveH3Options({ role: "server", now: 0, maxUnreadBytes: NaN }), RangeError);
  assert.throws(
    () => resolveH3Options({ role: "server", now: 0, limits: { glitchBurst: Infinity } }),
    RangeError,
  );
});
