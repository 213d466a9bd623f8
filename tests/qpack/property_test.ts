import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter, QpackDecoder, QpackEncoder, QpackError, type QpackPolicy } from "../../qpack/mod.ts";

const NAMES = [":path", "user-agent", "x-a", "x-b", "x-a-longer-name", "authorization", "content-type"];

/** Few enough values that they repeat, some too large for small tables. */
const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 12 }).map((i) => `value ${i}`) },
  { weight: 1, arbitrary: fc.constantFrom("", "/", "text/plain", "x".repeat(90), "y".repeat(300)) },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 20 }).map((bytes) => String.fromCharCode(...bytes)),
  },
);

const anyList = fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 8 }).map((pairs) =>
  pairs.flat()
);

/** Lists that come again whole, as most do. */
const USUAL = [
  ["x-a", "value 1", "x-b", "value 2", ":path", "/"],
  ["x-a", "value 1", "x-b", "value 3", "content-type", "text/plain"],
  ["user-agent", "value 4"],
];

const list = fc.oneof(anyList, fc.constantFrom(...USUAL));

type Step =
  | { readonly do: "encode"; readonly stream: number; readonly flat: string[] }
  | { readonly do: "instructions" | "section" | "answers" | "cancel"; readonly pick: number }
  | { readonly do: "capacity"; readonly bytes: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("encode" as const), stream: fc.nat(20), flat: list }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom("instructions" as const, "section" as const, "answers" as const),
      pick: fc.nat(1000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), pick: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("capacity" as const), bytes: fc.nat(700) }) },
);

/**
 * A connection that delivers the three kinds of streams in any order between them and
 * in any pieces: the model is the lists themselves.
 */
class Network {
  readonly encoder: QpackEncoder;
  readonly decoder: QpackDecoder;
  readonly #maxBlocked: number;
  readonly #writer = new ByteWriter();
  #toDecoder: number[] = [];
  #toEncoder: number[] = [];
  /** Sections that are under way, in order on each stream. */
  readonly #sections = new Map<number, Uint8Array[]>();
  /** Lists that each stream has yet to give, in order. */
  readonly #expected = new Map<number, string[][]>();
  readonly #waiting = new Set<number>();
  readonly #gone = new Set<number>();

  constructor(policy: QpackPolicy, capacity: number, maxBlocked: number) {
    this.#maxBlocked = maxBlocked;
    this.encoder = new QpackEncoder({ policy, maxTableBytes: 4096 });
    this.encoder.setPeer({ maxTableBytes: capacity, maxBlockedStreams: maxBlocked });
    this.decoder = new QpackDecoder({ maxTableBytes: capacity, maxBlockedStreams: maxBlocked });
  }

  run(step: Step): void {
    switch (step.do) {
      case "encode":
        this.encode(step.stream, step.flat);
        break;
      case "instructions":
        this.deliverInstructions(step.pick);
        break;
      case "section":
        this.deliverSection(step.pick);
        break;
      case "answers":
        this.deliverAnswers(step.pick);
        break;
      case "cancel":
        this.cancel(step.pick);
        break;
      case "capacity":
        this.encoder.setTableBytes(step.bytes);
    }
    assert(this.decoder.blockedStreams <= this.#maxBlocked);
    assert(this.encoder.tableBytes <= this.encoder.tableCapacity);
    assert(this.decoder.tableBytes <= this.decoder.tableCapacity);
    assert(this.encoder.knownReceivedCount <= this.encoder.insertCount);
    assert(this.encoder.riskyStreams <= this.#maxBlocked);
  }

  encode(stream: number, flat: string[]): void {
    if (this.#gone.has(stream)) return;
    this.encoder.encode(stream, flat, this.#writer);
    put(this.#sections, stream, this.#writer.take().slice());
    put(this.#expected, stream, flat);
    this.#toDecoder.push(...this.encoder.takeInstructions());
  }

  deliverInstructions(pick: number): void {
    const bytes = this.#toDecoder.splice(0, 1 + pick % 40);
    for (const stream of this.decoder.receiveEncoder(Uint8Array.from(bytes))) {
      assert(this.#waiting.delete(stream));
      const decoded = this.decoder.resume(stream);
      assert.deepEqual(decoded.flat, this.#expected.get(stream)!.shift());
    }
    this.#takeAnswers();
  }

  deliverSection(pick: number): void {
    const streams = [...this.#sections].filter(([id, left]) => left.length > 0 && !this.#waiting.has(id));
    if (streams.length === 0) return;
    const [stream, left] = streams[pick % streams.length]!;
    const decoded = this.decoder.decode(stream, left.shift()!);
    if (decoded === "blocked") this.#waiting.add(stream);
    else assert.deepEqual(decoded.flat, this.#expected.get(stream)!.shift());
    this.#takeAnswers();
  }

  cancel(pick: number): void {
    const streams = [...this.#sections.keys()];
    if (streams.length === 0) return;
    const stream = streams[pick % streams.length]!;
    this.decoder.cancel(stream);
    this.#waiting.delete(stream);
    this.#sections.delete(stream);
    this.#expected.delete(stream);
    this.#gone.add(stream);
    this.#takeAnswers();
  }

  deliverAnswers(pick: number): void {
    this.encoder.receiveDecoder(Uint8Array.from(this.#toEncoder.splice(0, 1 + pick % 5)));
  }

  #takeAnswers(): void {
    this.#toEncoder.push(...this.decoder.takeInstructions());
  }

  finish(): void {
    while (this.#toDecoder.length > 0) this.deliverInstructions(39);
    while ([...this.#sections.values()].some((left) => left.length > 0)) this.deliverSection(0);
    while (this.#toEncoder.length > 0) this.deliverAnswers(4);
    for (const left of this.#expected.values()) assert.equal(left.length, 0);
    assert.equal(this.#waiting.size, 0);
    assert.equal(this.encoder.outstandingSections, 0);
    assert.equal(this.encoder.riskyStreams, 0);
    assert.equal(this.encoder.knownReceivedCount, this.encoder.insertCount);
    assert.equal(this.decoder.insertCount, this.encoder.insertCount);
  }
}

function put<T>(map: Map<number, T[]>, key: number, item: T): void {
  const items = map.get(key);
  if (items === undefined) map.set(key, [item]);
  else items.push(item);
}

for (const policy of ["static", "safe", "eager"] as const) {
  Deno.test(`QpackEncoder ${policy} and QpackDecoder agree whatever order streams, answers and cancellations take`, () => {
    let inserts = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(0, 33, 100, 220, 700, 4096),
        fc.constantFrom(0, 1, 3, 100),
        fc.array(step, { maxLength: 250, size: "max" }),
        (capacity, maxBlocked, steps) => {
          const network = new Network(policy, capacity, maxBlocked);
          for (const one of steps) network.run(one);
          network.finish();
          inserts += network.encoder.insertCount;
        },
      ),
      { numRuns: 300 },
    );
    assert(policy === "static" ? inserts === 0 : inserts > 1000, `${inserts} inserts`);
  });
}

/** Bytes that look like instructions or field lines often enough to get somewhere. */
const hostile = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 30 }).map((bytes) => [...bytes]),
    fc.constantFrom([0x3f, 0xe1, 0x1f], [0x3f, 0x45], [0x20], [0x41, 0x61, 0x01, 0x62], [0x00], [
      0xc1,
      0x01,
      0x2f,
    ]),
    fc.constantFrom([0x00, 0x00], [0x02, 0x00], [0x03, 0x80], [0xd1], [0x80], [0x10], [0x51, 0x81, 0x1f]),
  ),
  { maxLength: 12 },
).map((parts) => Uint8Array.from(parts.flat()));

Deno.test("QpackDecoder throws nothing but QpackError on any bytes, and what is cut differently ends the same", () => {
  let sections = 0;
  let refused = 0;
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 4 }), hostile, fc.nat(7), (streams, section, seed) => {
      const whole = outcome(streams, section, Infinity);
      assert.deepEqual(outcome(streams, section, 1 + seed), whole);
      if (typeof whole === "string") refused++;
      else sections++;
    }),
    { numRuns: 3000 },
  );
  assert(sections > 100 && refused > 100, `${sections} sections, ${refused} refused`);
});

function outcome(streams: readonly Uint8Array[], section: Uint8Array, piece: number): unknown {
  const decoder = new QpackDecoder({ maxTableBytes: 4096, maxBlockedStreams: 1, maxEncoderStreamBytes: 500 });
  try {
    for (const bytes of streams) {
      for (let at = 0; at < bytes.length; at += piece) decoder.receiveEncoder(bytes.subarray(at, at + piece));
      assert(decoder.tableBytes <= 4096);
    }
    const decoded = decoder.decode(4, section);
    return { decoded, insertCount: decoder.insertCount, answer: decoder.takeInstructions().toHex() };
  } catch (error) {
    if (error instanceof QpackError) return error.rule;
    throw error;
  }
}

Deno.test("QpackEncoder throws nothing but QpackError on any answers", () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.array(list, { maxLength: 10 }), fc.uint8Array({ maxLength: 12 }), (lists, answers) => {
      const encoder = new QpackEncoder({ policy: "eager" });
      encoder.setPeer({ maxTableBytes: 4096, maxBlockedStreams: 100 });
      const writer = new ByteWriter();
      for (const [i, flat] of lists.entries()) encoder.encode(4 * i, flat, writer);
      try {
        encoder.receiveDecoder(answers);
        taken++;
      } catch (error) {
        if (!(error instanceof QpackError)) throw error;
        assert.equal(error.kind, "decoder-stream");
      }
      assert(encoder.knownReceivedCount <= encoder.insertCount);
      assert(encoder.outstandingSections >= 0);
    }),
    { numRuns: 1000 },
  );
  assert(taken > 50, `${taken} taken`);
});
