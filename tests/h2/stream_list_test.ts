import assert from "node:assert/strict";
import fc from "fast-check";
import { Stream } from "../../h2/stream.ts";
import { StreamList } from "../../h2/stream_list.ts";
import { MessageReader, MessageWriter, SERVER_LIMITS } from "../../semantics/mod.ts";

const reader = new MessageReader({ role: "request", limits: SERVER_LIMITS });
const writer = new MessageWriter({ role: "response" });

function newStream(id: number): Stream {
  return new Stream(id, reader, writer, 0, 0);
}

/** Takes all out, from the front. */
function drain(list: StreamList): number[] {
  const ids: number[] = [];
  for (let stream = list.first; stream !== undefined; stream = list.first) {
    ids.push(stream.id);
    list.remove(stream);
  }
  assert(list.isEmpty);
  return ids;
}

Deno.test("StreamList keeps the order of ids whatever is inserted and removed", () => {
  fc.assert(fc.property(fc.uniqueArray(fc.nat(50), { maxLength: 30 }), fc.array(fc.nat(29)), (ids, gone) => {
    const list = new StreamList();
    const streams = ids.map(newStream);
    for (const stream of streams) list.insert(stream);
    const left = new Set(streams);
    for (const place of gone) {
      const stream = streams[place];
      if (stream !== undefined && left.delete(stream)) list.remove(stream);
    }
    assert.deepEqual(drain(list), [...left].map((stream) => stream.id).sort((a, b) => a - b));
  }));
});

Deno.test("StreamList takes turns, and goes on when one of them leaves", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(fc.nat(12), { maxLength: 40 }), (count, steps) => {
      const list = new StreamList();
      const model: Stream[] = [];
      for (let id = 0; id < count; id++) {
        const stream = newStream(id);
        list.push(stream);
        model.push(stream);
      }
      for (const step of steps) {
        if (step < model.length && model.length > 1) {
          list.remove(model[step]!);
          model.splice(step, 1);
        } else {
          list.rotate();
          model.push(model.shift()!);
        }
        assert.equal(list.first, model[0]);
      }
      assert.deepEqual(drain(list), model.map((stream) => stream.id));
    }),
  );
});
