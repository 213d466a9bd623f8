import assert from "node:assert/strict";
import { EncoderTable } from "../../hpack/encoder_table.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";

Deno.test("EncoderTable gives back the literals of names that it forgets, and keeps names with entries", () => {
  const table = new EncoderTable(4096);
  const writer = new ByteWriter();
  writer.uint8(1);
  const kept = table.recordAt(99, "kept");
  table.add(kept, "1");
  for (let i = 0; i < 1000; i++) {
    const record = table.recordAt(99, `name-${i}`);
    record.valueSlot = table.literals.keep(writer, 0);
  }
  // Names were dropped several times, so there are slots again for the newest ones.
  const slots = [];
  for (let i = 1000; i < 1200; i++) {
    const record = table.recordAt(99, `name-${i}`);
    record.nameSlot = table.literals.keep(writer, 0);
    slots.push(record.nameSlot);
  }
  assert(slots.some((slot) => slot >= 0));
  assert.equal(table.recordAt(99, "kept"), kept);
  assert.equal(table.find(kept, "1"), 0);
});

Deno.test("EncoderTable finds each live entry and none that was evicted", () => {
  const table = new EncoderTable(1024);
  const record = table.recordAt(0, "n");
  for (let i = 0; i < 500; i++) {
    assert.equal(table.find(record, `v${i}`), -1);
    assert.equal(table.add(record, `v${i}`), i);
    assert(table.bytes <= 1024);
    for (let back = 0; back <= i && back < 40; back++) {
      const serial = table.find(record, `v${i - back}`);
      if (i - back >= table.oldest) assert.equal(serial, i - back);
      else assert.equal(serial, -1);
    }
  }
  table.resize(0);
  assert.equal(table.find(record, "v499"), -1);
  assert.equal(table.holds(record), false);
  assert.equal(table.bytes, 0);
});

Deno.test("EncoderTable finds each of many dates that differ by seconds", () => {
  const table = new EncoderTable(8192);
  const record = table.recordAt(0, "date");
  const dates = Array.from(
    { length: 60 },
    (_, i) => `Mon, 03 Nov 2025 10:00:${String(i).padStart(2, "0")} GMT`,
  );
  for (const date of dates) table.add(record, date);
  for (const [i, date] of dates.entries()) assert.equal(table.find(record, date), i);
});
