import type { EngineEvent } from "../../semantics/events.ts";
import { HpackDecoder, HpackEncoder } from "../../hpack/mod.ts";
import { H2Connection } from "../../h2/connection.ts";
import type { H2Options } from "../../h2/options.ts";
import { ByteWriter } from "../../wire/byte_writer.ts";
import {
  describeFrame,
  Flag,
  FrameType,
  headersFrame,
  join,
  type MessageFlags,
  type ParsedFrame,
  parseFrames,
  preface,
  settings,
  settingsAck,
} from "./h2_frames.ts";

/** How bytes are cut on their way into an engine. */
export type Delivery = "whole" | "byte" | "random";

/** All ways; every engine test runs with each. */
export const DELIVERIES: readonly Delivery[] = ["whole", "byte", "random"];

/** A small generator of numbers from 0 to 1, the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

/**
 * Gives `bytes` to an engine in pieces and adds its events to `events`. The pieces lie in
 * memory that is overwritten afterwards, so that a view kept too long shows.
 */
export function deliver(
  engine: H2Connection,
  bytes: Uint8Array,
  now: number,
  delivery: Delivery,
  events: EngineEvent[],
  random: () => number,
): void {
  for (let at = 0; at < bytes.length;) {
    const rest = bytes.length - at;
    const size = delivery === "whole"
      ? rest
      : delivery === "byte"
      ? 1
      : 1 + Math.floor(random() * Math.min(rest, 40));
    const piece = bytes.slice(at, at + size);
    engine.receive(piece, now);
    collect(engine, events);
    piece.fill(0xaa);
    at += size;
  }
}

/** Takes events out of an engine; what bodies hold is copied, and pieces that follow each other are joined. */
export function collect(engine: H2Connection, events: EngineEvent[]): void {
  for (const event of engine.take()) {
    const last = events.at(-1);
    if (event.type !== "body") events.push(event);
    else if (last?.type === "body" && last.id === event.id && !last.end) {
      events[events.length - 1] = { ...event, data: join(last.data, event.data) };
    } else events.push({ ...event, data: event.data.slice() });
  }
}

/** What a scripted peer can be set up with. */
export interface PeerOptions extends H2Options {
  /** The role of the engine under test. @default {"server"} */
  readonly role?: "client" | "server";
  /** Entries of the peer's first SETTINGS. */
  readonly settings?: readonly number[];
  /** Leaves the handshake to the test. */
  readonly raw?: boolean;
}

/** A peer that sends what the test says and shows what the engine answers. */
export class RawPeer {
  readonly engine: H2Connection;
  readonly encoder: HpackEncoder = new HpackEncoder();
  readonly decoder: HpackDecoder = new HpackDecoder();
  /** The time of the engine. */
  now = 0;
  #delivery: Delivery;
  #random: () => number;
  #events: EngineEvent[] = [];
  #isFirst: boolean;

  constructor(options: PeerOptions, delivery: Delivery) {
    const { role = "server", settings: entries = [], raw = false, ...rest } = options;
    this.engine = new H2Connection({ role, now: 0, ...rest });
    this.#delivery = delivery;
    this.#random = randomFrom(42);
    this.#isFirst = role === "client";
    if (raw) return;
    this.sends(role === "server" ? preface : new Uint8Array(0), settings(...entries), settingsAck);
    this.frames();
    this.events();
  }

  /** Sends bytes. */
  sends(...parts: readonly Uint8Array[]): void {
    deliver(this.engine, join(...parts), this.now, this.#delivery, this.#events, this.#random);
  }

  /** Encodes a section. */
  block(...flat: readonly string[]): Uint8Array {
    const writer = new ByteWriter();
    this.encoder.encode(writer, flat);
    return writer.take().slice();
  }

  /** HEADERS with a section. */
  headers(stream: number, flat: readonly string[], options: MessageFlags = {}): Uint8Array {
    return headersFrame(stream, this.block(...flat), options);
  }

  /** HEADERS of a request. */
  request(
    stream: number,
    options: MessageFlags & { method?: string; fields?: readonly string[] } = {},
  ): Uint8Array {
    const { method = "GET", fields = [], ...flags } = options;
    const flat = [":method", method, ":scheme", "https", ":authority", "a.example", ":path", "/", ...fields];
    return this.headers(stream, flat, flags);
  }

  /** HEADERS of a response. */
  response(
    stream: number,
    options: MessageFlags & { status?: number; fields?: readonly string[] } = {},
  ): Uint8Array {
    const { status = 200, fields = [], ...flags } = options;
    return this.headers(stream, [":status", String(status), ...fields], flags);
  }

  /** What the engine has sent since the last call, taken apart. */
  frames(): ParsedFrame[] {
    const parts: Uint8Array[] = [];
    while (this.engine.hasOutput) parts.push(this.engine.output().slice());
    collect(this.engine, this.#events);
    let bytes = join(...parts);
    if (this.#isFirst && bytes.length > 0) {
      this.#isFirst = false;
      bytes = bytes.slice(preface.length);
    }
    return parseFrames(bytes);
  }

  /** The same, a line each. */
  lines(): string[] {
    return this.frames().map(describeFrame);
  }

  /** The sections that the engine has sent since the last call, by stream. */
  sections(frames: readonly ParsedFrame[] = this.frames()): { stream: number; flat: string[] }[] {
    const found: { stream: number; flat: string[] }[] = [];
    let block: Uint8Array | undefined;
    for (const { type, flags, stream, payload } of frames) {
      if (type === FrameType.HEADERS) block = payload;
      else if (type === FrameType.CONTINUATION) block = join(block!, payload);
      else continue;
      if (flags & Flag.END_HEADERS) found.push({ stream, flat: [...this.decoder.decode(block).flat] });
    }
    return found;
  }

  /** The events since the last call. */
  events(): EngineEvent[] {
    collect(this.engine, this.#events);
    return this.#events.splice(0);
  }

  /** The types of the events since the last call. */
  types(): string[] {
    return this.events().map((event) => event.type);
  }

  /** Lets time pass. */
  tick(now: number): void {
    this.now = now;
    this.engine.tick(now);
  }
}

/** Runs an engine test once for each way in which bytes can be cut. */
export function engineTest(
  name: string,
  test: (peer: (options?: PeerOptions) => RawPeer, delivery: Delivery) => void,
): void {
  Deno.test(name, async (t) => {
    for (const delivery of DELIVERIES) {
      await t.step(delivery, () => test((options = {}) => new RawPeer(options, delivery), delivery));
    }
  });
}
