import type { AbortCause, EngineEvent, ExchangeId, HttpEngine, Side } from "../../semantics/events.ts";
import type { RetryVerdict } from "../../semantics/errors.ts";
import type { Fields } from "../../semantics/fields.ts";
import type { RequestHead, ResponseHead } from "../../semantics/head.ts";
import type { Priority } from "../../semantics/priority.ts";
import type { ServerHost } from "../../shell/server_side.ts";
import type { ClientHost } from "../../shell/client_side.ts";
import type { IncomingBody } from "../../shell/incoming_body.ts";
import { RepeatedFields } from "../../shell/repeated_fields.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

/** An engine that writes down what it is told and does nothing. */
export class FakeEngine implements HttpEngine {
  readonly protocol = "h3" as const;
  readonly calls: unknown[][] = [];
  canOpen = true;
  openExchanges = 0;
  isGoingAway = false;
  isClosed = false;
  /** What `sendBody` gives. */
  isMoreWelcome = true;
  nextId = 0;
  consumed = 0;

  sendRequest(head: RequestHead, end: boolean): ExchangeId {
    this.calls.push(["request", head.method, head.path, end]);
    return this.nextId++;
  }
  sendResponse(id: ExchangeId, head: ResponseHead, end: boolean): void {
    this.calls.push(["response", id, head.status, [...head.fields].flat(), end]);
  }
  sendBody(id: ExchangeId, data: Uint8Array, end: boolean): boolean {
    this.calls.push(["body", id, new TextDecoder().decode(data), end]);
    return !end && this.isMoreWelcome;
  }
  copyBody(id: ExchangeId, pieces: readonly Uint8Array[]): boolean {
    this.calls.push(["copy", id, ...pieces.map((piece) => new TextDecoder().decode(piece))]);
    return this.isMoreWelcome;
  }
  sendTrailers(id: ExchangeId, fields: Fields): void {
    this.calls.push(["trailers", id, [...fields].flat()]);
  }
  abort(id: ExchangeId, side: Side, cause: AbortCause): void {
    this.calls.push(["abort", id, side, cause]);
  }
  consume(_id: ExchangeId, bytes: number): void {
    this.consumed += bytes;
  }
  setPriority(id: ExchangeId, priority: Priority): void {
    this.calls.push(["priority", id, priority]);
  }
  shutdown(): void {}
  close(): void {}
  verdict(): RetryVerdict {
    return "unknown";
  }
  take(): EngineEvent[] {
    return [];
  }
  nextDeadline(): number {
    return Infinity;
  }
  tick(): void {}
}

/** A connection around a `FakeEngine`, of either role. */
export class FakeHost implements ServerHost, ClientHost {
  readonly engine: FakeEngine = new FakeEngine();
  readonly clock: VirtualClock = new VirtualClock();
  readonly connection = { info: { kind: "memory" } as const, state: new Map() };
  readonly date = "";
  readonly repeatedFields: RepeatedFields = new RepeatedFields();
  forgotten = 0;
  wakes = 0;

  wake(): void {
    this.wakes++;
  }
  /** Each piece is a turn of its own. */
  arrived(body: IncomingBody): void {
    body.settle();
  }
  forget(): void {
    this.forgotten++;
  }

  bodyEnded(): void {}
}
