import type { ConnectionError, RetryVerdict, StreamError } from "./errors.ts";
import type { Fields } from "./fields.ts";
import type { RequestHead, ResponseHead } from "./head.ts";
import type { Priority } from "./priority.ts";

/** The number of an exchange on its connection: the id of its stream. Opaque to the shell. */
export type ExchangeId = number;

/** Which half of an exchange something is about, seen from this end. */
export type Side = "read" | "write" | "both";

/** Why the local end gives an exchange up; each protocol maps it to its code. */
export type AbortCause =
  /** Nobody wants the rest: CANCEL, H3_REQUEST_CANCELLED. */
  | "cancelled"
  /** No work was done on it: REFUSED_STREAM, H3_REQUEST_REJECTED. */
  | "refused"
  /** The handler failed: INTERNAL_ERROR, H3_INTERNAL_ERROR. */
  | "internal"
  /** The response is complete and the rest of the request is not needed: NO_ERROR, H3_NO_ERROR. */
  | "unneeded"
  /** Too slow or too much: ENHANCE_YOUR_CALM, H3_EXCESSIVE_LOAD. */
  | "calm"
  /** The far side of a tunnel failed: CONNECT_ERROR, H3_CONNECT_ERROR. */
  | "connect";

/** A request head arrived (server). `end`: no body and no trailers follow. */
export interface RequestEvent {
  /** What kind of event it is. */
  readonly type: "request";
  /** Which exchange it is about. */
  readonly id: ExchangeId;
  /** The head, with its fields. */
  readonly head: RequestHead;
  /** Whether the message is complete. */
  readonly end: boolean;
  /** Whether it came as early data, here or at an intermediary, so that it may be a replay (RFC 8470). */
  readonly early?: boolean;
}

/** The final response head arrived (client). `end`: no body and no trailers follow. */
export interface ResponseEvent {
  /** What kind of event it is. */
  readonly type: "response";
  /** Which exchange it is about. */
  readonly id: ExchangeId;
  /** The head, with its fields. */
  readonly head: ResponseHead;
  /** Whether the message is complete. */
  readonly end: boolean;
}

/** An interim (1xx) response head arrived (client). */
export interface InterimEvent {
  /** What kind of event it is. */
  readonly type: "interim";
  /** Which exchange it is about. */
  readonly id: ExchangeId;
  /** The head, with its fields. */
  readonly head: ResponseHead;
}

/**
 * Bytes of a message body arrived. `data` is a view that is valid until the next
 * `receive()`; who keeps it copies it. `end`: the message is complete.
 */
export interface BodyEvent {
  /** What kind of event it is. */
  readonly type: "body";
  /** Which exchange it is about. */
  readonly id: ExchangeId;
  /** How many bytes there are. */
  readonly length: number;
  /** The bytes; a view that is made when it is asked for, and that the next `receive()` makes void. */
  readonly data: Uint8Array;
  /** Whether the message is complete. */
  readonly end: boolean;
}

/** The trailer section arrived; the message is complete. */
export interface TrailersEvent {
  /** What kind of event it is. */
  readonly type: "trailers";
  /** Which exchange it is about. */
  readonly id: ExchangeId;
  /** The trailers. */
  readonly fields: Fields;
}

/**
 * One or both halves of an exchange ended early, by either end. After `side`
 * `both` (or after both halves) the id is forgotten.
 */
export interface AbortedEvent {
  /** What kind of event it is. */
  readonly type: "aborted";
  /** Which exchange it is about. */
  readonly id: ExchangeId;
  /** Which half ended. */
  readonly side: Side;
  /** Why, by whom, and what is known about the fate of the request. */
  readonly error: StreamError | ConnectionError;
}

/** The outgoing buffer of an exchange fell low: `sendBody` is welcome again. */
export interface DrainEvent {
  /** What kind of event it is. */
  readonly type: "drain";
  /** Which exchange it is about. */
  readonly id: ExchangeId;
}

/** Both halves ended well and all that was to be sent has been handed to `output()`. */
export interface DoneEvent {
  /** What kind of event it is. */
  readonly type: "done";
  /** Which exchange it is about. */
  readonly id: ExchangeId;
}

/** The peer changed the priority of an exchange (RFC 9218). */
export interface PriorityEvent {
  /** What kind of event it is. */
  readonly type: "priority";
  /** Which exchange it is about. */
  readonly id: ExchangeId;
  /** What the peer asks for now. */
  readonly priority: Priority;
}

/** The peer's SETTINGS arrived; the first one makes the connection ready. */
export interface SettingsEvent {
  /** What kind of event it is. */
  readonly type: "settings";
  /** Whether it is the first one of the connection. */
  readonly first: boolean;
}

/** The number of exchanges that may be opened grew (client). */
export interface CapacityEvent {
  /** What kind of event it is. */
  readonly type: "capacity";
}

/** An answer to `ping()`. */
export interface PongEvent {
  /** What kind of event it is. */
  readonly type: "pong";
  /** What `ping()` returned. */
  readonly token: number;
  /** The round trip, in milliseconds. */
  readonly rttMs: number;
}

/** The peer will take no more exchanges; `unprocessed` were certainly not worked on. */
export interface GoingAwayEvent {
  /** What kind of event it is. */
  readonly type: "goingAway";
  /** Exchanges of ours that the peer certainly did not work on. */
  readonly unprocessed: readonly ExchangeId[];
  /** The error code that the peer gave. */
  readonly wireCode: number;
}

/** Origins for which the peer says it is authoritative (RFC 8336, RFC 9412). */
export interface OriginsEvent {
  /** What kind of event it is. */
  readonly type: "origins";
  /** Origins in the form `https://example.com`. */
  readonly origins: readonly string[];
}

/** An alternative service that the peer announced in a frame (RFC 7838). `origin` is empty on a request stream. */
export interface AltSvcEvent {
  /** What kind of event it is. */
  readonly type: "altSvc";
  /** Which exchange it is about. */
  readonly id: ExchangeId;
  /** The origin it is about; empty for that of the exchange. */
  readonly origin: string;
  /** The value as in an alt-svc field. */
  readonly value: string;
}

/** An unreliable datagram of an exchange arrived (RFC 9297). `data` is a view that is valid until the next `receive()`. */
export interface DatagramEvent {
  /** What kind of event it is. */
  readonly type: "datagram";
  /** The exchange. */
  readonly id: ExchangeId;
  /** The payload, without the id. */
  readonly data: Uint8Array;
}

/** The connection is over; nothing follows. `error` is absent after an orderly end. */
export interface ClosedEvent {
  /** What kind of event it is. */
  readonly type: "closed";
  /** Why; absent after an orderly end. */
  readonly error?: ConnectionError;
}

/** Everything an engine tells its shell, in order of arrival. */
export type EngineEvent =
  | RequestEvent
  | ResponseEvent
  | InterimEvent
  | BodyEvent
  | TrailersEvent
  | AbortedEvent
  | DrainEvent
  | DoneEvent
  | PriorityEvent
  | SettingsEvent
  | CapacityEvent
  | PongEvent
  | GoingAwayEvent
  | OriginsEvent
  | AltSvcEvent
  | DatagramEvent
  | ClosedEvent;

/**
 * The verbs that both engines share: all that an exchange of the shell needs.
 * No verb does I/O. A verb on an id that is over is ignored (it can be over for a
 * moment before the shell knows); one that breaks HTTP throws `TypeError`.
 */
export interface HttpEngine {
  /** `h2` or `h3`. */
  readonly protocol: "h2" | "h3";
  /** Whether a request can be opened at once (client). */
  readonly canOpen: boolean;
  /** Exchanges that are open now, in both directions. */
  readonly openExchanges: number;
  /** Whether the connection takes or makes no new exchanges. */
  readonly isGoingAway: boolean;
  /** Whether the connection is over. */
  readonly isClosed: boolean;
  /** Opens an exchange with a request (client). Throws `RangeError` unless `canOpen`. */
  sendRequest(head: RequestHead, end: boolean): ExchangeId;
  /** Sends a response head, interim (1xx) or final (server). */
  sendResponse(id: ExchangeId, head: ResponseHead, end: boolean): void;
  /**
   * Queues bytes of the body; the engine reads them when it writes a frame, so the caller
   * leaves them alone until `done` or `aborted`. Returns whether more is welcome at once; after
   * `false` a `drain` event follows, and all but the last half of `limits.maxSendBufferBytes` are free.
   * With `end`, returns whether the bytes are the caller's again at once.
   */
  sendBody(id: ExchangeId, data: Uint8Array, end: boolean): boolean;
  /**
   * Queues a copy of pieces of the body that are only valid until this returns. Returns whether more is
   * welcome at once, as `sendBody` does.
   */
  copyBody(id: ExchangeId, pieces: readonly Uint8Array[]): boolean;
  /** Ends the message with a trailer section. */
  sendTrailers(id: ExchangeId, fields: Fields): void;
  /** Gives up one or both halves of an exchange. */
  abort(id: ExchangeId, side: Side, cause: AbortCause): void;
  /** Says that the application took `bytes` of the body: the peer may send as many again. */
  consume(id: ExchangeId, bytes: number): void;
  /** Changes the priority that this end asks for (client: tells the peer; server: overrides). */
  setPriority(id: ExchangeId, priority: Priority): void;
  /** Starts or finishes a graceful end: no new exchanges, open ones finish. */
  shutdown(): void;
  /** Ends the connection now. `reason` is sent as debug data where the protocol has it. */
  close(cause?: AbortCause, reason?: string): void;
  /** What is known about a request that the end of the connection would cut off now. */
  verdict(id: ExchangeId): RetryVerdict;
  /** All events since the last call, oldest first. */
  take(): EngineEvent[];
  /** When `tick` wants to be called, in milliseconds of the clock of `receive`; `Infinity` for never. */
  nextDeadline(): number;
  /** Lets time pass: deadlines that are due act. */
  tick(now: number): void;
}
