/** Two HTTP/2 engines that answer each other in one thread. */
import { H2Connection } from "../h2/connection.ts";
import { Fields } from "../semantics/mod.ts";

const EMPTY: Fields = new Fields();
/** The smallest body. */
export const HELLO: Uint8Array<ArrayBuffer> = new TextEncoder().encode("Hello world\n");
/** A large body, in bytes. */
export const MIB = 1_048_576;

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
/** One list for all requests, as the programs in C have it. */
const BROWSER_FIELDS: Fields = Fields.from(BROWSER);

/** A client and a server engine that answer each other. */
export class H2Pair {
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
  /** Exchanges that ended. */
  done = 0;
  /** Bytes of response bodies. */
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
        this.bytes += event.length;
        if (!event.end) this.client.consume(event.id, event.length);
      } else if (event.type === "done") this.done++;
    }
  }
}

let serial = 0;

/** Opens `count` requests at once and carries them through. */
export function round(pair: H2Pair, count: number, kind: "same" | "unique" | "browser"): void {
  for (let i = 0; i < count; i++) {
    if (kind === "same") pair.open("/hello", EMPTY);
    else if (kind === "unique") pair.open(`/hello?id=${serial++}`, EMPTY);
    else pair.open(`/hello?id=${serial++}`, BROWSER_FIELDS);
  }
  pair.run();
}
