import assert from "node:assert/strict";
import fc from "fast-check";
import { Scheduler } from "../../h2/scheduler.ts";
import { Stream } from "../../h2/stream.ts";
import { Fields, MessageReader, MessageWriter, SERVER_LIMITS } from "../../semantics/mod.ts";
import {
  data,
  FrameType,
  join,
  priorityUpdate,
  Setting,
  settings,
  windowUpdate,
} from "../support/h2_frames.ts";
import { EnginePair, requestHead } from "../support/h2_pair.ts";
import { DELIVERIES, engineTest, type RawPeer } from "../support/h2_peer.ts";

const OK = { status: 200, fields: new Fields() };

/** Sizes of the DATA frames that left, by stream. */
function sent(peer: RawPeer): [stream: number, size: number][] {
  return peer.frames().filter(({ type }) => type === FrameType.DATA).map(({ stream, payload }) => [
    stream,
    payload.length,
  ]);
}

function respond(peer: RawPeer, stream: number, bytes: number, fields: readonly string[] = []): void {
  peer.sends(peer.request(stream, { end: true, fields }));
  peer.engine.sendResponse(stream, OK, false);
  peer.engine.sendBody(stream, new Uint8Array(bytes), true);
}

engineTest("H2Connection sends as much as both windows allow [9113-6.9.1:window]", (make) => {
  const peer = make({ settings: [Setting.INITIAL_WINDOW_SIZE, 40_000] });
  respond(peer, 1, 100_000);
  respond(peer, 3, 100_000);
  assert.deepEqual(sent(peer), [[1, 16384], [1, 16384], [1, 7232], [3, 16384], [3, 9151]]);
  peer.sends(windowUpdate(1, 10_000), windowUpdate(3, 10_000));
  assert.deepEqual(sent(peer), [], "the connection's window is used up");
  peer.sends(windowUpdate(0, 12_000));
  assert.deepEqual(sent(peer), [[1, 10_000], [3, 2000]]);
  assert.equal(peer.engine.windows()!.send, 0);
});

engineTest("H2Connection.sendBody says with the end whether the bytes were copied", (make) => {
  const peer = make({ settings: [Setting.INITIAL_WINDOW_SIZE, 40_000] });
  for (const [stream, size, isCopied] of [[1, 1024, true], [3, 1025, false]] as const) {
    peer.sends(peer.request(stream, { end: true }));
    peer.engine.sendResponse(stream, OK, false);
    const body = new Uint8Array(size).fill(7);
    assert.equal(peer.engine.sendBody(stream, body, true), isCopied);
    if (isCopied) body.fill(0);
    const [frame] = peer.frames().filter(({ type }) => type === FrameType.DATA);
    assert.deepEqual(frame!.payload, new Uint8Array(size).fill(7));
  }
});

engineTest("H2Connection opens no window for content that may all come already", (make) => {
  const peer = make({ initialStreamWindowBytes: 100_000, initialConnectionWindowBytes: 1_000_000 });
  peer.sends(peer.request(1, { method: "POST", fields: ["content-length", "120000"] }));
  peer.lines();
  peer.sends(...Array.from({ length: 4 }, () => data(1, new Uint8Array(15_000))));
  peer.engine.consume(1, 60_000);
  assert.deepEqual(peer.lines(), ["WINDOW_UPDATE 1 60000"], "60,000 are to come and 40,000 may");
  peer.sends(...Array.from({ length: 4 }, () => data(1, new Uint8Array(15_000 - 100), { padding: 99 })));
  peer.engine.consume(1, 59_600);
  assert.deepEqual(peer.lines(), [], "400 are to come and 40,000 may");
  for (let i = 0; i < 20; i++) {
    peer.sends(...Array.from({ length: 10 }, () => data(1, new Uint8Array(1), { padding: 255 })));
    peer.engine.consume(1, 10);
  }
  assert.deepEqual(peer.lines(), ["WINDOW_UPDATE 1 99830"], "padding needs a window too");
});

engineTest("H2Connection writes short content behind its head, and ends the exchange at once", (make) => {
  const peer = make();
  peer.sends(peer.request(1, { end: true }));
  const content = new TextEncoder().encode("hello");
  peer.engine.sendResponse(1, OK, false);
  peer.engine.sendBody(1, content, true);
  assert.deepEqual(peer.engine.take().map(({ type }) => type), ["done"]);
  content.fill(0);
  const [frame] = peer.frames().filter(({ type }) => type === FrameType.DATA);
  assert.equal(new TextDecoder().decode(frame!.payload), "hello");
  assert.equal(frame!.flags, 1);
  assert.equal(peer.engine.windows()!.send, 65_535 - 5);
});

engineTest("H2Connection.copyBody writes at once what may leave, and keeps a copy of the rest", (make) => {
  const peer = make({ settings: [Setting.INITIAL_WINDOW_SIZE, 40_000] });
  peer.sends(peer.request(1, { end: true }));
  peer.engine.sendResponse(1, OK, false);
  const whole = Uint8Array.from({ length: 50_000 }, (_, i) => i % 251);
  const pieces = [whole.slice(0, 10_000), whole.slice(10_000, 30_000), whole.slice(30_000)];
  assert.equal(peer.engine.copyBody(1, pieces), true);
  assert.equal(peer.engine.windows(1)!.queued, 10_000, "what the window has no room for");
  for (const piece of pieces) piece.fill(255);
  const before = peer.frames().filter(({ type }) => type === FrameType.DATA);
  assert.deepEqual(before.map(({ payload }) => payload.length), [16_384, 16_384, 7232]);
  assert.equal(peer.engine.windows()!.send, 65_535 - 40_000);
  peer.sends(windowUpdate(1, 20_000));
  peer.engine.sendBody(1, new Uint8Array(0), true);
  const after = peer.frames().filter(({ type }) => type === FrameType.DATA);
  assert.deepEqual(after.map(({ payload, flags }) => [payload.length, flags]), [[10_000, 1]]);
  assert.deepEqual(join(...[...before, ...after].map(({ payload }) => payload)), whole);
});

engineTest("H2Connection.copyBody waits its turn, and says when no more is welcome", (make) => {
  const peer = make({ limits: { maxSendBufferBytes: 40_000 }, settings: [Setting.INITIAL_WINDOW_SIZE, 10] });
  respond(peer, 1, 20);
  assert.deepEqual(sent(peer), [[1, 10]]);
  peer.sends(windowUpdate(1, 5), settings(Setting.INITIAL_WINDOW_SIZE, 1_000_000));
  peer.sends(peer.request(3, { end: true }));
  peer.engine.sendResponse(3, OK, false);
  assert.equal(peer.engine.copyBody(3, [new Uint8Array(30)]), true);
  assert.deepEqual(sent(peer), [[1, 10], [3, 30]], "content that was there before goes first");
  assert.equal(peer.engine.copyBody(3, [new Uint8Array(30_000)]), true);
  assert.equal(
    peer.engine.copyBody(3, [new Uint8Array(30_000)]),
    true,
    "the output is full, the queue is not",
  );
  assert.equal(peer.engine.windows(3)!.queued, 30_000);
  assert.equal(peer.engine.copyBody(3, [new Uint8Array(30_000)]), false);
  assert.deepEqual(sent(peer).map(([, size]) => size), [16_384, 13_616, 16_384, 16_384, 2717]);
  peer.events();
  peer.sends(windowUpdate(0, 2 ** 20));
  assert.deepEqual(sent(peer).map(([, size]) => size), [16_384, 8131]);
  assert.deepEqual(peer.types(), ["drain"]);
});

engineTest("H2Connection.copyBody keeps to the content length, and knows when it is too late", (make) => {
  const peer = make();
  peer.sends(peer.request(1, { end: true }), peer.request(3, { end: true }));
  peer.engine.sendResponse(1, { status: 200, fields: Fields.from({ "content-length": "5" }) }, false);
  assert.throws(() => peer.engine.copyBody(1, [new Uint8Array(3), new Uint8Array(3)]), /9113-8\.1\.1/);
  assert.equal(peer.engine.copyBody(1, [new Uint8Array(3), new Uint8Array(2)]), true);
  peer.engine.sendResponse(3, OK, true);
  assert.equal(peer.engine.copyBody(3, [new Uint8Array(3)]), true);
  assert.deepEqual(sent(peer), [[1, 5]]);
});

engineTest("H2Connection lets short content wait behind other content, and for a window", (make) => {
  const peer = make({ settings: [Setting.INITIAL_WINDOW_SIZE, 5] });
  respond(peer, 1, 20);
  respond(peer, 3, 4);
  respond(peer, 5, 6);
  assert.deepEqual(sent(peer), [[1, 5], [3, 4], [5, 5]]);
  peer.sends(windowUpdate(5, 1), windowUpdate(1, 15));
  assert.deepEqual(sent(peer), [[1, 15], [5, 1]]);
});

engineTest("H2Connection follows a window that becomes negative [9113-6.9.2]", (make) => {
  const peer = make({ settings: [Setting.INITIAL_WINDOW_SIZE, 100] });
  respond(peer, 1, 1000);
  assert.deepEqual(sent(peer), [[1, 100]]);
  peer.sends(settings(Setting.INITIAL_WINDOW_SIZE, 30));
  assert.equal(peer.engine.windows(1)!.send, -70);
  peer.sends(windowUpdate(1, 70));
  assert.deepEqual(sent(peer), []);
  peer.sends(windowUpdate(1, 5), settings(Setting.INITIAL_WINDOW_SIZE, 40));
  assert.deepEqual(sent(peer), [[1, 15]]);
});

engineTest("H2Connection refuses SETTINGS that make a window too large [9113-6.9.2]", (make) => {
  const peer = make();
  peer.sends(peer.request(1, { end: true }), windowUpdate(1, 2 ** 31 - 1 - 65_535));
  assert.deepEqual(peer.lines(), []);
  peer.sends(settings(Setting.INITIAL_WINDOW_SIZE, 65_536));
  assert.deepEqual(peer.lines(), ["GOAWAY 1 3 9113-6.9.2"]);
});

engineTest("H2Connection tells the peer what was consumed, once it is enough [9113-6.9.1:window]", (make) => {
  const peer = make({ initialStreamWindowBytes: 100_000, initialConnectionWindowBytes: 100_000 });
  peer.sends(
    peer.request(1, { method: "POST" }),
    data(1, new Uint8Array(16_000), { padding: 99 }),
    data(1, "x".repeat(16_000)),
  );
  assert.deepEqual(peer.engine.windows(1), { send: 65_535, receive: 67_900, queued: 0, unconsumed: 32_000 });
  peer.engine.consume(1, 32_000);
  assert.deepEqual(peer.lines(), []);
  peer.sends(data(1, "x".repeat(16_384)), data(1, "x".repeat(1600)));
  peer.engine.consume(1, 17_984);
  // The padding and its length octet were given back without the application.
  assert.deepEqual(peer.lines(), ["WINDOW_UPDATE 0 50084", "WINDOW_UPDATE 1 50084"]);
  assert.throws(() => peer.engine.consume(1, 1), RangeError);
});

engineTest("H2Connection is strict about its own windows [9113-6.9.1:window]", (make) => {
  const stream = make({ initialStreamWindowBytes: 65_535 });
  stream.sends(
    stream.request(1, { method: "POST" }),
    ...Array.from({ length: 3 }, () => data(1, new Uint8Array(16_384))),
    data(1, new Uint8Array(16_383)),
    data(1, "x"),
  );
  assert.deepEqual(stream.lines(), ["RST_STREAM 1 3"]);
  const connection = make({ initialConnectionWindowBytes: 65_535 });
  connection.sends(
    connection.request(1, { method: "POST" }),
    ...Array.from({ length: 4 }, () => data(1, new Uint8Array(16_384))),
  );
  assert.deepEqual(connection.lines(), ["GOAWAY 1 3 9113-6.9.1:window"]);
});

engineTest("H2Connection gives DATA of closed streams back to the connection [9113-5.1:closed]", (make) => {
  const peer = make({ initialConnectionWindowBytes: 65_535, limits: { glitchBurst: 1e6 } });
  peer.sends(peer.request(1, { method: "POST" }));
  peer.engine.abort(1, "both", "cancelled");
  peer.sends(peer.request(3, { method: "POST" }), data(3, new Uint8Array(10_000)));
  peer.engine.abort(3, "read", "unneeded");
  for (let i = 0; i < 40; i++) {
    peer.sends(data(1, new Uint8Array(10_000)), data(3, new Uint8Array(10_000)));
    peer.frames();
  }
  assert.equal(peer.engine.isClosed, false);
  assert(peer.engine.windows()!.receive > 30_000);
});

engineTest("H2Connection says when its buffer has room again", (make) => {
  const peer = make({ limits: { maxSendBufferBytes: 20_000 }, settings: [Setting.INITIAL_WINDOW_SIZE, 0] });
  peer.sends(peer.request(1, { end: true }));
  peer.engine.sendResponse(1, OK, false);
  assert.equal(peer.engine.sendBody(1, new Uint8Array(19_999), false), true);
  assert.equal(peer.engine.sendBody(1, new Uint8Array(1), false), false);
  peer.events();
  peer.sends(windowUpdate(1, 9999));
  peer.frames();
  assert.deepEqual(peer.types(), []);
  peer.sends(windowUpdate(1, 1));
  peer.frames();
  assert.deepEqual(peer.types(), ["drain"]);
  assert.equal(peer.engine.windows(1)!.queued, 10_000);
});

engineTest("H2Connection joins small chunks and sends trailers behind them [9113-8.1:trailers]", (make) => {
  const peer = make();
  peer.sends(peer.request(1, { end: true }));
  peer.engine.sendResponse(1, OK, false);
  for (const text of ["a", "bc", "", "def"]) peer.engine.sendBody(1, new TextEncoder().encode(text), false);
  peer.engine.sendTrailers(1, Fields.from({ "x-sum": "6" }));
  const frames = peer.frames();
  assert.deepEqual(frames.map(({ name, payload }) => name === "DATA" ? payload.length : name), [
    "HEADERS",
    6,
    "HEADERS",
  ]);
  assert.equal(new TextDecoder().decode(frames[1]!.payload), "abcdef");
  assert.deepEqual(peer.sections(frames)[1]!.flat, ["x-sum", "6"]);
  assert.deepEqual(peer.types(), ["request", "done"]);
});

engineTest("H2Connection sends ends and trailers without a window [9113-6.9.1:window]", (make) => {
  const peer = make({ settings: [Setting.INITIAL_WINDOW_SIZE, 0] });
  peer.sends(peer.request(1, { end: true }), peer.request(3, { end: true }));
  peer.engine.sendResponse(1, OK, false);
  peer.engine.sendResponse(3, OK, false);
  peer.engine.sendBody(1, new Uint8Array(0), true);
  peer.engine.sendTrailers(3, Fields.from({ "x-a": "b" }));
  assert.deepEqual(peer.lines(), ["HEADERS 1", "HEADERS 3", "DATA 1 0 end", "HEADERS 3 end"]);
});

engineTest("H2Connection serves urgency first, then ids, and takes turns [9218-7.1:target]", (make) => {
  const peer = make({ settings: [Setting.INITIAL_WINDOW_SIZE, 2 ** 20] });
  peer.sends(windowUpdate(0, 2 ** 20));
  const size = 40_000;
  respond(peer, 1, size, ["priority", "u=5"]);
  respond(peer, 3, size, ["priority", "u=3, i"]);
  respond(peer, 5, size, ["priority", "i"]);
  respond(peer, 7, size, ["priority", "u=0"]);
  respond(peer, 9, size);
  // Streams that take turns alternate with one that does not.
  assert.deepEqual(sent(peer).map(([stream]) => stream), [7, 7, 7, 9, 3, 9, 5, 9, 3, 5, 3, 5, 1, 1, 1]);
});

engineTest("H2Connection obeys PRIORITY_UPDATE, also before the request [9218-7.1:target]", (make) => {
  const peer = make({ settings: [Setting.INITIAL_WINDOW_SIZE, 2 ** 20] });
  peer.sends(windowUpdate(0, 2 ** 20), priorityUpdate(3, "u=1"));
  respond(peer, 1, 20_000);
  respond(peer, 3, 20_000, ["priority", "u=7"]);
  respond(peer, 5, 20_000);
  peer.sends(priorityUpdate(5, "u=0"));
  assert.deepEqual(sent(peer).map(([stream]) => stream), [5, 5, 3, 3, 1, 1]);
  const events = peer.events().filter((event) => event.type === "priority");
  assert.deepEqual(events, [{ type: "priority", id: 5, priority: { urgency: 0, incremental: false } }]);
});

Deno.test("H2Connection of a client tells a changed priority [9218-7.1:target]", () => {
  const pair = new EnginePair();
  const id = pair.client.sendRequest(requestHead("GET"), true);
  pair.run();
  pair.serverEvents();
  pair.client.setPriority(id, { urgency: 6, incremental: true });
  pair.run();
  assert.deepEqual(pair.serverEvents(), [{
    type: "priority",
    id,
    priority: { urgency: 6, incremental: true },
  }]);
  assert.throws(() => pair.client.setPriority(id, { urgency: 8, incremental: true }), RangeError);
});

for (const delivery of DELIVERIES) {
  Deno.test(`H2Connection carries bodies larger than all windows both ways (${delivery})`, () => {
    const small = { initialStreamWindowBytes: 5000, initialConnectionWindowBytes: 65_535 };
    const pair = new EnginePair({ client: small, server: small, delivery });
    const body = Uint8Array.from({ length: 50_000 }, (_, i) => i * 7);
    const received: Record<string, Uint8Array[]> = { client: [], server: [] };
    const ids = [1, 3].map(() => pair.client.sendRequest(requestHead("POST"), false));
    for (const id of ids) pair.client.sendBody(id, body, true);
    pair.runReading((event) => {
      if (event.type === "body") {
        received.server!.push(event.data);
        if (event.end) {
          pair.server.sendResponse(event.id, OK, false);
          pair.server.sendBody(event.id, body, true);
        }
      }
    }, (event) => {
      if (event.type === "body") received.client!.push(event.data);
    });
    assert.equal(join(...received.server!).length, 100_000);
    assert.equal(join(...received.client!).length, 100_000);
    assert.deepEqual([pair.client.openExchanges, pair.server.openExchanges], [0, 0]);
    assert.deepEqual([pair.client.counters.exchangesDone, pair.server.counters.exchangesDone], [2, 2]);
  });
}

Deno.test("H2Connection grows an adaptive window with the bandwidth, up to its bound", () => {
  const run = (max: number, latencyMs: number) => {
    const pair = new EnginePair({
      client: { adaptiveWindow: true, maxAdaptiveWindowBytes: max },
      latencyMs,
    });
    pair.client.sendRequest(requestHead(), true);
    let received = 0;
    pair.runReading((event) => {
      if (event.type !== "request") return;
      pair.server.sendResponse(event.id, OK, false);
      pair.server.sendBody(event.id, new Uint8Array(6_000_000), true);
    }, (event) => {
      if (event.type === "body") received += event.data.length;
      if (event.type === "body") pair.now += 1;
    });
    assert.equal(received, 6_000_000);
    return {
      window: pair.client.localSettings.initialWindowBytes,
      growths: pair.client.counters.windowGrowths,
    };
  };
  const wide = run(16 * 2 ** 20, 50);
  assert(wide.window > 500_000, JSON.stringify(wide));
  assert(run(200_000, 50).window === 200_000);
});

Deno.test("Scheduler gives every stream that can send its turn, and no other [9218-7.1:target]", () => {
  const streamArbitrary = fc.record({
    urgency: fc.nat(7),
    incremental: fc.boolean(),
    bytes: fc.nat(5),
    window: fc.integer({ min: -2, max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(streamArbitrary, { maxLength: 20 }), (given) => {
      const scheduler = new Scheduler();
      const streams = given.map(({ urgency, incremental, bytes, window }, i) => {
        const stream = new Stream(
          2 * i + 1,
          new MessageReader({ role: "request", limits: SERVER_LIMITS }),
          new MessageWriter({ role: "response" }),
          0,
          window,
        );
        scheduler.setPriority(stream, urgency, incremental);
        stream.queuedBytes = bytes;
        scheduler.update(stream);
        return stream;
      });
      let last = 0;
      for (let stream = scheduler.next(); stream !== undefined; stream = scheduler.next()) {
        assert(stream.queuedBytes > 0 && stream.sendWindow > 0);
        assert(stream.urgency >= last, "urgency does not go back");
        last = stream.urgency;
        stream.queuedBytes--;
        stream.sendWindow--;
        scheduler.update(stream);
      }
      for (const stream of streams) assert(stream.queuedBytes === 0 || stream.sendWindow <= 0);
      assert.equal(scheduler.hasContent, false);
    }),
  );
});
