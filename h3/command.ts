/**
 * A stream in a command: the id of a QUIC stream, or the token of a unidirectional
 * stream that the engine asked to open (a negative number).
 */
export type StreamRef = number;

/** The token of this end's control stream. */
export const CONTROL_STREAM: StreamRef = -1;
/** The token of this end's QPACK encoder stream. */
export const ENCODER_STREAM: StreamRef = -2;
/** The token of this end's QPACK decoder stream. */
export const DECODER_STREAM: StreamRef = -3;
/** The token of the stream of a reserved type that is opened by option. */
export const GREASE_STREAM: StreamRef = -4;

/** Opens a unidirectional stream; later commands name it by `token`. The type octet is part of its first write. */
export interface OpenUniCommand {
  /** What kind of command it is. */
  readonly type: "openUni";
  /** Its name from now on; negative. */
  readonly token: StreamRef;
  /** Its send order, as in `PriorityCommand`. */
  readonly order: number;
}

/**
 * Opens the next bidirectional stream. QUIC numbers them 0, 4, 8, … in the order of
 * opening; the driver opens in the order of these commands, so it gets `stream`.
 */
export interface OpenRequestCommand {
  /** What kind of command it is. */
  readonly type: "openRequest";
  /** The id that the stream will have. */
  readonly stream: StreamRef;
}

/**
 * Writes bytes: whole frames, but that a large payload of DATA is a command of its own right
 * behind its header, and lies in memory of the application. `data` stays untouched
 * until the driver calls `written(stream, data)`, which it does once for each of
 * these commands, also when the write failed or was dropped.
 */
export interface WriteCommand {
  /** What kind of command it is. */
  readonly type: "write";
  /** The stream. */
  readonly stream: StreamRef;
  /** The bytes, valid until they are reported as written. */
  readonly data: Uint8Array;
  /** Whether the stream ends (FIN) after these bytes. */
  readonly fin: boolean;
}

/** Ends a stream (FIN) after what was written. */
export interface FinishCommand {
  /** What kind of command it is. */
  readonly type: "finish";
  /** The stream. */
  readonly stream: StreamRef;
}

/**
 * Ends the sending half early (RESET_STREAM). Writes that are still under way may be
 * dropped. Without `exactStreamErrors` it is given only where the peer cannot take the
 * rest for a whole message: it has stopped the stream itself, or the stream is not there
 * yet. Of such a stream nothing is written: once it is there, it is reset at once.
 */
export interface ResetCommand {
  /** What kind of command it is. */
  readonly type: "reset";
  /** The stream. */
  readonly stream: StreamRef;
  /** The error code. */
  readonly code: number;
}

/** Asks the peer to send no more on a stream (STOP_SENDING); nothing that arrives later matters. */
export interface StopCommand {
  /** What kind of command it is. */
  readonly type: "stop";
  /** The stream. */
  readonly stream: StreamRef;
  /** The error code. */
  readonly code: number;
}

/** Reading is welcome again on a stream for which `wantsData` said no. */
export interface ResumeCommand {
  /** What kind of command it is. */
  readonly type: "resume";
  /** The stream. */
  readonly stream: StreamRef;
}

/** The send order of a stream changed: higher goes first, equal ones share (a 32-bit integer). */
export interface PriorityCommand {
  /** What kind of command it is. */
  readonly type: "priority";
  /** The stream. */
  readonly stream: StreamRef;
  /** The send order; higher goes first. */
  readonly order: number;
}

/** Sends one QUIC datagram, or drops it. */
export interface DatagramCommand {
  /** What kind of command it is. */
  readonly type: "datagram";
  /** The payload; the driver owns it. */
  readonly data: Uint8Array;
}

/** Ends the connection (CONNECTION_CLOSE) with an application error code. Nothing follows. */
export interface CloseCommand {
  /** What kind of command it is. */
  readonly type: "close";
  /** The error code. */
  readonly code: number;
  /** The reason phrase; may be empty. */
  readonly reason: string;
}

/** What the engine asks of the QUIC connection, in order. */
export type Command =
  | OpenUniCommand
  | OpenRequestCommand
  | WriteCommand
  | FinishCommand
  | ResetCommand
  | StopCommand
  | ResumeCommand
  | PriorityCommand
  | DatagramCommand
  | CloseCommand;
