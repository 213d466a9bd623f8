import { TransportError } from "../semantics/errors.ts";
import type { EngineEvent } from "../semantics/events.ts";
import type { Clock } from "../shell/clock.ts";
import { ignore } from "../shell/deferred.ts";
import { Turns } from "../shell/turns.ts";
import type { QuicBidiStream, QuicCloseInfo, QuicReceiveStream, QuicTransport } from "../transport/mod.ts";
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
  readonly #sending: Map<StreamRef, SendPump> = new Map();
  readonly #receiving: Map<number, ReceivePump> = new Map();
  /** Requests whose stream is not there yet, by the id that it will have. */
  readonly #opening: Map<StreamRef, SendPump> = new Map();
  readonly #pumpTarget: ReceivePumpTarget;
  #datagrams: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #isClosing = false;
  #isEnded = false;

  /** A driver that has not begun. */
  constructor(options: H3DriverOptions) {
    const { transport, engine, clock } = options;
    this.#transport = transport;
    this.#engine = engine;
    this.#clock = clock;
    this.#target = options.target;
    this.#turns = new Turns({
      clock,
      microtasks: TURN_MICROTASKS,
      turn: () => this.#turn(),
      nextDeadline: () => engine.nextDeadline(),
      tick: (now) => engine.tick(now),
    });
    this.#pumpTarget = {
      receive: (id, bytes, fin) => {
        engine.receive(id, bytes, fin, clock.now());
        // What the events have views of is only valid until the next read.
        this.#dispatch();
        this.wake();
      },
      receiveReset: (id, code) => {
        engine.receiveReset(id, code, clock.now());
        this.wake();
      },
      wantsData: (id) => engine.wantsData(id),
      ended: (id) => void this.#receiving.delete(id),
    };
  }

  /** Begins to take streams and to send. */
  start(): void {
    const { incomingBidi, incomingUni, datagrams, closed } = this.#transport;
    this.#accept(incomingBidi, (stream) => this.#adopt(stream));
    this.#accept(incomingUni, (stream) => this.#read(stream));
    if (datagrams !== undefined) this.#readDatagrams(datagrams.readable);
    closed.then((info) => this.#receiveClose(info));
    this.wake();
  }

  /** Says that the engine was given something; a turn follows. */
  wake(): void {
    this.#turns.wake();
  }

  /** Ends the transport at once, whatever is under way. */
  abandon(error: TransportError): void {
    if (this.#isEnded) return;
    this.#target.lose(error);
    this.#engine.receiveClose(undefined, "", "lost", this.#clock.now());
    this.#dispatch();
    this.#transport.close(H3ErrorCode.H3_NO_ERROR, "");
    this.#end();
  }

  #turn(): void {
    if (this.#isEnded) return;
    this.#dispatch();
    this.#target.turn?.();
    while (this.#engine.hasOutput) {
      const commands = this.#engine.outbox();
      if (commands.length === 0) break;
      for (let i = 0; i < commands.length; i++) this.#obey(commands[i]!);
      // Commands can end exchanges and let others send more.
      this.#dispatch();
      if (this.#isClosing) return;
    }
  }

  #dispatch(): void {
    for (;;) {
      const events = this.#engine.take();
      if (events.length === 0) return;
      this.#target.receive(events);
    }
  }

  // ---------------------------------------------------------------- from the peer

  async #accept<T>(readable: ReadableStream<T>, take: (stream: T) => void): Promise<void> {
    const reader = readable.getReader();
    try {
      while (!this.#isEnded) {
        const { done, value } = await reader.read();
        if (done) return;
        if (!this.#isEnded) take(value);
      }
    } catch {
      // How the connection ended is told by `closed`.
    }
  }

  #adopt(stream: QuicBidiStream): void {
    const pump = this.#newSendPump(stream.id);
    pump.attach(stream.send);
    this.#read(stream.receive);
  }

  #read(stream: QuicReceiveStream): void {
    const pump = new ReceivePump(stream, this.#pumpTarget);
    this.#receiving.set(stream.id, pump);
    this.#engine.peerOpened(stream.id, this.#clock.now());
    this.wake();
    pump.run();
  }

  async #readDatagrams(readable: ReadableStream<Uint8Array>): Promise<void> {
    const reader = this.#datagrams = readable.getReader();
    try {
      while (!this.#isEnded) {
        const { done, value } = await reader.read();
        if (done || this.#isEnded) return;
        this.#engine.receiveDatagram(value, this.#clock.now());
        this.#dispatch();
        this.wake();
      }
    } catch {
      // As above.
    }
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
        return this.#receiving.get(command.stream)?.stop(command.code);
      case "resume":
        return this.#receiving.get(command.stream)?.resume();
      case "priority":
        return this.#sending.get(command.stream)?.prioritize(command.order);
      case "datagram":
        this.#transport.datagrams?.send(command.data).catch(ignore);
        return;
      case "close":
        this.#isClosing = true;
        this.#transport.close(command.code, command.reason);
        return;
    }
  }

  #write(stream: StreamRef, data: Uint8Array, fin: boolean): void {
    const pump = this.#sending.get(stream);
    if (pump === undefined) this.#engine.written(stream, data);
    else pump.write(data, fin);
  }

  #newSendPump(stream: StreamRef): SendPump {
    const pump = new SendPump({
      written: (data) => {
        this.#engine.written(stream, data);
        this.wake();
      },
      stopped: (code) => {
        this.#engine.receiveStop(stream, code, this.#clock.now());
        this.wake();
      },
      ended: () => void this.#sending.delete(stream),
    });
    this.#sending.set(stream, pump);
    return pump;
  }

  #openUni(token: StreamRef, order: number): void {
    const pump = this.#newSendPump(token);
    pump.prioritize(order);
    this.#transport.openUni().then((stream) => {
      pump.attach(stream);
      this.#engine.opened(token);
      this.wake();
    }, (error) => this.#failToOpen(error));
  }

  #openRequest(id: StreamRef): void {
    this.#opening.set(id, this.#newSendPump(id));
    this.#transport.openBidi().then((stream) => {
      // Calls that had to wait for credit can be answered in any order; the ids are the same.
      const pump = this.#opening.get(stream.id);
      if (pump === undefined) return this.#failToOpen(new TypeError(`Nobody asked for stream ${stream.id}`));
      this.#opening.delete(stream.id);
      if (!this.#isEnded) this.#receiveRequestStream(stream, pump);
    }, (error) => this.#failToOpen(error));
  }

  #receiveRequestStream(stream: QuicBidiStream, pump: SendPump): void {
    const receive = new ReceivePump(stream.receive, this.#pumpTarget);
    this.#receiving.set(stream.id, receive);
    pump.attach(stream.send);
    this.#engine.opened(stream.id);
    this.wake();
    receive.run();
  }

  /** A stream that cannot be opened: the connection is over or as good as that; `closed` tells which. */
  #failToOpen(cause: unknown): void {
    if (this.#isEnded || this.#isClosing) return;
    this.#clock.schedule(() => {
      if (this.#isEnded) return;
      const message = "Cannot go on: a QUIC stream could not be opened";
      this.abandon(new TransportError("lost", message, { initiator: "remote", cause }));
    }, 0);
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#turns.stop();
    for (const pump of [...this.#sending.values()]) pump.abandon();
    for (const pump of [...this.#receiving.values()]) pump.abandon();
    this.#datagrams?.cancel().catch(ignore);
    this.#target.end();
  }
}
