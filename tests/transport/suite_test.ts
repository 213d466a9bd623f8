import {
  connectQuic,
  connectTcp,
  connectTls,
  listenQuic,
  listenTcp,
  listenTls,
} from "../../transport/deno.ts";
import { memoryPair, memoryQuicPair, type MemoryQuicPairOptions } from "../../transport/memory.ts";
import type { ByteTransport, QuicTransport } from "../../transport/mod.ts";
import { streamsTransport } from "../../transport/streams.ts";
import {
  byteTransportSuite,
  type ByteTransportSuiteOptions,
  quicTransportSuite,
} from "../../transport/testing.ts";
import { testAuthority, testCertificate } from "../support/certs.ts";

type Pair = readonly [ByteTransport, ByteTransport];

function runSuite(name: string, makePair: () => Promise<Pair>, options?: ByteTransportSuiteOptions): void {
  for (const one of byteTransportSuite(makePair, options)) {
    Deno.test(`${name} transport ${one.name}`, () => one.run());
  }
}

async function accepted(
  listener: AsyncIterable<ByteTransport> & { close(): void },
  client: Promise<ByteTransport>,
): Promise<Pair> {
  const { value } = await listener[Symbol.asyncIterator]().next();
  const pair = [await client, value as ByteTransport] as const;
  listener.close();
  return pair;
}

function tcpPair(): Promise<Pair> {
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  return accepted(listener, connectTcp({ hostname: "127.0.0.1", port: listener.addr.port }));
}

interface TlsPairOptions {
  readonly noDelay: boolean;
  readonly insecure?: boolean;
}

async function tlsPair({ noDelay, insecure = false }: TlsPairOptions): Promise<Pair> {
  const caCerts = [await testAuthority()];
  const { cert, key } = await testCertificate();
  const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key, alpn: ["h2"], noDelay });
  const { port } = listener.addr;
  const pair = await accepted(
    listener,
    connectTls({ hostname: "127.0.0.1", port, caCerts, alpn: ["h2"], insecure }),
  );
  // What is on `node:tls` has no `writev`; the suite wants both ends alike.
  for (const end of pair) if (noDelay || insecure) Object.defineProperty(end, "writev", { value: undefined });
  return pair;
}

function streamPair(): Promise<Pair> {
  const there = new TransformStream<Uint8Array, Uint8Array>();
  const back = new TransformStream<Uint8Array, Uint8Array>();
  return Promise.resolve([
    streamsTransport({ readable: back.readable, writable: there.writable }),
    streamsTransport({ readable: there.readable, writable: back.writable }),
  ]);
}

runSuite("memory", () => Promise.resolve(memoryPair()));
runSuite("memory, cut at random,", () => Promise.resolve(memoryPair({ chunk: "random", seed: 5 })));
runSuite("memory, late,", () => Promise.resolve(memoryPair({ latencyMs: 2 })));
runSuite("memory, Web Streams only,", () => Promise.resolve(memoryPair({ direct: false })), {
  ways: ["Web Streams"],
});
runSuite("streams", streamPair, { ways: ["Web Streams"] });
runSuite("tcp", tcpPair);
runSuite("tls", () => tlsPair({ noDelay: true }), { ways: ["direct calls", "Web Streams"] });
runSuite("tls with delay", () => tlsPair({ noDelay: false }));
runSuite("insecure tls", () => tlsPair({ noDelay: true, insecure: true }), {
  ways: ["direct calls", "Web Streams"],
});

function runQuicSuite(options: MemoryQuicPairOptions & { readonly title: string }): void {
  const { title, ...rest } = options;
  const makePair = () => Promise.resolve(memoryQuicPair({ ...rest, server: { maxBidiStreams: 20 } }));
  for (const one of quicTransportSuite(makePair, { maxBidiStreams: 20 })) {
    Deno.test(`${title} QUIC transport ${one.name}`, () => one.run());
  }
}

runQuicSuite({ title: "memory" });
runQuicSuite({ title: "memory, reordered,", reorder: true, chunk: "random" });
runQuicSuite({ title: "memory, late and reordered,", reorder: true, latencyMs: 2 });
runQuicSuite({
  title: "memory, as Deno's,",
  capabilities: { exactStreamErrors: false },
  discardUnreadAtClose: true,
});
runQuicSuite({
  title: "memory, without any capability,",
  direct: false,
  capabilities: { exactStreamErrors: false, reportsPeerCodes: false, priority: false, datagrams: false },
});

async function denoQuicPair(): Promise<readonly [QuicTransport, QuicTransport]> {
  const caCerts = [await testAuthority()];
  const { cert, key } = await testCertificate();
  const alpn = ["h3"];
  const listener = listenQuic({ hostname: "127.0.0.1", port: 0, cert, key, alpn, maxBidiStreams: 20 });
  const arriving = listener[Symbol.asyncIterator]().next();
  const client = await connectQuic({ hostname: "127.0.0.1", port: listener.addr.port, alpn, caCerts });
  const { value } = await arriving;
  listener.close();
  return [client, value as QuicTransport];
}

for (const one of quicTransportSuite(denoQuicPair, { maxBidiStreams: 20 })) {
  Deno.test(`Deno's QUIC transport ${one.name}`, () => one.run());
}
