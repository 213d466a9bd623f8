import assert from "node:assert/strict";
import { MemoryLink, memoryPair } from "../../transport/memory.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

const hello = new TextEncoder().encode("hello");

Deno.test("memoryPair carries bytes both ways and keeps writes whole", async () => {
  const [a, b] = memoryPair();
  await a.write!(hello);
  await a.write!(hello);
  const buffer = new Uint8Array(64);
  assert.equal(await b.read!(buffer), 5);
  assert.deepEqual(buffer.subarray(0, 5), hello);
  await b.write!(hello.subarray(1));
  assert.equal(await a.read!(buffer), 4);
});

Deno.test("memoryPair takes a copy, so a buffer can be reused after write()", async () => {
  const [a, b] = memoryPair();
  const bytes = hello.slice();
  await a.write!(bytes);
  bytes.fill(0);
  const buffer = new Uint8Array(64);
  await b.read!(buffer);
  assert.deepEqual(buffer.subarray(0, 5), hello);
});

Deno.test("memoryPair cuts byte by byte", async () => {
  const [a, b] = memoryPair({ chunk: "byte" });
  await a.write!(hello);
  await a.closeWrite!();
  const seen: number[] = [];
  const buffer = new Uint8Array(64);
  for (;;) {
    const count = await b.read!(buffer);
    if (count === null) break;
    assert.equal(count, 1);
    seen.push(buffer[0]!);
  }
  assert.deepEqual(Uint8Array.from(seen), hello);
});

Deno.test("memoryPair cuts the same for the same seed, and else for another", async () => {
  async function cuts(seed: number): Promise<number[]> {
    const [a, b] = memoryPair({ chunk: "random", seed });
    await a.write!(new Uint8Array(5000));
    await a.write!(new Uint8Array(5000));
    await a.closeWrite!();
    const buffer = new Uint8Array(4096);
    const counts: number[] = [];
    for (let count = await b.read!(buffer); count !== null; count = await b.read!(buffer)) counts.push(count);
    return counts;
  }
  const first = await cuts(7);
  assert.equal(first.reduce((sum, count) => sum + count), 10_000);
  assert.deepEqual(first, await cuts(7));
  assert.notDeepEqual(first, await cuts(8));
});

Deno.test("memoryPair half-closes: the other direction goes on", async () => {
  const [a, b] = memoryPair();
  await a.closeWrite!();
  const buffer = new Uint8Array(8);
  assert.equal(await b.read!(buffer), null);
  await b.write!(hello);
  assert.equal(await a.read!(buffer), 5);
  await assert.rejects(a.write!(hello), { code: "closed" });
});

Deno.test("memoryPair holds back a writer whose peer does not read", async () => {
  const [a, b] = memoryPair({ bufferBytes: 10 });
  await a.write!(new Uint8Array(10));
  let isTaken = false;
  const write = a.write!(new Uint8Array(10)).then(() => isTaken = true);
  await Promise.resolve();
  assert.equal(isTaken, false);
  const buffer = new Uint8Array(64);
  await b.read!(buffer);
  await write;
});

Deno.test("memoryPair takes latency from the clock that it is given", async () => {
  const clock = new VirtualClock();
  const [a, b] = memoryPair({ latencyMs: 20, clock });
  await a.write!(hello);
  await clock.pass(5);
  await a.write!(hello);
  let count: number | null | undefined;
  const read = b.read!(new Uint8Array(64)).then((value) => count = value);
  await clock.pass(14);
  await Promise.resolve();
  assert.equal(count, undefined);
  await clock.pass(1);
  await read;
  assert.equal(count, 5);
  const second = b.read!(new Uint8Array(64));
  await clock.pass(5);
  assert.equal(await second, 5);
  a.close();
  b.close();
});

Deno.test("MemoryLink holds back and lets through in order, then breaks", async () => {
  const link = new MemoryLink();
  const [a, b] = memoryPair({ link });
  link.cut();
  await a.write!(hello);
  await a.closeWrite!();
  const buffer = new Uint8Array(64);
  let isSettled = false;
  const read = b.read!(buffer).finally(() => isSettled = true);
  await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(isSettled, false);
  link.heal();
  assert.equal(await read, 5);
  assert.equal(await b.read!(buffer), null);
  const other = a.read!(buffer);
  link.reset();
  await assert.rejects(other, { code: "reset" });
  await assert.rejects(b.write!(hello), { code: "reset" });
});

Deno.test("memoryPair: close ends both halves, may be called twice, and the peer reads what arrived", async () => {
  const [a, b] = memoryPair();
  await a.write!(hello);
  const pending = a.read!(new Uint8Array(8));
  a.close();
  a.close();
  await assert.rejects(pending, { code: "closed" });
  await assert.rejects(a.write!(hello), { code: "closed" });
  const buffer = new Uint8Array(64);
  assert.equal(await b.read!(buffer), 5);
  assert.equal(await b.read!(buffer), null);
  await assert.rejects(b.write!(hello), { code: "reset" });
});

Deno.test("memoryPair without direct calls has the Web Streams alone", async () => {
  const [a, b] = memoryPair({ direct: false, chunk: "random" });
  assert.equal(a.read, undefined);
  const writer = a.writable.getWriter();
  await writer.write(hello);
  await writer.close();
  assert.equal(await new Response(b.readable).text(), "hello");
  a.close();
  b.close();
});
