/** What speed is aimed at: each a ratio to something else that was measured in the same run. */

/** What one contender did under one load, in one run. */
export interface Measured {
  readonly who: string;
  readonly load: string;
  /** Processor time of one request or list, in microseconds. */
  readonly cpuMicros?: number | undefined;
  /** Requests a second. */
  readonly rate?: number | undefined;
  /** Memory of one more, in bytes. */
  readonly bytes?: number | undefined;
}

/** The runs that targets are taken from. */
export type RunName =
  | "small"
  | "native"
  | "bulk"
  | "tls"
  | "clients"
  | "h3"
  | "tcp"
  | "streams"
  | "idle"
  | "memory";

/** One target: a ratio of ours to a peer, under some loads. */
export interface Target {
  readonly what: string;
  readonly run: RunName;
  readonly ours: string;
  readonly peer: string;
  readonly loads: readonly string[];
  /** What is compared: processor time, requests a second, or memory. */
  readonly by: "cpu" | "rate" | "memory";
  /** At least this, of memory at most. */
  readonly target: number;
  /** What shows how much of the target the machine and Deno leave: mostly a bare program that does less than ours. */
  readonly bare?: string;
}

const SMALL = ["hello-c1m100", "hello-c8m10", "k1-c1m100", "k1-c8m10", "uniq-c1m100", "uniq-c8m10"];
const JSON_LOADS = ["json-c1m100", "json-c8m10"];
const DOWNLOADS_1 = ["m1-c1m4", "m1-c8m1"];
const DOWNLOADS_64 = ["m64-c1m1", "m64-c8m1"];
const COUNTED = ["sink1m", "sink1m-c8m1"];
const ECHOED = ["echo1m", "echo1m-c8m1"];
const LISTS = ["fresh", "kept", "reused"];
const QPACK_MODES = ["static", "safe", "eager"];
const M1 = "1 MiB, 4 at once";
const M64 = "64 MiB, one at a time";

function small(what: string, ours: string, peer: string, target: number): Target {
  return { what, run: "small", ours, peer, loads: SMALL, by: "cpu", target };
}

function native(what: string, loads: readonly string[], target: number): Target {
  return { what, run: "native", ours: "tandem native", peer: "Deno.serve", loads, by: "cpu", target };
}

function bulk(what: string, peer: string, loads: readonly string[], target: number): Target {
  return { what, run: "bulk", ours: "tandem exchange", peer, loads, by: "cpu", target };
}

/** Over TLS the requests a second count; `bare` ends the name of the program that does no more than such a load needs. */
function tls(what: string, peer: string, loads: readonly string[], target: number, bare?: string): Target {
  const more = bare === undefined ? {} : { bare: `bare frames in Deno, ${bare}` };
  const ours = "tandem exchange";
  return { what: `TLS, ${what}`, run: "tls", ours, peer, loads, by: "rate", target, ...more };
}

/** A target of ours by itself, and the same for Deno's own sockets (`noDelay: false`). */
function withDelay(own: Target): Target[] {
  return [own, { ...own, what: own.what.replace("TLS", "TLS with delay"), ours: `${own.ours}, with delay` }];
}

/** The same, and for sockets of `node:tls`, of which downloads gain. */
function tlsSent(size: string, peer: string, loads: readonly string[], target: number): Target[] {
  const own = tls(`download of ${size}`, peer, loads, target, `${size} sent`);
  const node = { what: own.what.replace("TLS", "TLS of node:tls"), ours: `${own.ours}, node:net` };
  return [...withDelay(own), { ...own, ...node, bare: `${own.bare} by node:tls` }];
}

function client(what: string, ours: string, peer: string, target: number): Target {
  return { what, run: "clients", ours, peer, loads: ["1 KiB, 100 at once"], by: "cpu", target };
}

/** Read by one client for all, in frames of 16 KiB or of 1 MiB. */
function tcp(frames: "16 KiB" | "1 MiB", peer: string, target: number): Target {
  const isLong = frames === "1 MiB";
  return {
    what: `download, frames of ${frames}`,
    run: "tcp",
    ours: isLong ? "tandem exchange, frames of 1 MiB" : "tandem exchange",
    peer,
    loads: [M1, M64],
    by: "cpu",
    target,
    bare: isLong ? "bare TCP in Deno, one copy" : "bare TCP in Deno, copied as frames of 16 KiB",
  };
}

function codec(what: string, peer: string, loads: readonly string[], target: number): Target {
  return { what, run: "memory", ours: "tandem", peer, loads, by: "cpu", target };
}

function ofKinds(what: string): string[] {
  return [`${what} request`, `${what} response`];
}

function ofModes(what: string): string[] {
  return QPACK_MODES.flatMap((mode) => ofKinds(what).map((one) => `${one} ${mode}`));
}

/** What is compared with hpack.js. */
function hpackCases(kind: string): string[] {
  return [...LISTS.map((lists) => `encode ${lists} ${kind}`), `decode changing ${kind}`];
}

/** Encoders, beside what the strings of the same lists cost alone. */
function encoder(what: string, peer: string, loads: readonly string[], target: number): Target {
  return { ...codec(what, peer, loads, target), bare: "bare strings" };
}

function h3(load: string, target: number): Target {
  const ours = "tandem exchange";
  const peer = "bare Deno QUIC streams";
  return { what: "HTTP/3, both ends", run: "h3", ours, peer, loads: [load], by: "cpu", target };
}

function streams(loads: readonly string[], target: number): Target {
  const ours = "tandem streams";
  return { what: "Web Streams", run: "streams", ours, peer: "tandem exchange", loads, by: "cpu", target };
}

function idle(what: string, ours: string, peer: string, target: number, bare: string): Target {
  const loads = ["1 to 100", "100 to 1000", "1000 to 10000"];
  return { what, run: "idle", ours, peer, loads, by: "memory", target, bare };
}

/** Every target. */
export const TARGETS: readonly Target[] = [
  small("engine, small requests", "tandem engine", "node:http2 20", 10),
  small("engine, small requests", "tandem engine", "nghttpd", 1.2),
  small("engine, small requests", "tandem engine", "h2o", 1),
  small("exchange, small requests", "tandem exchange", "Deno.serve", 8),
  small("exchange, small requests", "tandem exchange", "nghttpd", 1),
  native("native objects, small requests", ["hello-c1m100", "hello-c8m10", "k1-c8m10"], 2.5),
  native("native objects, unique paths", ["uniq-c1m100", "uniq-c8m10"], 2.5),
  native("native objects, JSON both ways", JSON_LOADS, 2),
  client("client, request", "tandem request", "node:http2 20", 6),
  client("client, request", "tandem request", "undici request", 8),
  client("client, request, TLS", "tandem request, TLS", "undici request, TLS", 8),
  client("client, request, TLS", "tandem request, TLS", "Deno fetch, TLS", 8),
  client("client, fetch, TLS", "tandem fetch, TLS", "Deno fetch, TLS", 3),
  bulk("download", "Deno.serve", [...DOWNLOADS_1, ...DOWNLOADS_64], 3),
  tcp("16 KiB", "node:http2 20", 0.9),
  tcp("1 MiB", "node:http2 20, frames of 1 MiB", 0.9),
  tcp("16 KiB", "bare TCP in Deno", 0.85),
  tcp("1 MiB", "bare TCP in Deno", 0.85),
  bulk("upload, echoed", "node:http2 20", ECHOED, 1.5),
  bulk("upload, counted", "Deno.serve", COUNTED, 2),
  ...withDelay(tls("small requests", "Deno.serve", SMALL, 3)),
  ...withDelay(tls("small requests", "node:http2 20", SMALL, 1)),
  ...tlsSent("1 MiB", "Deno.serve", DOWNLOADS_1, 3),
  ...tlsSent("1 MiB", "node:http2 20", DOWNLOADS_1, 1),
  ...tlsSent("64 MiB", "Deno.serve", DOWNLOADS_64, 3),
  ...tlsSent("64 MiB", "node:http2 20", DOWNLOADS_64, 1),
  ...withDelay(tls("upload, counted", "Deno.serve", COUNTED, 3, "uploads counted")),
  ...withDelay(tls("upload, counted", "node:http2 20", COUNTED, 1, "uploads counted")),
  ...withDelay(tls("upload, echoed", "Deno.serve", ECHOED, 3, "uploads echoed")),
  ...withDelay(tls("upload, echoed", "node:http2 20", ECHOED, 1, "uploads echoed")),
  codec("HPACK requests", "hpack.js", hpackCases("request"), 10),
  codec("HPACK responses", "hpack.js", hpackCases("response"), 6),
  ...LISTS.map((lists) => encoder(`HPACK, encode ${lists}`, "libnghttp2", ofKinds(`encode ${lists}`), 0.9)),
  codec("HPACK, decode", "libnghttp2", ofKinds("decode changing"), 0.9),
  codec("HPACK, decode repeated", "libnghttp2", ofKinds("decode repeated"), 2),
  codec("QPACK, decode", "libnghttp3", ofModes("decode changing"), 1),
  ...LISTS.map((lists) => encoder(`QPACK, encode ${lists}`, "libnghttp3", ofModes(`encode ${lists}`), 0.8)),
  codec("pair of engines, unique requests", "libnghttp2", ["unique", "browser"], 1),
  codec("pair of engines, the same request", "libnghttp2", ["same"], 2),
  codec("pair of engines, unique requests", "libnghttp2, frame by frame", ["unique", "browser"], 1),
  codec("pair of engines, the same request", "libnghttp2, frame by frame", ["same"], 2),
  h3("hello, 100 at once", 0.85),
  h3(M64, 0.95),
  streams(["hello-c1m100", "hello-c8m10"], 0.5),
  streams(["m1-c1m4", "m64-c1m1"], 0.45),
  idle(
    "an idle connection",
    "tandem exchange",
    "Deno.serve",
    1.1,
    "tandem exchange, young generation held at 2 MiB",
  ),
  idle(
    "an idle connection over HTTP/3",
    "tandem exchange over QUIC",
    "bare Deno QUIC streams",
    1.3,
    "bare Deno QUIC streams, with the control streams of HTTP/3",
  ),
];
