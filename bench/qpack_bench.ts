/**
 * What does QPACK cost a field list? Three corpora of 2000 lists: `simple` is h2load's
 * five fields, `request` a browser's with a changing path, `response` a server's with
 * changing date, etag and content-length.
 */
import { ByteWriter, QpackDecoder, QpackEncoder, type QpackPolicy } from "../qpack/mod.ts";

/** How many lists a corpus has. */
export const LISTS = 2000;

/** A corpus and its size in octets of names and values. */
export interface FieldCorpus {
  readonly name: string;
  readonly lists: readonly (readonly string[])[];
  readonly octets: number;
}

function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = Math.imul(state ^ state >>> 15, 0x2c1b_3c6d) + 0x1234_5679 | 0;
    return (state >>> 8) % below;
  };
}

function simpleList(): string[] {
  return [
    ":method",
    "GET",
    ":scheme",
    "http",
    ":authority",
    "127.0.0.1:8443",
    ":path",
    "/hello",
    "user-agent",
    "h2load nghttp2/1.52",
  ];
}

function requestList(random: (below: number) => number): string[] {
  const page = `/articles/${random(100_000)}/${random(100_000).toString(36)}?page=${random(50)}`;
  return [
    ":method",
    "GET",
    ":scheme",
    "https",
    ":authority",
    "www.example.org",
    ":path",
    page,
    "user-agent",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "accept",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "accept-language",
    "en-US,en;q=0.5",
    "accept-encoding",
    "gzip, deflate, br, zstd",
    "referer",
    `https://www.example.org/list?from=${random(100_000)}`,
    "sec-fetch-dest",
    "document",
    "sec-fetch-mode",
    "navigate",
    "sec-fetch-site",
    "same-origin",
    "upgrade-insecure-requests",
    "1",
    "priority",
    "u=0, i",
    ...(random(2) === 0 ? ["cookie", "session=5f1d7a84c9a2b6e3d0f8; theme=dark"] : []),
  ];
}

function responseList(random: (below: number) => number): string[] {
  const second = String(10 + random(50));
  return [
    ":status",
    "200",
    "date",
    `Mon, 17 Aug 2026 1${random(10)}:${10 + random(50)}:${second} GMT`,
    "content-type",
    ["text/html; charset=utf-8", "application/json", "image/webp"][random(3)]!,
    "content-length",
    String(100 + random(1_000_000)),
    "server",
    "tandem",
    "cache-control",
    "public, max-age=3600",
    "etag",
    `"${random(1 << 24).toString(16)}-${random(1 << 24).toString(16)}"`,
    "vary",
    "accept-encoding",
    "strict-transport-security",
    "max-age=31536000; includesubdomains",
    "x-content-type-options",
    "nosniff",
    "alt-svc",
    'h3=":443"; ma=86400',
    ...(random(2) === 0 ? ["x-request-id", random(1 << 24).toString(16)] : []),
  ];
}

function corpusOf(name: string, make: (random: (below: number) => number) => string[]): FieldCorpus {
  const random = randomFrom(7);
  const lists: string[][] = [];
  let octets = 0;
  for (let i = 0; i < LISTS; i++) {
    const flat = make(random).map(copied);
    lists.push(flat);
    for (const text of flat) octets += text.length;
  }
  return { name, lists, octets };
}

/** A string of its own, as parsing makes it. */
function copied(text: string): string {
  return String.fromCharCode(...Array.from(text, (character) => character.charCodeAt(0)));
}

/** The three corpora. */
export function corpora(): FieldCorpus[] {
  return [
    corpusOf("simple", simpleList),
    corpusOf("request", requestList),
    corpusOf("response", responseList),
  ];
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
