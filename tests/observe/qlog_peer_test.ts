import assert from "node:assert/strict";
import fc from "fast-check";
import type { Command } from "../../h3/engine.ts";
import { H2Connection } from "../../h2/connection.ts";
import { H3Connection } from "../../h3/engine.ts";
import type { TraceHook } from "../../observe/mod.ts";
import { preface, settings } from "../support/h2_frames.ts";
import { checkLog, memoryLog } from "./qlog_kit.ts";

const NUM_RUNS = 300;
const ROLES = ["client", "server"] as const;

/** A frame of HTTP/2 whose payload is anything, often of the right length. */
const h2Frame: fc.Arbitrary<Uint8Array> = fc.tuple(
  fc.oneof(fc.nat(0x10), fc.nat(255)),
  fc.nat(255),
  fc.constantFrom(0, 0, 1, 3, 2),
  fc.oneof(
    fc.constantFrom(0, 2, 4, 5, 6, 8, 12).chain((size) =>
      fc.uint8Array({ minLength: size, maxLength: size })
    ),
    fc.uint8Array({ maxLength: 40 }),
  ),
).map(([type, flags, stream, payload]) =>
  Uint8Array.of(0, 0, payload.length, type, flags, 0, 0, 0, stream, ...payload)
);

for (const role of ROLES) {
  Deno.test(`qlogWriter stays within the HTTP/2 draft whatever a peer sends to a ${role}`, () => {
    let frames = 0;
    fc.assert(
      fc.property(fc.array(h2Frame, { minLength: 1, maxLength: 12 }), (sent) => {
        const log = memoryLog({ role });
        const trace = log.writer.open({ role, protocol: "h2" });
        const engine = new H2Connection({ role, now: 0, trace });
        if (role === "server") engine.receive(preface, 0);
        engine.receive(settings(), 0);
        for (const frame of sent) {
          if (!engine.isClosed) engine.receive(frame, 1);
          engine.take();
          engine.output();
        }
        engine.receiveEnd(2);
        frames += checkLog(log.text, "http2").length;
      }),
      { numRuns: NUM_RUNS },
    );
    assert(frames > NUM_RUNS * 5);
  });
}

/** A frame of HTTP/3 whose payload is anything. */
const h3Frame: fc.Arbitrary<Uint8Array> = fc.tuple(
  fc.constantFrom([0], [1], [3], [4], [5], [7], [0xc], [0xd], [0x21], [0x80, 0x0f, 0x07, 0x00], [0x40, 0x99]),
  fc.uint8Array({ maxLength: 30 }),
).map(([type, payload]) => Uint8Array.of(...type, payload.length, ...payload));

/** An engine that is fed by hand, and answers nothing. */
function h3Engine(role: "client" | "server", trace: TraceHook): H3Connection {
  const engine = new H3Connection({ role, now: 0, trace, datagrams: true, grease: 3 });
  drain(engine);
  return engine;
}

function drain(engine: H3Connection): void {
  engine.take();
  for (const command of engine.outbox() as Command[]) {
    if (command.type === "write") engine.written(command.stream, command.data);
  }
}

for (const role of ROLES) {
  Deno.test(`qlogWriter stays within the HTTP/3 draft whatever a peer sends to a ${role}`, () => {
    let events = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), h3Frame), { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(70), { maxLength: 2 }),
        (sent, types) => {
          const log = memoryLog({ role });
          const engine = h3Engine(role, log.writer.open({ role, protocol: "h3" }));
          const control = role === "server" ? 2 : 3;
          engine.receive(control, Uint8Array.of(0, 4, 2, 0x33, 1), false, 0);
          for (const [i, type] of types.entries()) {
            if (!engine.isClosed) engine.receive(control + 4 * (i + 1), Uint8Array.of(type), false, 0);
          }
          if (role === "server") engine.receiveDatagram(Uint8Array.of(0, 1), 1);
          for (const [isRequest, frame] of sent) {
            if (engine.isClosed || (isRequest && role === "client")) continue;
            engine.receive(isRequest ? 0 : control, frame, false, 1);
            drain(engine);
          }
          events += checkLog(log.text, "http3").length;
        },
      ),
      { numRuns: NUM_RUNS },
    );
    assert(events > NUM_RUNS * 5);
  });
}

Deno.test("qlogWriter logs the datagrams of HTTP/3 by the quarter of their stream's id", () => {
  const log = memoryLog({ role: "server" });
  const trace = log.writer.open({ role: "server", protocol: "h3" });
  trace({ type: "state", subject: "datagram", state: "in", stream: 400, detail: { bytes: 12 } });
  trace({ type: "state", subject: "datagram", state: "out", stream: 4, detail: { bytes: 3 } });
  assert.deepEqual(checkLog(log.text, "http3").map(({ name, data }) => [name, data]), [
    ["http3:datagram_parsed", { quarter_stream_id: 100, raw: { length: 12, payload_length: 10 } }],
    ["http3:datagram_created", { quarter_stream_id: 1, raw: { length: 3, payload_length: 2 } }],
  ]);
});
