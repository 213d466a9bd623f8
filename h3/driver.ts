import { TransportError } from "../semantics/errors.ts";
import type { EngineEvent } from "../semantics/events.ts";
import type { Clock } from "../shell/clock.ts";
import { ignore } from "../shell/deferred.ts";
import { Turns } from "../shell/turns.ts";
import type { QuicBidiStream, QuicCloseInfo, QuicReceiveStream, QuicTransport } from "../transport/mod.ts";
import { IdTable } from "../wire/id_table.ts";
import type { Command, StreamRef } from "./command.ts";
import type { H3Connection } from "./connection.ts";
import { H3ErrorCode } from "./errors.ts";
import { ReceivePump, type ReceivePumpTarget } from "./receive_pump.ts";
import { SendPump } from "./send_pump.ts";

/** What a driver tells its client or server. */
export interface H3DriverTarget {
  /** What the engine tells, oldest first; never empty. */
  receive(events: EngineEvent[]): void;
  /** Called in each turn before output is written. */
  turn?(): void;
  /** The transport failed; the engine is told afterwards. */
  lose(error: TransportError): void;
  /** All is over: no more calls, no timer, no buffer. */
  end(): void;
}

/** What a driver is made of. */
export interface H3DriverOptions {
  readonly transport: QuicTransport;
  readonly engine: H3Connection;
  readonly clock: Clock;
  readonly target: H3DriverTarget;
}

/**
 * How many microtasks a turn waits before it acts: each stream is written by itself, so
 * there is less to gain from waiting than over TCP.
 */
const TURN_MICROTASKS = 2;

/** How long the end of a connection is waited for after one of its streams died of it, in milliseconds. */
const CLOSE_GRACE_MS = 1000;

/** A request whose stream is not there yet. */
interface Opening {
  readonly pump: SendPump;
  /** The code to stop the response with as soon as it is there. */
  stopCode: number | undefined;
}

/**
 * Moves bytes between the streams of a QUIC connection and an engine: a pump for each
 * half of a stream, all commands of a turn at once, one timer. Every stream is read as
 * soon as it is there, so no silent one can keep others waiting.
 */
export class H3Driver {
  readonly #transport: QuicTransport;
  readonly #engine: H3Connection;
  readonly #clock: Clock;
  readonly #target: H3DriverTarget;
  readonly #turns: Turns;
  readonly #sending: IdTable<SendPump> = new IdTable();
  readonly #receiving: IdTable<ReceivePump> = new IdTable();
  /** Requests whose stream is not there yet, by the id that it will have. */
  readonly #opening: Map<StreamRef, Opening> = new Map();
  readonly #pumpTarget: ReceivePumpTarget;
  #datagrams: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** Whether the handshake may end without a word from the transport. */
  #watchesEarly: boolean;
  #closeTimer: unknown;
  #isClosing = false;
  #isEnded = false;

  /** A driver that has not begun. */
  constructor(options: H3DriverOptions) {
    const { transport, engine, clock } = options;
    this.#transport = transport;
    this.#engine = engine;
    this.#clock = clock;
    this.#target = options.target;
    this.#watchesEarly = transport.isEarly && transport.earlyData === undefined;
    this.#turns = new Turns({
      clock,
      microtasks: TURN_MICROTASKS,
      turn: () => this.#turn(),
      engine,
    });
    this.#pumpTarget = {
      receive: (id, bytes, fin) => this.#receive(id, bytes, fin),
      receiveReset: (id, code) => {
        engine.receiveReset(id, code, clock.now());
        this.wake();
      },
      wantsData: (id) => engine.wantsData(id),
      failed: (error) => this.#expectClose(error),
      ended: (id) => void this.#receiving.delete(id),
    };
  }

  /** Begins to take streams and to send. */
  start(): void {
    const { incomingBidi, incomingUni, datagrams, closed } = this.#transport;
    this.#readEach(incomingBidi.getReader(), (stream) => this.#adopt(stream));
    this.#readEach(incomingUni.getReader(), (stream) => this.#read(stream));
    if (datagrams !== undefined && this.#engine.localSettings.datagrams) {
      this.#datagrams = datagrams.readable.getReader();
      this.#readEach(this.#datagrams, (data) => this.#receiveDatagram(data));
    }
    closed.then((info) => this.#receiveClose(info)).catch((cause) => this.#fault(cause));
    this.wake();
  }

  /** Halves of streams that are open. */
  get openHalves(): number {
    return this.#sending.size + this.#receiving.size;
  }

  /** Says that the engine was given something; a turn follows. */
  wake(): void {
    this.#turns.wake();
  }

  /** Ends the transport at once, whatever is under way. */
  abandon(error: TransportError, code: number = H3ErrorCode.H3_NO_ERROR): void {
    if (this.#isEnded) return;
    if (!this.#engine.isClosed) {
      this.#target.lose(error);
      this.#engine.receiveClose(undefined, "", "lost", this.#clock.now());
      try {
        this.#dispatch();
      } catch {
        // It is the shell that is at fault.
      }
    }
    this.#transport.close(code, "");
    this.#end();
  }

  /** Ends a connection that a fault of this library broke; nothing that throws is expected. */
  #fault(cause: unknown): void {
    const message = "Cannot go on: a fault in this library";
    this.abandon(
      new TransportError("lost", message, { initiator: "local", cause }),
      H3ErrorCode.H3_INTERNAL_ERROR,
    );
  }

  #turn(): void {
    if (this.#isEnded) return;
    try {
      this.#dispatch();
      this.#target.turn?.();
      this.#send();
    } catch (cause) {
      this.#fault(cause);
      return;
    }
    // An engine that has nothing to say at its end, as after early data that was not taken.
    if (this.#engine.isClosed && !this.#isClosing) this.#close(H3ErrorCode.H3_NO_ERROR, "");
  }

  #send(): void {
    const engine = this.#engine;
    while (engine.hasOutput && !this.#isClosing) {
      const commands = engine.outbox();
      for (let i = 0; i < commands.length; i++) this.#obey(commands[i]!);
      // Commands can end exchanges and let others send more.
      if (!this.#dispatch() && commands.length === 0) return;
    }
  }

  /** Passes on what the engine tells; says whether there was anything. */
  #dispatch(): boolean {
    for (let isFirst = true;; isFirst = false) {
      const events = this.#engine.take();
      if (events.length === 0) return !isFirst;
      this.#target.receive(events);
    }
  }

  // ---------------------------------------------------------------- from the peer

  /** Takes what comes, one by one. Never rejects. */
  async #readEach<T>(reader: ReadableStreamDefaultReader<T>, take: (value: T) => void): Promise<void> {
    while (!this.#isEnded) {
      // How the connection ended is told by `closed`.
      const { done, value } = await reader.read().catch(noMore);
      if (done || this.#isEnded) return;
      try {
        take(value);
      } catch (cause) {
        this.#fault(cause);
      }
    }
  }

  #adopt(stream: QuicBidiStream): void {
    const pump = this.#newSendPump(stream.id);
    pump.attach(stream.send);
    this.#read(stream.receive);
  }

  #read(stream: QuicReceiveStream): void {
    const pump = new ReceivePump(stream, this.#pumpTarget);
    this.#receiving.add(pump);
    this.#noteHandshake();
    this.#engine.peerOpened(stream.id, this.#clock.now());
    this.wake();
    pump.run();
  }

  #receive(id: number, bytes: Uint8Array, fin: boolean): void {
    try {
      this.#noteHandshake();
      this.#engine.receive(id, bytes, fin, this.#clock.now());
      // What the events have views of is only valid until the next read.
      this.#dispatch();
    } catch (cause) {
      this.#fault(cause);
    }
    this.wake();
  }

  /** A server's transport may just stop being early: what is read then is no early data any more. */
  #noteHandshake(): void {
    if (!this.#watchesEarly || this.#transport.isEarly) return;
    this.#watchesEarly = false;
    this.#engine.confirmHandshake(this.#clock.now());
  }

  #receiveDatagram(data: Uint8Array): void {
    this.#engine.receiveDatagram(data, this.#clock.now());
    this.#dispatch();
    this.wake();
  }

  #receiveClose({ by, code, reason }: QuicCloseInfo): void {
    if (this.#isEnded) return;
    if (!this.#engine.isClosed) {
      if (by === "lost") {
        this.#target.lose(
          new TransportError("lost", "Cannot go on: the QUIC connection was lost", { initiator: "remote" }),
        );
      }
      this.#engine.receiveClose(code, reason, by, this.#clock.now());
      this.#dispatch();
    }
    this.#end();
  }

  // ---------------------------------------------------------------- to the peer

  #obey(command: Command): void {
    switch (command.type) {
      case "write":
        return this.#write(command.stream, command.data, command.fin);
      case "finish":
        return this.#sending.get(command.stream)?.finish();
      case "openRequest":
        return this.#openRequest(command.stream);
      case "openUni":
        return this.#openUni(command.token, command.order);
      case "reset":
        return this.#sending.get(command.stream)?.reset(command.code);
      case "stop":
        return this.#stop(command.stream, command.code);
      case "resume":
        return this.#receiving.get(command.stream)?.resume();
      case "priority":
        return this.#sending.get(command.stream)?.prioritize(command.order);
      case "datagram":
        this.#transport.datagrams?.send(command.data).catch(ignore);
        return;
      case "close":
        return this.#close(command.code, command.reason);
    }
  }

  #close(code: number, reason: string): void {
    this.#isClosing = true;
    this.#transport.close(code, reason);
  }

  #stop(stream: StreamRef, code: number): void {
    const opening = this.#opening.get(stream);
    if (opening === undefined) this.#receiving.get(stream)?.stop(code);
    else opening.stopCode = code;
  }

  #write(stream: StreamRef, data: Uint8Array, fin: boolean): void {
    const pump = this.#sending.get(stream);
    if (pump === undefined) this.#engine.written(stream, data);
    else pump.write(data, fin);
  }

  #newSendPump(stream: StreamRef): SendPump {
    const pump = new SendPump(stream, {
      written: (data) => {
        this.#engine.written(stream, data);
        this.wake();
      },
      stopped: (code) => {
        this.#engine.receiveStop(stream, code, this.#clock.now());
        this.wake();
      },
      failed: (error) => this.#expectClose(error),
      ended: () => {
        if (this.#sending.get(stream) === pump) this.#sending.delete(stream);
      },
    });
    this.#sending.delete(stream); // dead, if there: ids begin again after early data that was not taken
    this.#sending.add(pump);
    return pump;
  }

  #openUni(token: StreamRef, order: number): void {
    const pump = this.#newSendPump(token);
    pump.prioritize(order);
    this.#transport.openUni().then((stream) => {
      pump.attach(stream);
      this.#engine.opened(token);
      this.wake();
    }).catch((error) => this.#expectClose(error));
  }

  #openRequest(id: StreamRef): void {
    this.#opening.set(id, { pump: this.#newSendPump(id), stopCode: undefined });
    this.#transport.openBidi().then((stream) => this.#receiveOpened(stream))
      .catch((error) => this.#expectClose(error));
  }

  #receiveOpened(stream: QuicBidiStream): void {
    const { id } = stream;
    // What was given up meanwhile must not be sent first.
    this.#turns.run();
    if (this.#isEnded) return;
    // Calls that had to wait for credit can be answered in any order; the ids are the same.
    const opening = this.#opening.get(id);
    if (opening === undefined) throw new TypeError(`Nobody asked for stream ${id}`);
    this.#opening.delete(id);
    const { pump, stopCode } = opening;
    pump.attach(stream.send);
    this.#engine.opened(id);
    this.wake();
    if (stopCode !== undefined) return stream.receive.stop(stopCode);
    const receive = new ReceivePump(stream.receive, this.#pumpTarget);
    this.#receiving.delete(id);
    this.#receiving.add(receive);
    receive.run();
  }

  /**
   * A stream failed, or could not be opened, by no doing of the peer: the connection is
   * over, and `closed` tells how. One that does not tell is given up.
   */
  #expectClose(cause: unknown): void {
    if (this.#isEnded || this.#isClosing || this.#closeTimer !== undefined) return;
    // That is told by the transport's `earlyData`, and the rest lives on.
    if (cause instanceof TransportError && cause.code === "early-rejected") return;
    this.#closeTimer = this.#clock.schedule(() => {
      const message = "Cannot go on: a QUIC stream failed";
      this.abandon(new TransportError("lost", message, { initiator: "remote", cause }));
    }, CLOSE_GRACE_MS);
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#turns.stop();
    if (this.#closeTimer !== undefined) this.#clock.cancel(this.#closeTimer);
    this.#opening.clear();
    for (const pump of this.#sending.values()) pump.abandon();
    for (const pump of this.#receiving.values()) pump.abandon();
    this.#datagrams?.cancel().catch(ignore);
    this.#target.end();
  }
}

/** What a reader that failed has to give. */
function noMore(): { readonly done: true; readonly value: undefined } {
  return { done: true, value: undefined };
}
