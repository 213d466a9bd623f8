import { TransportError } from "../semantics/errors.ts";
import type { ByteTransport } from "./mod.ts";
import {
  check,
  checkBytes,
  failureOf,
  pattern,
  pause,
  readAll,
  readExactly,
  soon,
  type TransportCase,
} from "./testing_kit.ts";

/** What a byte transport under test is like. */
export interface ByteTransportSuiteOptions {
  /** The most that may be taken from a writer whose peer does not read, in bytes. @default {33554432} */
  readonly maxBufferedBytes?: number;
  /** Whether a write must fail some time after the peer has closed both halves. @default {true} */
  readonly noticesClose?: boolean;
  /** The ways in which it can be used: it must offer these and no other. @default {all} */
  readonly ways?: readonly ByteTransportWay[];
}

/** How a transport is used: by `read` and `write`, with `writev` in place of `write`, or by its Web Streams. */
export type ByteTransportWay = "direct calls" | "pieces" | "Web Streams";

/** One end, used in one of the ways. */
interface End {
  read(maxBytes?: number): Promise<Uint8Array | null>;
  write(bytes: Uint8Array): Promise<void>;
  closeWrite(): Promise<void>;
  close(): void;
  readonly transport: ByteTransport;
  readonly isDirect: boolean;
}

const WAYS: readonly ByteTransportWay[] = ["direct calls", "pieces", "Web Streams"];

type CaseBody = (a: End, b: End, options: ByteTransportSuiteOptions) => Promise<void>;

/**
 * The cases that any byte transport must pass, for each way in which it can be used. Each makes
 * a pair of its own.
 *
 * @param makePair makes two ends that are each other's peer
 *
 * @example Usage
 * ```ts
 * import { byteTransportSuite } from "@tandem/http/transport/testing";
 * import { memoryPair } from "@tandem/http/transport/memory";
 *
 * for (const { run } of byteTransportSuite(() => Promise.resolve(memoryPair()))) await run();
 * ```
 */
export function byteTransportSuite(
  makePair: () => Promise<readonly [ByteTransport, ByteTransport]>,
  options: ByteTransportSuiteOptions = {},
): readonly TransportCase[] {
  const cases: TransportCase[] = [];
  for (const way of options.ways ?? WAYS) {
    for (const [name, body] of way === "pieces" ? [...CASES, ...PIECES_CASES] : CASES) {
      cases.push({ name: `${name} (${way})`, run: () => runCase(makePair, way, body, options) });
    }
  }
  return cases;
}

async function runCase(
  makePair: () => Promise<readonly [ByteTransport, ByteTransport]>,
  way: ByteTransportWay,
  body: CaseBody,
  options: ByteTransportSuiteOptions,
): Promise<void> {
  const [a, b] = await soon(makePair(), "makePair()");
  try {
    for (const end of [a, b]) checkWays(end, options.ways ?? WAYS);
    const use = ENDS[way];
    await body(use(a), use(b), options);
  } finally {
    a.close();
    b.close();
  }
}

function checkWays({ read, writev }: ByteTransport, ways: readonly ByteTransportWay[]): void {
  const isDirect = ways.includes("direct calls");
  const isGathering = ways.includes("pieces");
  check((read !== undefined) === isDirect, isDirect ? "there is no read" : "there is a read");
  check((writev !== undefined) === isGathering, isGathering ? "there is no writev" : "there is a writev");
}

function directEnd(transport: ByteTransport): End {
  const { write, closeWrite } = transport;
  check(write !== undefined && closeWrite !== undefined, "read is there, so write and closeWrite must be");
  return {
    transport,
    isDirect: true,
    async read(maxBytes = 65_536): Promise<Uint8Array | null> {
      const buffer = new Uint8Array(maxBytes);
      const count = await transport.read!(buffer);
      check(count !== 0, "read() resolved with 0");
      return count === null ? null : buffer.subarray(0, count);
    },
    write: (bytes) => transport.write!(bytes),
    closeWrite: () => transport.closeWrite!(),
    close: () => transport.close(),
  };
}

/** Writes each array as pieces of all sizes, empty ones among them. */
function piecesEnd(transport: ByteTransport): End {
  return {
    ...directEnd(transport),
    write(bytes) {
      const pieces: Uint8Array[] = [];
      for (let at = 0, size = 0; at < bytes.length; at += size, size = (size * 5 + 1) % 20_011) {
        pieces.push(bytes.subarray(at, at + size));
      }
      return transport.writev!(pieces);
    },
  };
}

function streamEnd(transport: ByteTransport): End {
  const reader = transport.readable.getReader();
  const writer = transport.writable.getWriter();
  reader.closed.catch(() => {});
  writer.closed.catch(() => {});
  return {
    transport,
    isDirect: false,
    async read(): Promise<Uint8Array | null> {
      const { done, value } = await reader.read();
      return done ? null : value;
    },
    write: async (bytes) => await writer.write(bytes),
    closeWrite: async () => await writer.close(),
    close: () => transport.close(),
  };
}

const ENDS: Readonly<Record<ByteTransportWay, (transport: ByteTransport) => End>> = {
  "direct calls": directEnd,
  pieces: piecesEnd,
  "Web Streams": streamEnd,
};

async function writeAndEnd(end: End, ...parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts) await soon(end.write(part), "write");
  await soon(end.closeWrite(), "closeWrite");
}

async function bothWays(a: End, b: End): Promise<void> {
  const there = soon(a.write(pattern(5)), "the first write");
  checkBytes(await readExactly(() => b.read(), 5, "the first read"), pattern(5), "there");
  await there;
  const back = soon(b.write(pattern(7, 2)), "the answer");
  checkBytes(await readExactly(() => a.read(), 7, "reading the answer"), pattern(7, 2), "back");
  await back;
}

async function nothingIsLost(a: End, b: End): Promise<void> {
  const there = pattern(3_000_017);
  const back = pattern(2_000_003, 9);
  async function send(end: End, bytes: Uint8Array): Promise<void> {
    for (let at = 0, size = 1; at < bytes.length; at += size, size = Math.min(size * 3 + 1, 700_001)) {
      await soon(end.write(bytes.slice(at, at + size)), "write");
    }
    await soon(end.closeWrite(), "closeWrite");
  }
  const [seenByB, seenByA] = await Promise.all([
    readAll(() => b.read(), "reading there"),
    readAll(() => a.read(), "reading back"),
    send(a, there),
    send(b, back),
  ]);
  checkBytes(seenByB, there, "there");
  checkBytes(seenByA, back, "back");
}

async function buffersAreFree(a: End, b: End): Promise<void> {
  const bytes = pattern(100_000);
  const reading = readExactly(() => b.read(), 300_000, "read");
  for (let i = 0; i < 3; i++) {
    // A Web Stream owns what was written to it; the direct call gives the buffer back.
    await soon(a.write(a.isDirect ? bytes : bytes.slice()), "write");
    bytes.fill(i);
    bytes.set(pattern(100_000));
  }
  const seen = await reading;
  for (let i = 0; i < 3; i++) {
    checkBytes(seen.subarray(i * 100_000, (i + 1) * 100_000), pattern(100_000), `write ${i}`);
  }
}

async function halfClose(a: End, b: End): Promise<void> {
  const there = writeAndEnd(a, pattern(10));
  checkBytes(await readAll(() => b.read(), "reading to the end"), pattern(10), "there");
  await there;
  const back = writeAndEnd(b, pattern(20, 3));
  checkBytes(await readAll(() => a.read(), "reading after our end"), pattern(20, 3), "back");
  await back;
}

async function endStaysEnd(a: End, b: End): Promise<void> {
  await soon(a.closeWrite(), "closeWrite");
  check(await soon(b.read(), "the first read") === null, "the first read did not say the end");
  check(await soon(b.read(), "the second read") === null, "the second read did not say the end");
  await failureOf(a.write(pattern(1)), "a write after the end");
}

async function smallReads(a: End, b: End): Promise<void> {
  const bytes = pattern(300);
  const sent = writeAndEnd(a, bytes.slice());
  checkBytes(await readAll(() => b.read(1), "reading bytes one by one"), bytes, "there");
  await sent;
}

async function emptyWrites(a: End, b: End): Promise<void> {
  const sent = writeAndEnd(a, new Uint8Array(0), pattern(3), new Uint8Array(0));
  checkBytes(await readAll(() => b.read(), "read"), pattern(3), "there");
  await sent;
}

async function holdsBack(a: End, b: End, options: ByteTransportSuiteOptions): Promise<void> {
  const most = options.maxBufferedBytes ?? 33_554_432;
  const piece = pattern(262_144);
  let taken = 0;
  let isDone = false;
  const writing = (async () => {
    for (let sent = 0; sent < most + 10 * piece.length; sent += piece.length) {
      await a.write(piece.slice());
      taken += piece.length;
    }
    isDone = true;
    await a.closeWrite();
  })();
  writing.catch(() => {});
  for (let before = -1; before !== taken;) {
    before = taken;
    await pause(50);
  }
  check(!isDone && taken <= most, `${taken} bytes were taken though nobody reads`);
  let seen = 0;
  for (let part = await soon(b.read(), "read"); part !== null; part = await soon(b.read(), "read")) {
    seen += part.length;
  }
  await soon(writing, "writing once the peer reads");
  check(seen === taken, `${seen} of ${taken} bytes came`);
}

async function closeTwice(a: End, b: End): Promise<void> {
  const pending = a.read().then(() => {}, () => {});
  a.close();
  a.close();
  await soon(pending, "a read that waits while this end closes");
  await failureOf(a.write(pattern(1)), "a write after close()");
  await soon(b.read().then(() => {}, () => {}), "a read whose peer has closed");
  b.close();
  b.close();
}

async function closeLetsGo(a: End, b: End): Promise<void> {
  const bytes = pattern(16_777_216);
  const writing = a.write(bytes).catch(() => {});
  await pause(50);
  a.close();
  await soon(writing, "a write under way at a close()");
  bytes.fill(0xff);
  const whole = pattern(bytes.length);
  let seen = 0;
  try {
    for (let part = await soon(b.read(), "read"); part !== null; part = await soon(b.read(), "read")) {
      checkBytes(part, whole.subarray(seen, seen += part.length), "what left before close()");
    }
  } catch (error) {
    // The connection may look broken from there, as it is.
    check(error instanceof TransportError, `${error}`);
  }
}

async function peerNotices(a: End, b: End, options: ByteTransportSuiteOptions): Promise<void> {
  b.close();
  await soon(a.read().then((part) => check(part === null, "bytes came from nowhere"), () => {}), "a read");
  if (options.noticesClose === false) return;
  for (let i = 0; i < 200; i++) {
    try {
      await soon(a.write(pattern(1000)), "a write whose peer has closed");
    } catch (error) {
      check(error instanceof Error, "what a write rejects with is no Error");
      return;
    }
    await pause(5);
  }
  throw new Error("200 writes to a peer that has closed went well");
}

async function lastBytesArrive(a: End, b: End): Promise<void> {
  const bytes = pattern(200_000);
  const reading = readAll(() => b.read(), "reading to the end");
  await writeAndEnd(a, bytes.slice());
  a.close();
  checkBytes(await reading, bytes, "what was written before close()");
}

async function infoIsThere(a: End, b: End): Promise<void> {
  await Promise.resolve();
  for (const { transport } of [a, b]) {
    check(typeof transport.info.kind === "string", "info.kind is missing");
    check(transport.readable === transport.readable, "readable is another one each time");
    check(transport.writable === transport.writable, "writable is another one each time");
  }
}

const CASES: readonly (readonly [string, CaseBody])[] = [
  ["carries bytes both ways", bothWays],
  ["loses and reorders nothing, with writes of all sizes in both directions at once", nothingIsLost],
  ["lets a buffer be used again after write()", buffersAreFree],
  ["ends one half and goes on with the other", halfClose],
  ["says the end again and again, and takes no write after it", endStaysEnd],
  ["fills buffers of one byte", smallReads],
  ["takes an empty write as nothing", emptyWrites],
  ["holds back a writer whose peer does not read", holdsBack],
  ["may be closed twice, and lets nothing hang", closeTwice],
  ["lets an end notice that its peer has closed", peerNotices],
  ["delivers what was written before the end", lastBytesArrive],
  ["tells what it is", infoIsThere],
];

/** What `writev` promises beside. */
const PIECES_CASES: readonly (readonly [string, CaseBody])[] = [
  ["looks at nothing any more after close()", closeLetsGo],
];
