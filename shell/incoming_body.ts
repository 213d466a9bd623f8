import type { ExchangeId } from "../semantics/events.ts";
import type { Fields } from "../semantics/fields.ts";
import { joinBytes, lengthOf } from "../wire/join_bytes.ts";
import type { ChunkResult, ChunkSink, ChunkSource, ChunkVisitor } from "./body_input.ts";
import { Collector } from "./collector.ts";
import { Deferred, FULFILLED, ignore, rejected } from "./deferred.ts";
import type { ExchangeHost } from "./host.ts";
import { ReceivedStream } from "./received_stream.ts";

/** Somebody who is shown each piece in the memory that it arrived in. */
interface Visitor {
  readonly as: "visitor";
  readonly visit: ChunkVisitor;
  readonly result: Deferred<void>;
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

/** Who takes the body, and in what form. */
type Taker =
  /** Nobody yet: what arrives is kept, and the peer's window is not refilled. */
  | { readonly as: "nobody" }
  /** A stream; `wanted` while a read waits for bytes. */
  | { readonly as: "stream"; readonly controller: Controller; wanted: boolean; isRead: boolean }
  /** A message that sends it on, in place of that stream; `sink` while it waits for bytes. */
  | { readonly as: "passed"; sink: ChunkSink | undefined }
  /** One array of everything. */
  | {
    readonly as: "whole";
    readonly collector: Collector;
    readonly result: Deferred<Uint8Array<ArrayBuffer>>;
    left: number;
  }
  | Visitor
  /** Nobody ever: what arrives is dropped. */
  | { readonly as: "dropped"; readonly result: Deferred<void> | undefined };

/** How far the peer's half of the message is. */
type Arrival =
  /** More may come. */
  | { readonly at: "open" }
  /** All is here. */
  | { readonly at: "ended"; readonly trailers: Fields | undefined }
  /** It was cut off. */
  | { readonly at: "failed"; readonly error: Error };

const NOBODY: Taker = { as: "nobody" };
const OPEN: Arrival = { at: "open" };
const ENDED: Arrival = { at: "ended", trailers: undefined };
const DONE: ChunkResult = { done: true };

/** Called when the application wants no more of a body that has not ended. */
export type CancelHook = (reason: unknown) => void;

/**
 * The body (and trailer section) of a message that this end receives.
 *
 * Bytes are copied once, into a queue or into the one array that was asked for; what arrives
 * in one turn of the connection becomes one chunk, since an array costs more than what is in
 * it. The peer may send as many again only when the application has taken them.
 */
export class IncomingBody {
  readonly #host: ExchangeHost;
  readonly #id: ExchangeId;
  /** The content length, or -1. */
  readonly #declared: number;
  readonly #onCancel: CancelHook;
  /** What arrived in this turn and is not copied yet. */
  #arrived: Uint8Array[] = [];
  #queue: Uint8Array<ArrayBuffer>[] = [];
  #taker: Taker = NOBODY;
  #arrival: Arrival = OPEN;
  #readable: ReadableStream<Uint8Array> | undefined;
  #trailers: Deferred<Fields | undefined> | undefined;

  /** A body whose bytes are still to come. `declared` is the content length, or -1. */
  constructor(host: ExchangeHost, id: ExchangeId, declared: number, onCancel: CancelHook) {
    this.#host = host;
    this.#id = id;
    this.#declared = declared;
    this.#onCancel = onCancel;
  }

  /** Whether the application asked for it already. */
  get isUsed(): boolean {
    return this.#taker.as !== "nobody";
  }

  /** Whether the peer's half is complete or cut off. */
  get isSettled(): boolean {
    return this.#arrival.at !== "open";
  }

  /** Whether the peer's half is complete. */
  get isEnded(): boolean {
    return this.#arrival.at === "ended";
  }

  /** Bytes that arrived and that nobody has taken. */
  get queuedBytes(): number {
    return lengthOf(this.#queue) + lengthOf(this.#arrived);
  }

  /** Bytes of the body arrived; `data` is only valid until `settle`, which the host calls at the end of its turn. */
  receive(data: Uint8Array, end: boolean): void {
    if (this.#arrival.at !== "open") return;
    if (data.length > 0) this.#receiveData(data);
    if (end) this.receiveEnd(undefined);
  }

  #receiveData(data: Uint8Array): void {
    const taker = this.#taker;
    if (taker.as === "nobody" || taker.as === "stream" || taker.as === "passed") {
      if (this.#arrived.push(data) === 1) this.#host.arrived(this);
      return;
    }
    if (taker.as === "whole") {
      taker.left -= data.length;
      if (taker.left >= 0) taker.collector.add(data);
    }
    this.#consume(data.length);
    if (taker.as === "visitor") this.#show(data, taker);
    if (taker.as === "whole" && taker.left < 0) {
      const error = sizeError(taker.collector.length + taker.left + data.length);
      taker.result.reject(error);
      this.cancel(error);
    }
  }

  /** Shows a piece to the visitor, whose failure ends the body. */
  #show(data: Uint8Array, { visit, result }: Visitor): void {
    try {
      const given: unknown = visit(data);
      if (!(given instanceof Promise)) return;
      given.catch(ignore);
      throw new TypeError("Cannot wait for a visitor of chunks: a chunk is only valid until it returns");
    } catch (error) {
      result.reject(error);
      this.cancel(error);
    }
  }

  /** Takes a copy of what arrived in this turn, or passes it on; part of the end of a turn. */
  settle(): void {
    if (this.#arrived.length === 0) return;
    const pieces = this.#arrived;
    this.#arrived = [];
    const sink = this.#takeSink();
    if (sink !== undefined) {
      this.#consume(lengthOf(pieces));
      sink.onPieces(pieces);
      return;
    }
    const chunk = joinBytes(pieces);
    const taker = this.#taker;
    if (taker.as !== "stream" || !taker.wanted) {
      this.#queue.push(chunk);
      return;
    }
    taker.wanted = false;
    taker.controller.enqueue(chunk);
    this.#consume(chunk.length);
    if (this.isEnded) taker.controller.close();
  }

  /** The message is complete. */
  receiveEnd(trailers: Fields | undefined): void {
    if (this.#arrival.at !== "open") return;
    this.#arrival = trailers === undefined ? ENDED : { at: "ended", trailers };
    this.#trailers?.resolve(trailers);
    const taker = this.#taker;
    if (taker.as === "whole") taker.result.resolve(taker.collector.take());
    else if (taker.as === "dropped" || taker.as === "visitor") taker.result?.resolve();
    else if (taker.as === "stream" && this.queuedBytes === 0) taker.controller.close();
    else if (taker.as === "passed" && this.queuedBytes === 0) this.#takeSink()?.onChunk(DONE);
  }

  /** The message was cut off; what nobody has taken is dropped. */
  fail(error: Error): void {
    if (this.#arrival.at !== "open") return;
    this.settle();
    this.#arrival = { at: "failed", error };
    this.#queue = [];
    this.#trailers?.reject(error);
    const taker = this.#taker;
    if (taker.as === "stream") taker.controller.error(error);
    else if (taker.as === "passed") this.#passLater(this.#takeSink());
    else if (taker.as !== "nobody") taker.result?.reject(error);
  }

  /** The trailer section, or `undefined` where there is none. */
  get trailers(): Promise<Fields | undefined> {
    if (this.#trailers !== undefined) return this.#trailers.promise;
    this.#trailers = new Deferred();
    const arrival = this.#arrival;
    if (arrival.at === "ended") this.#trailers.resolve(arrival.trailers);
    else if (arrival.at === "failed") this.#trailers.reject(arrival.error);
    return this.#trailers.promise;
  }

  /** The body as a stream; always the same one. */
  get readable(): ReadableStream<Uint8Array> {
    if (this.#readable !== undefined) return this.#readable;
    const isTaken = this.isUsed;
    this.#readable = new ReceivedStream({
      start: (controller): void => {
        if (isTaken) controller.error(usedError());
        else this.#start(controller);
      },
      pull: (): void => this.#pull(),
      cancel: (reason): void => this.cancel(reason),
      passOn: (): ChunkSource | undefined => this.#passOn(),
    });
    return this.#readable;
  }

  #start(controller: Controller): void {
    this.settle();
    this.#taker = { as: "stream", controller, wanted: false, isRead: false };
    const arrival = this.#arrival;
    if (arrival.at === "failed") controller.error(arrival.error);
    else if (arrival.at === "ended" && this.#queue.length === 0) controller.close();
  }

  #pull(): void {
    const taker = this.#taker;
    if (taker.as !== "stream") return;
    taker.isRead = true;
    this.settle();
    const chunk = this.#queue.shift();
    if (chunk === undefined) {
      taker.wanted = true;
      return;
    }
    taker.controller.enqueue(chunk);
    this.#consume(chunk.length);
    if (this.#queue.length === 0 && this.isEnded) taker.controller.close();
  }

  /** Takes the place of its stream, which somebody sends on. */
  #passOn(): ChunkSource | undefined {
    const taker = this.#taker;
    if (taker.as !== "stream" || taker.isRead || this.isSettled) return undefined;
    this.readable.getReader();
    this.#taker = { as: "passed", sink: undefined };
    return {
      pull: (sink): void => this.#pass(sink),
      cancel: (reason): void => {
        if (this.#taker.as === "passed") this.cancel(reason);
      },
    };
  }

  /** Gives the next pieces to who sends them on: what waits already, or what arrives. */
  #pass(sink: ChunkSink): void {
    this.settle();
    const taker = this.#taker;
    if (taker.as === "passed" && this.#queue.length === 0 && !this.isSettled) taker.sink = sink;
    else this.#passLater(sink);
  }

  /** Tells who sends it on, in a moment, what there is: a piece, the end or the failure. */
  #passLater(sink: ChunkSink | undefined): void {
    if (sink === undefined) return;
    queueMicrotask(() => {
      if (this.#arrival.at === "failed") return sink.onFailure(this.#arrival.error);
      const value = this.#queue.shift();
      if (value === undefined) return sink.onChunk(DONE);
      this.#consume(value.length);
      sink.onChunk({ done: false, value });
    });
  }

  /** Who sends it on, if that waits for bytes: it is owed one call. */
  #takeSink(): ChunkSink | undefined {
    const taker = this.#taker;
    if (taker.as !== "passed") return undefined;
    const { sink } = taker;
    taker.sink = undefined;
    return sink;
  }

  /** Takes the whole body into one array; gives up one of more than `maxBytes`. */
  bytes(maxBytes: number = Infinity): Promise<Uint8Array<ArrayBuffer>> {
    if (this.isUsed) return rejected(usedError());
    const arrival = this.#arrival;
    if (arrival.at === "failed") return rejected(arrival.error);
    if (this.#declared > maxBytes || this.queuedBytes > maxBytes) {
      const error = sizeError(maxBytes);
      this.cancel(error);
      return rejected(error);
    }
    if (arrival.at === "ended") return Promise.resolve(this.takeQueued());
    const collector = new Collector(this.#declared);
    for (const chunk of this.#takeQueue()) collector.add(chunk);
    const result = new Deferred<Uint8Array<ArrayBuffer>>();
    this.#taker = { as: "whole", collector, result, left: maxBytes - collector.length };
    return result.promise;
  }

  /** Shows every piece to `visit` as it arrives; resolves at the end. */
  forEachChunk(visit: ChunkVisitor): Promise<void> {
    if (this.isUsed) return rejected(usedError());
    if (this.#arrival.at === "failed") return rejected(this.#arrival.error);
    const queue = this.#takeQueue();
    const visitor: Visitor = { as: "visitor", visit, result: new Deferred() };
    this.#taker = visitor;
    for (const chunk of queue) {
      if (this.#taker !== visitor || (this.isSettled && !this.isEnded)) break; // it ended the body itself
      this.#show(chunk, visitor);
    }
    if (this.isEnded) visitor.result.resolve();
    return visitor.result.promise;
  }

  /** Takes what has arrived of a body that has ended, at once. */
  takeQueued(): Uint8Array<ArrayBuffer> {
    const queue = this.#takeQueue();
    this.#taker = { as: "dropped", result: undefined };
    return queue.length === 1 ? queue[0]! : joinBytes(queue);
  }

  /**
   * The same for somebody who copies it at once: it may be a view that is only valid in this turn.
   */
  borrowQueued(): Uint8Array<ArrayBuffer> {
    if (this.#queue.length > 0 || this.#arrived.length !== 1) return this.takeQueued();
    const view = this.#arrived.pop() as Uint8Array<ArrayBuffer>;
    this.#taker = { as: "dropped", result: undefined };
    this.#consume(view.length);
    return view;
  }

  /** Takes the body and drops it; resolves at its end. */
  discard(): Promise<void> {
    if (this.isUsed) return rejected(usedError());
    const arrival = this.#arrival;
    this.#takeQueue();
    const result = new Deferred<void>();
    this.#taker = { as: "dropped", result };
    if (arrival.at === "ended") return FULFILLED;
    if (arrival.at === "failed") return rejected(arrival.error);
    return result.promise;
  }

  /** Says that nobody wants the rest. */
  cancel(reason: unknown): void {
    const sink = this.#takeSink();
    this.#taker = { as: "dropped", result: undefined };
    this.#takeQueue();
    this.#passLater(sink);
    if (this.#arrival.at === "open") this.#onCancel(reason);
  }

  #takeQueue(): Uint8Array<ArrayBuffer>[] {
    this.settle();
    const queue = this.#queue;
    this.#queue = [];
    this.#consume(lengthOf(queue));
    return queue;
  }

  #consume(bytes: number): void {
    if (bytes === 0) return;
    this.#host.engine.consume(this.#id, bytes);
    this.#host.wake();
  }
}

function usedError(): TypeError {
  return new TypeError("Cannot take the body: it was taken already");
}

function sizeError(maxBytes: number): RangeError {
  return new RangeError(`Cannot take the body: it has more than ${maxBytes} bytes`);
}

/** The content length that a head declares, or -1. */
export function declaredLength(fields: Fields): number {
  const value = fields.get("content-length");
  if (value === undefined) return -1;
  const length = Number(value);
  return Number.isSafeInteger(length) ? length : -1;
}
