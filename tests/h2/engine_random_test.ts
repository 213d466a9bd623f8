import assert from "node:assert/strict";
import fc from "fast-check";
import { H2ErrorCode } from "../../h2/errors.ts";
import { Fields } from "../../semantics/mod.ts";
import {
  continuation,
  data,
  frame,
  FrameType,
  goaway,
  headersFrame,
  join,
  octets,
  ping,
  priorityFrame,
  priorityUpdate,
  rstStream,
  settings,
  settingsAck,
  uint32,
  windowUpdate,
} from "../support/h2_frames.ts";
import { requestHead } from "../support/h2_pair.ts";
import { deliver, type Delivery, randomFrom, RawPeer } from "../support/h2_peer.ts";

// ------------------------------------------------------------------ a random walk

const REQUEST = [":method", "POST", ":scheme", "https", ":authority", "a.example", ":path", "/"];
const RESPONSE = [":status", "200"];

/** One step of the walk: a frame of the peer, or a verb of the application. */
type Step = (peer: RawPeer, isServer: boolean) => Uint8Array | undefined;

const stream = fc.integer({ min: 0, max: 14 });
const small = fc.uint8Array({ maxLength: 40 });

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(stream, fc.boolean(), fc.boolean(), fc.boolean()).map(
      ([id, end, open, isTrailer]): Step => (peer, isServer) =>
        peer.headers(isServer ? id | 1 : id, isTrailer ? ["x-t", "1"] : isServer ? REQUEST : RESPONSE, {
          end,
          open,
        }),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(stream, small).map(([id, block]): Step => () => headersFrame(id, block)) },
  {
    weight: 2,
    arbitrary: fc.tuple(stream, small, fc.boolean()).map(([id, part, open]): Step => () =>
      continuation(id, part, { open })
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(stream, fc.nat(3000), fc.boolean(), fc.option(fc.nat(40), { nil: undefined })).map(
      ([id, size, end, padding]): Step => () =>
        data(id, new Uint8Array(size), { end, ...(padding !== undefined && { padding }) }),
    ),
  },
  { weight: 3, arbitrary: fc.tuple(stream, fc.nat(15)).map(([id, code]): Step => () => rstStream(id, code)) },
  {
    weight: 3,
    arbitrary: fc.tuple(stream, fc.constantFrom(0, 1, 100, 65_535, 2 ** 31 - 1)).map(([id, n]): Step => () =>
      windowUpdate(id, n)
    ),
  },
  {
    weight: 2,
    arbitrary: fc.array(fc.tuple(fc.nat(10), fc.constantFrom(0, 1, 100, 16_384, 65_536, 2 ** 31)), {
      maxLength: 4,
    }).map((list): Step => () => settings(...list.flat())),
  },
  { weight: 1, arbitrary: fc.constant<Step>(() => settingsAck) },
  { weight: 1, arbitrary: fc.boolean().map((ack): Step => () => ping("12345678", ack)) },
  { weight: 1, arbitrary: fc.tuple(stream, fc.nat(14)).map(([id, code]): Step => () => goaway(id, code)) },
  { weight: 1, arbitrary: fc.tuple(stream, stream).map(([id, on]): Step => () => priorityFrame(id, on)) },
  {
    weight: 1,
    arbitrary: fc.tuple(stream, fc.constantFrom("u=1", "i", "u=9, ???")).map(([id, value]): Step => () =>
      priorityUpdate(id, value)
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(30), fc.nat(255), stream, small).map(
      ([type, flags, id, payload]): Step => () => frame(type, flags, id, payload),
    ),
  },
  { weight: 1, arbitrary: small.map((bytes): Step => () => bytes) },
  // What the application does meanwhile.
  {
    weight: 3,
    arbitrary: fc.tuple(stream, fc.boolean()).map(([id, end]): Step => (peer, isServer) => {
      attempt(() =>
        isServer
          ? peer.engine.sendResponse(id, { status: 200, fields: new Fields() }, end)
          : void (peer.engine.canOpen && peer.engine.sendRequest(requestHead("POST"), end))
      );
      return undefined;
    }),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(stream, fc.nat(30_000), fc.boolean()).map(([id, size, end]): Step => (peer) => {
      attempt(() => peer.engine.sendBody(id, new Uint8Array(size), end));
      return undefined;
    }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(stream, fc.nat(30_000)).map(([id, size]): Step => (peer) => {
      attempt(() => peer.engine.copyBody(id, [new Uint8Array(size), new Uint8Array(size >> 3)]));
      return undefined;
    }),
  },
  {
    weight: 1,
    arbitrary: stream.map((id): Step => (peer) => {
      attempt(() => peer.engine.sendTrailers(id, Fields.from({ "x-end": "1" })));
      return undefined;
    }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(stream, fc.constantFrom("read", "write", "both")).map(
      ([id, side]): Step => (peer) => {
        peer.engine.abort(id, side as "both", "internal");
        return undefined;
      },
    ),
  },
  {
    weight: 2,
    arbitrary: stream.map((id): Step => (peer) => {
      const { unconsumed = 0 } = peer.engine.windows(id) ?? {};
      peer.engine.consume(id, unconsumed);
      return undefined;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.nat(40_000).map((ms): Step => (peer) => {
      peer.tick(peer.now + ms);
      return undefined;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Step>((peer) => {
      peer.frames();
      return undefined;
    }),
  },
);

/** Runs a verb; only the errors of its contract may come. */
function attempt(verb: () => void): void {
  try {
    verb();
  } catch (error) {
    assert(error instanceof TypeError || error instanceof RangeError);
    assert.match(error.message, /^Cannot /);
  }
}

for (const role of ["server", "client"] as const) {
  Deno.test(`H2Connection as a ${role} survives any walk of frames and verbs within its bounds`, () => {
    fc.assert(
      fc.property(
        fc.array(stepArbitrary, { minLength: 5, maxLength: 80 }),
        fc.constantFrom<Delivery>("whole", "random"),
        (steps, delivery) => {
          const limits = { maxConcurrentStreams: 5, maxSendBufferBytes: 40_000 };
          const peer = new RawPeer({ role, limits }, delivery);
          if (role === "client") {
            for (let i = 0; i < 5; i++) peer.engine.sendRequest(requestHead("POST"), i % 2 === 0);
          }
          const ended = new Set<number>();
          for (const step of steps) {
            const bytes = step(peer, role === "server");
            if (bytes !== undefined) peer.sends(bytes);
            for (const event of peer.events()) {
              if (event.type === "done" || (event.type === "aborted" && event.side === "both")) {
                assert(!ended.has(event.id), "an exchange ends once");
                ended.add(event.id);
              } else if ("id" in event && event.type !== "altSvc" && event.id !== 0) {
                assert(!ended.has(event.id), `${event.type} after the end`);
              }
            }
            const { engine } = peer;
            assert.equal(engine.counters.internalErrors, 0);
            if (role === "server") assert(engine.openExchanges <= 5);
            const { queued, unconsumed, receive } = engine.windows()!;
            assert(unconsumed <= 16 * 2 ** 20 && receive <= 2 ** 31 - 1 && queued <= 2_400_000);
            if (engine.isClosed) assert.equal(engine.openExchanges, 0);
          }
          peer.engine.receiveEnd(peer.now);
          assert(peer.engine.isClosed);
          assert.equal(peer.engine.nextDeadline(), Infinity);
          peer.frames();
          assert.equal(peer.engine.hasOutput, false);
        },
      ),
      { numRuns: 400 },
    );
  });
}

Deno.test("H2Connection answers the same, however the bytes are cut", () => {
  const run = (bytes: Uint8Array, cuts: number) => {
    const peer = new RawPeer({}, "whole");
    const events: Parameters<typeof deliver>[4] = [];
    deliver(peer.engine, bytes, 0, cuts === 0 ? "whole" : "random", events, randomFrom(cuts));
    return {
      frames: peer.lines(),
      events: events.map((event) => `${event.type} ${"id" in event ? event.id : ""}`),
    };
  };
  fc.assert(
    fc.property(fc.array(stepArbitrary, { maxLength: 25 }), fc.integer({ min: 1 }), (steps, cuts) => {
      const writer = new RawPeer({}, "whole");
      const parts: Uint8Array[] = [];
      for (const step of steps) {
        const bytes = step(writer, true);
        if (bytes !== undefined) parts.push(bytes);
      }
      // Whole bodies may be joined or not; what is said about them may not differ.
      const bytes = join(...parts);
      assert.deepEqual(run(bytes, cuts), run(bytes, 0));
    }),
    { numRuns: 200 },
  );
});

// ------------------------------------------------------------------ the states of a stream, as a table

type State =
  | "idle"
  | "open"
  | "half-closed (local)"
  | "half-closed (remote)"
  | "ended"
  | "reset by us"
  | "reset by peer";
type Input =
  | "HEADERS"
  | "HEADERS end"
  | "DATA"
  | "DATA end"
  | "RST_STREAM"
  | "WINDOW_UPDATE"
  | "PRIORITY"
  | "CONTINUATION";
/** The next state, `same`, or the code with which the stream or the connection is reset. */
type Outcome = State | "same" | `stream ${number}` | `connection ${number}`;

const PROTOCOL = `connection ${H2ErrorCode.PROTOCOL_ERROR}` as const;
const CLOSED = `stream ${H2ErrorCode.STREAM_CLOSED}` as const;

/** RFC 9113 section 5.1 for a server, after a request head: what each frame of the client leads to. */
const TABLE: Record<State, Record<Input, Outcome>> = {
  "idle": {
    "HEADERS": "open",
    "HEADERS end": "half-closed (remote)",
    "DATA": PROTOCOL,
    "DATA end": PROTOCOL,
    "RST_STREAM": PROTOCOL,
    "WINDOW_UPDATE": PROTOCOL,
    "PRIORITY": "same",
    "CONTINUATION": PROTOCOL,
  },
  "open": {
    "HEADERS": `stream ${H2ErrorCode.PROTOCOL_ERROR}`,
    "HEADERS end": "half-closed (remote)",
    "DATA": "same",
    "DATA end": "half-closed (remote)",
    "RST_STREAM": "reset by peer",
    "WINDOW_UPDATE": "same",
    "PRIORITY": "same",
    "CONTINUATION": PROTOCOL,
  },
  // The exchange is over for the application: an end that was on its way is taken, more is not needed.
  "half-closed (local)": {
    "HEADERS": `stream ${H2ErrorCode.NO_ERROR}`,
    "HEADERS end": "ended",
    "DATA": `stream ${H2ErrorCode.NO_ERROR}`,
    "DATA end": "ended",
    "RST_STREAM": "reset by peer",
    "WINDOW_UPDATE": "same",
    "PRIORITY": "same",
    "CONTINUATION": PROTOCOL,
  },
  "half-closed (remote)": {
    "HEADERS": CLOSED,
    "HEADERS end": CLOSED,
    "DATA": CLOSED,
    "DATA end": CLOSED,
    "RST_STREAM": "reset by peer",
    "WINDOW_UPDATE": "same",
    "PRIORITY": "same",
    "CONTINUATION": PROTOCOL,
  },
  "ended": {
    "HEADERS": `connection ${H2ErrorCode.STREAM_CLOSED}`,
    "HEADERS end": `connection ${H2ErrorCode.STREAM_CLOSED}`,
    "DATA": CLOSED,
    "DATA end": CLOSED,
    "RST_STREAM": "same",
    "WINDOW_UPDATE": "same",
    "PRIORITY": "same",
    "CONTINUATION": PROTOCOL,
  },
  "reset by us": {
    "HEADERS": "same",
    "HEADERS end": "same",
    "DATA": "same",
    "DATA end": "same",
    "RST_STREAM": "same",
    "WINDOW_UPDATE": "same",
    "PRIORITY": "same",
    "CONTINUATION": PROTOCOL,
  },
  "reset by peer": {
    "HEADERS": CLOSED,
    "HEADERS end": CLOSED,
    "DATA": CLOSED,
    "DATA end": CLOSED,
    "RST_STREAM": "same",
    "WINDOW_UPDATE": "same",
    "PRIORITY": "same",
    "CONTINUATION": PROTOCOL,
  },
};

const ID = 5;

/** Brings stream 5 into a state. */
function bringTo(peer: RawPeer, state: State): void {
  const { engine } = peer;
  if (state === "idle") return;
  peer.sends(peer.headers(ID, REQUEST, { end: state === "half-closed (remote)" || state === "ended" }));
  if (state === "ended" || state === "half-closed (local)") {
    engine.sendResponse(ID, { status: 200, fields: new Fields() }, true);
  }
  if (state === "reset by us") engine.abort(ID, "both", "cancelled");
  if (state === "reset by peer") peer.sends(rstStream(ID, 8));
  peer.frames();
}

function inputOf(peer: RawPeer, input: Input, isFirst: boolean): Uint8Array {
  const end = input.endsWith(" end");
  switch (input) {
    case "HEADERS":
    case "HEADERS end":
      return peer.headers(ID, isFirst ? REQUEST : ["x-trailer", "1"], { end });
    case "DATA":
    case "DATA end":
      return data(ID, "content", { end });
    case "RST_STREAM":
      return rstStream(ID, 8);
    case "WINDOW_UPDATE":
      return windowUpdate(ID, 1);
    case "PRIORITY":
      return priorityFrame(ID, 0);
    case "CONTINUATION":
      return continuation(ID, new Uint8Array(0));
  }
}

for (const [state, row] of Object.entries(TABLE) as [State, Record<Input, Outcome>][]) {
  for (const [input, outcome] of Object.entries(row) as [Input, Outcome][]) {
    Deno.test(`H2Connection in state ${state} takes ${input}: ${outcome} [9113-5.1:closed]`, () => {
      const peer = new RawPeer({}, "whole");
      bringTo(peer, state);
      const before = peer.engine.streamState(ID);
      peer.events();
      peer.sends(inputOf(peer, input, state === "idle"));
      const frames = peer.frames();
      const reset = frames.find(({ type, stream: id }) => type === FrameType.RST_STREAM && id === ID);
      const end = frames.find(({ type }) => type === FrameType.GOAWAY);
      const seen = end !== undefined
        ? `connection ${uint32(end.payload, 4)}`
        : reset !== undefined
        ? `stream ${uint32(reset.payload)}`
        : undefined;
      if (outcome.startsWith("stream ") || outcome.startsWith("connection ")) {
        assert.equal(seen, outcome);
        assert.equal(peer.engine.streamState(ID), undefined);
        return;
      }
      assert.equal(seen, undefined);
      const after = peer.engine.streamState(ID);
      if (outcome === "same") assert.equal(after, before);
      else if (outcome === "reset by peer" || outcome === "ended") assert.equal(after, undefined);
      else assert.equal(after, outcome);
    });
  }
}

Deno.test("H2Connection forgets closed streams, and then stays lenient with those it reset [9113-5.1:closed]", () => {
  const peer = new RawPeer({ limits: { maxRememberedStreams: 3, peerResetBurst: 1e4 } }, "whole");
  peer.sends(peer.headers(1, REQUEST));
  peer.engine.abort(1, "both", "cancelled");
  for (let id = 3; id < 41; id += 2) {
    peer.sends(peer.headers(id, REQUEST, { end: true }));
    peer.engine.sendResponse(id, { status: 204, fields: new Fields() }, true);
  }
  peer.frames();
  peer.sends(peer.headers(1, ["x-late", "1"], { end: true }), data(1, "late"), join(octets(0, 0), ping()));
  assert.deepEqual(peer.lines(), ["PING ack"]);
  peer.sends(data(3, "late"));
  assert.deepEqual(peer.lines(), ["RST_STREAM 3 5"]);
  peer.sends(windowUpdate(3, 0), windowUpdate(3, 1));
  assert.deepEqual(peer.lines(), ["RST_STREAM 3 1"]);
  peer.sends(peer.headers(3, REQUEST, { end: true }));
  assert(peer.lines()[0]!.startsWith("GOAWAY 39 1"));
});
