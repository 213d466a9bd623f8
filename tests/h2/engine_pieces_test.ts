import assert from "node:assert/strict";
import fc from "fast-check";
import { MIN_LENT_BYTES as LENT } from "../../h2/loan.ts";
import { H2Connection } from "../../h2/mod.ts";
import { type EngineEvent, Fields } from "../../semantics/mod.ts";
import { join, windowUpdate } from "../support/h2_frames.ts";
import { requestHead } from "../support/h2_pair.ts";

function filled(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + seed * 7) & 0xff;
  return bytes;
}

function newServer(): H2Connection {
  return new H2Connection({ role: "server", now: 0, limits: { maxSendBufferBytes: 65_536 } });
}

/** A client with open requests, and what it sends. */
function newClient(requests: number, window: number): { client: H2Connection; bytes: Uint8Array } {
  const client = new H2Connection({
    role: "client",
    now: 0,
    initialStreamWindowBytes: window,
    initialConnectionWindowBytes: 1 << 24,
    limits: { initialMaxSendStreams: 1000 },
  });
  for (let i = 0; i < requests; i++) client.sendRequest(requestHead("GET"), true);
  return { client, bytes: client.output().slice() };
}

/** A server that has taken `requests` requests, and the client that made them. */
function asked(requests: number, window: number = 1 << 22): { client: H2Connection; server: H2Connection } {
  const { client, bytes } = newClient(requests, window);
  const server = newServer();
  server.receive(bytes, 0);
  server.take();
  return { client, server };
}

function answer(server: H2Connection, id: number, body: Uint8Array, end: boolean = true): boolean {
  server.sendResponse(id, { status: 200, fields: new Fields() }, false);
  return server.sendBody(id, body, end);
}

function isAbout(event: EngineEvent, id: number): boolean {
  return "id" in event && event.id === id;
}

function typesOf(events: readonly EngineEvent[]): string[] {
  return events.map((event) => event.type);
}

// ------------------------------------------------------------------ the same octets

/** One step that two servers take alike. */
type Step =
  | { readonly do: "body"; readonly at: number; readonly size: number; readonly end: boolean }
  | { readonly do: "trailers"; readonly at: number }
  | { readonly do: "abort"; readonly at: number }
  | { readonly do: "priority"; readonly at: number; readonly urgency: number; readonly incremental: boolean }
  | { readonly do: "output"; readonly isLate: boolean }
  | { readonly do: "credit"; readonly at: number; readonly bytes: number }
  | { readonly do: "ping" };

const REQUESTS = 5;
const at = fc.nat(REQUESTS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("body" as const),
      at,
      size: fc.oneof(fc.nat(20), fc.integer({ min: LENT - 2, max: LENT + 2 }), fc.nat(70_000)),
      end: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("trailers" as const), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("abort" as const), at }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("priority" as const),
      at,
      urgency: fc.nat(7),
      incremental: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("output" as const), isLate: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("credit" as const),
      at,
      bytes: fc.integer({ min: 1, max: 100_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("ping" as const) }) },
);

Deno.test("H2Connection.outputPieces gives the octets of output, whatever is sent, and in the end the same events", () => {
  let lent = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(1000, 65_535, 1 << 22),
      fc.constantFrom(16_384, 5000, 20_000),
      fc.array(step, { minLength: 1, maxLength: 40 }),
      (window, frame, steps) => {
        const { bytes } = newClient(REQUESTS, window);
        const options = { role: "server", now: 0, maxSendFrameBytes: frame } as const;
        const servers = [new H2Connection(options), new H2Connection(options)] as const;
        const events: EngineEvent[][] = [[], []];
        const heads = new Set<number>();
        const ended = new Set<number>();
        let late: (readonly Uint8Array[])[] = [];
        const both = (act: (server: H2Connection) => void): void => {
          servers.forEach((server, i) => {
            act(server);
            events[i]!.push(...server.take());
          });
        };
        const output = (isLate: boolean): void => {
          const whole = servers[0].output();
          const pieces = servers[1].outputPieces();
          assert.deepEqual(join(...pieces), whole.slice());
          lent += pieces.filter((piece) => piece.length >= LENT).length;
          servers[0].recycle(whole);
          if (isLate) late.push(pieces);
          else servers[1].recycle(pieces);
          both(() => {});
        };
        both((server) => server.receive(bytes, 0));
        for (const next of steps) {
          if (next.do === "output") output(next.isLate);
          else if (next.do === "ping") both((server) => void server.ping(0));
          else if (next.do === "credit") {
            const credit = join(windowUpdate(0, next.bytes), windowUpdate(1 + 2 * next.at, next.bytes));
            both((server) => server.receive(credit, 0));
          } else {
            const id = 1 + 2 * next.at;
            if (ended.has(id)) continue;
            if (!heads.has(id)) {
              both((server) => server.sendResponse(id, { status: 200, fields: new Fields() }, false));
            }
            heads.add(id);
            if (next.do === "priority") both((server) => server.setPriority(id, next));
            else if (next.do === "abort") both((server) => server.abort(id, "both", "cancelled"));
            else if (next.do === "trailers") {
              both((server) => server.sendTrailers(id, new Fields(["x-t", "1"])));
            } else {
              const body = filled(next.size, id);
              both((server) => void server.sendBody(id, body, next.end));
            }
            if (next.do === "abort" || next.do === "trailers" || (next.do === "body" && next.end)) {
              ended.add(id);
            }
          }
        }
        output(false);
        for (const pieces of late) servers[1].recycle(pieces);
        both(() => {});
        late = [];
        for (let id = 1; id <= 2 * REQUESTS; id += 2) {
          const [of0, of1] = events.map((list) => typesOf(list.filter((event) => isAbout(event, id))));
          assert.deepEqual(of1, of0);
        }
        assert.deepEqual(typesOf(events[1]!).sort(), typesOf(events[0]!).sort());
      },
    ),
    { numRuns: 300 },
  );
  assert(lent > 100, `only ${lent} pieces were referred to`);
});

// ------------------------------------------------------------------ what is lent

Deno.test("H2Connection.outputPieces refers to large content and copies small content", () => {
  const { server } = asked(2);
  const large = filled(LENT, 1);
  const small = filled(LENT - 1, 2);
  answer(server, 1, large);
  answer(server, 3, small);
  const pieces = server.outputPieces();
  assert.equal(pieces.length, 3);
  assert.equal(pieces[1]!.buffer, large.buffer);
  assert.notEqual(pieces[2]!.buffer, small.buffer);
  server.recycle(pieces);
  assert.equal(server.outputPieces().length, 0);
});

Deno.test("H2Connection.outputPieces holds back what gives memory back until it is recycled, and nothing else", () => {
  const { client, server } = asked(4);
  const lent = filled(40_000, 1);
  answer(server, 1, lent);
  answer(server, 3, filled(100, 2));
  assert.equal(answer(server, 5, filled(300_000, 3), false), false);
  const pieces = server.outputPieces();
  // 3 is over and was copied; 1 is over as well, and 5 wants more, but their bytes are on loan.
  assert.deepEqual(server.take(), [{ type: "done", id: 3 }]);
  server.ping(0);
  client.receive(join(...pieces), 0);
  client.abort(5, "both", "cancelled");
  client.sendRequest(requestHead("GET"), true);
  server.receive(client.output().slice(), 0);
  const meanwhile = server.take();
  assert(meanwhile.some((event) => event.type === "request" && event.id === 9));
  assert(!meanwhile.some((event) => isAbout(event, 5)), "the reset of 5 would give its bytes back");
  assert(server.outputPieces().length <= 1, "only one output at a time has a loan");
  server.recycle(pieces);
  const after = server.take();
  assert.deepEqual(typesOf(after), ["done", "drain", "aborted"]);
  assert(isAbout(after[0]!, 1) && isAbout(after[1]!, 5) && isAbout(after[2]!, 5));
  server.recycle(pieces);
  assert.deepEqual(server.take(), []);
});

Deno.test("H2Connection copies while an output with a loan is under way, and tells at once what that ends", () => {
  const { client, server } = asked(2);
  answer(server, 1, filled(40_000, 1));
  const first = server.outputPieces();
  const body = filled(40_000, 2);
  answer(server, 3, body);
  const second = server.outputPieces();
  assert.equal(second.length, 1);
  assert.deepEqual(server.take(), [{ type: "done", id: 3 }]);
  // The bytes are the application's again.
  body.fill(0xee);
  client.receive(join(...first), 0);
  client.receive(second[0]!.slice(), 0);
  let seen = 0;
  for (const event of client.take()) {
    if (event.type !== "body" || event.id !== 3) continue;
    seen += event.data.length;
    assert.deepEqual(event.data.slice(), filled(40_000, 2).subarray(seen - event.data.length, seen));
  }
  assert.equal(seen, 40_000);
  server.recycle(second);
  server.recycle(first);
  assert.deepEqual(server.take(), [{ type: "done", id: 1 }]);
});

for (
  const how of ["the user aborts it", "the peer resets it", "the connection is closed", "the transport ends"]
) {
  Deno.test(`H2Connection tells the end of an exchange whose bytes are on loan after they are back: ${how}`, () => {
    const { client, server } = asked(1);
    // The windows hold most of it back, so the exchange is open when it is given up.
    const body = filled(8_000_000, 1);
    answer(server, 1, body);
    const pieces = server.outputPieces();
    assert(pieces.length > 2);
    if (how === "the user aborts it") server.abort(1, "both", "cancelled");
    else if (how === "the peer resets it") {
      client.abort(1, "both", "cancelled");
      server.receive(client.output().slice(), 0);
    } else if (how === "the connection is closed") server.close();
    else server.receiveEnd(0);
    assert.deepEqual(typesOf(server.take()).filter((type) => type !== "settings"), []);
    // A reset or a GOAWAY can leave meanwhile.
    assert(server.outputPieces().length <= 1);
    assert.deepEqual(server.take(), []);
    server.recycle(pieces);
    const isOver = how.startsWith("the connection") || how.startsWith("the transport");
    assert.deepEqual(typesOf(server.take()), isOver ? ["aborted", "closed"] : ["aborted"]);
  });
}

Deno.test("H2Connection.verdict knows what left in pieces", () => {
  const client = new H2Connection({ role: "client", now: 0 });
  const id = client.sendRequest(requestHead("POST"), false);
  client.sendBody(id, filled(20_000, 1), true);
  assert.equal(client.verdict(id), "unsent");
  const pieces = client.outputPieces();
  assert(pieces.length > 1);
  assert.equal(client.verdict(id), "unknown");
  client.recycle(pieces);
  assert.equal(client.verdict(id), "unknown");
  assert.equal(client.counters.bytesOut, join(...pieces).length);
});

Deno.test("H2Connection.outputPieces makes no output larger than about a MiB", () => {
  const { server } = asked(1, 1 << 24);
  server.take();
  answer(server, 1, filled(10_000_000, 1));
  for (let left = 10_000_000; left > 0;) {
    const pieces = server.outputPieces();
    const size = join(...pieces).length;
    assert(size > 0 && size <= 1_048_576);
    left -= size;
    server.recycle(pieces);
  }
});
