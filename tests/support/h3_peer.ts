/** An HTTP/3 engine with a scripted peer: bytes go in as they are written in the test. */
import assert from "node:assert/strict";
import { type Command, H3Connection, type H3Options } from "../../h3/engine.ts";
import { H3ErrorCode, type H3ErrorName } from "../../h3/errors.ts";
import { QpackDecoder } from "../../qpack/mod.ts";
import type { EngineEvent } from "../../semantics/events.ts";
import { readVarint, varintLength } from "../../wire/varint.ts";
import { join, settings as settingsFrame } from "./h3_frames.ts";
import { Random } from "./random.ts";

/** How bytes are cut on their way into the engine: not at all, after each, or by chance. */
export type Cut = "whole" | "bytes" | number;

/** A frame as it stands in output. */
export interface SeenFrame {
  /** The type. */
  readonly type: number;
  /** The payload. */
  readonly payload: Uint8Array;
}

/** The peer of one engine, and all that the engine did. */
export class H3Peer {
  /** The engine. */
  readonly engine: H3Connection;
  /** Virtual time. */
  now = 0;
  /** All events so far; bodies are copies. */
  readonly events: EngineEvent[] = [];
  /** All commands so far. */
  readonly commands: Command[] = [];
  /** What the engine wrote, by stream or token. */
  readonly wrote: Map<number, number[]> = new Map();
  /** Streams that the engine ended by FIN. */
  readonly fins: Set<number> = new Set();
  /** Codes of resets by stream. */
  readonly resets: Map<number, number> = new Map();
  /** Codes of stops by stream. */
  readonly stops: Map<number, number> = new Map();
  /** How the engine closed the connection. */
  closed: { readonly code: number; readonly reason: string } | undefined;
  /** Whether writes are reported as done at once. */
  isReading = true;
  /** Whether opened requests are reported at once. */
  isOpening = true;
  /** Writes that are not reported as done. */
  readonly unread: { readonly stream: number; readonly data: Uint8Array }[] = [];
  readonly #cut: Cut;
  readonly #random: Random;
  readonly #isServer: boolean;

  /** Makes an engine and its peer. */
  constructor(options: Omit<H3Options, "now">, cut: Cut = "whole") {
    this.engine = new H3Connection({ ...options, now: 0 });
    this.#isServer = options.role === "server";
    this.#cut = cut;
    this.#random = new Random(typeof cut === "number" ? cut : 1);
    this.pump();
  }

  /** The id of the peer's nth unidirectional stream. */
  uni(n: number): number {
    return n * 4 + (this.#isServer ? 2 : 3);
  }

  /** Opens the control stream with SETTINGS, and the QPACK streams. */
  handshake(...entries: number[]): this {
    this.send(this.uni(0), join(0, settingsFrame(...entries)));
    this.send(this.uni(1), [2]);
    this.send(this.uni(2), [3]);
    return this;
  }

  /** Sends frames on the control stream. */
  control(...frames: readonly ArrayLike<number>[]): this {
    return this.send(this.uni(0), join(...frames));
  }

  /** Sends bytes on a stream. */
  send(stream: number, bytes: ArrayLike<number>, fin = false): this {
    const all = Uint8Array.from(bytes);
    if (this.#cut === "whole" || all.length === 0) {
      this.engine.receive(stream, all, fin, this.now);
      this.pump();
      all.fill(0xee); // the driver may use its buffer again
      return this;
    }
    for (let at = 0; at < all.length;) {
      const size = this.#cut === "bytes" ? 1 : 1 + this.#random.below(all.length - at);
      const isLast = fin && at + size >= all.length && this.#cut !== "bytes" && this.#random.below(2) === 0;
      // A slice of its own, so that nothing may be read once the call is over.
      const chunk = all.slice(at, at + size);
      this.engine.receive(stream, chunk, isLast, this.now);
      this.pump();
      chunk.fill(0xee);
      at += size;
      if (isLast) return this;
    }
    if (fin) {
      this.engine.receive(stream, new Uint8Array(0), true, this.now);
      this.pump();
    }
    return this;
  }

  /** Resets a stream that the peer writes. */
  reset(stream: number, code: H3ErrorName | undefined = "H3_REQUEST_CANCELLED"): this {
    this.engine.receiveReset(stream, code === undefined ? undefined : H3ErrorCode[code], this.now);
    return this.pump();
  }

  /** Stops a stream that the engine writes. */
  stop(stream: number, code: H3ErrorName | undefined = "H3_REQUEST_CANCELLED"): this {
    this.engine.receiveStop(stream, code === undefined ? undefined : H3ErrorCode[code], this.now);
    return this.pump();
  }

  /** Lets time pass, one deadline after the other. */
  wait(ms: number): this {
    const until = this.now + ms;
    for (;;) {
      const due = this.engine.nextDeadline();
      if (due > until) break;
      this.now = Math.max(this.now, due);
      this.engine.tick(this.now);
      this.pump();
    }
    this.now = until;
    this.engine.tick(this.now);
    return this.pump();
  }

  /** Takes what the engine has to say. */
  pump(): this {
    for (let round = 0; round < 1000; round++) {
      const events = this.engine.take();
      for (const event of events) {
        this.events.push(
          event.type === "body" || event.type === "datagram" ? { ...event, data: event.data.slice() } : event,
        );
      }
      const commands = this.engine.outbox();
      if (events.length === 0 && commands.length === 0) return this;
      for (const command of commands) this.#act(command);
    }
    throw new Error("the engine does not come to rest");
  }

  #act(command: Command): void {
    this.commands.push(command.type === "write" ? { ...command, data: command.data.slice() } : command);
    assert(this.closed === undefined, `a ${command.type} after the close`);
    switch (command.type) {
      case "openRequest":
        if (this.isOpening) this.engine.opened(command.stream);
        return;
      case "write": {
        const { stream, data } = command;
        assert(
          !this.fins.has(stream) && !this.resets.has(stream),
          `a write after the end of stream ${stream}`,
        );
        const wrote = this.wrote.get(stream) ?? [];
        for (let i = 0; i < data.length; i++) wrote.push(data[i]!);
        this.wrote.set(stream, wrote);
        if (command.fin) this.fins.add(stream);
        if (this.isReading) this.engine.written(stream, data);
        else this.unread.push({ stream, data });
        return;
      }
      case "finish":
        assert(!this.fins.has(command.stream), `a second end of stream ${command.stream}`);
        this.fins.add(command.stream);
        return;
      case "reset":
        this.resets.set(command.stream, command.code);
        return;
      case "stop":
        this.stops.set(command.stream, command.code);
        return;
      case "close":
        this.closed = { code: command.code, reason: command.reason };
        return;
    }
  }

  /** Reads what is held back, and nothing that follows it. */
  readHeld(): this {
    for (const { stream, data } of this.unread.splice(0)) this.engine.written(stream, data);
    return this.pump();
  }

  /** Reads all that was held back. */
  readAll(): this {
    while (this.unread.length > 0) {
      const { stream, data } = this.unread.shift()!;
      this.engine.written(stream, data);
      this.pump();
    }
    return this;
  }

  /** The frames that the engine wrote on a stream; on the control stream after its type. */
  frames(stream: number): SeenFrame[] {
    const bytes = Uint8Array.from(this.wrote.get(stream) ?? []);
    const found: SeenFrame[] = [];
    for (let at = stream < 0 ? 1 : 0; at < bytes.length;) {
      const type = readVarint(bytes, at);
      at += varintLength(bytes[at]!);
      const length = readVarint(bytes, at);
      at += varintLength(bytes[at]!);
      assert(at + length <= bytes.length, "a frame is not whole");
      found.push({ type, payload: bytes.slice(at, at + length) });
      at += length;
    }
    return found;
  }

  /** The sections that the engine wrote on a stream, if they use the static table only. */
  sections(stream: number): string[][] {
    const decoder = new QpackDecoder();
    const found: string[][] = [];
    for (const { type, payload } of this.frames(stream)) {
      if (type !== 1) continue;
      const decoded = decoder.decode(stream, payload);
      assert(decoded !== "blocked");
      found.push([...decoded.flat]);
    }
    return found;
  }

  /** The content that the engine wrote on a stream. */
  content(stream: number): Uint8Array {
    return join(...this.frames(stream).filter(({ type }) => type === 0).map(({ payload }) => payload));
  }

  /** Events of a type. */
  of<T extends EngineEvent["type"]>(type: T): Extract<EngineEvent, { type: T }>[] {
    return this.events.filter((event) => event.type === type) as Extract<EngineEvent, { type: T }>[];
  }

  /** Checks that the connection was closed with a code. */
  expectClose(code: H3ErrorName): void {
    const seen = this.closed === undefined ? undefined : nameOf(this.closed.code);
    assert.equal(seen, code, `closed with ${seen} (${this.closed?.reason}), not ${code}`);
    assert(this.engine.isClosed);
    assert.equal(this.of("closed").length, 1);
  }

  /** Checks that a stream was given up with a code, both ways, and that the connection lives. */
  expectStreamError(stream: number, code: H3ErrorName, options: { readonly stops?: boolean } = {}): void {
    assert.equal(this.closed, undefined, `closed: ${this.closed?.reason}`);
    assert.equal(nameOf(this.resets.get(stream)), code);
    if (options.stops !== false) assert.equal(nameOf(this.stops.get(stream)), code);
  }

  /** Checks that nothing went wrong so far. */
  expectAlive(): this {
    assert.equal(this.closed, undefined, `closed: ${this.closed?.reason}`);
    assert(!this.engine.isClosed);
    return this;
  }
}

/** The name of a code. */
export function nameOf(code: number | undefined): string | undefined {
  if (code === undefined) return undefined;
  return Object.entries(H3ErrorCode).find(([, value]) => value === code)?.[0] ?? code.toString(16);
}

/** A server engine behind a finished handshake. */
export function h3Server(options: Partial<H3Options> = {}, cut: Cut = "whole"): H3Peer {
  return new H3Peer({ ...options, role: "server" }, cut).handshake();
}

/** A client engine behind a finished handshake. */
export function h3Client(options: Partial<H3Options> = {}, cut: Cut = "whole"): H3Peer {
  return new H3Peer({ ...options, role: "client" }, cut).handshake();
}

/** The cuts that every test of arriving bytes runs with. */
export const CUTS: readonly Cut[] = ["whole", "bytes", 7, 1234];

/** Registers a test that runs with every cut. */
export function cutTest(name: string, test: (cut: Cut) => void): void {
  Deno.test(name, () => {
    for (const cut of CUTS) {
      try {
        test(cut);
      } catch (error) {
        if (error instanceof Error) error.message += ` (cut: ${cut})`;
        throw error;
      }
    }
  });
}
