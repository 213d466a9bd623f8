/**
 * What does QPACK cost a field list, with the table and without?
 *
 * Each run is a fresh connection on which 2000 lists pass and are answered at once.
 */
import { ByteWriter, QpackDecoder, QpackEncoder, type QpackPolicy } from "../qpack/mod.ts";
import { type ListKind, makeLists, octetsOf } from "./field_lists.ts";

/** How many lists a run has. */
export const LISTS = 2000;

/** Lists of a kind, and their size in octets of names and values. */
export interface FieldCorpus {
  readonly name: ListKind;
  readonly lists: readonly (readonly string[])[];
  readonly octets: number;
}

/** The three corpora. */
export function corpora(): FieldCorpus[] {
  return (["simple", "request", "response"] as const).map((name) => {
    // Strings of their own, as parsing makes them, and not the constants of the generator.
    const lists = makeLists(name, LISTS).map((list) => list.map(copied));
    return { name, lists, octets: octetsOf(lists) };
  });
}

function copied(text: string): string {
  return String.fromCharCode(...Array.from(text, (character) => character.charCodeAt(0)));
}

/** Encodes all lists on a fresh connection whose peer answers at once; gives the size. */
export function encodeAll(corpus: FieldCorpus, policy: QpackPolicy, answers: readonly Uint8Array[]): number {
  const encoder = new QpackEncoder({ policy });
  encoder.setPeer({ maxTableBytes: 4096, maxBlockedStreams: 100 });
  const writer = new ByteWriter();
  let size = 0;
  for (let i = 0; i < LISTS; i++) {
    encoder.encode(4 * i, corpus.lists[i]!, writer);
    encoder.writeInstructions(writer);
    size += writer.length;
    writer.position = 0;
    if (answers.length > 0) encoder.receiveDecoder(answers[i]!);
  }
  return size;
}

/** What passes over the wire when a corpus is encoded and all of it answered at once. */
export interface Recording {
  readonly sections: Uint8Array[];
  readonly instructions: Uint8Array[];
  readonly answers: Uint8Array[];
}

/** Records the encoding of a corpus. */
export function record(corpus: FieldCorpus, policy: QpackPolicy): Recording {
  const encoder = new QpackEncoder({ policy });
  encoder.setPeer({ maxTableBytes: 4096, maxBlockedStreams: 100 });
  const decoder = new QpackDecoder({ maxTableBytes: 4096, maxBlockedStreams: 100 });
  const writer = new ByteWriter();
  const recording: Recording = { sections: [], instructions: [], answers: [] };
  for (let i = 0; i < LISTS; i++) {
    encoder.encode(4 * i, corpus.lists[i]!, writer);
    const section = writer.take().slice();
    const instructions = encoder.takeInstructions().slice();
    decoder.receiveEncoder(instructions);
    decoder.decode(4 * i, section);
    const answer = decoder.takeInstructions().slice();
    encoder.receiveDecoder(answer);
    recording.sections.push(section);
    recording.instructions.push(instructions);
    recording.answers.push(answer);
  }
  return recording;
}

/** Decodes a recording on a fresh connection; gives the number of fields. */
export function decodeAll(recording: Recording): number {
  const decoder = new QpackDecoder({ maxTableBytes: 4096, maxBlockedStreams: 100 });
  const writer = new ByteWriter();
  let fields = 0;
  for (let i = 0; i < LISTS; i++) {
    const instructions = recording.instructions[i]!;
    if (instructions.length > 0) decoder.receiveEncoder(instructions);
    const decoded = decoder.decode(4 * i, recording.sections[i]!);
    if (decoded !== "blocked") fields += decoded.count;
    decoder.writeInstructions(writer);
    writer.position = 0;
  }
  return fields;
}

if (typeof Deno.bench === "function") {
  for (const corpus of corpora()) {
    for (const policy of ["static", "safe", "eager"] as const) {
      const recording = record(corpus, policy);
      const group = `qpack, ${LISTS} ${corpus.name} lists of ${Math.round(corpus.octets / LISTS)} octets`;
      Deno.bench(`encode, ${policy}`, { group }, () => {
        encodeAll(corpus, policy, recording.answers);
      });
      Deno.bench(`decode, ${policy}`, { group }, () => {
        decodeAll(recording);
      });
    }
  }
}
