import assert from "node:assert/strict";
import { H3Connection } from "../../h3/engine.ts";
import { Fields } from "../../semantics/mod.ts";
import { corpusTest, fromHex, readCorpus } from "../support/corpora.ts";
import { CUTS, H3Peer } from "../support/h3_peer.ts";
import { join, settings } from "../support/h3_frames.ts";

interface Reaction {
  readonly response_bytes: number;
  readonly end?: string;
  readonly stream_reset?: number;
  readonly connection_close?: number;
}
interface StreamInput {
  readonly name: string;
  readonly data: string;
  readonly reactions?: Readonly<Record<string, Reaction>>;
}

/**
 * Inputs on which RFC 9114 is followed instead: section 10.3 has a field name with a
 * control octet make the message malformed, where nghttp3 0.8 leaves out the field.
 */
const STRICTER: ReadonlySet<string> = new Set(["8fe0b1e41f6af6b49b7ae4cc18e3645c129e77a5"]);

/** Whether nghttp3 answered the stream as a whole request; it never answers some that it does not refuse. */
function nghttp3Accepts(input: StreamInput): boolean {
  const reactions = Object.entries(input.reactions!);
  const [, reaction] = reactions.find(([name]) => name.startsWith("nghttp3"))!;
  return reaction.end === "fin";
}

for (const path of ["h3-streams/seeds.json", "h3-streams/h2o-fuzz.json.gz"]) {
  corpusTest(`H3Connection takes and refuses what nghttp3 does: ${path}`, async () => {
    const { inputs } = await readCorpus<{ inputs: StreamInput[] }>(path);
    assert(inputs.length > 0);
    const wrong: string[] = [];
    for (const input of inputs) {
      if (input.reactions === undefined) continue; // a dump of a whole connection
      const bytes = Uint8Array.from(atob(input.data), (char) => char.charCodeAt(0));
      for (const cut of CUTS) {
        const peer = new H3Peer({
          role: "server",
          limits: { qpackTableBytes: 4096, qpackBlockedStreams: 100 },
        }, cut);
        peer.send(2, join(0, settings()));
        peer.send(0, bytes, true);
        const isRefused = peer.closed !== undefined || peer.resets.has(0) || peer.sections(0).length > 0;
        const isComplete = peer.events.some((event) =>
          event.type === "trailers" || ("end" in event && event.end === true)
        );
        const accepts = !isRefused && isComplete;
        if (accepts !== (nghttp3Accepts(input) && !STRICTER.has(input.name))) {
          const how = peer.closed?.reason ?? String(peer.resets.get(0));
          wrong.push(`${input.name} (cut ${cut}): ${accepts ? "accepted" : `refused: ${how}`}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
  });
}

interface CapturedStream {
  readonly id: number;
  readonly type: string;
  readonly hex: string;
  readonly fin: boolean;
}
interface Message {
  readonly stream: number;
  readonly headers: readonly (readonly [string, string])[];
}
interface Captured {
  readonly streams: readonly CapturedStream[];
  readonly chunks: readonly (readonly [number, number, number])[];
  readonly requests: readonly Message[] | readonly (readonly string[])[];
  readonly responses?: readonly Message[];
}
interface Captures {
  readonly captures: readonly { readonly software: string; readonly connections: readonly Captured[] }[];
}

const LIMITS = { qpackTableBytes: 4096, qpackBlockedStreams: 100 };

/** Plays the streams of a capture in the order in which their parts arrived. */
function play(engine: H3Connection, captured: Captured, onEvents: () => void): void {
  const bytes = new Map(captured.streams.map(({ id, hex }) => [id, fromHex(hex)]));
  const ends = new Map(captured.streams.map(({ id, fin }) => [id, fin]));
  for (const [id, offset, length] of captured.chunks) {
    const all = bytes.get(id)!;
    const isLast = offset + length === all.length;
    engine.receive(id, all.slice(offset, offset + length), isLast && ends.get(id)!, 0);
    onEvents();
  }
}

function headOf(
  head: {
    method?: string;
    scheme?: string;
    authority?: string;
    path?: string;
    status?: number;
    fields: Fields;
  },
): string[] {
  const flat = head.status !== undefined ? [":status", String(head.status)] : [
    ":method",
    head.method!,
    ":scheme",
    head.scheme!,
    ":authority",
    head.authority!,
    ":path",
    head.path!,
  ];
  return [...flat, ...head.fields.flat];
}

function sortedPairs(flat: readonly string[]): string[] {
  const pairs: string[] = [];
  for (let i = 0; i < flat.length; i += 2) pairs.push(`${flat[i]}: ${flat[i + 1]}`);
  return pairs.sort();
}

corpusTest("H3Connection reads what real clients sent", async () => {
  const { captures } = await readCorpus<Captures>("captures/h3-clients.json.gz");
  let count = 0;
  for (const { software, connections } of captures) {
    for (const captured of connections) {
      const engine = new H3Connection({ role: "server", now: 0, limits: LIMITS });
      const seen = new Map<number, string[]>();
      play(engine, captured, () => {
        for (const event of engine.take()) {
          if (event.type === "request") seen.set(event.id, headOf(event.head));
          if (event.type === "closed") assert.fail(`${software}: ${event.error?.message}`);
        }
        engine.outbox();
      });
      for (const { stream, headers } of captured.requests as readonly Message[]) {
        const wanted = headers.flatMap(([name, value]) => [name, value]);
        assert.deepEqual(
          sortedPairs(seen.get(stream) ?? []),
          sortedPairs(wanted),
          `${software}, stream ${stream}`,
        );
        count++;
      }
    }
  }
  assert(count > 20, `${count} requests`);
});

corpusTest("H3Connection reads what real servers sent", async () => {
  const { captures } = await readCorpus<Captures>("captures/h3-servers.json.gz");
  let count = 0;
  for (const { software, connections } of captures) {
    for (const captured of connections) {
      const engine = new H3Connection({ role: "client", now: 0, limits: LIMITS });
      const seen = new Map<number, string[]>();
      for (const request of captured.requests as readonly (readonly string[])[]) {
        engine.sendRequest({
          method: request[0]!,
          scheme: "https",
          authority: "localhost",
          path: request[1]!,
          fields: new Fields(),
        }, true);
      }
      play(engine, captured, () => {
        for (const event of engine.take()) {
          if (event.type === "response") seen.set(event.id, headOf(event.head));
          if (event.type === "closed") assert.fail(`${software}: ${event.error?.message}`);
        }
        engine.outbox();
      });
      for (const { stream, headers } of captured.responses!) {
        const wanted = headers.flatMap(([name, value]) => [name, value]);
        assert.deepEqual(
          sortedPairs(seen.get(stream) ?? []),
          sortedPairs(wanted),
          `${software}, stream ${stream}`,
        );
        count++;
      }
    }
  }
  assert(count > 5, `${count} responses`);
});
