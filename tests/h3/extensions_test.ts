import assert from "node:assert/strict";
import fc from "fast-check";
import { CapsuleReader, writeCapsule } from "../../h3/engine.ts";
import { sendOrder } from "../../h3/exchange.ts";
import { rewriteFrames } from "../../h3/testing.ts";
import { Fields, Violation } from "../../semantics/mod.ts";
import { data, frame, GET, headers, join, OK, POST, settings, varint } from "../support/h3_frames.ts";
import { cutTest, h3Client, H3Peer, h3Server } from "../support/h3_peer.ts";

const REQUEST = { method: "GET", scheme: "https", authority: "a.example", path: "/", fields: new Fields() };
const NOTHING = new Fields();
const text = (value: string) => new TextEncoder().encode(value);

cutTest("extended CONNECT is offered, taken and tunnelled [9220-3] [8441-3]", (cut) => {
  const server = h3Server({}, cut);
  assert(server.engine.localSettings.extendedConnect);
  const flat = [":method", "CONNECT", ":protocol", "websocket", ...GET.slice(2)];
  server.send(0, join(headers(flat), data("early")));
  assert.equal(server.of("request")[0]!.head.protocol, "websocket");
  server.engine.sendResponse(0, { status: 200, fields: NOTHING }, false);
  server.engine.sendBody(0, text("down"), false);
  server.pump().send(0, data("up"), true).expectAlive();
  assert.equal(server.of("body").at(-1)!.end, true);
  assert.equal(new TextDecoder().decode(server.content(0)), "down");

  const off = h3Server({ extendedConnect: false }, cut).send(0, headers(flat));
  off.expectStreamError(0, "H3_MESSAGE_ERROR");
  const client = new H3Peer({ role: "client" }, cut).handshake(8, 1);
  client.engine.sendRequest({ ...REQUEST, method: "CONNECT", protocol: "websocket" }, false);
  client.pump().send(0, headers(OK));
  client.engine.sendBody(0, text("up"), true);
  assert.equal(new TextDecoder().decode(client.pump().content(0)), "up");
});

Deno.test("datagrams go to their exchange, both ways, once both ends announced them [9297-2.1] [9297-2.1.1]", () => {
  const peer = new H3Peer({ role: "server", datagrams: true }).handshake(0x33, 1);
  peer.send(0, headers(POST)).send(4, headers(POST));
  peer.engine.receiveDatagram(join(varint(1), text("to 4")), 0);
  peer.engine.receiveDatagram(join(varint(0), []), 0);
  peer.engine.receiveDatagram(join(varint(7), text("to nobody")), 0);
  peer.pump().expectAlive();
  assert.deepEqual(peer.of("datagram").map(({ id, data }) => [id, new TextDecoder().decode(data)]), [[
    4,
    "to 4",
  ], [0, ""]]);
  assert.equal(peer.engine.counters.datagramsDropped, 1);
  assert.equal(peer.engine.sendDatagram(4, text("hi")), true);
  assert.deepEqual(peer.pump().commands.at(-1), { type: "datagram", data: join([1], text("hi")) });
  const without = h3Server({ datagrams: true }).send(0, headers(POST)); // the peer takes none
  assert.equal(without.engine.sendDatagram(0, text("hi")), false);
});

Deno.test("datagrams that name no stream end the connection [9297-2.1]", () => {
  for (const bytes of [[], [0x40], varint(1n << 60n), varint((1n << 62n) - 1n)]) {
    const peer = new H3Peer({ role: "server", datagrams: true }).handshake(0x33, 1);
    peer.engine.receiveDatagram(Uint8Array.from(bytes), 0);
    peer.pump().expectClose("H3_DATAGRAM_ERROR");
  }
});

Deno.test("CapsuleReader takes capsules apart however they are cut, skipping unknown ones [9297-3.3]", () => {
  const capsule = fc.record({
    type: fc.constantFrom(0, 0x17, 0x1234),
    value: fc.uint8Array({ maxLength: 300 }),
  });
  fc.assert(
    fc.property(
      fc.array(capsule, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 50 })),
      (list, sizes) => {
        const bytes = join(...list.map(({ type, value }) => writeCapsule(type, value)));
        const reader = new CapsuleReader();
        const seen: number[][] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % Math.max(1, sizes.length)] ?? 1000;
          const chunk = bytes.slice(at, at + size);
          const found = reader.receive(chunk);
          assert(!(found instanceof Violation));
          for (const { value } of found) seen.push([...value]);
          chunk.fill(0xee);
          at += size;
        }
        assert.equal(reader.receiveEnd(), undefined);
        assert.deepEqual(seen, list.filter(({ type }) => type === 0).map(({ value }) => [...value]));
      },
    ),
  );
});

Deno.test("CapsuleReader refuses capsules that are too long or cut off [9297-3.3]", () => {
  const long = new CapsuleReader({ maxValueBytes: 10 }).receive(writeCapsule(0, new Uint8Array(11)));
  assert(long instanceof Violation && long.rule === "9297-3.3");
  for (const bytes of [[0], [0, 5, 1], [0x17, 5, 1], [0x40]]) {
    const reader = new CapsuleReader();
    assert(!(reader.receive(Uint8Array.from(bytes)) instanceof Violation));
    assert.equal(reader.receiveEnd()!.rule, "9297-3.3");
  }
});

cutTest("ORIGIN tells a client for what the server is authoritative [9412-2:syntax]", (cut) => {
  const server = new H3Peer({ role: "server", origins: ["https://a.example", "https://b.example"] });
  const origin = server.frames(-1).find(({ type }) => type === 12)!;
  const client = h3Client({}, cut).control(frame(12, origin.payload), frame(12));
  assert.deepEqual(client.expectAlive().of("origins").map(({ origins }) => origins), [
    ["https://a.example", "https://b.example"],
    [],
  ]);
  client.control(frame(12, new Uint8Array(20_000))); // over the limit: ignored
  assert.equal(client.expectAlive().of("origins").length, 2);
  server.engine.sendOrigins(["https://c.example"]);
  assert.equal(server.pump().frames(-1).filter(({ type }) => type === 12).length, 2);
});

cutTest(
  "priorities: the field, PRIORITY_UPDATE before and after the request, the response's field",
  (cut) => {
    const peer = h3Server({ sendOrder: true }, cut);
    const update = (id: number, value: string) => frame(0xf0700, join(varint(id), text(value)));
    peer.control(update(8, "u=1"), update(8, "u=0, i"));
    peer.send(0, headers([...GET, "priority", "u=6"]), true);
    peer.send(4, headers(GET), true);
    peer.send(8, headers([...GET, "priority", "u=7"]), true);
    peer.control(update(4, "u=2"), update(4000, "u=2"));
    assert.deepEqual(peer.expectAlive().of("priority"), [
      { type: "priority", id: 4, priority: { urgency: 2, incremental: false } },
    ]);
    peer.engine.sendResponse(0, { status: 200, fields: new Fields(["priority", "i"]) }, false);
    peer.engine.sendResponse(4, { status: 200, fields: new Fields(["priority", "u=7"]) }, false);
    peer.engine.sendResponse(8, { status: 200, fields: NOTHING }, false);
    const orders = peer.pump().commands.filter((command) => command.type === "priority");
    assert.deepEqual(orders.map(({ stream, order }) => [stream, order]), [
      [4, sendOrder({ urgency: 2, incremental: false }, 4)],
      [0, sendOrder({ urgency: 6, incremental: true }, 0)],
      [4, sendOrder({ urgency: 2, incremental: false }, 4)],
      [8, sendOrder({ urgency: 0, incremental: true }, 8)],
    ]);
  },
);

Deno.test("sendOrder keeps urgency above all and fits 32 bits", () => {
  const order = (urgency: number, incremental: boolean, id: number) =>
    sendOrder({ urgency, incremental }, id);
  assert(order(0, true, 4e6) > order(1, false, 0));
  assert(order(3, false, 0) > order(3, false, 4));
  assert.equal(order(3, true, 0), order(3, true, 400));
  for (let urgency = 0; urgency < 8; urgency++) {
    assert.equal(order(urgency, false, 0) | 0, order(urgency, false, 0));
  }
});

Deno.test("bodies are written by priority, whatever the order of the calls", () => {
  const peer = h3Server();
  for (const [id, value] of [[0, "u=5"], [4, "u=3"], [8, "u=0"]] as const) {
    peer.send(id, headers([...GET, "priority", value]), true);
    peer.engine.sendResponse(id, { status: 200, fields: NOTHING }, false);
  }
  peer.pump();
  const from = peer.commands.length;
  for (const id of [0, 4, 8]) peer.engine.sendBody(id, new Uint8Array(50_000), true);
  peer.pump();
  const order = peer.commands.slice(from).filter(({ type }) => type === "write").map((command) =>
    "stream" in command && command.stream
  );
  assert.deepEqual(order, [8, 4, 0]);
});

Deno.test("a client tells a new priority by PRIORITY_UPDATE", () => {
  const peer = h3Client();
  peer.engine.sendRequest(REQUEST, true);
  peer.engine.setPriority(0, { urgency: 1, incremental: true });
  const [update] = peer.pump().frames(-1).filter(({ type }) => type === 0xf0700);
  assert.deepEqual(update!.payload, join([0], text("u=1, i")));
});

Deno.test("PRIORITY_UPDATE for streams that never come holds a bounded number", () => {
  const peer = h3Server({ limits: { maxConcurrentStreams: 10 } });
  for (let id = 0; id < 400; id += 4) peer.control(frame(0xf0700, join(varint(id), text("u=1"))));
  peer.expectAlive().send(396, headers(GET), true);
});

Deno.test("GREASE is sent by option only, and ignored by the other end", () => {
  const plain = new H3Peer({ role: "client" });
  assert.deepEqual([...plain.wrote.keys()], [-1, -2, -3]);
  for (const seed of [0, 7, 123_456]) {
    const client = new H3Peer({ role: "client", grease: seed });
    client.engine.sendRequest(REQUEST, true);
    client.pump();
    assert(client.fins.has(-4));
    const server = new H3Peer({ role: "server" });
    server.send(2, client.wrote.get(-1)!).send(14, client.wrote.get(-4)!, true).send(
      0,
      client.wrote.get(0)!,
      true,
    );
    server.expectAlive();
    assert.equal(server.of("request").length, 1);
    assert.equal(server.engine.counters.unknownFrames, 2);
    assert.equal(server.engine.counters.unknownStreams, 1);
  }
});

Deno.test("rewriteFrames changes, replaces and drops frames for tests", () => {
  const server = h3Server().send(0, headers(GET), true);
  const types: number[] = [];
  rewriteFrames(server.engine, (given) => {
    types.push(given.type);
    if (given.type === 1) return { type: 0x21, payload: Uint8Array.of(5) };
    return given.payload.length === 1 ? undefined : join(data("raw"));
  });
  server.engine.sendResponse(0, { status: 200, fields: NOTHING }, false);
  server.engine.sendBody(0, text("a"), false);
  server.engine.sendBody(0, text("bc"), true);
  server.pump();
  assert.deepEqual(types, [1, 0, 0]);
  assert.deepEqual(server.wrote.get(0), [...join(frame(0x21, [5]), data("raw"))]);
});

Deno.test("trace tells of frames, fields and states, in and out", () => {
  const seen: string[] = [];
  const peer = new H3Peer({
    role: "server",
    trace: (event) => {
      const { type, stream } = event;
      if (type === "frame") seen.push(`${event.direction} ${stream} ${event.name} ${event.length}`);
      if (type === "fields") seen.push(`${event.direction} ${stream} ${event.flat[0]}`);
      if (type === "state") seen.push(`${event.subject} ${event.state}`);
    },
  });
  peer.send(2, join(0, settings(0x21, 1))).send(0, headers(GET), true);
  peer.engine.sendResponse(0, { status: 204, fields: NOTHING }, true);
  peer.pump();
  for (
    const line of ["out -1 SETTINGS 12", "in 2 SETTINGS 2", "in 0 :method", "out 0 :status", "stream closed"]
  ) {
    assert(seen.includes(line), `${line} is not in ${seen.join("; ")}`);
  }
});
