import { TransportError } from "../semantics/errors.ts";
import type { Clock } from "../shell/clock.ts";
import { ArrivedBytes, type Chunking } from "./memory_chunks.ts";
import { MemoryDatagrams } from "./memory_datagrams.ts";
import { MemoryLink } from "./memory_link.ts";
import { Mailbox } from "./memory_mailbox.ts";
import { MemoryReceive, MemorySend, type StreamWire } from "./memory_stream.ts";
import type {
  QuicBidiStream,
  QuicCapabilities,
  QuicCloseInfo,
  QuicReceiveStream,
  QuicSendStream,
  QuicTransport,
  TransportInfo,
} from "./mod.ts";
import { type Random, seededRandom } from "./random.ts";

/** What one end of a QUIC pair in memory grants to the other. */
export interface MemoryQuicEndOptions {
  /** How many bidirectional streams the peer may have open. @default {100} */
  readonly maxBidiStreams?: number;
  /** How many unidirectional streams the peer may have open. @default {100} */
  readonly maxUniStreams?: number;
}

/** How a QUIC pair in memory behaves. */
export interface MemoryQuicPairOptions {
  /** Where chance starts from. @default {1} */
  readonly seed?: number;
  /** How reads are cut. @default {"whole"} */
  readonly chunk?: Chunking;
  /** How long everything is under way, in milliseconds. @default {0} */
  readonly latencyMs?: number;
  /** Where time comes from; only asked when there is latency. @default {systemClock} */
  readonly clock?: Clock;
  /** Whether streams overtake each other. Within a stream the order is kept. @default {false} */
  readonly reorder?: boolean;
  /** A handle to cut, heal and break the link. @default {new MemoryLink()} */
  readonly link?: MemoryLink;
  /** Whether the streams have direct calls, or the Web Streams alone. @default {true} */
  readonly direct?: boolean;
  /**
   * What the pair can signal; what is left out is `true`. Without `exactStreamErrors` it does
   * as Deno does: a reset is a clean FIN, a stop has code 0.
   */
  readonly capabilities?: Partial<QuicCapabilities>;
  /** How much of one stream may be unread before writes wait, in bytes. @default {1048576} */
  readonly windowBytes?: number;
  /** The largest datagram, in bytes. @default {1200} */
  readonly maxDatagramBytes?: number;
  /** The share of datagrams that get lost, 0 to 1. @default {0} */
  readonly datagramLoss?: number;
  /** Whether a close throws away what its receiver has not read yet, as real QUIC may. @default {false} */
  readonly discardUnreadAtClose?: boolean;
  /** Both ends say `isEarly` until this settles. */
  readonly earlyUntil?: Promise<unknown>;
  /** The application protocol that both ends report. */
  readonly alpn?: string;
  /** What the first end grants. */
  readonly client?: MemoryQuicEndOptions;
  /** What the second end grants. */
  readonly server?: MemoryQuicEndOptions;
}

/**
 * Makes two QUIC transports that are each other's peer, with exact codes.
 *
 * Streams appear at the peer in the order of their ids, once something was sent on them or
 * on a later one.
 *
 * @example Usage
 * ```ts
 * import { memoryQuicPair } from "@tandem/http/transport/memory";
 * import assert from "node:assert/strict";
 *
 * const [client, server] = memoryQuicPair();
 * const { send } = await client.openBidi();
 * await send.write!(new Uint8Array([1, 2, 3]));
 * const { value } = await server.incomingBidi.getReader().read();
 * assert.equal(value!.id, 0);
 * client.close(0x100, "");
 * assert.deepEqual(await server.closed, { by: "remote", code: 0x100, reason: "" });
 * ```
 */
export function memoryQuicPair(options: MemoryQuicPairOptions = {}): [QuicTransport, QuicTransport] {
  const link = options.link ?? new MemoryLink();
  const random = seededRandom(options.seed ?? 1);
  const client = new MemoryQuic(0, options, link, random);
  const server = new MemoryQuic(1, options, link, random);
  client.join(server, options.server ?? {});
  server.join(client, options.client ?? {});
  return [client, server];
}

/** One kind of stream that this end opens: 0 bidirectional, 2 unidirectional (RFC 9000 section 2.1). */
interface Opener {
  next: number;
  credit: number;
  readonly waiting: { readonly resolve: () => void; readonly reject: (reason: unknown) => void }[];
}

/** Both halves of a stream, as one end has them. */
interface Halves {
  readonly send: MemorySend | undefined;
  readonly receive: MemoryReceive | undefined;
  open: number;
}

const UNI = 2;

/** One end. */
class MemoryQuic implements QuicTransport {
  readonly info: TransportInfo;
  readonly capabilities: QuicCapabilities;
  readonly incomingBidi: ReadableStream<QuicBidiStream>;
  readonly incomingUni: ReadableStream<QuicReceiveStream>;
  readonly datagrams?: MemoryDatagrams;
  readonly closed: Promise<QuicCloseInfo>;
  readonly earlyData?: Promise<"accepted" | "rejected">;
  readonly #side: 0 | 1;
  readonly #options: MemoryQuicPairOptions;
  readonly #random: Random;
  readonly #out: Mailbox;
  readonly #unwatch: () => void;
  readonly #streams = new Map<number, Halves>();
  readonly #openers: readonly [Opener, Opener] = [opener(), opener()];
  /** The next id of each kind that the peer opens. */
  readonly #expected: [number, number];
  #resolveClosed!: (info: QuicCloseInfo) => void;
  #bidi!: ReadableStreamDefaultController<QuicBidiStream>;
  #uni!: ReadableStreamDefaultController<QuicReceiveStream>;
  #peer!: MemoryQuic;
  #closeError: TransportError | undefined;
  #isEarly: boolean;

  constructor(side: 0 | 1, options: MemoryQuicPairOptions, link: MemoryLink, random: Random) {
    this.#side = side;
    this.#options = options;
    this.#random = random;
    this.#expected = [1 - side, UNI + 1 - side];
    this.#openers[0].next = side;
    this.#openers[1].next = UNI + side;
    this.info = {
      kind: "memory",
      local: { hostname: "memory", port: side },
      remote: { hostname: "memory", port: 1 - side },
      ...(options.alpn === undefined ? {} : { alpn: options.alpn }),
    };
    this.capabilities = {
      exactStreamErrors: true,
      reportsPeerCodes: true,
      priority: true,
      datagrams: true,
      ...options.capabilities,
    };
    const { latencyMs = 0, clock, reorder = false } = options;
    this.#out = new Mailbox({ latencyMs, clock, link, reorder, random });
    this.#unwatch = link.watch(() => {}, () => {
      const error = new TransportError("lost", "Cannot go on: the connection is lost", {
        initiator: "remote",
      });
      this.#end({ by: "lost", reason: "the link broke" }, error);
    });
    this.incomingBidi = new ReadableStream({ start: (controller) => void (this.#bidi = controller) });
    this.incomingUni = new ReadableStream({ start: (controller) => void (this.#uni = controller) });
    this.closed = new Promise((resolve) => this.#resolveClosed = resolve);
    if (this.capabilities.datagrams) {
      this.datagrams = new MemoryDatagrams(options.maxDatagramBytes ?? 1200, (data) => {
        if (link.isCut || random() < (options.datagramLoss ?? 0)) return;
        this.#out.send(-2, () => this.#peer.datagrams?.receive(data));
      });
    }
    this.#isEarly = options.earlyUntil !== undefined;
    if (options.earlyUntil === undefined) return;
    const shaken = options.earlyUntil.then(() => this.#isEarly = false, () => this.#isEarly = false);
    this.earlyData = shaken.then(() => "accepted");
  }

  get isEarly(): boolean {
    return this.#isEarly;
  }

  /** Learns of the other end, and what it grants. */
  join(peer: MemoryQuic, granted: MemoryQuicEndOptions): void {
    this.#peer = peer;
    this.#openers[0].credit = granted.maxBidiStreams ?? 100;
    this.#openers[1].credit = granted.maxUniStreams ?? 100;
  }

  async openBidi(): Promise<QuicBidiStream> {
    const id = await this.#takeId(this.#openers[0]);
    const { send, receive } = this.#make(id);
    return { id, send: send!, receive: receive! };
  }

  async openUni(): Promise<QuicSendStream> {
    const id = await this.#takeId(this.#openers[1]);
    return this.#make(id).send!;
  }

  close(code: number, reason: string): void {
    if (this.#closeError !== undefined) return;
    this.#out.sendLast(() => this.#peer.#receiveClose(code, reason));
    const error = new TransportError("closed", "Cannot go on: this end has closed the connection", {
      initiator: "user",
      wireCode: code,
    });
    this.#end({ by: "local", code, reason }, error);
  }

  #receiveClose(code: number, reason: string): void {
    const message = `Cannot go on: the peer has closed the connection with code 0x${code.toString(16)}`;
    this.#out.close();
    this.#end(
      { by: "remote", code, reason },
      new TransportError("closed", message, { initiator: "remote", wireCode: code }),
    );
  }

  #end(info: QuicCloseInfo, error: TransportError): void {
    if (this.#closeError !== undefined) return;
    this.#closeError = error;
    this.#unwatch();
    const keep = info.by === "remote" && this.#options.discardUnreadAtClose !== true;
    for (const { send, receive } of this.#streams.values()) {
      send?.fail(error);
      receive?.fail(error, keep);
    }
    for (const { waiting } of this.#openers) {
      for (const { reject } of waiting.splice(0)) reject(error);
    }
    quietly(() => this.#bidi.close());
    quietly(() => this.#uni.close());
    this.datagrams?.end();
    if (this.#peer.#closeError !== undefined) {
      this.#out.close();
      this.#peer.#out.close();
    }
    this.#resolveClosed(info);
  }

  async #takeId(kind: Opener): Promise<number> {
    if (this.#closeError !== undefined) throw this.#closeError;
    if (kind.credit > 0) kind.credit--;
    else await new Promise<void>((resolve, reject) => kind.waiting.push({ resolve, reject }));
    if (this.#closeError !== undefined) throw this.#closeError;
    const id = kind.next;
    kind.next += 4;
    return id;
  }

  /** The peer has finished one of the streams that this end has opened. */
  #receiveStreamCredit(id: number): void {
    const kind = this.#openers[(id & UNI) === 0 ? 0 : 1];
    const first = kind.waiting.shift();
    if (first === undefined) kind.credit++;
    else first.resolve();
  }

  #make(id: number): Halves {
    const isOurs = (id & 1) === this.#side;
    const isUni = (id & UNI) !== 0;
    const direct = this.#options.direct ?? true;
    const peer = this.#peer;
    const wire: StreamWire = {
      send: (run) =>
        this.#out.send(id, () => {
          peer.#meet(id);
          if (peer.#streams.has(id)) run();
        }),
      isExact: this.capabilities.exactStreamErrors,
      reportsCodes: this.capabilities.reportsPeerCodes,
      windowBytes: this.#options.windowBytes ?? 1_048_576,
      onDone: () => this.#finishHalf(id),
    };
    const arrived = new ArrivedBytes(this.#options.chunk ?? "whole", this.#random);
    const send = isUni && !isOurs
      ? undefined
      : new MemorySend(id, wire, () => peer.#streams.get(id)!.receive!, direct);
    const receive = isUni && isOurs
      ? undefined
      : new MemoryReceive(id, wire, () => peer.#streams.get(id)!.send!, arrived, direct);
    const halves = { send, receive, open: (send === undefined ? 0 : 1) + (receive === undefined ? 0 : 1) };
    this.#streams.set(id, halves);
    return halves;
  }

  #finishHalf(id: number): void {
    const halves = this.#streams.get(id);
    if (halves === undefined || --halves.open > 0) return;
    if (this.#closeError === undefined) this.#streams.delete(id);
    // Only the end that did not open the stream gives credit for the next one.
    const peer = this.#peer;
    if ((id & 1) !== this.#side) this.#out.send(id, () => peer.#receiveStreamCredit(id));
  }

  /** Something has come on stream `id`: if the peer opened it, it and all before it are there now. */
  #meet(id: number): void {
    if ((id & 1) === this.#side || this.#closeError !== undefined) return;
    const kind = (id & UNI) === 0 ? 0 : 1;
    while (this.#expected[kind] <= id) {
      const next = this.#expected[kind];
      this.#expected[kind] += 4;
      const { send, receive } = this.#make(next);
      if (kind === 0) quietly(() => this.#bidi.enqueue({ id: next, send: send!, receive: receive! }));
      else quietly(() => this.#uni.enqueue(receive!));
    }
  }
}

/** For a controller whose reader may have left. */
function quietly(call: () => void): void {
  try {
    call();
  } catch {
    // Nobody listens any more.
  }
}

function opener(): Opener {
  return { next: 0, credit: 0, waiting: [] };
}
