// HPACK of hpack.js: `node hpack_js.mjs FOLDER`, asked for rounds as `memory_rounds.mjs` says.
import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import process from "node:process";
import { octetsOf, readLists, readRecords } from "./corpus_files.mjs";
import { BATCH, expectOctets, expectSame, serveRounds, SETTLING } from "./memory_rounds.mjs";

const hpack = createRequire(new URL("../../../tests/interop/peers/", import.meta.url))("hpack.js");
const folder = process.argv[2];
const TABLE = { table: { maxSize: 4096 } };

/** The form that it takes lists in. */
function fieldsOf(flat) {
  const fields = [];
  for (let i = 0; i < flat.length; i += 2) fields.push({ name: flat[i], value: flat[i + 1] });
  return fields;
}

/** The same, of strings that are put together anew. */
function freshFieldsOf(flat) {
  return fieldsOf(flat).map(({ name, value }) => ({ name, value: value.slice(0, 3) + value.slice(3) }));
}

function encodeOne(encoder, fields) {
  encoder.write(fields);
  const chunks = [];
  for (let chunk = encoder.read(); chunk !== null; chunk = encoder.read()) chunks.push(chunk);
  return chunks;
}

function decodeOne(decoder, block) {
  decoder.write(block);
  decoder.execute();
  const fields = [];
  for (let field = decoder.read(); field !== null; field = decoder.read()) fields.push(field);
  return fields;
}

function flatOf(fields) {
  return fields.flatMap(({ name, value }) => [name, value]);
}

function encodeChanging(lists, isFresh) {
  const octets = lists.reduce((sum, list) => sum + octetsOf(list), 0);
  const reused = lists.map(fieldsOf);
  const [encoder, decoder] = [hpack.compressor.create(TABLE), hpack.decompressor.create(TABLE)];
  lists.forEach((list, i) => {
    const block = Buffer.concat(encodeOne(encoder, reused[i]));
    expectSame(flatOf(decodeOne(decoder, block)), list, "of the encoder");
  });
  return (tally) => {
    const encoder = hpack.compressor.create(TABLE);
    for (let from = 0; from < lists.length; from += BATCH) {
      const batch = isFresh
        ? lists.slice(from, from + BATCH).map(freshFieldsOf)
        : reused.slice(from, from + BATCH);
      tally.measure(() => {
        for (const fields of batch) {
          for (const chunk of encodeOne(encoder, fields)) tally.coded += chunk.length;
        }
      });
    }
    tally.count += lists.length;
    tally.octets += octets;
  };
}

function encodeRepeated(lists) {
  const fields = fieldsOf(lists[1]);
  return (tally) => {
    const encoder = hpack.compressor.create(TABLE);
    for (let i = 0; i < SETTLING; i++) encodeOne(encoder, fields);
    tally.measure(() => {
      for (let i = 0; i < lists.length; i++) {
        for (const chunk of encodeOne(encoder, fields)) tally.coded += chunk.length;
      }
    });
    tally.count += lists.length;
    tally.octets += lists.length * octetsOf(lists[1]);
  };
}

/** Decodes blocks; what comes out is known to be `wanted`, or as many octets as that has. */
function decode(before, blocks, wanted) {
  const octets = wanted.reduce((sum, list) => sum + octetsOf(list), 0);
  const coded = blocks.reduce((sum, block) => sum + block.length, 0);
  const checked = hpack.decompressor.create(TABLE);
  for (const block of before) decodeOne(checked, block);
  blocks.forEach((block, i) => expectSame(flatOf(decodeOne(checked, block)), wanted[i], "of the decoder"));
  return (tally) => {
    const decoder = hpack.decompressor.create(TABLE);
    for (const block of before) decodeOne(decoder, block);
    let seen = 0;
    tally.measure(() => {
      for (const block of blocks) {
        for (const { name, value } of decodeOne(decoder, block)) seen += name.length + value.length;
      }
    });
    expectOctets(seen, octets);
    tally.count += blocks.length;
    tally.octets += octets;
    tally.coded += coded;
  };
}

const passes = new Map();

function find([direction, what, kind]) {
  const name = `${direction} ${what} ${kind}`;
  if (!passes.has(name)) passes.set(name, make(direction, what, kind));
  return passes.get(name);
}

function make(direction, what, kind) {
  const lists = readLists(folder, kind);
  if (direction === "encode" && what === "repeated") return encodeRepeated(lists);
  if (direction === "encode") return encodeChanging(lists, what === "fresh");
  if (what === "changing") return decode([], buffers(`hpack-${kind}`), lists);
  const blocks = buffers(`hpack-${kind}-repeated`);
  const times = lists.length;
  return decode(blocks, new Array(times).fill(blocks.at(-1)), new Array(times).fill(lists[1]));
}

function buffers(name) {
  return readRecords(folder, name).map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
}

serveRounds(find);
