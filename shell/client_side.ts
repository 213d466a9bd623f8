import { StreamError } from "../semantics/errors.ts";
import type { AbortCause, ExchangeId, Side } from "../semantics/events.ts";
import type { Fields } from "../semantics/fields.ts";
import type { RequestHead, ResponseHead } from "../semantics/head.ts";
import type { Priority } from "../semantics/priority.ts";
import { checkChunks, dropBody, openChunks, wholeBody } from "./body_input.ts";
import type { ClientExchange } from "./client_exchange.ts";
import type { ClientRequest } from "./client_request.ts";
import type { ClientResponse } from "./client_response.ts";
import { Deferred } from "./deferred.ts";
import type { ExchangeConnection, ExchangeHost } from "./host.ts";
import { declaredLength, IncomingBody } from "./incoming_body.ts";
import { InterimQueue } from "./interim_queue.ts";
import { OutgoingBody, sendEnd } from "./outgoing_body.ts";
import { fullPriority, requestHead } from "./request_head.ts";
import { ResponseSide } from "./response_side.ts";
import { type Tunnel, TunnelWriter } from "./tunnel.ts";

/** What the exchanges of a client ask of their connection. */
export interface ClientHost extends ExchangeHost {
  /** Forgets an exchange that is over, or takes it out of the queue. */
  forget(exchange: ClientSide): void;
}

/** How far an exchange is. */
type Progress =
  /** It waits for a free stream. */
  | "queued"
  /** The head was sent. */
  | "open"
  /** Both halves ended, or it was cut off. */
  | "over";

/** How long content is kept back for a 100, in milliseconds; servers need not know of it. */
const CONTINUE_TIMEOUT_MS = 1000;

const NO_BYTES = new Uint8Array(0);

/** An exchange of a client: what the application sees, and what its connection tells it. */
export class ClientSide implements ClientExchange {
  readonly request: RequestHead;
  readonly #host: ClientHost;
  readonly #given: ClientRequest;
  /** The whole body as bytes, `null` for none, `undefined` for one that comes piece by piece. */
  readonly #whole: Uint8Array | null | undefined;
  #id: ExchangeId = -1;
  #progress: Progress = "queued";
  #error: unknown;
  /** Whether it is over and the engine may still read the bytes of its body. */
  #isLending = false;
  /** Why the server took no more of the request. */
  #writeError: Error | undefined;
  #response: Deferred<ClientResponse> = new Deferred();
  #isAnswered = false;
  #closed: Deferred<void> | undefined;
  #incoming: IncomingBody | undefined;
  #outgoing: OutgoingBody | TunnelWriter | undefined;
  #interim: InterimQueue | undefined;
  #priority: Priority;
  #onAbort: (() => void) | undefined;
  #onOpen: (() => void) | undefined;
  /** The timer of content that is kept back. */
  #held: unknown;

  /** Throws `TypeError` for a request that cannot be sent as it is given. */
  constructor(host: ClientHost, given: ClientRequest) {
    this.#host = host;
    this.#given = given;
    this.#whole = wholeBody(given.body);
    this.#priority = fullPriority(given.priority);
    const bytes = this.#whole === undefined ? -1 : this.#whole === null ? 0 : this.#whole.length;
    this.request = requestHead(given, bytes);
  }

  get id(): ExchangeId {
    return this.#id;
  }

  get isQueued(): boolean {
    return this.#progress === "queued";
  }

  /** Whether it is over and waits for `release`. */
  get isLending(): boolean {
    return this.#isLending;
  }

  /** Whether it was sent and is not over. */
  get isOpen(): boolean {
    return this.#progress === "open";
  }

  get protocol(): "h2" | "h3" {
    return this.#host.engine.protocol;
  }

  get connection(): ExchangeConnection {
    return this.#host.connection;
  }

  get response(): Promise<ClientResponse> {
    return this.#response.promise;
  }

  get interim(): AsyncIterable<ResponseHead> {
    if (this.#interim === undefined) {
      this.#interim = new InterimQueue();
      if (this.#isAnswered || this.#progress === "over") this.#interim.end();
    }
    return this.#interim;
  }

  get closed(): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = new Deferred();
      if (this.#progress === "over" && !this.#isLending) this.#settleClosed();
    }
    return this.#closed.promise;
  }

  get priority(): Priority {
    return this.#priority;
  }

  set priority(priority: Priority) {
    this.#priority = priority;
    if (this.#progress !== "open") return;
    this.#host.engine.setPriority(this.#id, priority);
    this.#host.wake();
  }

  /** Whether it can only be opened once the peer's SETTINGS are known. */
  get needsSettings(): boolean {
    return this.request.protocol !== undefined;
  }

  /** Calls `listener` when it is opened or is over. */
  whenOpened(listener: () => void): void {
    if (this.#progress === "queued") this.#onOpen = listener;
    else listener();
  }

  /** Whether a head was sent. */
  get wasOpened(): boolean {
    return this.#id !== -1;
  }

  /** Why it was cut off, if it was. */
  get error(): unknown {
    return this.#error;
  }

  /** Listens to the signal of the request. Says whether there is any sense in going on. */
  listen(): boolean {
    const signal = this.#given.signal;
    if (signal === undefined) return true;
    if (signal.aborted) {
      this.#end(signal.reason);
      return false;
    }
    this.#onAbort = () => this.#giveUp("cancelled", signal.reason);
    signal.addEventListener("abort", this.#onAbort);
    return true;
  }

  /** Sends the head and begins with the body; the engine can open one more. */
  open(): void {
    const isTunnel = this.request.method === "CONNECT";
    const whole = this.#whole;
    const hasBody = whole === undefined || (whole !== null && whole.length > 0);
    const isEnd = !isTunnel && !hasBody && this.#given.trailers === undefined;
    try {
      // What is refused is left as it was: the body is only touched once the head is sent.
      if (whole === undefined && !isTunnel) checkChunks(this.#given.body);
      this.#id = this.#host.engine.sendRequest(this.request, isEnd);
      this.#progress = "open";
      if (isTunnel) this.#outgoing = new TunnelWriter(this.#host, this.#id, () => this.abort());
      else if (hasBody && this.#expectsContinue()) this.#hold();
      else if (!isEnd) this.#sendContent();
    } catch (error) {
      this.#giveUp("internal", error);
    }
    this.#host.wake();
    this.#onOpen?.();
    this.#onOpen = undefined;
  }

  #expectsContinue(): boolean {
    return this.request.fields.get("expect")?.toLowerCase() === "100-continue";
  }

  /** Keeps the content back until the server asks for it, or has been silent for a while (RFC 9110 section 10.1.1). */
  #hold(): void {
    this.#held = this.#host.clock.schedule(() => this.#release(), CONTINUE_TIMEOUT_MS);
  }

  #release(): void {
    if (!this.#forgetHold()) return;
    try {
      this.#sendContent();
    } catch (error) {
      this.#giveUp("internal", error);
    }
    this.#host.wake();
  }

  /** Says whether content was kept back, and does so no longer. */
  #forgetHold(): boolean {
    if (this.#held === undefined) return false;
    this.#host.clock.cancel(this.#held);
    this.#held = undefined;
    return true;
  }

  #sendContent(): void {
    const { body, trailers } = this.#given;
    const whole = this.#whole;
    if (whole === undefined) {
      this.#outgoing = new OutgoingBody(this.#host, this.#id, openChunks(body), () => trailers);
      this.#outgoing.send().catch((error) => this.#failBody(error));
      return;
    }
    const hasTrailers = trailers !== undefined;
    if (whole !== null && whole.length > 0) this.#host.engine.sendBody(this.#id, whole, !hasTrailers);
    if (!hasTrailers) return;
    const stopped = (): Error | undefined => this.#progress === "over" ? overError() : undefined;
    sendEnd(this.#host, this.#id, trailers, stopped).catch((error) => this.#failBody(error));
  }

  /** The source of the body failed, or the exchange is over already; or the server wants no more, and may still answer. */
  #failBody(error: unknown): void {
    if (error !== this.#writeError) this.#giveUp("internal", error);
  }

  abort(cause: AbortCause = "cancelled"): void {
    const retry = this.#progress === "queued" ? "unsent" : "unknown";
    this.#giveUp(
      cause,
      new StreamError(cause, "Cannot go on: this end gave the exchange up", { initiator: "user", retry }),
    );
  }

  #giveUp(cause: AbortCause, error: unknown): void {
    if (this.#progress === "over") return;
    if (this.#progress === "open") {
      this.#host.engine.abort(this.#id, "both", cause);
      this.#host.wake();
    }
    this.fail(error, false);
  }

  /** The tunnel that a 2xx opened. */
  takeTunnel(): Tunnel {
    const writer = this.#outgoing as TunnelWriter;
    return { readable: this.#openIncoming(-1).readable, writable: writer.writable };
  }

  #openIncoming(declared: number): IncomingBody {
    return this.#incoming ??= new IncomingBody(this.#host, this.#id, declared, () => this.abort());
  }

  /** An interim response arrived. */
  receiveInterim(head: ResponseHead): void {
    this.#interim?.push(head);
    if (head.status === 100) this.#release();
    try {
      this.#given.onInterim?.(head);
    } catch (error) {
      this.#giveUp("internal", error);
    }
  }

  /** The final response arrived. */
  receiveResponse(head: ResponseHead, end: boolean): void {
    this.#isAnswered = true;
    const isTunnel = this.request.method === "CONNECT" && head.status >= 200 && head.status < 300;
    if (!end || isTunnel) this.#openIncoming(isTunnel ? -1 : declaredLength(head.fields));
    if (end) this.#incoming?.receiveEnd(undefined);
    this.#interim?.end();
    this.#response.resolve(new ResponseSide(head, this.#incoming));
    // A final response in place of the 100: what it does not want, its server stops.
    if (this.#held !== undefined) queueMicrotask(() => this.#release());
    if (this.request.method === "CONNECT" && !isTunnel) this.#host.engine.sendBody(this.#id, NO_BYTES, true);
  }

  /** Bytes of the response body arrived. */
  receiveBody(data: Uint8Array, end: boolean): void {
    this.#openIncoming(-1).receive(data, end);
  }

  /** The response ended with a trailer section. */
  receiveTrailers(fields: Fields): void {
    this.#openIncoming(-1).receiveEnd(fields);
  }

  /** The engine takes more of the request body. */
  receiveDrain(): void {
    this.#outgoing?.receiveDrain();
  }

  /** All is sent and received. */
  receiveDone(): void {
    this.#end(undefined);
  }

  /** One or both halves were cut off; a complete response stays what it is. */
  receiveAborted(side: Side, error: Error): void {
    if (side === "write") {
      this.#writeError = error;
      if (this.#forgetHold()) dropBody(this.#given.body, error);
      this.#outgoing?.stop(error);
      if (this.#isComplete) this.#end(undefined);
      return;
    }
    // Without a response there is no sense in the rest of the request.
    if (side === "read" && !this.#isComplete) return this.#giveUp("cancelled", error);
    this.#end(this.#isComplete ? undefined : error, error);
  }

  get #isComplete(): boolean {
    return this.#isAnswered && (this.#incoming === undefined || this.#incoming.isEnded);
  }

  /**
   * The exchange is over; `error` says why it did not end well, `isFree` that the engine reads the
   * bytes of its body no more. Else `release` follows.
   */
  fail(error: unknown, isFree: boolean = true): void {
    const isSending = this.#progress === "open" && this.#whole instanceof Uint8Array;
    if (!isFree && isSending && this.#whole.length > 0) this.#isLending = true;
    this.#end(error);
  }

  /** The engine reads the bytes of the body no more. */
  release(): void {
    this.#isLending = false;
    if (this.#closed !== undefined) this.#settleClosed();
  }

  #end(error: unknown, bodyError: unknown = error): void {
    if (this.#progress === "over") return;
    this.#host.forget(this);
    this.#progress = "over";
    this.#error = error;
    if (this.#onAbort !== undefined) this.#given.signal?.removeEventListener("abort", this.#onAbort);
    if (this.#held !== undefined || this.#outgoing !== undefined) this.#stopSending(bodyError);
    if (error !== undefined) {
      this.#response.reject(error);
      this.#incoming?.fail(asError(error));
    }
    this.#interim?.end();
    if (this.#closed !== undefined && !this.#isLending) this.#settleClosed();
    this.#onOpen?.();
    this.#onOpen = undefined;
  }

  #stopSending(error: unknown): void {
    const reason = asError(error ?? overError());
    if (this.#forgetHold()) dropBody(this.#given.body, reason);
    this.#outgoing?.stop(reason);
  }

  #settleClosed(): void {
    if (this.#error === undefined) this.#closed?.resolve();
    else this.#closed?.reject(this.#error);
  }
}

function overError(): Error {
  return new TypeError("Cannot send the body: the exchange is over");
}

/** The value itself if it is an error, else an error around it. */
export function asError(value: unknown): Error {
  return value instanceof Error
    ? value
    : new Error("Cannot go on: the exchange was given up", { cause: value });
}
