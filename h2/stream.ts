import type { MessageReader, MessageWriter } from "../semantics/mod.ts";

/** The states of a stream that is open (RFC 9113 section 5.1); others have no object. */
export type H2StreamState = "open" | "half-closed (local)" | "half-closed (remote)" | "closed";

/**
 * One exchange on the connection: plain data that the engine's parts work on. A stream is
 * in the table from its HEADERS on until both halves have ended.
 */
export class Stream {
  /** The stream id. */
  readonly id: number;
  /** The receiving half's message. */
  readonly reader: MessageReader;
  /** The sending half's message. */
  writer: MessageWriter;
  /** Whether the peer may still send (no END_STREAM, no reset). */
  isReadOpen = true;
  /** Whether this end may still send. */
  isWriteOpen = true;

  /** Whether arriving content is dropped: nobody wants it. */
  isDiscarding = false;
  /** The code of the reset that follows once the sending half is done; -1 for none. */
  resetAfterWrite = -1;
  /** Whether the request is a CONNECT. */
  isConnect = false;
  /** Whether the shell knows the exchange. */
  isAnnounced = false;
  /** Whether the final response head was sent (server) or received (client). */
  isAnswered = false;
  /** Bytes that the peer may still send. */
  receiveWindow: number;
  /** Bytes that the application took and that the peer was not told of. */
  owed = 0;
  /** Bytes delivered that the application has not taken. */
  unconsumed = 0;
  /** What unread small frames took from the budget. */
  smallDataSpent = 0;
  /** Empty DATA frames in a row. */
  emptyFrames = 0;
  /** Bytes received since `receiveSince`. */
  receivedBytes = 0;
  /** Since when the peer is expected to send; -1 while it is not. */
  receiveSince = -1;

  /** Bytes that this end may still send. */
  sendWindow: number;
  /** The first chunk of the body that is not sent. */
  chunk: Uint8Array | undefined = undefined;
  /** How far the first chunk is sent. */
  chunkOffset = 0;
  /** The chunks after the first. */
  chunks: Uint8Array[] | undefined = undefined;
  /** Bytes in all chunks that are not sent. */
  queuedBytes = 0;
  /** Whether END_STREAM follows what is queued. */
  isEndQueued = false;
  /** The trailer section that follows what is queued. */
  trailers: readonly string[] | undefined = undefined;
  /** Names of the trailer section that no table may keep. */
  trailersSensitive: ReadonlySet<string> | undefined = undefined;
  /** Whether the shell waits for a `drain` event. */
  wantsDrain = false;
  /** Whether the scheduler holds it: 0 no, 1 for content, 2 for its end. */
  scheduled = 0;
  /** The streams beside it where it waits. */
  before: Stream | undefined = undefined;
  /** See `before`. */
  after: Stream | undefined = undefined;
  /** The number of the last output that refers to its content; -1 before. */
  lentIn = -1;
  /** Bytes sent since `sendSince`. */
  sentBytes = 0;
  /** Since when the peer's stream window holds the body back; -1 while it does not. */
  sendSince = -1;

  /** RFC 9218: 0 (first) to 7 (last). */
  urgency = 3;
  /** RFC 9218: whether it takes turns. */
  isIncremental = false;
  /** The number of the output in which its head leaves this end. */
  epoch = 0;

  constructor(
    id: number,
    reader: MessageReader,
    writer: MessageWriter,
    receiveWindow: number,
    sendWindow: number,
  ) {
    this.id = id;
    this.reader = reader;
    this.writer = writer;
    this.receiveWindow = receiveWindow;
    this.sendWindow = sendWindow;
  }

  /** The state by its name in the RFC. */
  get state(): H2StreamState {
    if (this.isReadOpen) return this.isWriteOpen ? "open" : "half-closed (local)";
    return this.isWriteOpen ? "half-closed (remote)" : "closed";
  }
}
