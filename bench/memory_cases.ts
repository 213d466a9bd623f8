/** What is measured in one process, without a socket: by `deno task bench:diff`, and to see how cost grows. */
import { connect, serve } from "../h2/mod.ts";
import { ByteWriter, HpackDecoder, HpackEncoder } from "../hpack/mod.ts";
import { QpackDecoder, QpackEncoder } from "../qpack/mod.ts";
import { Fields, MessageReader, MessageWriter, resolveLimits } from "../semantics/mod.ts";
import { memoryPair } from "../transport/memory.ts";
import { type ListKind, makeLists } from "./field_lists.ts";
import { H2Pair, HELLO, MIB, round } from "./h2_pair.ts";
import { H3Pair } from "./h3_pair.ts";

/** One thing that is measured. */
export interface MemoryCase {
  readonly name: string;
  /** How many of what is counted one run has. */
  readonly count: number;
  run(): void | Promise<void>;
}

/** Everything that is measured, made anew. */
export function memoryCases(): MemoryCase[] {
  return [
    ...messages(),
    ...codecs("simple"),
    ...codecs("request"),
    ...codecs("response"),
    ...engines(),
    exchange(),
  ];
}

function messages(): MemoryCase[] {
  const [flat] = makeLists("request", 1);
  const limits = resolveLimits("server");
  const section = () => ({
    flat: flat!,
    sensitive: undefined,
    bytes: 900,
    count: flat!.length / 2,
    tooLarge: false,
    validated: undefined,
  });
  const fields = new Fields(["content-type", "text/plain", "content-length", "12"]);
  return [{
    name: "message rules: read a request of 13 fields",
    count: 1000,
    run(): void {
      for (let i = 0; i < 1000; i++) {
        new MessageReader({ role: "request", limits }).receiveSection(section(), true);
      }
    },
  }, {
    name: "message rules: write a response",
    count: 1000,
    run(): void {
      for (let i = 0; i < 1000; i++) {
        const writer = new MessageWriter({ role: "response" });
        writer.sendResponse({ status: 200, fields }, false);
        writer.sendBody(12, true);
      }
    },
  }];
}

function codecs(kind: ListKind): MemoryCase[] {
  const count = 500;
  const lists = makeLists(kind, count);
  const out = new ByteWriter();
  function hpackBlocks(): Uint8Array[] {
    const encoder = new HpackEncoder();
    return lists.map((list) => {
      out.position = 0;
      encoder.encode(out, list);
      return out.buffer.slice(0, out.position);
    });
  }
  const blocks = hpackBlocks();
  const qpack = new QpackEncoder({ policy: "static" });
  const sections = lists.map((list, i) => {
    out.position = 0;
    qpack.encode(4 * i, list, out);
    return out.buffer.slice(0, out.position);
  });
  return [{
    name: `HPACK encode, ${kind}`,
    count,
    run(): void {
      const encoder = new HpackEncoder();
      for (let i = 0; i < count; i++) {
        out.position = 0;
        encoder.encode(out, lists[i]!);
      }
    },
  }, {
    name: `HPACK decode, ${kind}`,
    count,
    run(): void {
      const decoder = new HpackDecoder();
      for (let i = 0; i < count; i++) decoder.decode(blocks[i]!);
    },
  }, {
    name: `QPACK encode, ${kind}`,
    count,
    run(): void {
      const encoder = new QpackEncoder({ policy: "static" });
      for (let i = 0; i < count; i++) {
        out.position = 0;
        encoder.encode(4 * i, lists[i]!, out);
      }
    },
  }, {
    name: `QPACK decode, ${kind}`,
    count,
    run(): void {
      const decoder = new QpackDecoder({ maxTableBytes: 0, maxBlockedStreams: 0 });
      for (let i = 0; i < count; i++) decoder.decode(4 * i, sections[i]!);
    },
  }];
}

function engines(): MemoryCase[] {
  const small = new H2Pair(HELLO);
  const large = new H2Pair(new Uint8Array(MIB));
  const head = { status: 200, fields: new Fields(["content-type", "text/plain", "content-length", "12"]) };
  const smallH3 = new H3Pair(head, HELLO);
  const largeH3 = new H3Pair({ status: 200, fields: new Fields() }, new Uint8Array(MIB));
  const get = {
    method: "GET",
    scheme: "https",
    authority: "a.example",
    path: "/hello",
    fields: new Fields(),
  };
  let serial = 0;
  return [
    { name: "h2 engines, the same request", count: 100, run: () => round(small, 100, "same") },
    { name: "h2 engines, unique paths", count: 100, run: () => round(small, 100, "unique") },
    { name: "h2 engines, unique paths and 14 fields", count: 100, run: () => round(small, 100, "browser") },
    { name: "h2 engines, one at a time", count: 1, run: () => round(small, 1, "same") },
    { name: "h2 engines, 1 MiB", count: 4, run: () => round(large, 4, "same") },
    { name: "h3 engines, the same request", count: 100, run: () => smallH3.run(100, () => get) },
    {
      name: "h3 engines, unique paths",
      count: 100,
      run: () => smallH3.run(100, () => ({ ...get, path: `/hello?id=${serial++}` })),
    },
    { name: "h3 engines, 1 MiB", count: 4, run: () => largeH3.run(4, () => get) },
  ];
}

function exchange(): MemoryCase {
  const [near, far] = memoryPair();
  const fields = new Fields(["content-type", "text/plain"]);
  serve(far, {
    exchange(exchange) {
      exchange.reply(200, fields, HELLO);
    },
  });
  const client = connect(near);
  async function one(): Promise<void> {
    const response = await client.request({ scheme: "http", authority: "a.example", path: "/hello" })
      .response;
    await response.bytes();
  }
  return {
    name: "h2 client and server in memory, 100 exchanges at once",
    count: 100,
    async run(): Promise<void> {
      await Promise.all(Array.from({ length: 100 }, one));
    },
  };
}
