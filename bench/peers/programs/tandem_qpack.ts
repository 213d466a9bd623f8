/** Our QPACK: `deno run -A tandem_qpack.ts FOLDER`, asked for rounds as `memory_rounds.mjs` says. */
import { ByteWriter, QpackDecoder, QpackEncoder, type QpackPolicy } from "../../../qpack/mod.ts";
import type { ListKind } from "../../field_lists.ts";
import { QPACK_PEER } from "../codec_corpora.ts";
import { octetsOf, readRecords } from "./corpus_files.mjs";
import { encodePass, listsFor } from "./encode_lists.ts";
import { expectOctets, expectSame, serveRounds, type Tally } from "./memory_rounds.mjs";

const folder = Deno.args[0]!;
const writer = new ByteWriter();

type Pass = (tally: Tally) => void;

function makeEncoder(policy: QpackPolicy): QpackEncoder {
  const encoder = new QpackEncoder({ policy });
  if (policy !== "static") encoder.setPeer(QPACK_PEER);
  return encoder;
}

function makeDecoder(policy: QpackPolicy): QpackDecoder {
  return new QpackDecoder(policy === "static" ? {} : QPACK_PEER);
}

/** Encodes everything and decodes it again; gives what the decoder answers to each section. */
function recordAnswers(lists: string[][], policy: QpackPolicy): Uint8Array[] {
  const encoder = makeEncoder(policy);
  const decoder = makeDecoder(policy);
  // They stay in one buffer, as what is read from a stream does.
  const answers = new Uint8Array(64 * lists.length);
  let end = 0;
  return lists.map((list, i) => {
    writer.position = 0;
    encoder.encode(4 * i, list, writer);
    decoder.receiveEncoder(encoder.takeInstructions());
    const section = decoder.decode(4 * i, writer.buffer.slice(0, writer.position));
    if (section === "blocked") throw new Error("a section is blocked");
    expectSame(section.flat, list, "of the encoder");
    const answer = decoder.takeInstructions();
    encoder.receiveDecoder(answer);
    answers.set(answer, end);
    return answers.subarray(end, end += answer.length);
  });
}

function encode(kind: ListKind, lists: string[][], policy: QpackPolicy, isFresh: boolean): Pass {
  const answers = recordAnswers(lists, policy);
  return encodePass(kind, lists, isFresh, () => {
    const encoder = makeEncoder(policy);
    return (flat, index) => {
      writer.position = 0;
      encoder.encode(4 * index, flat, writer);
      encoder.writeInstructions(writer);
      const coded = writer.position;
      const answer = answers[index]!;
      if (answer.length > 0) encoder.receiveDecoder(answer);
      return coded;
    };
  });
}

/** Decodes records: in turn what came on the encoder stream, and a section. */
function decode(records: Uint8Array[], lists: string[][], policy: QpackPolicy): Pass {
  const octets = lists.reduce((sum, list) => sum + octetsOf(list), 0);
  const coded = records.reduce((sum, record) => sum + record.length, 0);
  const checked = makeDecoder(policy);
  lists.forEach((list, i) => {
    checked.receiveEncoder(records[2 * i]!);
    const section = checked.decode(4 * i, records[2 * i + 1]!);
    if (section === "blocked") throw new Error("a section is blocked");
    expectSame(section.flat, list, "of the decoder");
  });
  return (tally) => {
    const decoder = makeDecoder(policy);
    let seen = 0;
    tally.measure(() => {
      for (let i = 0; i < records.length; i += 2) {
        const instructions = records[i]!;
        if (instructions.length > 0) decoder.receiveEncoder(instructions);
        const section = decoder.decode(2 * i, records[i + 1]!);
        if (section !== "blocked") seen += section.bytes - 32 * section.count;
        writer.position = 0;
        decoder.writeInstructions(writer);
      }
    });
    expectOctets(seen, octets);
    tally.count += lists.length;
    tally.octets += octets;
    tally.coded += coded;
  };
}

const passes = new Map<string, Pass>();

function find([direction, what, kind, mode]: string[]): Pass {
  const name = `${direction} ${what} ${kind} ${mode}`;
  const known = passes.get(name);
  if (known !== undefined) return known;
  const lists = listsFor(folder, kind as ListKind, what!);
  const policy = mode as QpackPolicy;
  const pass = direction === "encode"
    ? encode(kind as ListKind, lists, policy, what === "fresh")
    : decode(readRecords(folder, `qpack-${kind}-${mode}`), lists, policy);
  passes.set(name, pass);
  return pass;
}

serveRounds(find);
