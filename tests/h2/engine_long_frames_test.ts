import assert from "node:assert/strict";
import fc from "fast-check";
import { H2Connection, type H2ConnectionOptions } from "../../h2/mod.ts";
import { Fields, type FrameTrace, type TraceEvent } from "../../semantics/mod.ts";
import { join, windowUpdate } from "../support/h2_frames.ts";
import { requestHead } from "../support/h2_pair.ts";

const MIB = 1_048_576;
/** From what size on content goes into a frame that is longer than usual. */
const LONG = 262_144;
const USUAL = 65_536;

function filled(size: number, seed: number = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = i * 31 + seed;
  return bytes;
}

/** Notes the lengths of DATA frames that go one way. */
function lengthsOf(direction: "in" | "out", lengths: number[]): (event: TraceEvent) => void {
  return (event) => {
    if (event.type === "frame" && event.direction === direction && event.name === "DATA") {
      lengths.push((event as FrameTrace).length);
    }
  };
}

/** A server that was asked, and the client that asked it. */
class Asked {
  readonly client: H2Connection;
  readonly server: H2Connection;
  /** Lengths of the DATA frames that the server has sent. */
  readonly frames: number[] = [];
  /** Lengths of the arrays of the application that its outputs referred to. */
  readonly lent: number[] = [];
  readonly #content = new Map<number, Uint8Array[]>();

  constructor(requests: number, maxFrameBytes: number = MIB, options: Partial<H2ConnectionOptions> = {}) {
    this.client = new H2Connection({
      role: "client",
      now: 0,
      maxFrameBytes,
      initialStreamWindowBytes: 1 << 26,
      initialConnectionWindowBytes: 1 << 27,
    });
    for (let i = 0; i < requests; i++) this.client.sendRequest(requestHead("GET"), true);
    this.server = new H2Connection({
      role: "server",
      now: 0,
      trace: lengthsOf("out", this.frames),
      ...options,
    });
    this.server.receive(this.client.output().slice(), 0);
    this.server.take();
  }

  answer(id: number, body: Uint8Array): void {
    this.server.sendResponse(id, { status: 200, fields: new Fields() }, false);
    this.server.sendBody(id, body, true);
  }

  /** One output goes to the client, in pieces. */
  pass(minBytes: number): readonly Uint8Array[] {
    const pieces = this.server.outputPieces(minBytes);
    this.client.receive(join(...pieces), 0);
    this.lent.push(...pieces.slice(1).map((piece) => piece.length).filter((length) => length >= minBytes));
    this.server.recycle(pieces);
    for (const event of this.client.take()) {
      if (event.type !== "body") continue;
      const parts = this.#content.get(event.id) ?? [];
      parts.push(event.data.slice());
      this.#content.set(event.id, parts);
      this.client.consume(event.id, event.data.length);
    }
    return pieces;
  }

  /** All that can be sent goes to the client. */
  drain(minBytes: number = LONG): void {
    for (let i = 0; this.server.hasOutput; i++) {
      assert(i < 1000);
      this.pass(minBytes);
    }
  }

  content(id: number): Uint8Array {
    return join(...this.#content.get(id) ?? []);
  }
}

Deno.test("H2Connection refers to large content in frames as long as the peer takes them", () => {
  const asked = new Asked(1);
  const body = filled(2 * MIB + 1000);
  asked.answer(1, body);
  const pieces = asked.pass(LONG);
  assert.equal(pieces.length, 2);
  assert.equal(pieces[1]!.buffer, body.buffer);
  asked.drain();
  assert.deepEqual(asked.frames, [MIB, MIB, 1000]);
  assert.deepEqual(asked.lent, [MIB, MIB]);
  assert.deepEqual(asked.content(1), body);
});

Deno.test("H2Connection copies, in frames of the usual length, what is worth no long one", () => {
  const resizable = new Uint8Array(new ArrayBuffer(400_000, { maxByteLength: 500_000 }));
  const cases: readonly (readonly [string, Uint8Array, number, Partial<H2ConnectionOptions>, number])[] = [
    ["little content", filled(LONG - 1), MIB, {}, USUAL],
    ["a peer that takes none", filled(400_000), LONG - 1, {}, USUAL],
    ["a peer that has not said so", filled(400_000), 16_384, {}, 16_384],
    ["an option that forbids it", filled(400_000), MIB, { maxSendFrameBytes: 30_000 }, 30_000],
    ["shared memory", new Uint8Array(new SharedArrayBuffer(400_000)), MIB, {}, USUAL],
    ["memory that can shrink", resizable, MIB, {}, USUAL],
  ];
  for (const [what, body, maxFrameBytes, options, length] of cases) {
    const asked = new Asked(1, maxFrameBytes, options);
    asked.answer(1, body);
    asked.drain();
    assert.deepEqual([asked.lent, Math.max(...asked.frames)], [[], length], what);
    assert.deepEqual(asked.content(1), new Uint8Array(body), what);
  }
});

Deno.test("H2Connection keeps to windows and to maxSendFrameBytes with long frames", () => {
  const asked = new Asked(1, MIB, { maxSendFrameBytes: 300_000 });
  asked.answer(1, filled(MIB));
  asked.drain();
  assert.deepEqual(asked.frames, [300_000, 300_000, 300_000, 148_576]);

  const server = new H2Connection({ role: "server", now: 0 });
  const client = new H2Connection({
    role: "client",
    now: 0,
    maxFrameBytes: MIB,
    initialStreamWindowBytes: 300_000,
  });
  client.sendRequest(requestHead("GET"), true);
  server.receive(client.output().slice(), 0);
  server.sendResponse(1, { status: 200, fields: new Fields() }, false);
  server.sendBody(1, filled(MIB), true);
  const first = server.outputPieces(LONG);
  assert.equal(first[1]!.length, 300_000, "the window of the stream");
  server.recycle(first);
  assert.equal(server.hasOutput, false);
  server.receive(windowUpdate(1, LONG), 0);
  const second = server.outputPieces(LONG);
  assert.deepEqual(second.map(({ length }) => length), [9, LONG]);
});

Deno.test("H2Connection sends content that takes turns in frames of the usual length", () => {
  const asked = new Asked(2);
  for (const id of [1, 3]) {
    asked.server.setPriority(id, { urgency: 3, incremental: true });
    asked.answer(id, filled(400_000, id));
  }
  asked.drain();
  assert.deepEqual([asked.lent, Math.max(...asked.frames)], [[], USUAL]);
  for (const id of [1, 3]) assert.deepEqual(asked.content(id), filled(400_000, id));
});

Deno.test("H2Connection puts one long frame into an output, and asks again what is next", () => {
  const asked = new Asked(2, 400_000);
  asked.answer(3, filled(MIB, 3));
  assert.deepEqual(asked.pass(LONG).map(({ length }) => length).slice(1), [400_000]);
  asked.server.setPriority(1, { urgency: 0, incremental: false });
  asked.answer(1, filled(10, 1));
  asked.pass(LONG);
  assert.deepEqual(asked.content(1), filled(10, 1), "what is urgent goes before the rest");
  asked.drain();
  assert.deepEqual(asked.frames, [400_000, 10, 400_000, 65_536, 65_536, 65_536, 51_968]);
  assert.deepEqual(asked.content(3), filled(MIB, 3));
});

Deno.test("H2Connection loses and mixes up nothing, whatever frames the peer takes", () => {
  const size = fc.oneof(
    fc.nat(100_000),
    fc.integer({ min: LONG - 2, max: LONG + 2 }),
    fc.integer({ min: LONG, max: 3 * MIB }),
  );
  fc.assert(
    fc.property(
      fc.array(size, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(16_384, 100_000, LONG, LONG + 1, MIB, (1 << 24) - 1),
      fc.constantFrom(8192, LONG),
      fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      (sizes, maxFrameBytes, minBytes, incremental) => {
        const asked = new Asked(sizes.length, maxFrameBytes);
        const bodies = sizes.map((size, i) => filled(size, i));
        bodies.forEach((body, i) => {
          asked.server.setPriority(1 + 2 * i, { urgency: 3, incremental: incremental[i]! });
          asked.answer(1 + 2 * i, body);
        });
        asked.drain(minBytes);
        bodies.forEach((body, i) => assert.deepEqual(asked.content(1 + 2 * i), body));
        assert(Math.max(...asked.frames) <= Math.min(maxFrameBytes, MIB));
        assert.equal(asked.server.openExchanges, 0);
      },
    ),
    { numRuns: 40 },
  );
});
