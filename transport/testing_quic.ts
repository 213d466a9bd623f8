import {
  type QuicBidiStream,
  type QuicReceiveStream,
  type QuicSendStream,
  QuicStreamError,
  type QuicTransport,
} from "./mod.ts";
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

/** What a QUIC transport under test is like. */
export interface QuicTransportSuiteOptions {
  /** The most that one stream may take while its peer does not read, in bytes. @default {8388608} */
  readonly maxBufferedBytes?: number;
  /** How many bidirectional streams the second end grants; the case about it is left out without. */
  readonly maxBidiStreams?: number;
}

type Way = "direct calls" | "Web Streams";

/** A half that writes, used in one of the two ways. */
interface Sender {
  write(bytes: Uint8Array): Promise<void>;
  finish(): Promise<void>;
  readonly stream: QuicSendStream;
}

/** A half that reads, used in one of the two ways. */
interface Receiver {
  read(): Promise<Uint8Array | null>;
  readonly stream: QuicReceiveStream;
}

interface Bench {
  readonly client: QuicTransport;
  readonly server: QuicTransport;
  readonly options: QuicTransportSuiteOptions;
  open(end: QuicTransport): Promise<{ id: number; send: Sender; receive: Receiver }>;
  accept(end: QuicTransport): Promise<{ id: number; send: Sender; receive: Receiver }>;
  openUni(end: QuicTransport): Promise<Sender>;
  acceptUni(end: QuicTransport): Promise<Receiver>;
}

type CaseBody = (bench: Bench) => Promise<void>;

/**
 * The cases that any QUIC transport must pass, within the capabilities that it states. Each
 * makes a pair of its own; each is there for the direct calls and for the Web Streams.
 *
 * @param makePair makes two ends that are each other's peer, the client first
 *
 * @example Usage
 * ```ts
 * import { quicTransportSuite } from "@tandem/http/transport/testing";
 * import { memoryQuicPair } from "@tandem/http/transport/memory";
 *
 * for (const { run } of quicTransportSuite(() => Promise.resolve(memoryQuicPair()))) await run();
 * ```
 */
export function quicTransportSuite(
  makePair: () => Promise<readonly [client: QuicTransport, server: QuicTransport]>,
  options: QuicTransportSuiteOptions = {},
): readonly TransportCase[] {
  const cases: TransportCase[] = [];
  for (const way of ["direct calls", "Web Streams"] as const) {
    for (const [name, body] of CASES) {
      if (body === waitsForCredit && options.maxBidiStreams === undefined) continue;
      cases.push({ name: `${name} (${way})`, run: () => runCase(makePair, way, body, options) });
    }
  }
  return cases;
}

async function runCase(
  makePair: () => Promise<readonly [client: QuicTransport, server: QuicTransport]>,
  way: Way,
  body: CaseBody,
  options: QuicTransportSuiteOptions,
): Promise<void> {
  const [client, server] = await soon(makePair(), "makePair()");
  try {
    await body(benchOf(client, server, way, options));
  } finally {
    client.close(0x100, "");
    server.close(0x100, "");
    await soon(Promise.all([client.closed, server.closed]), "closed");
  }
}

function benchOf(
  client: QuicTransport,
  server: QuicTransport,
  way: Way,
  options: QuicTransportSuiteOptions,
): Bench {
  const bidi = new Map<QuicTransport, ReadableStreamDefaultReader<QuicBidiStream>>();
  const uni = new Map<QuicTransport, ReadableStreamDefaultReader<QuicReceiveStream>>();
  for (const end of [client, server]) {
    bidi.set(end, end.incomingBidi.getReader());
    uni.set(end, end.incomingUni.getReader());
  }
  const use = (stream: QuicBidiStream) => ({
    id: stream.id,
    send: senderOf(stream.send, way),
    receive: receiverOf(stream.receive, way),
  });
  return {
    client,
    server,
    options,
    open: async (end) => use(await soon(end.openBidi(), "openBidi")),
    openUni: async (end) => senderOf(await soon(end.openUni(), "openUni"), way),
    async accept(end) {
      const { done, value } = await soon(bidi.get(end)!.read(), "a stream of the peer");
      check(!done, "incomingBidi ended");
      return use(value!);
    },
    async acceptUni(end) {
      const { done, value } = await soon(uni.get(end)!.read(), "a stream of the peer");
      check(!done, "incomingUni ended");
      return receiverOf(value!, way);
    },
  };
}

function senderOf(stream: QuicSendStream, way: Way): Sender {
  if (way === "direct calls" && stream.write !== undefined) {
    check(stream.finish !== undefined, "write is there, so finish must be");
    return { stream, write: (bytes) => stream.write!(bytes), finish: () => stream.finish!() };
  }
  const writer = stream.writable.getWriter();
  writer.closed.catch(() => {});
  writer.ready.catch(() => {});
  return {
    stream,
    write: async (bytes) => await writer.write(bytes),
    finish: async () => await writer.close(),
  };
}

function receiverOf(stream: QuicReceiveStream, way: Way): Receiver {
  if (way === "direct calls" && stream.read !== undefined) {
    let calls = 0;
    return {
      stream,
      async read(): Promise<Uint8Array | null> {
        // In turn, where there are both; with little room now and then, so that something is left over.
        if (stream.next !== undefined && calls++ % 2 === 1) {
          const bytes = await stream.next();
          check(bytes?.length !== 0, "next() resolved with nothing");
          return bytes === null ? null : bytes.slice();
        }
        const buffer = new Uint8Array(calls % 3 === 0 ? 100 : 65_536);
        const count = await stream.read!(buffer);
        check(count !== 0, "read() resolved with 0");
        return count === null ? null : buffer.subarray(0, count);
      },
    };
  }
  const reader = stream.readable.getReader();
  reader.closed.catch(() => {});
  return {
    stream,
    async read(): Promise<Uint8Array | null> {
      const { done, value } = await reader.read();
      return done ? null : value;
    },
  };
}

async function bidiBothWays({ client, server, open, accept }: Bench): Promise<void> {
  for (const [near, far, first] of [[client, server, 0], [server, client, 1]] as const) {
    const there = await open(near);
    check(there.id === first, `the first stream has id ${there.id} instead of ${first}`);
    await soon(there.send.write(pattern(9)), "write");
    await soon(there.send.finish(), "finish");
    const here = await accept(far);
    check(here.id === first, `the peer sees id ${here.id} instead of ${first}`);
    checkBytes(await readAll(() => here.receive.read(), "read"), pattern(9), "there");
    check(await soon(here.receive.read(), "a second read of the end") === null, "the end did not stay");
    await soon(here.send.write(pattern(4, 2)), "the answer");
    await soon(here.send.finish(), "the answer's end");
    checkBytes(await readAll(() => there.receive.read(), "reading the answer"), pattern(4, 2), "back");
  }
}

async function uniStreams({ client, server, openUni, acceptUni }: Bench): Promise<void> {
  for (const [near, far, first] of [[client, server, 2], [server, client, 3]] as const) {
    for (const id of [first, first + 4]) {
      const send = await openUni(near);
      check(send.stream.id === id, `a stream has id ${send.stream.id} instead of ${id}`);
      await soon(send.write(pattern(3)), "write");
      const receive = await acceptUni(far);
      check(receive.stream.id === id, `the peer sees id ${receive.stream.id} instead of ${id}`);
      await soon(send.finish(), "finish");
      checkBytes(await readAll(() => receive.read(), "read"), pattern(3), "there");
    }
  }
}

async function manyStreams({ client, server, open, accept }: Bench): Promise<void> {
  const sizes = [0, 1, 1000, 70_000, 3_000_001, 5, 200_000, 1];
  const echo = (async () => {
    for (let i = 0; i < sizes.length; i++) {
      const { send, receive } = await accept(server);
      void (async () => {
        for (let part = await receive.read(); part !== null; part = await receive.read()) {
          await send.write(part.slice());
        }
        await send.finish();
      })().catch(() => {});
    }
  })();
  await Promise.all(sizes.map(async (size, i) => {
    const { send, receive } = await open(client);
    const bytes = pattern(size, i + 1);
    const sending = (async () => {
      for (let at = 0; at < size; at += 60_000) await soon(send.write(bytes.slice(at, at + 60_000)), "write");
      await soon(send.finish(), "finish");
    })();
    checkBytes(await readAll(() => receive.read(), `reading stream ${i}`), bytes, `stream ${i}`);
    await sending;
  }));
  await echo;
}

async function inOrder({ client, server, open, accept }: Bench): Promise<void> {
  const first = await open(client);
  const second = await open(client);
  await soon(second.send.write(pattern(1)), "write on the second stream");
  check((await accept(server)).id === first.id, "the first stream did not come first");
  check((await accept(server)).id === second.id, "the second stream did not come second");
}

async function resets({ client, server, open, accept }: Bench): Promise<void> {
  const { send, receive } = await open(client);
  await soon(send.write(pattern(5)), "write");
  const far = await accept(server);
  await readExactly(() => far.receive.read(), 5, "read");
  send.stream.reset(0x10c);
  await failureOf(send.write(pattern(1)), "a write after reset()");
  if (client.capabilities.exactStreamErrors) {
    const error = await failureOf(far.receive.read(), "a read of a stream that was reset");
    check(error instanceof QuicStreamError && error.kind === "reset", `a read rejected with ${error}`);
    const expected = server.capabilities.reportsPeerCodes ? 0x10c : undefined;
    check(error.wireCode === expected, `the code is ${error.wireCode} instead of ${expected}`);
  } else {
    check(await soon(far.receive.read(), "read") === null, "a reset did not end the stream");
  }
  await soon(far.send.write(pattern(6)), "a write the other way");
  await soon(far.send.finish(), "finish");
  checkBytes(await readAll(() => receive.read(), "reading the other way"), pattern(6), "the other way");
}

async function stops({ client, server, open, accept }: Bench): Promise<void> {
  const { send, receive } = await open(client);
  await soon(send.write(pattern(5)), "write");
  const far = await accept(server);
  await readExactly(() => far.receive.read(), 5, "read");
  far.receive.stream.stop(0x10d);
  let error: unknown;
  for (let i = 0; i < 200 && error === undefined; i++) {
    await soon(send.write(pattern(10)), "a write to one who has stopped").catch((reason) => error = reason);
    await pause(2);
  }
  check(error instanceof QuicStreamError && error.kind === "stopped", `a write rejected with ${error}`);
  const sent = server.capabilities.exactStreamErrors ? 0x10d : 0;
  const expected = client.capabilities.reportsPeerCodes ? sent : undefined;
  check(error.wireCode === expected, `the code is ${error.wireCode} instead of ${expected}`);
  await soon(far.send.write(pattern(6)), "a write the other way");
  await soon(far.send.finish(), "finish");
  checkBytes(await readAll(() => receive.read(), "reading the other way"), pattern(6), "the other way");
}

async function holdsBack({ client, server, options, open, accept }: Bench): Promise<void> {
  const most = options.maxBufferedBytes ?? 8_388_608;
  const stalled = await open(client);
  let taken = 0;
  let isDone = false;
  const writing = (async () => {
    for (let sent = 0; sent < most + 1_000_000; sent += 100_000) {
      await stalled.send.write(new Uint8Array(100_000));
      taken += 100_000;
    }
    isDone = true;
    await stalled.send.finish();
  })();
  writing.catch(() => {});
  for (let before = -1; before !== taken;) {
    before = taken;
    await pause(50);
  }
  check(!isDone && taken <= most, `${taken} bytes were taken though nobody reads`);
  const far = await accept(server);
  const other = await open(client);
  await soon(other.send.write(pattern(10)), "a write beside a stalled stream");
  const beside = await accept(server);
  checkBytes(await readExactly(beside.receive.read, 10, "read"), pattern(10), "beside");
  let seen = 0;
  for (
    let part = await soon(far.receive.read(), "read");
    part !== null;
    part = await soon(far.receive.read(), "read")
  ) {
    seen += part.length;
  }
  await soon(writing, "writing once the peer reads");
  check(seen === taken, `${seen} of ${taken} bytes came`);
}

async function waitsForCredit({ client, server, options, open, accept }: Bench): Promise<void> {
  const streams = [];
  for (let i = 0; i < options.maxBidiStreams!; i++) streams.push(await open(client));
  let isOpen = false;
  const waiting = open(client).then((stream) => {
    isOpen = true;
    return stream;
  });
  await pause(50);
  check(!isOpen, "a stream more than the peer grants was opened");
  // Credit may come back in portions, so more than one stream may have to end first.
  for (const near of streams) {
    if (isOpen) break;
    await soon(near.send.write(pattern(3)), "write");
    await soon(near.send.finish(), "finish");
    const far = await accept(server);
    await readAll(() => far.receive.read(), "read");
    await soon(far.send.finish(), "finish");
    await readAll(() => near.receive.read(), "read");
    await pause(5);
  }
  check((await waiting).id === options.maxBidiStreams! * 4, "the waiting stream has a strange id");
}

async function closes({ client, server, open, accept }: Bench): Promise<void> {
  const { send, receive } = await open(client);
  await soon(send.write(pattern(1)), "write");
  const far = await accept(server);
  await readExactly(() => far.receive.read(), 1, "read");
  const pending = failureOf(receive.read(), "a read that waits at a close by this end");
  const farPending = failureOf(far.receive.read(), "a read that waits at a close by the peer");
  const ended = client.incomingBidi;
  client.close(0x10a, "good bye");
  client.close(0x10b, "again");
  const info = await soon(server.closed, "closed at the peer");
  check(info.by === "remote", `the peer says that ${info.by} closed`);
  check(info.code === 0x10a, `the peer sees code ${info.code}`);
  check(info.reason === "good bye", `the peer sees the reason ${info.reason}`);
  const own = await soon(client.closed, "closed");
  check(own.by === "local" && own.code === 0x10a, "this end does not remember its own close");
  await Promise.all([pending, farPending]);
  await failureOf(client.openBidi(), "openBidi after close()");
  await failureOf(server.openUni(), "openUni after the peer's close");
  await failureOf(send.write(pattern(1)), "a write after close()");
  check(ended === client.incomingBidi, "incomingBidi is another one each time");
}

async function incomingEnds({ client, server, accept, acceptUni }: Bench): Promise<void> {
  const ends = [client, server].flatMap((end) => [accept(end), acceptUni(end)]);
  const failures = ends.map((end) => failureOf(end, "waiting for a stream at a close"));
  client.close(0x100, "");
  for (const error of await Promise.all(failures)) {
    check(
      error instanceof Error && error.message.endsWith(" ended"),
      `waiting for a stream failed with ${error}`,
    );
  }
}

async function earlyEnd({ client, server, openUni, acceptUni }: Bench): Promise<void> {
  check(client.isEarly === false && server.isEarly === false, "isEarly though the handshake is over");
  const send = await openUni(client);
  await soon(send.write(pattern(100_000)), "write");
  await soon(send.finish(), "finish");
  const receive = await acceptUni(server);
  checkBytes(await readAll(() => receive.read(), "read"), pattern(100_000), "there");
  await soon(send.finish().catch(() => {}), "a second finish");
}

async function datagrams({ client, server }: Bench): Promise<void> {
  if (!client.capabilities.datagrams) {
    check(client.datagrams === undefined, "there are datagrams without the capability");
    return;
  }
  check(client.datagrams !== undefined && server.datagrams !== undefined, "the datagrams are missing");
  const reader = server.datagrams.readable.getReader();
  for (const size of [1, 500, 1000]) {
    await soon(client.datagrams.send(pattern(size)), "sending a datagram");
    const { value } = await soon(reader.read(), "a datagram");
    checkBytes(value!, pattern(size), "the datagram");
  }
  const error = await failureOf(
    client.datagrams.send(new Uint8Array(client.datagrams.maxBytes + 1)),
    "too much",
  );
  check(error instanceof RangeError, `a datagram that is too large rejects with ${error}`);
  client.close(0x100, "");
  check((await soon(reader.read(), "the end of the datagrams")).done, "the datagrams did not end");
}

const CASES: readonly (readonly [string, CaseBody])[] = [
  ["carries bidirectional streams of both ends", bidiBothWays],
  ["carries unidirectional streams of both ends", uniStreams],
  ["keeps many streams apart, and loses nothing", manyStreams],
  ["shows the peer's streams in the order of their ids", inOrder],
  ["resets the half that writes, and goes on with the other", resets],
  ["stops the half that reads, and goes on with the other", stops],
  ["holds back a writer whose peer does not read, and no other stream", holdsBack],
  ["lets a stream wait for the peer's credit", waitsForCredit],
  ["closes with a code and a reason, and lets nothing hang", closes],
  ["ends what it hands out at a close", incomingEnds],
  ["takes a second finish, and is not early", earlyEnd],
  ["carries datagrams, where it has them", datagrams],
];
