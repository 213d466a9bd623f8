import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteQueue } from "../../wire/byte_queue.ts";

Deno.test("ByteQueue gives views of the chunk that holds a read whole", () => {
  const queue = new ByteQueue();
  const chunk = new Uint8Array([1, 2, 3, 4]);
  queue.push(chunk);
  assert.equal(queue.read(2)!.buffer, chunk.buffer);
  assert.deepEqual([...queue.readSome(9)], [3, 4]);
  assert.equal(queue.length, 0);
});

Deno.test("ByteQueue returns nothing when there are fewer bytes", () => {
  const queue = new ByteQueue();
  queue.push(new Uint8Array([1]));
  assert.equal(queue.peek(2), undefined);
  assert.equal(queue.read(2), undefined);
  assert.equal(queue.length, 1);
  assert.equal(queue.peekUint8(1), -1);
  assert.throws(() => queue.skip(2), RangeError);
  assert.equal(queue.readSome(0).length, 0);
});

Deno.test("ByteQueue joins what was joined only once", () => {
  const queue = new ByteQueue();
  for (let i = 0; i < 10; i++) queue.push(new Uint8Array([i]));
  const first = queue.peek(5)!;
  assert.equal(queue.peek(5)!.buffer, first.buffer);
  assert.equal(queue.peek(3)!.buffer, first.buffer);
  assert.deepEqual([...queue.read(10)!], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("ByteQueue does not read the caller's memory after keep, and does not copy twice", () => {
  const queue = new ByteQueue();
  const chunk = new Uint8Array([1, 2, 3]);
  queue.push(chunk);
  queue.read(1);
  queue.keep();
  chunk.fill(0);
  const kept = queue.peek(2)!;
  assert.deepEqual([...kept], [2, 3]);
  queue.keep();
  assert.equal(queue.peek(2)!.buffer, kept.buffer);
});

Deno.test("ByteQueue behaves as one array, however it is cut and read", () => {
  const action = fc.oneof(
    fc.uint8Array({ maxLength: 20 }).map((bytes) => ({ kind: "push" as const, bytes })),
    fc.tuple(fc.constantFrom("read", "peek", "some", "skip", "octet"), fc.nat(30))
      .map(([kind, size]) => ({ kind: kind as "read" | "peek" | "some" | "skip" | "octet", size })),
    fc.constant({ kind: "keep" as const }),
    fc.constant({ kind: "clear" as const }),
  );
  fc.assert(fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
    const queue = new ByteQueue();
    let model: number[] = [];
    const borrowed: Uint8Array[] = [];
    for (const step of actions) {
      if (step.kind === "push") {
        const bytes = step.bytes.slice();
        queue.push(bytes);
        borrowed.push(bytes);
        model.push(...step.bytes);
      } else if (step.kind === "keep") {
        queue.keep();
        for (const bytes of borrowed.splice(0)) bytes.fill(0xee);
      } else if (step.kind === "clear") {
        queue.clear();
        model = [];
      } else if (step.kind === "octet") {
        assert.equal(queue.peekUint8(step.size), model[step.size] ?? -1);
      } else if (step.kind === "some") {
        const bytes = queue.readSome(step.size);
        assert(bytes.length <= step.size && (bytes.length > 0 || step.size === 0 || model.length === 0));
        assert.deepEqual([...bytes], model.splice(0, bytes.length));
      } else if (step.size > model.length) {
        if (step.kind === "skip") assert.throws(() => queue.skip(step.size), RangeError);
        else assert.equal(queue[step.kind](step.size), undefined);
      } else if (step.kind === "skip") {
        queue.skip(step.size);
        model.splice(0, step.size);
      } else {
        assert.deepEqual([...queue[step.kind](step.size)!], model.slice(0, step.size));
        if (step.kind === "read") model.splice(0, step.size);
      }
      assert.equal(queue.length, model.length);
    }
    assert.deepEqual([...queue.read(model.length)!], model);
  }));
});

Deno.test("ByteQueue keeps what comes after it forgot many chunks", () => {
  const queue = new ByteQueue();
  for (let i = 0; i < 100; i++) queue.push(new Uint8Array([i]));
  queue.keep();
  queue.skip(60);
  const chunk = new Uint8Array([100, 101]);
  queue.push(chunk);
  queue.keep();
  chunk.fill(0);
  assert.deepEqual([...queue.read(42)!], Array.from({ length: 42 }, (_, i) => i + 60));
});
