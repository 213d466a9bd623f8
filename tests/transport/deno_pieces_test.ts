import assert from "node:assert/strict";
import { connect, serve } from "../../h2/mod.ts";
import type { FrameTrace } from "../../semantics/mod.ts";
import { connectTcp, listenTcp } from "../../transport/deno.ts";
import { TransportError } from "../../transport/mod.ts";

const MIB = 1_048_576;

Deno.test("Sockets of Deno carry large bodies both ways in long frames where the other end takes them", async () => {
  const lengths: number[] = [];
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  const body = Uint8Array.from({ length: 5 * MIB }, (_, i) => i * 31);
  const received: Uint8Array[] = [];
  const serving = (async () => {
    for await (const transport of listener) {
      return serve(transport, {
        async exchange(exchange): Promise<void> {
          if (exchange.method === "POST") received.push(await exchange.bytes());
          const copy = body.slice();
          await exchange.reply(200, {}, copy);
          copy.fill(0); // it is ours again
        },
      }, { maxFrameBytes: MIB, initialStreamWindowBytes: 8 * MIB, initialConnectionWindowBytes: 16 * MIB });
    }
  })();
  {
    const transport = await connectTcp({ hostname: "127.0.0.1", port: listener.addr.port });
    await using client = connect(transport, {
      maxFrameBytes: MIB,
      initialStreamWindowBytes: 8 * MIB,
      trace: (event) => {
        if (event.type === "frame" && event.name === "DATA") lengths.push((event as FrameTrace).length);
      },
    });
    await client.ready;
    const url = "http://127.0.0.1/";
    assert.deepEqual(await (await client.request({ url }).response).bytes(), body);
    const copy = body.slice();
    const upload = client.request({ method: "POST", url, body: copy });
    assert.deepEqual(await (await upload.response).bytes(), body);
    await upload.closed;
    copy.fill(0);
    assert.deepEqual(received, [body]);
    assert.equal(lengths.filter((length) => length === MIB).length, 15, `${lengths}`);
  }
  listener.close();
  await (await serving)!.shutdown();
});

Deno.test("writev of Deno's sockets fails where a piece was transferred away", async () => {
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener[Symbol.asyncIterator]().next();
  const near = await connectTcp({ hostname: "127.0.0.1", port: listener.addr.port });
  const far = (await accepted).value!;
  listener.close();
  const first = new Uint8Array(MIB);
  const second = new Uint8Array(MIB);
  const writing = near.writev!([first, second]);
  structuredClone(second, { transfer: [second.buffer] });
  const reading = (async () => {
    const buffer = new Uint8Array(65_536);
    for (let bytes = 0;;) {
      const count = await far.read!(buffer).catch(() => null);
      if (count === null) return bytes;
      bytes += count;
    }
  })();
  await assert.rejects(writing, (error) => error instanceof TransportError && error.code === "lost");
  near.close();
  assert.equal(await reading, MIB, "nothing stands for what is gone");
  far.close();
});
