/**
 * What does the engine cost, both ends in one thread? Run with `deno bench` or, for one
 * line each, `deno run bench/h2_bench.ts`.
 */
import { H2Connection } from "../h2/connection.ts";
import { Fields } from "../semantics/mod.ts";

const HELLO = new TextEncoder().encode("Hello world\n");
const MIB = 1_048_576;

/** The fields of a browser's request. */
const BROWSER = [
  ["user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"],
  ["accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
  ["accept-language", "en-GB,en;q=0.5"],
  ["accept-encoding", "gzip, deflate, br, zstd"],
  ["referer", "https://a.example/start"],
  ["cookie", "session=0123456789abcdef0123456789abcdef"],
  ["sec-fetch-dest", "document"],
  ["sec-fetch-mode", "navigate"],
  ["sec-fetch-site", "same-origin"],
  ["te", "trailers"],
] as const;

/** A client and a server engine that answer each other. */
class Pair {
  readonly client = new H2Connection({
    role: "client",
    now: 0,
    initialStreamWindowBytes: 16 * MIB,
    initialConnectionWindowBytes: 64 * MIB,
  });
  readonly server = new H2Connection({
    role: "server",
    now: 0,
    initialStreamWindowBytes: 16 * MIB,
    initialConnectionWindowBytes: 64 * MIB,
    limits: { maxConcurrentStreams: 1000 },
  });
  readonly #body: Uint8Array;
  readonly #fields: Fields;
  #now = 0;
  done = 0;
  bytes = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
    this.#fields = Fields.from({ "content-type": "text/plain", "content-length": String(body.length) });
    this.run();
  }

  open(path: string, fields: Fields): void {
    this.client.sendRequest({ method: "GET", scheme: "https", authority: "a.example", path, fields }, true);
  }

  run(): void {
    const { client, server } = this;
    for (;;) {
      let moved = false;
      this.#now++;
      while (client.hasOutput) {
        moved = true;
        const bytes = client.output();
        server.receive(bytes, this.#now);
        this.#serve();
        client.recycle(bytes);
      }
      while (server.hasOutput) {
        moved = true;
        const bytes = server.output();
        client.receive(bytes, this.#now);
        this.#take();
        server.recycle(bytes);
      }
      if (!moved) return;
    }
  }

  #serve(): void {
    for (const event of this.server.take()) {
      if (event.type !== "request") continue;
      this.server.sendResponse(event.id, { status: 200, fields: this.#fields }, false);
      this.server.sendBody(event.id, this.#body, true);
    }
  }

  #take(): void {
    for (const event of this.client.take()) {
      if (event.type === "body") {
        this.bytes += event.data.length;
        if (!event.end) this.client.consume(event.id, event.data.length);
      } else if (event.type === "done") this.done++;
    }
  }
}

let serial = 0;

/** Opens `count` requests at once and carries them through. */
function round(pair: Pair, count: number, kind: "same" | "unique" | "browser"): void {
  for (let i = 0; i < count; i++) {
    if (kind === "same") pair.open("/hello", EMPTY);
    else if (kind === "unique") pair.open(`/hello?id=${serial++}`, EMPTY);
    else pair.open(`/hello?id=${serial++}`, Fields.from(BROWSER));
  }
  pair.run();
}

const EMPTY = new Fields();
const small = new Pair(HELLO);
const medium = new Pair(new Uint8Array(MIB));
const large = new Pair(new Uint8Array(64 * MIB));

const CASES: readonly [name: string, requests: number, bytes: number, run: () => void][] = [
  ["hello, the same request, 100 at once", 100, 12, () => round(small, 100, "same")],
  ["hello, unique paths, 100 at once", 100, 12, () => round(small, 100, "unique")],
  ["hello, unique paths and 14 fields, 100 at once", 100, 12, () => round(small, 100, "browser")],
  ["hello, one at a time", 1, 12, () => round(small, 1, "same")],
  ["1 MiB bodies, 4 at once", 4, MIB, () => round(medium, 4, "same")],
  ["64 MiB bodies, one at a time", 1, 64 * MIB, () => round(large, 1, "same")],
];

if (import.meta.main) {
  for (const [name, requests, bytes, run] of CASES) {
    for (let i = 0; i < 3; i++) run();
    const until = performance.now() + 700;
    let rounds = 0;
    const start = performance.now();
    while (performance.now() < until) for (let i = 0; i < (bytes > 1000 ? 1 : 20); i++, rounds++) run();
    const ms = performance.now() - start;
    const perRequest = ms * 1000 / (rounds * requests);
    const rate = rounds * requests * bytes / ms / 1e6;
    console.log(
      `${name}: ${perRequest.toFixed(2)} us/request` + (bytes > 1000 ? `, ${rate.toFixed(2)} GB/s` : ""),
    );
  }
} else {
  for (const [name, , , run] of CASES) Deno.bench(`h2 engine pair: ${name}`, { group: name }, run);
}
