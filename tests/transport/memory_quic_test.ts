import assert from "node:assert/strict";
import type { Clock } from "../../shell/clock.ts";
import { MemoryLink, memoryQuicPair, type MemoryQuicPairOptions } from "../../transport/memory.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import type { QuicReceiveStream, QuicTransport } from "../../transport/mod.ts";

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

async function acceptUni(end: QuicTransport): Promise<QuicReceiveStream> {
  const reader = end.incomingUni.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return value!;
}

/** Sends 20 bytes on each of 4 streams, one by one, and tells in which order they come. */
async function arrivals(options: MemoryQuicPairOptions): Promise<number[]> {
  const [client, server] = memoryQuicPair(options);
  const sends = await Promise.all([0, 1, 2, 3].map(() => client.openUni()));
  const seen: number[] = [];
  const reading = (async () => {
    for await (const stream of server.incomingUni) {
      void (async () => {
        const buffer = new Uint8Array(1);
        while (await stream.read!(buffer) !== null) seen.push(stream.id * 100 + buffer[0]!);
      })().catch(() => {});
    }
  })();
  for (let i = 0; i < 20; i++) {
    for (const send of sends) await send.write!(new Uint8Array([i]));
  }
  while (seen.length < 80) await turn();
  client.close(0, "");
  await reading;
  return seen;
}

Deno.test("memoryQuicPair lets streams overtake each other, the same for the same seed", async () => {
  const first = await arrivals({ reorder: true, seed: 3 });
  assert.deepEqual(first, await arrivals({ reorder: true, seed: 3 }));
  assert.notDeepEqual(first, await arrivals({ reorder: true, seed: 4 }));
  for (const id of [2, 6, 10, 14]) {
    const bytes = first.filter((entry) => Math.floor(entry / 100) === id).map((entry) => entry % 100);
    assert.deepEqual(bytes, [...Array(20).keys()], `stream ${id} is out of order`);
  }
  assert.notDeepEqual(first, first.toSorted((a, b) => a % 100 - b % 100));
});

Deno.test("memoryQuicPair carries nothing while its link is cut, and all of it after", async () => {
  const link = new MemoryLink();
  const [client, server] = memoryQuicPair({ link, reorder: true });
  link.cut();
  const send = await client.openUni();
  await send.write!(new Uint8Array(5));
  client.close(7, "late");
  let isClosed = false;
  void server.closed.then(() => isClosed = true);
  await turn();
  assert.equal(isClosed, false);
  link.heal();
  const receive = await acceptUni(server);
  assert.equal(await receive.read!(new Uint8Array(10)), 5);
  assert.equal((await server.closed).code, 7);
});

Deno.test("memoryQuicPair says lost at both ends when its link breaks", async () => {
  const link = new MemoryLink();
  const [client, server] = memoryQuicPair({ link });
  const opening = client.openBidi();
  const { receive } = await opening;
  const reading = receive.read!(new Uint8Array(1));
  link.reset();
  await assert.rejects(reading, { code: "lost" });
  assert.equal((await client.closed).by, "lost");
  assert.equal((await server.closed).by, "lost");
});

for (const discardUnreadAtClose of [false, true]) {
  const what = discardUnreadAtClose ? "throws away" : "keeps";
  Deno.test(`memoryQuicPair ${what} what is unread at a close`, async () => {
    const [client, server] = memoryQuicPair({ discardUnreadAtClose });
    const send = await client.openUni();
    await send.write!(new Uint8Array(5));
    await send.finish!();
    const receive = await acceptUni(server);
    client.close(0x100, "");
    await server.closed;
    const buffer = new Uint8Array(10);
    if (discardUnreadAtClose) {
      await assert.rejects(receive.read!(buffer), { code: "closed", wireCode: 0x100 });
    } else {
      assert.equal(await receive.read!(buffer), 5);
      assert.equal(await receive.read!(buffer), null);
    }
  });
}

Deno.test("memoryQuicPair cuts off an unfinished stream at a close, after what had come", async () => {
  const [client, server] = memoryQuicPair();
  const send = await client.openUni();
  await send.write!(new Uint8Array(5));
  const receive = await acceptUni(server);
  client.close(0x100, "");
  await server.closed;
  assert.equal(await receive.read!(new Uint8Array(10)), 5);
  await assert.rejects(receive.read!(new Uint8Array(10)), { code: "closed" });
});

Deno.test("memoryQuicPair is early until it is told otherwise", async () => {
  const gate = Promise.withResolvers<void>();
  const [client, server] = memoryQuicPair({ earlyUntil: gate.promise });
  assert(client.isEarly && server.isEarly);
  gate.resolve();
  await turn();
  assert(!client.isEarly && !server.isEarly);
  client.close(0, "");
});

Deno.test("memoryQuicPair loses datagrams by chance and in a cut", async () => {
  const link = new MemoryLink();
  const [client, server] = memoryQuicPair({ datagramLoss: 0.5, link });
  for (let i = 0; i < 200; i++) await client.datagrams!.send(new Uint8Array([i]));
  link.cut();
  await client.datagrams!.send(new Uint8Array([250]));
  link.heal();
  client.close(0, "");
  await server.closed;
  let count = 0;
  for await (const data of server.datagrams!.readable) {
    assert.notEqual(data[0], 250);
    count++;
  }
  assert(count > 50 && count < 150, `${count} of 200 came`);
});

Deno.test("memoryQuicPair loses and mixes nothing, whatever the seed, in virtual time", async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const clock = new VirtualClock();
    // Each look at the clock takes a while, so that some of it is due before its timer runs.
    let worked = 0;
    const busy: Clock = {
      now: () => clock.now() + (worked += 0.05),
      schedule: (callback, ms) => clock.schedule(callback, ms),
      cancel: (handle) => clock.cancel(handle),
    };
    const [client, server] = memoryQuicPair({
      seed,
      clock: busy,
      latencyMs: seed % 3 === 0 ? 0 : 7,
      reorder: true,
      chunk: seed % 2 === 0 ? "random" : "whole",
      windowBytes: 700,
      server: { maxBidiStreams: 2 },
    });
    const serving = (async () => {
      for await (const { send, receive } of server.incomingBidi) {
        void (async () => {
          const buffer = new Uint8Array(512);
          for (let n = await receive.read!(buffer); n !== null; n = await receive.read!(buffer)) {
            await send.write!(buffer.subarray(0, n));
          }
          await send.finish!();
        })();
      }
    })();
    let left = 5;
    const asking = Promise.all(Array.from({ length: left }, async (_, k) => {
      const { send, receive } = await client.openBidi();
      const bytes = Uint8Array.from({ length: 400 * k + 1 }, (_, i) => (i * 7 + k) & 255);
      const sending = (async () => {
        for (let at = 0; at < bytes.length; at += 150) await send.write!(bytes.subarray(at, at + 150));
        await send.finish!();
      })();
      const seen: number[] = [];
      const buffer = new Uint8Array(300);
      for (let n = await receive.read!(buffer); n !== null; n = await receive.read!(buffer)) {
        seen.push(...buffer.subarray(0, n));
      }
      await sending;
      assert.deepEqual(Uint8Array.from(seen), bytes, `seed ${seed}, stream ${k}`);
      left--;
    }));
    for (let i = 0; i < 5000 && left > 0; i++) await clock.pass(1);
    assert.equal(left, 0, `seed ${seed} does not come to an end`);
    await asking;
    client.close(0, "");
    await clock.pass(100);
    await serving;
  }
});
