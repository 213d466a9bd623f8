import assert from "node:assert/strict";
import type { H3ErrorName } from "../../h3/engine.ts";
import { type EngineEvent, Fields } from "../../semantics/mod.ts";
import { data, frame, frameHeader, GET, headers, join, OK, POST } from "../support/h3_frames.ts";
import { cutTest, h3Client, H3Peer, h3Server } from "../support/h3_peer.ts";

const REQUEST = { method: "GET", scheme: "https", authority: "a.example", path: "/", fields: new Fields() };
const CONNECT = [":method", "CONNECT", ":authority", "b.example:443"];

/** What a request stream carries, and the code that ends the connection. */
const REFUSED: readonly (readonly [string, Uint8Array, boolean, H3ErrorName])[] = [
  ["DATA before HEADERS [9113-8.1:order]", data(1), false, "H3_FRAME_UNEXPECTED"],
  [
    "HEADERS after trailers [9114-4.1]",
    join(headers(POST), headers([]), headers([])),
    false,
    "H3_FRAME_UNEXPECTED",
  ],
  [
    "DATA after trailers [9114-4.1]",
    join(headers(POST), headers(["a", "b"]), data(1)),
    false,
    "H3_FRAME_UNEXPECTED",
  ],
  ["CANCEL_PUSH [9114-7.2.3:stream]", frame(3, [0]), false, "H3_FRAME_UNEXPECTED"],
  ["SETTINGS [9114-7.2.4]", frame(4), false, "H3_FRAME_UNEXPECTED"],
  ["PUSH_PROMISE [9114-7.2.5]", frame(5, [0]), false, "H3_FRAME_UNEXPECTED"],
  ["GOAWAY [9114-7.2.6]", frame(7, [0]), false, "H3_FRAME_UNEXPECTED"],
  ["MAX_PUSH_ID [9114-7.2.7]", frame(13, [0]), false, "H3_FRAME_UNEXPECTED"],
  ["ORIGIN [9412-2:stream]", frame(12), false, "H3_FRAME_UNEXPECTED"],
  ["PRIORITY_UPDATE [9218-7.2:stream]", frame(0xf0700, [0]), false, "H3_FRAME_UNEXPECTED"],
  ["PRIORITY_UPDATE of a push [9218-7.2:stream]", frame(0xf0701, [0]), false, "H3_FRAME_UNEXPECTED"],
  ["frame 0x02 [9114-7.2.8]", frame(2), false, "H3_FRAME_UNEXPECTED"],
  ["frame 0x06 [9114-7.2.8]", frame(6), false, "H3_FRAME_UNEXPECTED"],
  ["frame 0x08 [9114-7.2.8]", frame(8), false, "H3_FRAME_UNEXPECTED"],
  ["frame 0x09 [9114-7.2.8]", frame(9), false, "H3_FRAME_UNEXPECTED"],
  ["an end within a type [9114-7.1]", Uint8Array.of(0x40), true, "H3_FRAME_ERROR"],
  ["an end within a length [9114-7.1]", Uint8Array.of(0x01, 0x40), true, "H3_FRAME_ERROR"],
  ["an end before a length [9114-7.1]", Uint8Array.of(0x01), true, "H3_FRAME_ERROR"],
  ["an end within HEADERS [9114-7.1]", frameHeader(1, 10), true, "H3_FRAME_ERROR"],
  ["an end within DATA [9114-7.1]", join(headers(POST), frameHeader(0, 10), [1, 2]), true, "H3_FRAME_ERROR"],
  [
    "an end within an unknown frame [9114-7.1]",
    join(headers(POST), frameHeader(0x21, 2), [1]),
    true,
    "H3_FRAME_ERROR",
  ],
  ["an empty HEADERS frame [9204-4.5.1]", frame(1), false, "QPACK_DECOMPRESSION_FAILED"],
  ["a section with an invalid index", frame(1, [0, 0, 0xff, 0x24]), false, "QPACK_DECOMPRESSION_FAILED"],
  [
    "a section that cannot ever be decoded",
    frame(1, [0xff, 0xff, 0xff, 0x7f, 0]),
    false,
    "QPACK_DECOMPRESSION_FAILED",
  ],
];

for (const [what, bytes, fin, code] of REFUSED) {
  cutTest(`H3Connection refuses ${what} on a request stream`, (cut) => {
    const peer = h3Server({}, cut);
    peer.send(0, bytes, fin);
    peer.expectClose(code);
  });
}

cutTest("H3Connection resets a stream that ends before its request [9114-4.1:incomplete]", (cut) => {
  for (const bytes of [[], frame(0x21, [1])]) {
    const peer = h3Server({}, cut).send(0, bytes, true);
    peer.expectStreamError(0, "H3_REQUEST_INCOMPLETE", { stops: false });
    assert.equal(peer.events.length, 1);
  }
});

cutTest("H3Connection tells a body by its octets, however framed", (cut) => {
  const peer = h3Server({}, cut);
  const frames = join(
    data("ab"),
    data(""),
    frame(0x21, [9]),
    data("c"),
    data("defgh".repeat(1000)),
    data("z"),
  );
  peer.send(0, join(headers([...POST, "content-length", "5004"]), frames), true);
  peer.expectAlive();
  const body = peer.of("body");
  assert.equal(text(body), `abc${"defgh".repeat(1000)}z`);
  assert.deepEqual(body.map(({ end }) => end), [...body.slice(1).map(() => false), true]);
});

Deno.test("H3Connection joins small DATA frames of one receive into one event", () => {
  const peer = h3Server();
  const frames = join(...Array.from({ length: 1000 }, (_, i) => data([i & 0xff])));
  peer.send(0, join(headers(POST), frames), false);
  const body = peer.expectAlive().of("body");
  assert.equal(body.length, 1);
  assert.deepEqual([...body[0]!.data], Array.from({ length: 1000 }, (_, i) => i & 0xff));
});

cutTest("H3Connection shows trailers when the stream ends with them", (cut) => {
  const peer = h3Server({}, cut).send(0, join(headers(POST), data("x"), headers(["x-sum", "1"])));
  assert.equal(peer.of("trailers").length, 0);
  peer.send(0, frame(0x40, [1]));
  peer.send(0, [], true);
  assert.deepEqual(peer.expectAlive().of("trailers")[0]!.fields.flat, ["x-sum", "1"]);
});

cutTest("H3Connection carries 1xx, head, body and trailers both ways", (cut) => {
  const client = h3Client({}, cut);
  const id = client.engine.sendRequest({ ...REQUEST, method: "POST" }, false);
  client.engine.sendBody(id, new TextEncoder().encode("up"), false);
  client.engine.sendTrailers(id, new Fields(["x-up", "1"]));
  client.pump();
  assert.deepEqual(client.sections(0), [[
    ":method",
    "POST",
    ":scheme",
    "https",
    ":authority",
    "a.example",
    ":path",
    "/",
  ], ["x-up", "1"]]);
  assert(client.fins.has(0));
  client.send(
    0,
    join(headers([":status", "103", "link", "</a>"]), headers(OK), data("down"), headers(["x-down", "2"])),
    true,
  );
  assert.deepEqual([...new Set(client.events.map(({ type }) => type))], [
    "settings",
    "interim",
    "response",
    "body",
    "trailers",
    "done",
  ]);
  assert.equal(client.engine.openExchanges, 0);
});

cutTest("H3Connection lets only DATA into a tunnel [9114-4.4]", (cut) => {
  const open = () => {
    const peer = h3Server({}, cut).send(0, headers(CONNECT));
    peer.engine.sendResponse(0, { status: 200, fields: new Fields() }, false);
    return peer.pump().send(0, data("to")).expectAlive();
  };
  assert.equal(text(open().of("body")), "to");
  open().send(0, headers([])).expectClose("H3_FRAME_UNEXPECTED");
  open().send(0, frame(4)).expectClose("H3_FRAME_UNEXPECTED");
  open().send(0, frame(0x21, [1])).send(0, [], true).expectAlive();
  const client = h3Client({}, cut);
  client.engine.sendRequest(
    { ...REQUEST, method: "CONNECT", scheme: "", path: "", authority: "b.example:1" },
    false,
  );
  client.send(0, join(headers(OK), data("down")));
  client.engine.sendBody(0, Uint8Array.of(1, 2, 3), false);
  assert.deepEqual([...client.pump().content(0)], [1, 2, 3]);
  client.send(0, headers([])).expectClose("H3_FRAME_UNEXPECTED");
});

cutTest("H3Connection refuses content beyond content-length before it passes any on [9113-8.1.1]", (cut) => {
  const peer = h3Server({}, cut).send(0, join(headers([...POST, "content-length", "3"]), data("abcd")));
  peer.expectStreamError(0, "H3_MESSAGE_ERROR");
  assert.equal(peer.of("body").length, 0);
  const short = h3Server({}, cut).send(0, join(headers([...POST, "content-length", "3"]), data("ab")), true);
  short.expectStreamError(0, "H3_MESSAGE_ERROR", { stops: false });
  const client = h3Client({}, cut);
  client.engine.sendRequest(REQUEST, true);
  client.send(0, join(headers([...OK, "content-length", "3"]), data("ab")), true);
  assert.equal(client.expectAlive().of("aborted")[0]!.error.code, "H3_MESSAGE_ERROR");
});

cutTest("H3Connection writes whole frames, head and body in one write", (cut) => {
  const peer = h3Server({}, cut).send(0, headers(GET), true);
  peer.engine.sendResponse(0, { status: 200, fields: new Fields() }, false);
  peer.engine.sendBody(0, new TextEncoder().encode("hello"), true);
  peer.pump();
  const writes = peer.commands.filter((command) => command.type === "write" && command.stream === 0);
  assert.equal(writes.length, 1);
  assert.deepEqual(writes[0], {
    type: "write",
    stream: 0,
    data: join(frame(1, [0, 0, 0xd9]), data("hello")),
    fin: true,
  });
});

Deno.test("H3Connection cuts a large body into frames that fit one write each", () => {
  const peer = h3Server().send(0, headers(GET), true);
  const body = new Uint8Array(1_000_000).map((_, i) => i * 31 >> 3);
  peer.engine.sendResponse(0, { status: 200, fields: new Fields() }, false);
  peer.engine.sendBody(0, body, true);
  peer.pump();
  assert.deepEqual(peer.content(0), body);
  assert(peer.fins.has(0));
  const sizes = peer.commands.map((command) => command.type === "write" ? command.data.length : 0);
  const pieces = sizes.filter((size) => size > 16_384);
  // Large ones only after the transport has taken a small one.
  assert(pieces[0]! <= 65_536, `${pieces}`);
  assert(pieces.some((size) => size > 65_536) && pieces.every((size) => size <= 262_144), `${pieces}`);
});

Deno.test("H3Connection.sendBody says with the end whether the bytes were copied", () => {
  const peer = h3Server().send(0, headers(GET), true).send(4, headers(GET), true);
  for (const [stream, size, isCopied] of [[0, 16_384, true], [4, 16_385, false]] as const) {
    peer.engine.sendResponse(stream, { status: 200, fields: new Fields() }, false);
    const body = new Uint8Array(size).fill(7);
    assert.equal(peer.engine.sendBody(stream, body, true), isCopied);
    if (isCopied) body.fill(0);
    peer.pump();
    assert.deepEqual(peer.content(stream), new Uint8Array(size).fill(7));
  }
});

Deno.test("H3Connection pushes back: sendBody says no, drain follows the driver's reports", () => {
  const peer = h3Server().send(0, headers(GET), true);
  peer.isReading = false;
  peer.engine.sendResponse(0, { status: 200, fields: new Fields() }, false);
  const piece = new Uint8Array(100_000);
  const answers: boolean[] = [];
  for (let i = 0; i < 5; i++) answers.push(peer.engine.sendBody(0, piece, false));
  assert.deepEqual(answers, [true, true, true, true, false]);
  peer.pump();
  const inFlight = peer.unread.reduce((sum, { stream, data }) => sum + (stream === 0 ? data.length : 0), 0);
  assert(inFlight > 60_000 && inFlight < 140_000, `${inFlight} in flight`);
  assert.equal(peer.of("drain").length, 0);
  peer.readAll();
  assert.equal(peer.of("drain").length, 1);
  assert.equal(peer.content(0).length, 500_000);
});

Deno.test("H3Connection gives the driver two frames of a large body, and larger ones once they are taken", () => {
  const peer = h3Server().send(0, headers(GET), true);
  peer.isReading = false;
  peer.engine.sendResponse(0, { status: 200, fields: new Fields() }, false);
  peer.engine.sendBody(0, new Uint8Array(2_000_000), true);
  const frames = (): number[] =>
    peer.unread.filter(({ stream, data }) => stream === 0 && data.length > 1000).map(({ data }) =>
      data.length
    );
  peer.pump();
  assert.deepEqual(frames(), [65_285, 65_285]);
  peer.readHeld();
  assert.deepEqual(frames(), [261_888, 261_888]);
});

Deno.test("H3Connection stops reading what the application does not take", () => {
  const peer = h3Server({ maxUnreadBytes: 1000 }).send(0, join(headers(POST), data(600)));
  assert(peer.engine.wantsData(0));
  peer.send(0, data(600));
  assert.equal(peer.engine.wantsData(0), false);
  peer.engine.consume(0, 600);
  assert.equal(peer.pump().commands.filter(({ type }) => type === "resume").length, 0);
  peer.engine.consume(0, 200);
  assert.deepEqual(peer.pump().commands.filter(({ type }) => type === "resume"), [{
    type: "resume",
    stream: 0,
  }]);
  assert(peer.engine.wantsData(0));
});

Deno.test("H3Connection forgets an exchange: what comes late is dropped", () => {
  const peer = h3Server().send(0, headers(GET), true);
  peer.engine.sendResponse(0, { status: 204, fields: new Fields() }, true);
  peer.pump();
  const before = peer.events.length;
  peer.send(0, data(1)).reset(0).stop(0).send(0, [], true);
  peer.engine.peerOpened(0, 0);
  peer.engine.abort(0, "both", "internal");
  peer.engine.sendResponse(0, { status: 200, fields: new Fields() }, true);
  assert.equal(peer.engine.sendBody(0, new Uint8Array(1), true), true);
  peer.pump().expectAlive();
  assert.equal(peer.events.length, before);
  assert.equal(peer.resets.size, 0);
});

Deno.test("H3Connection takes request streams in any order, each once", () => {
  const peer = h3Server();
  for (const id of [8, 0, 16, 4, 12]) peer.send(id, headers(GET), true);
  assert.deepEqual(peer.of("request").map(({ id }) => id), [8, 0, 16, 4, 12]);
  assert.equal(peer.engine.highestRequestId, 16);
  for (const id of [8, 0, 16, 4, 12]) {
    peer.engine.sendResponse(id, { status: 204, fields: new Fields() }, true);
  }
  peer.pump().send(4, headers(GET));
  assert.equal(peer.expectAlive().of("request").length, 5);
});

Deno.test("H3Connection throws for misuse, and nothing is sent of it", () => {
  const client = h3Client();
  assert.throws(() => client.engine.sendRequest({ ...REQUEST, method: "G T" }, true), TypeError);
  assert.throws(
    () => client.engine.sendRequest({ ...REQUEST, method: "CONNECT", protocol: "x" }, false),
    /8441-3/,
  );
  assert.equal(client.engine.sendRequest(REQUEST, false), 0);
  assert.throws(() => client.engine.sendTrailers(0, new Fields([":status", "200"])), TypeError);
  assert.equal(client.engine.openExchanges, 1);
  assert.equal(client.pump().sections(0).length, 1);
  const server = h3Server();
  assert.throws(() => server.engine.sendRequest(REQUEST, true), RangeError);
});

Deno.test("H3Connection sends no section larger than the peer takes [9114-4.2.2]", () => {
  const fields = new Fields(["x-large", "a".repeat(300)]);
  const client = new H3Peer({ role: "client" });
  client.handshake(6, 300);
  assert.throws(() => client.engine.sendRequest({ ...REQUEST, fields }, true), /9114-4\.2\.2/);
  assert.equal(client.engine.sendRequest(REQUEST, true), 0);
  const server = new H3Peer({ role: "server" });
  server.handshake(6, 300).send(0, headers(GET), true);
  assert.throws(() => server.engine.sendResponse(0, { status: 200, fields }, true), /9114-4\.2\.2/);
  server.engine.sendResponse(0, { status: 500, fields: new Fields() }, true); // the shell can still answer
  assert.deepEqual(server.pump().sections(0), [[":status", "500"]]);
});

Deno.test("H3Connection waits to be told of opened streams before it opens too many", () => {
  const client = h3Client({ limits: { initialMaxSendStreams: 2 } });
  client.isOpening = false;
  client.engine.sendRequest(REQUEST, true);
  client.engine.sendRequest(REQUEST, true);
  assert.equal(client.engine.canOpen, false);
  assert.throws(() => client.engine.sendRequest(REQUEST, true), RangeError);
  assert.equal(client.engine.verdict(4), "unsent");
  client.engine.opened(0);
  client.engine.opened(0);
  assert(client.engine.canOpen);
  assert.equal(client.pump().of("capacity").length, 1);
  assert.equal(client.engine.verdict(0), "unknown");
});

function text(events: readonly Extract<EngineEvent, { type: "body" }>[]): string {
  return events.map((event) => new TextDecoder().decode(event.data)).join("");
}
