import assert from "node:assert/strict";
import { H2Connection } from "../../h2/connection.ts";
import type { EngineEvent } from "../../semantics/events.ts";
import { Fields } from "../../semantics/mod.ts";
import { corpusTest, fromHex, readCorpus } from "../support/corpora.ts";
import { FrameType, join, parseFrames, uint32 } from "../support/h2_frames.ts";
import { collect, deliver, DELIVERIES, type Delivery, randomFrom } from "../support/h2_peer.ts";

/** What a small server makes of a client's bytes. */
function serve(bytes: Uint8Array, delivery: Delivery): { complaint: string; engine: H2Connection } {
  const engine = new H2Connection({ role: "server", now: 0 });
  const events: EngineEvent[] = [];
  const sent: Uint8Array[] = [];
  const answer = () => {
    for (const event of events.splice(0)) {
      if (event.type === "body") engine.consume(event.id, event.data.length);
      if (event.type !== "trailers" && !("end" in event && event.end)) continue;
      const id = (event as { id: number }).id;
      engine.sendResponse(id, { status: 404, fields: new Fields() }, false);
      engine.sendBody(id, new Uint8Array(100), true);
    }
    while (engine.hasOutput) sent.push(engine.output().slice());
  };
  const random = randomFrom(bytes.length);
  for (let at = 0; at < bytes.length;) {
    const size = delivery === "whole" ? 65_536 : delivery === "byte" ? 1 : 1 + Math.floor(random() * 60);
    deliver(engine, bytes.subarray(at, at + size), at / 100, "whole", events, random);
    answer();
    at += size;
  }
  const frames = parseFrames(join(...sent));
  const goaway = frames.filter(({ type, payload }) => type === FrameType.GOAWAY && uint32(payload, 4) !== 0);
  const resets = frames.filter(({ type, payload }) => type === FrameType.RST_STREAM && uint32(payload) !== 0);
  engine.receiveEnd(1e6);
  collect(engine, events);
  assert(engine.isClosed && engine.openExchanges === 0);
  assert.equal(engine.nextDeadline(), Infinity);
  assert.equal(engine.counters.internalErrors, 0);
  const complaint = goaway.length > 0
    ? `connection ${uint32(goaway[0]!.payload, 4)}`
    : resets.length > 0
    ? `stream ${resets.map(({ stream, payload }) => `${stream}:${uint32(payload)}`)}`
    : "";
  return { complaint, engine };
}

interface Recorded {
  readonly name: string;
  readonly data: string;
  readonly verdict?: "accept" | "reject" | "split";
  readonly classes?: Record<string, number>;
}

for (const file of ["nghttp-recorded", "h2o-fuzz"]) {
  corpusTest(`H2Connection judges the recorded streams of ${file} as servers do`, async () => {
    const { inputs } = await readCorpus<{ inputs: Recorded[] }>(`h2-streams/${file}.json.gz`);
    const wrong: string[] = [];
    for (const { name, data, verdict, classes } of inputs) {
      const bytes = Uint8Array.fromBase64(data);
      const seen = DELIVERIES.map((delivery) => serve(bytes, delivery).complaint);
      assert.deepEqual(new Set(seen).size, 1, `${name}: ${seen}`);
      const isWrong = verdict === "accept" ? seen[0] !== "" : verdict === "reject" ? seen[0] === "" : false;
      if (isWrong) wrong.push(`${name} ${verdict} "${seen[0]}" ${JSON.stringify(classes)}`);
    }
    assert.deepEqual(wrong, []);
  });
}

interface Section {
  readonly stream: number;
  readonly headers: [string, string][];
}

/** Sections of one direction as the engine decodes them, and the bytes of content by stream. */
function replay(
  role: "client" | "server",
  bytes: Uint8Array,
  requests: readonly string[],
  delivery: Delivery,
): Map<number, string[][]> {
  const sections = new Map<number, string[][]>();
  const engine = new H2Connection({
    role,
    now: 0,
    initialStreamWindowBytes: 2 ** 30,
    initialConnectionWindowBytes: 2 ** 30,
    limits: {
      headerTableBytes: 65_536,
      maxConcurrentStreams: 1000,
      maxHeaderFields: 1000,
      initialMaxSendStreams: 1000,
    },
    enableConnectProtocol: true,
    maxFrameBytes: 2 ** 24 - 1,
    trace: (event) => {
      if (event.type !== "fields" || event.direction !== "in") return;
      const list = sections.get(event.stream) ?? [];
      list.push([...event.flat]);
      sections.set(event.stream, list);
    },
  });
  for (const method of requests) {
    if (!engine.canOpen) break;
    const target = { scheme: "https", authority: "a.example", path: "/" };
    engine.sendRequest({ method, ...target, fields: new Fields() }, true);
  }
  engine.output();
  const events: EngineEvent[] = [];
  const random = randomFrom(1);
  deliver(engine, bytes, 0, delivery, events, random);
  assert.equal(engine.counters.internalErrors, 0);
  return sections;
}

function check(name: string, sections: Map<number, string[][]>, expected: readonly Section[]): void {
  const byStream = new Map<number, string[][]>();
  for (const { stream, headers } of expected) {
    byStream.set(stream, [...byStream.get(stream) ?? [], headers.flat()]);
  }
  for (const [stream, lists] of byStream) {
    assert.deepEqual((sections.get(stream) ?? []).slice(0, lists.length), lists, `${name} ${stream}`);
  }
}

interface Capture {
  readonly software: string;
  readonly connections: {
    readonly c2s: string;
    readonly s2c: string;
    readonly requests: (Section & string[])[];
    readonly responses: Section[];
  }[];
}

corpusTest("H2Connection decodes what real clients sent", async () => {
  const { captures } = await readCorpus<{ captures: Capture[] }>("captures/h2-clients.json.gz");
  let count = 0;
  for (const { software, connections } of captures) {
    for (const { c2s, requests } of connections) {
      for (const delivery of DELIVERIES) {
        check(software, replay("server", fromHex(c2s), [], delivery), requests);
      }
      count += requests.length;
    }
  }
  assert(count > 50, String(count));
});

corpusTest("H2Connection decodes what real servers sent", async () => {
  const { captures } = await readCorpus<{ captures: Capture[] }>("captures/h2-servers.json.gz");
  let count = 0;
  for (const { software, connections } of captures) {
    for (const { s2c, responses, requests } of connections) {
      const methods = requests.map(([method]) => method!);
      for (const delivery of DELIVERIES) {
        check(software, replay("client", fromHex(s2c), methods, delivery), responses);
      }
      count += responses.length;
    }
  }
  assert(count > 50, String(count));
});

interface Pcap {
  readonly name: string;
  readonly upgrade_request: string;
  readonly c2s: string;
  readonly s2c: string;
  readonly client_headers: Section[];
  readonly server_headers: Section[];
}

corpusTest("H2Connection decodes what public packet captures hold", async () => {
  const { captures } = await readCorpus<{ captures: Pcap[] }>("captures/h2-pcaps.json.gz");
  let count = 0;
  for (const { name, c2s, s2c, client_headers, server_headers, upgrade_request } of captures) {
    for (const delivery of DELIVERIES) {
      check(name, replay("server", fromHex(c2s), [], delivery), client_headers);
      // An upgraded connection answers the HTTP/1.1 request on stream 1.
      const methods = client_headers.map(({ headers }) => headers[0]![1]);
      check(
        name,
        replay("client", fromHex(s2c), upgrade_request ? ["GET", ...methods] : methods, delivery),
        server_headers,
      );
    }
    count += client_headers.length + server_headers.length;
  }
  assert(count > 20, String(count));
});
