import type { EngineEvent } from "../semantics/events.ts";
import type { MessageReader } from "../semantics/message_reader.ts";
import type { MessageWriter } from "../semantics/message_writer.ts";
import { DEFAULT_PRIORITY, type Priority } from "../semantics/priority.ts";
import type { ByteQueue } from "../wire/byte_queue.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import type { Fields } from "../semantics/fields.ts";
import { FrameReader } from "./frame_reader.ts";

/**
 * Where the receiving half is.
 *
 * - `open`: more may come.
 * - `blocked`: a field section waits for QPACK inserts; what follows it is kept.
 * - `ended`: FIN came and the message was whole.
 * - `aborted`: given up by either end; what still comes is dropped.
 */
export type ReceiveState = "open" | "blocked" | "ended" | "aborted";

/**
 * Where the sending half is.
 *
 * - `held`: a request that waits for the end of early data; nothing is written.
 * - `open`: frames are written as they come.
 * - `ending`: the last piece is queued behind others.
 * - `ended`: FIN was handed over.
 * - `aborted`: given up by either end.
 */
export type SendState = "held" | "open" | "ending" | "ended" | "aborted";

/** One request with its response, on one stream. */
export class Exchange {
  /** The id of its stream. */
  readonly id: number;
  /** The receiving half of the message rules. */
  readonly reader: MessageReader;
  /** The sending half; on a server it waits for the method. */
  writer: MessageWriter | undefined;
  /** The position on the stream. */
  readonly frames: FrameReader = new FrameReader();

  /** Where the receiving half is. */
  receiving: ReceiveState = "open";
  /** Where the sending half is. */
  sending: SendState = "open";
  /** Whether the shell knows of it. */
  isAnnounced = false;
  /** Whether it is forgotten. */
  isOver = false;
  /** Whether the request began as early data. */
  isEarly = false;
  /** Whether the head of the message that this end waits for has come (interim ones do not count). */
  hasHead = false;
  /** Whether the final head of the message that this end sends was written. */
  hasSentHead = false;
  /** Whether the transport has opened the stream (client). */
  isOpened = true;
  /** Whether slow bodies are put up with. */
  isSlowAllowed = false;
  /** Whether FIN of the peer was seen, even if what came before it still waits. */
  hasFin = false;
  /** Whether the peer's reset or stop was counted. */
  isPeerReset = false;
  /** Whether the budget was charged for it. */
  isPeerResetPaid = false;
  /** Whether it is an extended or plain CONNECT. */
  isConnect = false;

  /** The start of a field section that is not whole yet. */
  section: ByteWriter | undefined = undefined;
  /** What follows a section that is blocked. */
  kept: ByteQueue | undefined = undefined;
  /** Whether FIN came behind what is kept. */
  keptFin = false;
  /** Trailers that wait for the end of the stream. */
  trailers: Fields | undefined = undefined;
  /** Body bytes that the application has not taken. */
  unread = 0;
  /** What small pieces among them cost of the budget, in bytes. */
  smallDebt = 0;
  /** Whether the driver was told to stop reading. */
  isPaused = false;
  /** Whether the DATA frame that was begun last is small and not paid for. */
  isSmallFrame = false;
  /** Empty DATA frames in a row. */
  emptyFrames = 0;
  /** Body bytes received since the rate was last looked at. */
  receivedSince = 0;

  /** Body pieces that wait to be written, and how far the first one is. */
  readonly queue: Uint8Array[] = [];
  /** How much of the first piece is written. */
  queueOffset = 0;
  /** Bytes in the queue that are not written. */
  queuedBytes = 0;
  /** Bytes handed to the driver that it is not done with. */
  inFlight = 0;
  /** Writes among them that refer to memory of the application. */
  lentWrites = 0;
  /** What gives that memory back, until those writes are done. */
  heldEvents: EngineEvent[] | undefined = undefined;
  /** Whether the transport has taken a large piece of the body. */
  isFlowing = false;
  /** The trailer section to end with, if there is one. */
  pendingTrailers: readonly string[] | undefined = undefined;
  /** Names in it that must not be indexed. */
  pendingSensitive: ReadonlySet<string> | undefined = undefined;
  /** Whether `sendBody` said no and owes a `drain`. */
  owesDrain = false;
  /** When all that is under way must be written, at the slowest rate. */
  sendDue = 0;
  /** The code that an abort by the ladder stands for. */
  abortCode = 0;

  /** The priority in force. */
  priority: Priority = DEFAULT_PRIORITY;
  /** Whether a PRIORITY_UPDATE or this end's own word stands above the field. */
  isPrioritySet = false;
  /** The section of a request that is held back. */
  heldSection: readonly string[] | undefined = undefined;
  /** Whether the message that is held back is complete. */
  heldEnd = false;
  /** Names in it that must not be indexed. */
  heldSensitive: ReadonlySet<string> | undefined = undefined;
  /** Whatever the application keeps with it. */
  state: Map<unknown, unknown> | undefined = undefined;

  /** Makes an exchange whose halves are open. */
  constructor(id: number, reader: MessageReader, writer: MessageWriter | undefined) {
    this.id = id;
    this.reader = reader;
    this.writer = writer;
  }

  /** Whether anything more may come from the peer. */
  get isReceiving(): boolean {
    return this.receiving === "open" || this.receiving === "blocked";
  }

  /** Whether anything more may be sent. */
  get isSending(): boolean {
    return this.sending === "held" || this.sending === "open" || this.sending === "ending";
  }
}

/** The send order for RFC 9218 priorities: urgency first, then turn by turn or in order of the streams. */
export function sendOrder(priority: Priority, id: number): number {
  const turn = priority.incremental ? 0 : 0xff_ffff - (id / 4 & 0xff_ffff);
  return (7 - priority.urgency) * 0x100_0000 + turn;
}

/** The send order of control and QPACK streams: before all exchanges. */
export const FIRST_ORDER = 0x7fff_ffff;
