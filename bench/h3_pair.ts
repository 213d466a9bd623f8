/** Two HTTP/3 engines in one thread, every command handed to the other end at once. */
import { H3Connection } from "../h3/engine.ts";
import type { RequestHead, ResponseHead } from "../semantics/head.ts";

const NO_BYTES = new Uint8Array(0);

/** A client and a server that are wired to each other. */
export class H3Pair {
  readonly client: H3Connection;
  readonly server: H3Connection;
  /** Exchanges that ended. */
  answered = 0;
  /** Bytes of response bodies. */
  received = 0;
  readonly #head: ResponseHead;
  readonly #body: Uint8Array;

  constructor(head: ResponseHead, body: Uint8Array) {
    this.client = new H3Connection({ role: "client", now: 0 });
    this.server = new H3Connection({ role: "server", now: 0 });
    this.#head = head;
    this.#body = body;
    this.pump();
  }

  /** Carries everything until both ends are at rest. */
  pump(): void {
    for (;;) {
      const up = this.#carry(this.client, this.server, 2);
      const down = this.#carry(this.server, this.client, 3);
      if (up + down === 0) return;
    }
  }

  #carry(from: H3Connection, to: H3Connection, uniBase: number): number {
    const commands = from.outbox();
    for (let i = 0; i < commands.length; i++) {
      const command = commands[i]!;
      if (command.type === "write") {
        const { stream, data, fin } = command;
        to.receive(stream < 0 ? uniBase - 4 * (stream + 1) : stream, data, fin, 0);
        this.#see(to);
        from.written(stream, data);
      } else if (command.type === "finish") {
        to.receive(command.stream, NO_BYTES, true, 0);
        this.#see(to);
      } else if (command.type === "openRequest") {
        from.opened(command.stream);
      }
    }
    this.#see(from);
    return commands.length;
  }

  #see(engine: H3Connection): void {
    const events = engine.take();
    for (let i = 0; i < events.length; i++) {
      const event = events[i]!;
      if (event.type === "request") {
        engine.sendResponse(event.id, this.#head, false);
        engine.sendBody(event.id, this.#body, true);
      } else if (event.type === "body") {
        this.received += event.length;
        engine.consume(event.id, event.length);
      } else if (event.type === "done" && engine === this.client) {
        this.answered++;
      }
    }
  }

  /** Makes so many exchanges, 100 at a time. */
  run(count: number, head: (i: number) => RequestHead): void {
    const wanted = this.answered + count;
    for (let i = 0; i < count;) {
      for (let batch = 0; batch < 100 && i < count; batch++, i++) this.client.sendRequest(head(i), true);
      this.pump();
    }
    if (this.answered !== wanted) throw new Error(`${this.answered} of ${wanted} exchanges`);
  }
}
