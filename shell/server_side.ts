import type { AbortCause, ExchangeId, RequestEvent, Side } from "../semantics/events.ts";
import { StreamError } from "../semantics/errors.ts";
import { Fields, type FieldsInit } from "../semantics/fields.ts";
import type { RequestHead } from "../semantics/head.ts";
import { DEFAULT_PRIORITY, parsePriority, type Priority } from "../semantics/priority.ts";
import type { TransportAddress } from "../transport/mod.ts";
import { type Answer, END, HEAD, NONE } from "./answer.ts";
import {
  type BodyInput,
  type ChunkVisitor,
  dropBody,
  openChunks,
  wholeBody,
  type WholeBodyOptions,
} from "./body_input.ts";
import { Deferred, FULFILLED, handled, ignore, rejected } from "./deferred.ts";
import type { ExchangeConnection, ExchangeHost } from "./host.ts";
import { declaredLength, IncomingBody } from "./incoming_body.ts";
import { NativeResponse } from "./native_classes.ts";
import { fieldsOfResponse } from "./native_fields.ts";
import { nativeRequest } from "./native_request.ts";
import { type BodyOwner, OutgoingBody, sendEnd, type TrailersInput } from "./outgoing_body.ts";
import type { RepeatedFields } from "./repeated_fields.ts";
import { completeOwned, hasNoContent, replyFields } from "./reply.ts";
import type { ServerExchange } from "./server_exchange.ts";
import { decodeText } from "./text.ts";
import { type Tunnel, TunnelWriter } from "./tunnel.ts";
import { wholeOf } from "./whole_response.ts";

/** What the exchanges of a server ask of their connection. */
export interface ServerHost extends ExchangeHost {
  /** The `date` of a response that has none of its own; empty where none is added. */
  readonly date: string;
  /** The fields of native responses. */
  readonly repeatedFields: RepeatedFields;
  /** Forgets an exchange that is over. */
  forget(exchange: ServerSide): void;
  /** A response that the connection itself sends piece by piece is all given to the engine, or has failed. */
  bodyEnded(exchange: ServerSide, failure: { readonly error: unknown } | undefined): void;
}

/** An exchange of a server: what the application sees, and what its connection tells it. */
export class ServerSide implements ServerExchange, BodyOwner {
  readonly id: ExchangeId;
  readonly early: boolean;
  readonly #host: ServerHost;
  readonly #head: RequestHead;
  /** Whether the request ended with its head. */
  readonly #isBodiless: boolean;
  #incoming: IncomingBody | undefined;
  #answer: Answer = NONE;
  #trailers: TrailersInput | undefined;
  /** Why the exchange is over; absent while it is not, and after a good end. */
  #error: Error | undefined;
  /** Why the request was cut off while the response went on. */
  #readError: Error | undefined;
  /** Why the response was cut off while the request went on. */
  #writeError: Error | undefined;
  #isOver = false;
  /** Settled when a body that comes piece by piece was sent. */
  #sent: Deferred<void> | undefined;
  /** Whether the host waits for the end of the body. */
  #hasOwnedBody = false;
  #controller: AbortController | undefined;
  #request: Request | undefined;
  #priority: Priority | undefined;

  constructor(host: ServerHost, event: RequestEvent) {
    this.#host = host;
    this.id = event.id;
    this.early = event.early === true;
    this.#head = event.head;
    this.#isBodiless = event.end;
  }

  get protocol(): "h2" | "h3" {
    return this.#host.engine.protocol;
  }

  get method(): string {
    return this.#head.method;
  }

  get scheme(): string {
    return this.#head.scheme;
  }

  get authority(): string {
    return this.#head.authority;
  }

  get path(): string {
    return this.#head.path;
  }

  get connectProtocol(): string | undefined {
    return this.#head.protocol;
  }

  get fields(): Fields {
    return this.#head.fields;
  }

  get connection(): ExchangeConnection {
    return this.#host.connection;
  }

  get remote(): TransportAddress | undefined {
    return this.#host.connection.info.remote;
  }

  get isAnswered(): boolean {
    return this.#answer.at !== "none";
  }

  /** Whether the exchange is over, well or not. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Why it, or its response, was cut off, if it was. */
  get error(): Error | undefined {
    return this.#error ?? this.#writeError;
  }

  get request(): Request {
    return this.#request ??= nativeRequest(this.#head, this.#isBodiless ? undefined : this.#takeIncoming());
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.#isBodiless ? null : this.#takeIncoming().readable;
  }

  bytes(options?: WholeBodyOptions): Promise<Uint8Array<ArrayBuffer>> {
    return this.#isBodiless
      ? Promise.resolve(new Uint8Array(0))
      : this.#takeIncoming().bytes(options?.maxBytes);
  }

  async text(options?: WholeBodyOptions): Promise<string> {
    return decodeText(await this.bytes(options));
  }

  async json(options?: WholeBodyOptions): Promise<unknown> {
    return JSON.parse(await this.text(options));
  }

  forEachChunk(visit: ChunkVisitor): Promise<void> {
    return this.#isBodiless ? FULFILLED : this.#takeIncoming().forEachChunk(visit);
  }

  get trailers(): Promise<Fields | undefined> {
    return this.#isBodiless ? FULFILLED : this.#openIncoming().trailers;
  }

  /** The request body, for somebody who is going to take it: a client that waits for a 100 gets it (RFC 9110 section 10.1.1). */
  #takeIncoming(): IncomingBody {
    const incoming = this.#openIncoming();
    if (this.#answer.at === "none" && !incoming.isSettled && !incoming.isUsed && this.#expectsContinue()) {
      this.sendInterim(100);
    }
    return incoming;
  }

  #expectsContinue(): boolean {
    return this.fields.get("expect")?.toLowerCase() === "100-continue";
  }

  #openIncoming(): IncomingBody {
    if (this.#incoming !== undefined) return this.#incoming;
    const incoming = new IncomingBody(
      this.#host,
      this.id,
      declaredLength(this.#head.fields),
      () => this.#abortHalf("read", "unneeded"),
    );
    const error = this.#error ?? this.#readError;
    if (error !== undefined) incoming.fail(error);
    this.#incoming = incoming;
    return incoming;
  }

  get priority(): Priority {
    if (this.#priority === undefined) {
      const value = this.fields.get("priority");
      this.#priority = value === undefined ? DEFAULT_PRIORITY : parsePriority(value);
    }
    return this.#priority;
  }

  set priority(priority: Priority) {
    this.#priority = priority;
    this.#host.engine.setPriority(this.id, priority);
    this.#host.wake();
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      const error = this.#error ?? this.#writeError;
      if (error !== undefined) this.#controller.abort(error);
    }
    return this.#controller.signal;
  }

  sendInterim(status: number, fields?: FieldsInit): void {
    if (!(status >= 100 && status <= 199)) {
      throw new RangeError(`Cannot send an interim response: ${status} is not from 100 to 199`);
    }
    if (this.#isOver) return;
    this.#checkUnanswered();
    this.#host.engine.sendResponse(this.id, { status, fields: Fields.from(fields) }, false);
    this.#host.wake();
  }

  reply(status: number, fields?: FieldsInit, body?: BodyInput): Promise<void> {
    if (this.#isOver || this.#writeError !== undefined) {
      const error = this.#error ?? this.#writeError ?? overError();
      dropBody(body, error);
      return rejected(error);
    }
    this.#checkUnanswered();
    const whole = wholeBody(body);
    if (whole === undefined) return this.#replyPieces(status, fields, body);
    const declared = this.#lengthToDeclare(status, whole);
    const complete = replyFields(fields, declared, this.#host.date);
    return this.#replyWhole(status, complete, whole, typeof body === "string");
  }

  /** The length that a response says it has; -1 for one that says nothing. */
  #lengthToDeclare(status: number, whole: Uint8Array | null): number {
    if (hasNoContent(status)) return -1;
    if (whole !== null) return whole.length;
    // A HEAD that is answered without a body says nothing of the length of the GET.
    return this.#head.method === "HEAD" ? -1 : 0;
  }

  /** Sends a response that is all there; `isCopied` says that nobody else has its bytes. */
  #replyWhole(status: number, fields: Fields, whole: Uint8Array | null, isCopied: boolean): Promise<void> {
    const canHaveContent = !hasNoContent(status) && this.#head.method !== "HEAD";
    const hasBody = canHaveContent && whole !== null && whole.length > 0;
    const hasTrailers = canHaveContent && this.#trailers !== undefined;
    this.#sendHead(status, fields, !hasBody && !hasTrailers);
    const isTaken = hasBody && this.#host.engine.sendBody(this.id, whole, !hasTrailers);
    if (hasTrailers) return handled(this.#endWithTrailers(isCopied));
    return isCopied || isTaken || !hasBody ? this.#finish() : this.#finishWhole();
  }

  respond(response: Response): Promise<void> {
    const fields = fieldsOfResponse(response);
    return this.reply(response.status, fields, response.body);
  }

  /**
   * Sends what a handler gave. Says whether a body is still under way; the host is then told
   * when that has ended.
   */
  respondOwned(response: Response): boolean {
    if (!(response instanceof NativeResponse)) {
      throw new TypeError("Cannot send the response: the handler gave something else");
    }
    if (this.#isOver || this.#writeError !== undefined) {
      this.respond(response).catch(ignore);
      return false;
    }
    this.#checkUnanswered();
    const { status } = response;
    const whole = wholeOf(response);
    if (whole !== undefined) {
      this.reply(status, this.#host.repeatedFields.of(response), whole);
      return false;
    }
    const { body } = response;
    if (body === null) {
      this.respond(response).catch(ignore);
      return false;
    }
    this.#hasOwnedBody = true;
    const fields = completeOwned(fieldsOfResponse(response), -1, this.#host.date);
    return this.#startPieces(status, fields, body);
  }

  /** The handler failed after the head: unless all was given to the engine, the response is cut off. */
  failAnswer(): void {
    if (this.#answer.at === "body" || (this.#answer.at === "head" && this.#answer.whole === undefined)) {
      this.abort("internal");
    }
  }

  #replyPieces(status: number, init: FieldsInit | undefined, body: BodyInput): Promise<void> {
    const fields = replyFields(init, -1, this.#host.date);
    if (!this.#startPieces(status, fields, body)) return FULFILLED;
    this.#sent = new Deferred();
    return this.#sent.promise;
  }

  /** Sends the head and begins with the body; says whether there is one. */
  #startPieces(status: number, fields: Fields, body: BodyInput): boolean {
    if (this.#head.method === "HEAD" || hasNoContent(status)) {
      dropBody(body, new TypeError("Cannot send the body: this response has none"));
      this.#sendHead(status, fields, true);
      this.#finish();
      return false;
    }
    const source = openChunks(body);
    try {
      this.#sendHead(status, fields, false);
    } catch (error) {
      source.cancel(error);
      throw error;
    }
    const outgoing = new OutgoingBody(this.#host, this.id, source, () => this.#trailers);
    this.#answer = { at: "body", body: outgoing };
    outgoing.start(this);
    return true;
  }

  /** Part of `BodyOwner`. */
  bodySent(): void {
    this.#finish();
    this.#sent?.resolve();
    if (this.#hasOwnedBody) this.#host.bodyEnded(this, undefined);
  }

  /** Part of `BodyOwner`: a response cut off must not look whole. */
  bodyFailed(error: unknown): void {
    this.#cutOff();
    this.#sent?.reject(error);
    if (this.#hasOwnedBody) this.#host.bodyEnded(this, { error });
  }

  #cutOff(): void {
    if (!this.#isOver && this.#writeError === undefined) this.abort("internal");
  }

  /** Ends with the trailers; `isCopied` says that the handler may touch its bytes already. */
  async #endWithTrailers(isCopied: boolean): Promise<void> {
    const stopped = (): Error | undefined => this.#isOver ? this.#error ?? overError() : this.#writeError;
    try {
      await sendEnd(this.#host, this.id, this.#trailers, stopped);
    } catch (error) {
      this.#cutOff();
      throw error;
    }
    await (isCopied ? this.#finish() : this.#finishWhole());
  }

  #sendHead(status: number, fields: Fields, end: boolean): void {
    this.#host.engine.sendResponse(this.id, { status, fields }, end);
    this.#answer = HEAD;
    this.#host.wake();
  }

  /** All was given to the engine. What the client still sends is not needed (RFC 9113 section 8.1). */
  #finish(): Promise<void> {
    this.#answer = END;
    this.#stopReading();
    return FULFILLED;
  }

  /** The same, but the handler's own bytes must have left before it may touch them again. */
  #finishWhole(): Promise<void> {
    if (this.#isOver) return FULFILLED;
    const whole = new Deferred<void>();
    this.#answer = { at: "head", whole };
    this.#stopReading();
    return whole.promise;
  }

  #stopReading(): void {
    if (this.#isBodiless || this.#incoming?.isSettled === true) return;
    this.#abortHalf("read", "unneeded");
  }

  #abortHalf(side: Side, cause: AbortCause): void {
    if (this.#isOver) return;
    this.#host.engine.abort(this.id, side, cause);
    this.#host.wake();
  }

  setTrailers(trailers: TrailersInput): void {
    const { at } = this.#answer;
    if (at === "head" || at === "end") {
      throw new TypeError("Cannot set the trailers: the response has ended");
    }
    this.#trailers = trailers;
  }

  abort(cause: AbortCause = "cancelled"): void {
    if (this.#isOver) return;
    this.#host.engine.abort(this.id, "both", cause);
    this.#host.wake();
    this.#end(
      new StreamError(cause, "Cannot go on: this end gave the exchange up", { initiator: "user" }),
      false,
    );
  }

  acceptTunnel(fields?: FieldsInit): Tunnel {
    if (this.#head.method !== "CONNECT") {
      throw new TypeError("Cannot open a tunnel: the request is no CONNECT");
    }
    if (this.#error !== undefined) throw this.#error;
    this.#checkUnanswered();
    this.#sendHead(200, replyFields(fields, -1, this.#host.date), false);
    const writer = new TunnelWriter(this.#host, this.id, () => this.abort("cancelled"));
    this.#answer = { at: "body", body: writer };
    const incoming = new IncomingBody(this.#host, this.id, -1, () => this.abort("cancelled"));
    if (this.#isBodiless) incoming.receiveEnd(undefined);
    this.#incoming = incoming;
    return { readable: incoming.readable, writable: writer.writable };
  }

  #checkUnanswered(): void {
    if (this.#answer.at !== "none") throw new TypeError("Cannot send a response: one was sent already");
  }

  /** Bytes of the request body arrived. */
  receiveBody(data: Uint8Array, end: boolean): void {
    this.#openIncoming().receive(data, end);
  }

  /** The request ended with a trailer section. */
  receiveTrailers(fields: Fields): void {
    this.#openIncoming().receiveEnd(fields);
  }

  /** The engine takes more of the response body. */
  receiveDrain(): void {
    const answer = this.#answer;
    if (answer.at === "body") answer.body.receiveDrain();
    else if (answer.at === "head") answer.whole?.resolve();
  }

  /** The client changed how urgent the response is. */
  receivePriority(priority: Priority): void {
    this.#priority = priority;
  }

  /** All is sent and received. */
  receiveDone(): void {
    if (this.#isOver) return this.#release();
    this.#isOver = true;
    const answer = this.#answer;
    if (answer.at === "head") answer.whole?.resolve();
    this.#host.forget(this);
  }

  /** One or both halves were cut off. */
  receiveAborted(side: Side, error: Error): void {
    if (side === "read") {
      this.#readError = error;
      this.#incoming?.fail(error);
      return;
    }
    if (side === "both") return this.#end(error);
    // A peer that wants no more of the response still has its request read to the end.
    this.#writeError = error;
    const answer = this.#answer;
    if (answer.at === "body") answer.body.stop(error);
    else if (answer.at === "head") answer.whole?.reject(error);
    this.#controller?.abort(error);
  }

  /** The exchange is over before its time; `isFree` says that the engine reads the handler's bytes no more. */
  #end(error: Error, isFree = true): void {
    const answer = this.#answer;
    if (!this.#isOver) {
      this.#isOver = true;
      this.#error = error;
      this.#incoming?.fail(error);
      if (answer.at === "body") answer.body.stop(error);
      this.#controller?.abort(error);
    }
    // A handler that waits for its bytes is told when the engine tells.
    if (isFree || answer.at !== "head" || answer.whole === undefined) this.#release();
  }

  #release(): void {
    const answer = this.#answer;
    if (answer.at === "head") answer.whole?.reject(this.#error);
    this.#host.forget(this);
  }
}

function overError(): TypeError {
  return new TypeError("Cannot send a response: the exchange is over");
}
