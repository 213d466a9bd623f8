/** The stimuli of the server cases of h2spec, by id, and what has to follow. */
import {
  continuation,
  data,
  Flag,
  frame,
  FrameType,
  goaway,
  headersFrame,
  join,
  latin1,
  octets,
  ping,
  preface,
  priorityFrame,
  rstStream,
  Setting,
  settings,
  windowUpdate,
} from "../support/h2_frames.ts";
import type { RawPeer } from "../support/h2_peer.ts";

/** What has to follow a stimulus. */
export type Reaction =
  /** GOAWAY with one of these codes. */
  | { readonly goaway: readonly number[] }
  /** RST_STREAM of stream 1 (or that given) with one of these codes. */
  | { readonly reset: readonly number[]; readonly stream?: number }
  /** A response on this stream, and no error. */
  | { readonly response: number }
  /** The acknowledgement of the PING, and no error. */
  | "pong"
  /** The sizes of the DATA frames of stream 1 since the last step, and no error. */
  | { readonly data: readonly number[] }
  /** The first frame is SETTINGS. */
  | "settings first"
  /** SETTINGS is acknowledged. */
  | "settings ack";

/** One case: bytes in steps, with a reaction to each. */
export interface ServerCase {
  readonly settings?: readonly number[];
  readonly raw?: true;
  readonly steps:
    readonly (readonly [stimulus: (peer: RawPeer) => Uint8Array, reaction: Reaction | undefined])[];
}

const PROTOCOL = 1;
const FLOW = 3;
const CLOSED = 5;
const SIZE = 6;
const REFUSED = 7;
const COMPRESSION = 9;

const TARGET = [":scheme", "https", ":authority", "a.example", ":path", "/"];

function one(stimulus: (peer: RawPeer) => Uint8Array, reaction: Reaction): ServerCase {
  return { steps: [[stimulus, reaction]] };
}

const answered = (stimulus: (peer: RawPeer) => Uint8Array, stream = 1) => one(stimulus, { response: stream });
const pong = (...frames: Uint8Array[]) => one(() => join(...frames, ping()), "pong");
const fails = (code: number | readonly number[], stimulus: (peer: RawPeer) => Uint8Array) =>
  one(stimulus, { goaway: typeof code === "number" ? [code] : code });
const resets = (code: number | readonly number[], stimulus: (peer: RawPeer) => Uint8Array, stream = 1) =>
  one(stimulus, { reset: typeof code === "number" ? [code] : code, stream });

const get = (peer: RawPeer, stream = 1) => peer.request(stream, { end: true });
const post = (peer: RawPeer, stream = 1, fields: string[] = []) =>
  peer.request(stream, { method: "POST", fields });
/** A request block with more octets behind a sound request. */
const blockAnd = (...more: number[]) => (peer: RawPeer) =>
  headersFrame(1, join(peer.block(":method", "GET", ...TARGET), Uint8Array.from(more)), { end: true });
const blockAfter = (...before: number[]) => (peer: RawPeer) =>
  headersFrame(1, join(Uint8Array.from(before), peer.block(":method", "GET", ...TARGET)), { end: true });
const bad = (...flat: string[]) => resets(PROTOCOL, (peer) => peer.headers(1, flat, { end: true }));
const literal = (first: number, name: string, value: string) =>
  blockAnd(first, name.length, ...latin1(name), value.length, ...latin1(value));
/** "user-agent" and "x-test" in Huffman code; "" as value. */
const USER_AGENT = [0x87, 0xb5, 0x05, 0xb1, 0x61, 0xcc, 0x5a, 0x93];
const A_HUFFMAN = [0x81, 0x1f];
const split = (peer: RawPeer, ...cuts: number[]) => {
  const block = peer.block(":method", "GET", ...TARGET);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const cut of [...cuts, block.length]) {
    parts.push(block.subarray(from, cut));
    from = cut;
  }
  return join(
    headersFrame(1, parts[0]!, { end: true, open: true }),
    ...parts.slice(1).map((part, i) => continuation(1, part, { open: i < parts.length - 2 })),
  );
};
const open = (peer: RawPeer) => peer.request(1, { end: true, open: true });
const big = (size: number) => new Uint8Array(size);

/** The rule that each case breaks. */
export const CASE_RULES: Readonly<Record<string, string>> = {
  "hpack/2.3.3/1": "7541-2.3.3",
  "hpack/2.3.3/2": "7541-2.3.3",
  "hpack/4.2/1": "7541-4.2:position",
  "hpack/5.2/1": "7541-5.2:padding-length",
  "hpack/5.2/2": "7541-5.2:padding",
  "hpack/5.2/3": "7541-5.2:eos",
  "hpack/6.1/1": "7541-6.1",
  "hpack/6.3/1": "7541-6.3",
  "http2/3.5/2": "9113-3.4:preface",
  "http2/4.2/2": "9113-4.2:size",
  "http2/4.2/3": "9113-4.2:size",
  "http2/4.3/1": "7541-3.2",
  "http2/4.3/2": "9113-4.3",
  "http2/4.3/3": "9113-4.3",
  "http2/5.1/1": "9113-5.1:idle",
  "http2/5.1/2": "9113-5.1:idle",
  "http2/5.1/3": "9113-5.1:idle",
  "http2/5.1/4": "9113-6.10",
  "http2/5.1/5": "9113-5.1:half-closed",
  "http2/5.1/6": "9113-5.1:half-closed",
  "http2/5.1/7": "9113-6.10",
  "http2/5.1/8": "9113-5.1:closed",
  "http2/5.1/9": "9113-5.1:closed",
  "http2/5.1/10": "9113-6.10",
  "http2/5.1/11": "9113-5.1:closed",
  "http2/5.1/12": "9113-5.1:closed",
  "http2/5.1/13": "9113-6.10",
  "http2/5.1.1/1": "9113-5.1.1",
  "http2/5.1.1/2": "9113-5.1.1",
  "http2/5.1.2/1": "limit:concurrent_streams",
  "http2/5.3.1/1": "7540-5.3.1",
  "http2/5.3.1/2": "7540-5.3.1",
  "http2/5.4.1/1": "9113-6.7:stream",
  "http2/5.4.1/2": "9113-6.7:stream",
  "http2/5.5/2": "9113-5.5",
  "http2/6.1/1": "9113-6.1:stream",
  "http2/6.1/2": "9113-5.1:half-closed",
  "http2/6.1/3": "9113-6.1:padding",
  "http2/6.2/1": "9113-4.3",
  "http2/6.2/2": "9113-4.3",
  "http2/6.2/3": "9113-6.2:stream",
  "http2/6.2/4": "9113-6.2:padding",
  "http2/6.3/1": "9113-6.3:stream",
  "http2/6.3/2": "9113-6.3:length",
  "http2/6.4/1": "9113-6.4:stream",
  "http2/6.4/2": "9113-5.1:idle",
  "http2/6.4/3": "9113-6.4:length",
  "http2/6.5/1": "9113-6.5:ack",
  "http2/6.5/2": "9113-6.5:stream",
  "http2/6.5/3": "9113-6.5:length",
  "http2/6.5.2/1": "9113-6.5.2:push",
  "http2/6.5.2/2": "9113-6.5.2:window",
  "http2/6.5.2/3": "9113-6.5.2:frame",
  "http2/6.5.2/4": "9113-6.5.2:frame",
  "http2/6.7/3": "9113-6.7:stream",
  "http2/6.7/4": "9113-6.7:length",
  "http2/6.8/1": "9113-6.8:stream",
  "http2/6.9/1": "9113-6.9:zero",
  "http2/6.9/2": "9113-6.9:zero",
  "http2/6.9/3": "9113-6.9:length",
  "http2/6.9.1/2": "9113-6.9.1:overflow",
  "http2/6.9.1/3": "9113-6.9.1:overflow",
  "http2/6.9.2/3": "9113-6.5.2:window",
  "http2/6.10/2": "9113-4.3",
  "http2/6.10/3": "9113-4.3",
  "http2/6.10/4": "9113-6.10",
  "http2/6.10/5": "9113-6.10",
  "http2/6.10/6": "9113-4.3",
  "http2/8.1/1": "9113-8.1:trailers",
  "http2/8.1.2/1": "9113-8.2",
  "http2/8.1.2.1/1": "9113-8.3:unknown",
  "http2/8.1.2.1/2": "9113-8.3:unknown",
  "http2/8.1.2.1/3": "9113-8.3:trailers",
  "http2/8.1.2.1/4": "9113-8.3:order",
  "http2/8.1.2.2/1": "9113-8.2.2:connection",
  "http2/8.1.2.2/2": "9113-8.2.2:te",
  "http2/8.1.2.3/1": "9113-8.3.1:path",
  "http2/8.1.2.3/2": "9113-8.3.1:missing",
  "http2/8.1.2.3/3": "9113-8.3.1:missing",
  "http2/8.1.2.3/4": "9113-8.3.1:missing",
  "http2/8.1.2.3/5": "9113-8.3:duplicate",
  "http2/8.1.2.3/6": "9113-8.3:duplicate",
  "http2/8.1.2.3/7": "9113-8.3:duplicate",
  "http2/8.1.2.6/1": "9113-8.1.1",
  "http2/8.1.2.6/2": "9113-8.1.1",
  "http2/8.2/1": "9113-6.6",
};

/** All cases. */
export const SERVER_CASES: Readonly<Record<string, ServerCase>> = {
  "generic/1/1": { raw: true, steps: [[() => join(preface, settings()), "settings first"]] },
  "generic/2/1": pong(priorityFrame(1, 0)),
  "generic/2/2": {
    settings: [Setting.INITIAL_WINDOW_SIZE, 0],
    steps: [[(peer) => get(peer), { data: [] }], [() => windowUpdate(1, 1), { data: [1] }]],
  },
  "generic/2/3": {
    settings: [Setting.INITIAL_WINDOW_SIZE, 0],
    steps: [
      [(peer) => get(peer), { data: [] }],
      [() => join(priorityFrame(1, 0), windowUpdate(1, 1)), { data: [1] }],
    ],
  },
  "generic/2/4": {
    settings: [Setting.INITIAL_WINDOW_SIZE, 0],
    steps: [[(peer) => join(get(peer), rstStream(1, 8), ping()), "pong"]],
  },
  "generic/2/5": {
    steps: [[(peer) => get(peer), { response: 1 }], [() => join(priorityFrame(1, 0), ping()), "pong"]],
  },
  "generic/3.1/1": answered((peer) => join(post(peer), data(1, "test", { end: true }))),
  "generic/3.1/2": answered((peer) => join(post(peer), data(1, "test"), data(1, "test", { end: true }))),
  "generic/3.1/3": answered((peer) => join(post(peer), data(1, "test", { end: true, padding: 6 }))),
  "generic/3.2/1": answered((peer) => get(peer)),
  "generic/3.2/2": answered((peer) => peer.request(1, { end: true, padding: 6 })),
  "generic/3.2/3": answered((peer) =>
    peer.request(1, { end: true, priority: { dependsOn: 0, weight: 255 } })
  ),
  "generic/3.3/1": answered((peer) => join(priorityFrame(1, 0, 0), get(peer))),
  "generic/3.3/2": answered((peer) => join(priorityFrame(1, 0, 255), get(peer))),
  "generic/3.3/3": answered((peer) => join(priorityFrame(3, 1), get(peer))),
  "generic/3.3/4": answered((peer) => join(priorityFrame(1, 2 ** 31), get(peer))),
  "generic/3.3/5": answered((peer) => join(priorityFrame(3, 0), get(peer))),
  "generic/3.4/1": one((peer) => join(post(peer), rstStream(1, 8), ping()), "pong"),
  "generic/3.5/1": {
    steps: [[() => settings(1, 4096, 2, 1, 3, 100, 4, 65535, 5, 16384, 6, 16384), "settings ack"]],
  },
  "generic/3.7/1": pong(),
  "generic/3.8/1": { steps: [[(peer) => join(post(peer), goaway(0, 0, "bye"), ping()), "pong"]] },
  "generic/3.9/1": pong(windowUpdate(0, 1)),
  "generic/3.9/2": answered((peer) => join(get(peer), windowUpdate(1, 1))),
  "generic/3.10/1": answered((peer) => split(peer, 5)),
  "generic/3.10/2": answered((peer) => split(peer, 5, 9)),
  "generic/4/1": answered((peer) => get(peer)),
  "generic/4/2": answered((peer) => peer.request(1, { method: "HEAD", end: true })),
  "generic/4/3": answered((peer) => join(post(peer), data(1, "test", { end: true }))),
  "generic/4/4": answered((peer) =>
    join(post(peer), data(1, "test"), peer.headers(1, ["x-test", "ok"], { end: true }))
  ),
  "generic/5/1": answered(() =>
    headersFrame(
      1,
      join(
        Uint8Array.of(0x82, 0x87, 0x84, 0x01, 9, ...latin1("a.example")),
        Uint8Array.of(0x40, 6, ...latin1("x-test"), 1, 0x61, 62 | 0x80),
      ),
      { end: true },
    )
  ),
  "generic/5/2": answered(blockAnd(0x40, ...USER_AGENT, ...A_HUFFMAN)),
  "generic/5/3": answered(literal(0x40, "user-agent", "a")),
  "generic/5/4": answered(literal(0x40, "x-test", "a")),
  "generic/5/5": answered(blockAnd(0x40, 0x85, 0xf2, 0xb2, 0x4a, 0x84, 0xff, ...A_HUFFMAN)),
  "generic/5/6": answered(blockAnd(0x0f, 58 - 15, 1, 0x61)),
  "generic/5/7": answered(blockAnd(0x0f, 58 - 15, ...A_HUFFMAN)),
  "generic/5/8": answered(literal(0x00, "x-test", "a")),
  "generic/5/9": answered(blockAnd(0x00, ...USER_AGENT, ...A_HUFFMAN)),
  "generic/5/10": answered(blockAnd(0x1f, 58 - 15, 1, 0x61)),
  "generic/5/11": answered(blockAnd(0x1f, 58 - 15, ...A_HUFFMAN)),
  "generic/5/12": answered(literal(0x10, "x-test", "a")),
  "generic/5/13": answered(blockAnd(0x10, ...USER_AGENT, ...A_HUFFMAN)),
  "generic/5/14": answered(blockAfter(0x3f, 0x61)),
  "generic/5/15": answered(blockAfter(0x3f, 0x61, 0x3f, 0xe1, 0x1f)),

  "hpack/2.3.3/1": fails(COMPRESSION, blockAnd(0xc6)),
  "hpack/2.3.3/2": fails(COMPRESSION, blockAnd(0x7f, 0x07, 0x00)),
  "hpack/4.2/1": fails(COMPRESSION, blockAnd(0x21)),
  "hpack/5.2/1": fails(COMPRESSION, blockAnd(0x00, 1, 0x78, 0x82, 0x1f, 0xff)),
  "hpack/5.2/2": fails(COMPRESSION, blockAnd(0x00, 1, 0x78, 0x81, 0x18)),
  "hpack/5.2/3": fails(COMPRESSION, blockAnd(0x00, 1, 0x78, 0x84, 0xff, 0xff, 0xff, 0xff)),
  "hpack/6.1/1": fails(COMPRESSION, blockAnd(0x80)),
  "hpack/6.3/1": fails(COMPRESSION, blockAfter(0x3f, 0xe2, 0x1f)),

  "http2/3.5/1": { raw: true, steps: [[() => join(preface, settings()), "settings first"]] },
  "http2/3.5/2": {
    raw: true,
    steps: [[() => latin1("INVALID CONNECTION PREFACE\r\n\r\n"), { goaway: [PROTOCOL] }]],
  },
  "http2/4.1/1": pong(frame(0x16, 0, 0, big(8))),
  "http2/4.1/2": one(() => frame(FrameType.PING, 0x16, 0, latin1("12345678")), "pong"),
  "http2/4.1/3": one(() => frame(FrameType.PING, 0, 2 ** 31, latin1("12345678")), "pong"),
  "http2/4.2/1": answered((peer) => join(post(peer), data(1, big(16384), { end: true }))),
  "http2/4.2/2": fails(SIZE, (peer) => join(post(peer), data(1, big(16385), { end: true }))),
  "http2/4.2/3": fails(SIZE, () => headersFrame(1, big(16385), { end: true })),
  "http2/4.3/1": fails(COMPRESSION, () => headersFrame(1, Uint8Array.of(0x40), { end: true })),
  "http2/4.3/2": fails(PROTOCOL, (peer) => join(open(peer), priorityFrame(1, 0), continuation(1, big(0)))),
  "http2/4.3/3": fails(PROTOCOL, (peer) => join(open(peer), get(peer, 3), continuation(1, big(0)))),
  "http2/5.1/1": fails([PROTOCOL, CLOSED], () => data(1, "test", { end: true })),
  "http2/5.1/2": fails(PROTOCOL, () => rstStream(1, 8)),
  "http2/5.1/3": fails(PROTOCOL, () => windowUpdate(1, 100)),
  "http2/5.1/4": fails(PROTOCOL, (peer) => continuation(1, peer.block("x", "y"))),
  "http2/5.1/5": {
    settings: [Setting.INITIAL_WINDOW_SIZE, 0],
    ...resets(CLOSED, (peer) => join(get(peer), data(1, "test", { end: true }))),
  },
  "http2/5.1/6": {
    settings: [Setting.INITIAL_WINDOW_SIZE, 0],
    ...resets(CLOSED, (peer) => join(get(peer), get(peer))),
  },
  "http2/5.1/7": {
    settings: [Setting.INITIAL_WINDOW_SIZE, 0],
    ...fails([PROTOCOL, CLOSED], (peer) => join(get(peer), continuation(1, peer.block("x", "y")))),
  },
  "http2/5.1/8": resets(CLOSED, (peer) => join(post(peer), rstStream(1, 8), data(1, "test", { end: true }))),
  "http2/5.1/9": resets(CLOSED, (peer) => join(post(peer), rstStream(1, 8), get(peer))),
  "http2/5.1/10": fails(
    [PROTOCOL, CLOSED],
    (peer) => join(post(peer), rstStream(1, 8), continuation(1, peer.block("x", "y"))),
  ),
  "http2/5.1/11": {
    steps: [
      [(peer) => get(peer), { response: 1 }],
      [() => data(1, "test", { end: true }), { reset: [CLOSED] }],
    ],
  },
  "http2/5.1/12": {
    steps: [[(peer) => get(peer), { response: 1 }], [(peer) => get(peer), { goaway: [CLOSED] }]],
  },
  "http2/5.1/13": {
    steps: [
      [(peer) => get(peer), { response: 1 }],
      [(peer) => continuation(1, peer.block("x", "y")), { goaway: [CLOSED, PROTOCOL] }],
    ],
  },
  "http2/5.1.1/1": fails(PROTOCOL, (peer) => get(peer, 2)),
  "http2/5.1.1/2": fails(PROTOCOL, (peer) => join(get(peer, 5), get(peer, 3))),
  "http2/5.1.2/1": {
    settings: [Setting.INITIAL_WINDOW_SIZE, 0],
    ...resets(
      [PROTOCOL, REFUSED],
      (peer) => join(...Array.from({ length: 101 }, (_, i) => get(peer, 2 * i + 1))),
      201,
    ),
  },
  "http2/5.3.1/1": resets(
    PROTOCOL,
    (peer) => peer.request(1, { end: true, priority: { dependsOn: 1, weight: 255 } }),
  ),
  "http2/5.3.1/2": fails(PROTOCOL, () => priorityFrame(1, 1)),
  "http2/5.4.1/1": fails(PROTOCOL, () => frame(FrameType.PING, 0, 3, latin1("12345678"))),
  "http2/5.4.1/2": fails(PROTOCOL, () => frame(FrameType.PING, 0, 3, latin1("12345678"))),
  "http2/5.5/1": pong(frame(0xff, 0, 0, big(8))),
  "http2/5.5/2": fails(
    PROTOCOL,
    (peer) => join(open(peer), frame(0xff, 0, 0, big(8)), continuation(1, big(0))),
  ),
  "http2/6.1/1": fails(PROTOCOL, () => data(0, "test", { end: true })),
  "http2/6.1/2": {
    settings: [Setting.INITIAL_WINDOW_SIZE, 0],
    ...resets(CLOSED, (peer) => join(get(peer), data(1, "test", { end: true }))),
  },
  "http2/6.1/3": fails(
    PROTOCOL,
    (peer) =>
      join(
        post(peer),
        frame(FrameType.DATA, Flag.PADDED | Flag.END_STREAM, 1, join(octets(6, 1), latin1("test"))),
      ),
  ),
  "http2/6.2/1": fails(PROTOCOL, (peer) => join(open(peer), priorityFrame(1, 0))),
  "http2/6.2/2": fails(PROTOCOL, (peer) => join(open(peer), get(peer, 3))),
  "http2/6.2/3": fails(PROTOCOL, (peer) => get(peer, 0)),
  "http2/6.2/4": fails(
    PROTOCOL,
    (peer) =>
      frame(
        FrameType.HEADERS,
        Flag.PADDED | Flag.END_STREAM | Flag.END_HEADERS,
        1,
        join(octets(200, 1), peer.block(":method", "GET")),
      ),
  ),
  "http2/6.3/1": fails(PROTOCOL, () => priorityFrame(0, 0)),
  "http2/6.3/2": resets(SIZE, (peer) => join(post(peer), frame(FrameType.PRIORITY, 0, 1, big(4)))),
  "http2/6.4/1": fails(PROTOCOL, () => rstStream(0, 8)),
  "http2/6.4/2": fails(PROTOCOL, () => rstStream(1, 8)),
  "http2/6.4/3": fails(SIZE, (peer) => join(post(peer), frame(FrameType.RST_STREAM, 0, 1, big(3)))),
  "http2/6.5/1": fails(SIZE, () => frame(FrameType.SETTINGS, Flag.ACK, 0, big(1))),
  "http2/6.5/2": fails(PROTOCOL, () => frame(FrameType.SETTINGS, 0, 1, big(6))),
  "http2/6.5/3": fails(SIZE, () => frame(FrameType.SETTINGS, 0, 0, big(3))),
  "http2/6.5.2/1": fails(PROTOCOL, () => settings(Setting.ENABLE_PUSH, 2)),
  "http2/6.5.2/2": fails(FLOW, () => settings(Setting.INITIAL_WINDOW_SIZE, 2 ** 31)),
  "http2/6.5.2/3": fails(PROTOCOL, () => settings(Setting.MAX_FRAME_SIZE, 16383)),
  "http2/6.5.2/4": fails(PROTOCOL, () => settings(Setting.MAX_FRAME_SIZE, 2 ** 24)),
  "http2/6.5.2/5": pong(settings(0xff, 0)),
  "http2/6.5.3/1": {
    steps: [[
      (peer) => join(settings(Setting.INITIAL_WINDOW_SIZE, 100, Setting.INITIAL_WINDOW_SIZE, 1), get(peer)),
      { data: [1] },
    ]],
  },
  "http2/6.5.3/2": one(() => settings(), "settings ack"),
  "http2/6.7/1": pong(),
  "http2/6.7/2": pong(ping("87654321", true)),
  "http2/6.7/3": fails(PROTOCOL, () => frame(FrameType.PING, 0, 1, latin1("12345678"))),
  "http2/6.7/4": fails(SIZE, () => frame(FrameType.PING, 0, 0, latin1("123456"))),
  "http2/6.8/1": fails(PROTOCOL, () => frame(FrameType.GOAWAY, 0, 1, big(8))),
  "http2/6.9/1": fails(PROTOCOL, () => windowUpdate(0, 0)),
  "http2/6.9/2": resets(PROTOCOL, (peer) => join(post(peer), windowUpdate(1, 0))),
  "http2/6.9/3": fails(SIZE, () => frame(FrameType.WINDOW_UPDATE, 0, 0, big(3))),
  "http2/6.9.1/1": {
    settings: [Setting.INITIAL_WINDOW_SIZE, 1],
    steps: [[(peer) => get(peer), { data: [1] }]],
  },
  "http2/6.9.1/2": fails(FLOW, () => join(windowUpdate(0, 2 ** 31 - 1), windowUpdate(0, 2 ** 31 - 1))),
  "http2/6.9.1/3": resets(
    FLOW,
    (peer) => join(post(peer), windowUpdate(1, 2 ** 31 - 1), windowUpdate(1, 2 ** 31 - 1)),
  ),
  "http2/6.9.2/1": {
    settings: [Setting.INITIAL_WINDOW_SIZE, 0],
    steps: [
      [(peer) => get(peer), { data: [] }],
      [() => settings(Setting.INITIAL_WINDOW_SIZE, 1), { data: [1] }],
    ],
  },
  "http2/6.9.2/2": {
    settings: [Setting.INITIAL_WINDOW_SIZE, 3],
    steps: [
      [(peer) => get(peer), { data: [3] }],
      [() => settings(Setting.INITIAL_WINDOW_SIZE, 2), { data: [] }],
      [() => windowUpdate(1, 2), { data: [1] }],
    ],
  },
  "http2/6.9.2/3": fails(FLOW, () => settings(Setting.INITIAL_WINDOW_SIZE, 2 ** 31)),
  "http2/6.10/1": answered((peer) => split(peer, 3, 8)),
  "http2/6.10/2": fails(
    PROTOCOL,
    (peer) => join(open(peer), continuation(1, big(0), { open: true }), data(1, "test")),
  ),
  "http2/6.10/3": fails(PROTOCOL, (peer) => join(open(peer), continuation(0, big(0)))),
  "http2/6.10/4": fails(PROTOCOL, (peer) => join(post(peer), continuation(1, big(0)))),
  "http2/6.10/5": fails(
    PROTOCOL,
    (peer) => join(peer.request(1, { open: true }), continuation(1, big(0)), continuation(1, big(0))),
  ),
  "http2/6.10/6": fails(PROTOCOL, (peer) => join(open(peer), data(1, "test"), continuation(1, big(0)))),
  "http2/7/1": { steps: [[(peer) => join(post(peer), goaway(0, 0xff), ping()), "pong"]] },
  "http2/7/2": one((peer) => join(post(peer), rstStream(1, 0xff), ping()), "pong"),
  "http2/8.1/1": resets(
    PROTOCOL,
    (peer) => join(post(peer), data(1, "test"), peer.headers(1, ["x-test", "ok"])),
  ),
  "http2/8.1.2/1": bad(":method", "GET", ...TARGET, "X-TEST", "ok"),
  "http2/8.1.2.1/1": bad(":method", "GET", ":test", "ok", ...TARGET),
  "http2/8.1.2.1/2": bad(":method", "GET", ":status", "200", ...TARGET),
  "http2/8.1.2.1/3": resets(
    PROTOCOL,
    (peer) => join(post(peer), data(1, "test"), peer.headers(1, [":method", "GET"], { end: true })),
  ),
  "http2/8.1.2.1/4": bad(":method", "GET", ...TARGET, "x-test", "ok", ":path", "/"),
  "http2/8.1.2.2/1": bad(":method", "GET", ...TARGET, "connection", "keep-alive"),
  "http2/8.1.2.2/2": bad(":method", "GET", ...TARGET, "te", "trailers, deflate"),
  "http2/8.1.2.3/1": bad(":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", ""),
  "http2/8.1.2.3/2": bad(...TARGET),
  "http2/8.1.2.3/3": bad(":method", "GET", ":authority", "a.example", ":path", "/"),
  "http2/8.1.2.3/4": bad(":method", "GET", ":scheme", "https", ":authority", "a.example"),
  "http2/8.1.2.3/5": bad(":method", "GET", ":method", "GET", ...TARGET),
  "http2/8.1.2.3/6": bad(":method", "GET", ":scheme", "https", ...TARGET),
  "http2/8.1.2.3/7": bad(":method", "GET", ...TARGET, ":path", "/"),
  "http2/8.1.2.6/1": resets(
    PROTOCOL,
    (peer) => join(post(peer, 1, ["content-length", "1"]), data(1, "test", { end: true })),
  ),
  "http2/8.1.2.6/2": resets(
    PROTOCOL,
    (peer) => join(post(peer, 1, ["content-length", "1"]), data(1, "test"), data(1, "test", { end: true })),
  ),
  "http2/8.2/1": fails(
    PROTOCOL,
    (peer) =>
      frame(
        FrameType.PUSH_PROMISE,
        Flag.END_HEADERS,
        1,
        join(octets(2, 4), peer.block(":method", "GET", ...TARGET)),
      ),
  ),
};
