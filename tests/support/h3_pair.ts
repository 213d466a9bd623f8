/**
 * Two HTTP/3 engines and the QUIC connection between them, in virtual time: streams are
 * reordered against each other and cut by chance, resets overtake data, writes are
 * reported late. A seed repeats a run.
 */
import assert from "node:assert/strict";
import { type Command, H3Connection, type H3Options } from "../../h3/engine.ts";
import type { EngineEvent } from "../../semantics/events.ts";
import { Random } from "./random.ts";

/** One direction of one stream on its way. */
interface Lane {
  readonly chunks: Uint8Array[];
  /** How much of the first chunk was delivered. */
  offset: number;
  fin: boolean;
  reset: number | undefined;
  isOver: boolean;
  /** Write commands that the sender still owns, with how many bytes are to be delivered before it gets them back. */
  readonly owned: { readonly data: Uint8Array; left: number }[];
}

/** One end of the pair. */
export interface PairEnd {
  /** Its name. */
  readonly name: "client" | "server";
  /** Its engine. */
  readonly engine: H3Connection;
  /** What it sends, by stream id. */
  readonly lanes: Map<number, Lane>;
  /** Ids of its unidirectional streams by token. */
  readonly tokens: Map<number, number>;
  /** Tokens by id. */
  readonly tokenOf: Map<number, number>;
  /** Stops on their way to the other end, by stream. */
  readonly stops: Map<number, number>;
  /** Datagrams on their way. */
  readonly datagrams: Uint8Array[];
  /** Its close on its way. */
  close: { readonly code: number; readonly reason: string } | undefined;
  /** Resets that were sent, by stream. */
  readonly resets: Map<number, number>;
  nextUni: number;
}

/** Options of a pair. */
export interface PairOptions {
  /** The chance of everything. */
  readonly seed: number;
  /** Options of the client. */
  readonly client?: Partial<H3Options>;
  /** Options of the server. */
  readonly server?: Partial<H3Options>;
  /** Told every event as it is taken; data must be copied. */
  readonly onEvent: (end: PairEnd, event: EngineEvent) => void;
}

/** Two engines and what is on its way between them. */
export class H3Pair {
  /** The client's end. */
  readonly client: PairEnd;
  /** The server's end. */
  readonly server: PairEnd;
  /** Virtual time. */
  now = 0;
  readonly #random: Random;
  readonly #onEvent: PairOptions["onEvent"];

  /** Makes a pair. */
  constructor(options: PairOptions) {
    this.#random = new Random(options.seed);
    this.#onEvent = options.onEvent;
    this.client = makeEnd("client", { ...options.client, role: "client", now: 0 });
    this.server = makeEnd("server", { ...options.server, role: "server", now: 0 });
    this.pump();
  }

  /** The other end. */
  other(end: PairEnd): PairEnd {
    return end === this.client ? this.server : this.client;
  }

  /** Takes the events and commands of both ends. */
  pump(): void {
    for (let round = 0;; round++) {
      assert(round < 10_000, "the engines do not come to rest");
      if (!this.#pumpEnd(this.client) && !this.#pumpEnd(this.server)) return;
    }
  }

  #pumpEnd(end: PairEnd): boolean {
    const events = end.engine.take();
    for (const event of events) this.#onEvent(end, event);
    const commands = end.engine.outbox();
    for (const command of commands) this.#act(end, command);
    return events.length > 0 || commands.length > 0;
  }

  #lane(end: PairEnd, stream: number): Lane {
    const id = stream < 0 ? end.tokens.get(stream)! : stream;
    let lane = end.lanes.get(id);
    if (lane === undefined) {
      lane = { chunks: [], offset: 0, fin: false, reset: undefined, isOver: false, owned: [] };
      end.lanes.set(id, lane);
    }
    return lane;
  }

  #act(end: PairEnd, command: Command): void {
    switch (command.type) {
      case "openUni":
        end.tokens.set(command.token, end.nextUni);
        end.tokenOf.set(end.nextUni, command.token);
        end.nextUni += 4;
        return;
      case "openRequest":
        end.engine.opened(command.stream);
        return;
      case "write": {
        const lane = this.#lane(end, command.stream);
        assert(!lane.fin, `${end.name} writes after the end of ${command.stream}`);
        if (lane.isOver || lane.reset !== undefined || end.close !== undefined) {
          end.engine.written(command.stream, command.data);
          return;
        }
        // The bytes are read only when they are delivered: a buffer used again too early shows.
        lane.chunks.push(command.data);
        lane.owned.push({ data: command.data, left: command.data.length });
        lane.fin = command.fin;
        return;
      }
      case "finish":
        this.#lane(end, command.stream).fin = true;
        return;
      case "reset": {
        const lane = this.#lane(end, command.stream);
        lane.reset = command.code;
        end.resets.set(command.stream, command.code);
        return;
      }
      case "stop":
        end.stops.set(command.stream, command.code);
        return;
      case "datagram":
        end.datagrams.push(command.data);
        return;
      case "close":
        end.close = { code: command.code, reason: command.reason };
        return;
    }
  }

  /** Delivers one thing that is on its way. Answers whether there was any. */
  step(): boolean {
    const moves: (() => void)[] = [];
    for (const end of [this.client, this.server]) this.#collect(end, moves);
    if (moves.length === 0) return false;
    moves[this.#random.below(moves.length)]!();
    this.pump();
    return true;
  }

  #collect(end: PairEnd, moves: (() => void)[]): void {
    const peer = this.other(end);
    if (end.close !== undefined) {
      // What is on its way may be lost with the close, or not.
      const { code, reason } = end.close;
      if (!peer.engine.isClosed) {
        moves.push(() => peer.engine.receiveClose(code, reason, "remote", this.now));
      }
    }
    if (peer.engine.isClosed) return;
    for (const [id, lane] of end.lanes) {
      if (lane.isOver) continue;
      if (lane.reset !== undefined) {
        moves.push(() => this.#reset(end, id, lane));
      } else if ((lane.chunks.length > 0 || lane.fin) && (id % 4 >= 2 || peer.engine.wantsData(id))) {
        moves.push(() => this.#deliver(end, id, lane));
      }
    }
    for (const [id, code] of end.stops) {
      moves.push(() => {
        end.stops.delete(id);
        peer.engine.receiveStop(peer.tokenOf.get(id) ?? id, code, this.now);
      });
    }
    if (end.datagrams.length > 0) {
      moves.push(() => {
        const data = end.datagrams.shift()!;
        if (this.#random.chance(0.8)) peer.engine.receiveDatagram(data, this.now);
      });
    }
  }

  #reset(end: PairEnd, id: number, lane: Lane): void {
    lane.isOver = true;
    for (const { data } of lane.owned) end.engine.written(id, data);
    lane.owned.length = lane.chunks.length = 0;
    this.other(end).engine.receiveReset(id, lane.reset, this.now);
  }

  #deliver(end: PairEnd, id: number, lane: Lane): void {
    const peer = this.other(end).engine;
    const first = lane.chunks[0];
    if (first === undefined) {
      lane.isOver = true;
      peer.receive(id, new Uint8Array(0), true, this.now);
      return;
    }
    const whole = first.length - lane.offset;
    const size = this.#random.chance(0.5) ? whole : 1 + this.#random.below(whole);
    const chunk = first.slice(lane.offset, lane.offset + size);
    lane.offset += size;
    if (lane.offset === first.length) {
      lane.chunks.shift();
      lane.offset = 0;
    }
    const fin = lane.chunks.length === 0 && lane.fin && this.#random.chance(0.7);
    if (fin) lane.isOver = true;
    peer.receive(id, chunk, fin, this.now);
    for (const event of peer.take()) this.#onEvent(this.other(end), event);
    chunk.fill(0xee);
    const token = end.tokenOf.get(id) ?? id;
    const owner = lane.owned[0]!;
    owner.left -= size;
    if (owner.left > 0) return;
    lane.owned.shift();
    end.engine.written(token, owner.data);
  }

  /** Lets time pass to the next deadline, at most by `ms`. */
  advance(ms: number): void {
    const due = Math.min(this.client.engine.nextDeadline(), this.server.engine.nextDeadline());
    this.now = Math.min(this.now + ms, Math.max(due, this.now));
    this.client.engine.tick(this.now);
    this.server.engine.tick(this.now);
    this.pump();
  }

  /** Delivers until nothing is on its way; answers how many things that were. */
  settle(): number {
    let steps = 0;
    this.pump();
    for (; this.step(); steps++) assert(steps < 1_000_000, "the pair does not come to rest");
    return steps;
  }
}

function makeEnd(name: "client" | "server", options: H3Options): PairEnd {
  return {
    name,
    engine: new H3Connection(options),
    lanes: new Map(),
    tokens: new Map(),
    tokenOf: new Map(),
    stops: new Map(),
    datagrams: [],
    close: undefined,
    resets: new Map(),
    nextUni: name === "client" ? 2 : 3,
  };
}
