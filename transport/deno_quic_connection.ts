import { TransportError } from "../semantics/errors.ts";
import { toCloseInfo, toTransportError } from "./deno_errors.ts";
import { DenoQuicDatagrams } from "./deno_quic_datagrams.ts";
import { DenoReceive, DenoSend, type Kept, type StreamOwner } from "./deno_quic_stream.ts";
import type {
  QuicBidiStream,
  QuicCapabilities,
  QuicCloseInfo,
  QuicReceiveStream,
  QuicSendStream,
  QuicTransport,
  TransportInfo,
} from "./mod.ts";

/** What is known of a connection when its transport is made. */
export interface DenoQuicSetup {
  /** What is known about it. */
  readonly info: TransportInfo;
  /** Whether the streams show their direct calls. */
  readonly direct: boolean;
  /** Whether the handshake is still running. */
  readonly isEarly: boolean;
  /** Whether this end may have early data on the way, which the server may turn down. */
  readonly sendsEarly: boolean;
  /** Whether the running Deno was found to send stream codes. */
  readonly exactStreamErrors: boolean;
  /** What must not be collected while the connection lives. */
  readonly keepAlive: object;
  /** Called once, when the connection is over. */
  readonly onClosed: () => void;
}

/** A `Deno.QuicConn` as a transport. */
export class DenoQuicTransport implements QuicTransport, StreamOwner {
  readonly info: TransportInfo;
  readonly capabilities: QuicCapabilities;
  readonly incomingBidi: ReadableStream<QuicBidiStream>;
  readonly incomingUni: ReadableStream<QuicReceiveStream>;
  readonly datagrams: DenoQuicDatagrams;
  readonly closed: Promise<QuicCloseInfo>;
  readonly earlyData?: Promise<"accepted" | "rejected">;
  readonly direct: boolean;
  /** Kept so that nothing it stands on is collected. */
  readonly keepAlive: object;
  readonly #conn: Deno.QuicConn;
  /** Halves of streams that are not over; a `Set` would leave chains of old tables behind. */
  readonly #live: Kept[] = [];
  #isEarly: boolean;
  #own: QuicCloseInfo | undefined;
  #lastEarlyUni = -1n;
  #lastEarlyBidi = -1n;
  #spareUni: Deno.QuicSendStream | undefined;
  #spareBidi: Deno.QuicBidirectionalStream | undefined;

  constructor(conn: Deno.QuicConn, setup: DenoQuicSetup) {
    this.#conn = conn;
    this.info = setup.info;
    this.direct = setup.direct;
    this.keepAlive = setup.keepAlive;
    this.capabilities = {
      exactStreamErrors: setup.exactStreamErrors,
      reportsPeerCodes: true,
      priority: true,
      datagrams: true,
    };
    this.closed = this.#watch(setup.onClosed);
    this.incomingBidi = pulled(conn.incomingBidirectionalStreams, (stream) => this.#duplex(stream));
    this.incomingUni = pulled(conn.incomingUnidirectionalStreams, (stream) => new DenoReceive(stream, this));
    this.datagrams = new DenoQuicDatagrams(conn);
    this.#isEarly = setup.isEarly;
    if (!setup.isEarly) return;
    const shaken = conn.handshake.then(() => this.#isEarly = false, () => this.#isEarly = false);
    this.earlyData = shaken.then(() => setup.sendsEarly ? this.#earlyVerdict() : "accepted");
  }

  get isEarly(): boolean {
    return this.#isEarly;
  }

  keep(half: Kept): void {
    half.place = this.#live.push(half) - 1;
  }

  release(half: Kept): void {
    if (half.place < 0) return;
    const last = this.#live.pop()!;
    if (last !== half) {
      this.#live[half.place] = last;
      last.place = half.place;
    }
    half.place = -1;
  }

  async openBidi(): Promise<QuicBidiStream> {
    try {
      const spare = this.#spareBidi;
      this.#spareBidi = undefined;
      const stream = spare ?? await this.#conn.createBidirectionalStream({ waitUntilAvailable: true });
      if (this.#isEarly) this.#lastEarlyBidi = stream.writable.id;
      return this.#duplex(stream);
    } catch (error) {
      throw this.#failure(error, "open a stream");
    }
  }

  async openUni(): Promise<QuicSendStream> {
    try {
      const spare = this.#spareUni;
      this.#spareUni = undefined;
      const stream = spare ?? await this.#conn.createUnidirectionalStream({ waitUntilAvailable: true });
      if (this.#isEarly) this.#lastEarlyUni = stream.id;
      return new DenoSend(stream, this);
    } catch (error) {
      throw this.#failure(error, "open a stream");
    }
  }

  close(code: number, reason: string): void {
    if (this.#own !== undefined) return;
    this.#own = { by: "local", code, reason };
    try {
      this.#conn.close({ closeCode: code, reason });
    } catch {
      // The code is none that QUIC can carry: the connection must end all the same.
      this.#conn.close({ closeCode: 0, reason: "" });
    }
  }

  async #watch(onClosed: () => void): Promise<QuicCloseInfo> {
    let info: QuicCloseInfo;
    try {
      const { closeCode, reason } = await this.#conn.closed;
      info = { by: "remote", code: closeCode, reason };
    } catch (error) {
      info = toCloseInfo(error);
    }
    for (const half of this.#live) half.place = -1;
    this.#live.length = 0;
    onClosed();
    // Deno tells the end that closed nothing but code 0: it must remember for itself.
    this.#own ??= info;
    return this.#own;
  }

  #duplex(stream: Deno.QuicBidirectionalStream): QuicBidiStream {
    const send = new DenoSend(stream.writable, this);
    const receive = new DenoReceive(stream.readable, this);
    return { id: send.id, send, receive };
  }

  #failure(error: unknown, what: string): TransportError {
    const own = this.#own;
    if (own === undefined || own.code === undefined) return toTransportError(error, what);
    const initiator = own.by === "local" ? "user" : "remote";
    const message = `Cannot ${what}: the connection is closed`;
    return new TransportError("closed", message, { initiator, wireCode: own.code, cause: error });
  }

  /**
   * Deno does not tell whether early data was taken. But when it was not, the ids of streams
   * begin again; so the next stream's id tells. It is kept for the next `open`.
   */
  async #earlyVerdict(): Promise<"accepted" | "rejected"> {
    try {
      if (this.#lastEarlyUni >= 0n) {
        this.#spareUni = await this.#conn.createUnidirectionalStream();
        return this.#spareUni.id > this.#lastEarlyUni ? "accepted" : "rejected";
      }
      if (this.#lastEarlyBidi >= 0n) {
        this.#spareBidi = await this.#conn.createBidirectionalStream();
        return this.#spareBidi.writable.id > this.#lastEarlyBidi ? "accepted" : "rejected";
      }
    } catch {
      // No credit for one more stream, so the early ones count: they were taken. Or the
      // connection is over, and then nothing was lost that is not lost anyway.
    }
    return "accepted";
  }
}

/** A stream of streams that asks for the next one only when somebody waits for it. */
function pulled<From, To>(source: ReadableStream<From>, wrap: (stream: From) => To): ReadableStream<To> {
  const reader = source.getReader();
  reader.closed.catch(() => {});
  return new ReadableStream<To>({
    async pull(controller): Promise<void> {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(wrap(value));
      } catch {
        // Lost connections end it too; `closed` says why.
        controller.close();
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
