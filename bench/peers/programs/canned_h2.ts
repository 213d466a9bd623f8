/** The least of a client: frames as bytes, and a walk over those that come. It checks nothing and costs nothing. */

/** The frames that matter here, by their type. */
export const Type = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
} as const;
/** Flags: the end of a message (an acknowledgement, of SETTINGS), the end of its fields. */
export const END_STREAM = 1;
export const END_HEADERS = 4;
const MAX_WINDOW = 2 ** 31 - 1;
const INITIAL_WINDOW_SIZE = 4;
const MAX_FRAME_SIZE = 5;

const encoder = new TextEncoder();

/** One frame. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Iterable<number> = [],
): Uint8Array {
  const body = [...payload];
  return Uint8Array.from([...uint32(body.length).slice(1), type, flags, ...uint32(stream), ...body]);
}

function uint32(value: number): number[] {
  return [value >>> 24, value >>> 16 & 255, value >>> 8 & 255, value & 255];
}

/** The preface, SETTINGS with the largest windows there are and the largest frame, and the same for the connection. */
export function opening(maxFrameBytes: number = 16_384): Uint8Array {
  const settings = [
    0,
    INITIAL_WINDOW_SIZE,
    ...uint32(MAX_WINDOW),
    0,
    MAX_FRAME_SIZE,
    ...uint32(maxFrameBytes),
  ];
  return join(
    encoder.encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    frame(Type.SETTINGS, 0, 0, settings),
    windowUpdate(MAX_WINDOW - 65_535),
  );
}

/** How many octets a client sends before its first frame. */
export const PREFACE_BYTES = 24;

/** The same of a server, which has no preface. */
export const SERVER_OPENING: Uint8Array = opening().subarray(PREFACE_BYTES);

/** The fields of a response that says 200, and nothing else. */
export const STATUS_200: Uint8Array = Uint8Array.of(0x88);

/** What says that SETTINGS have come. */
export const SETTINGS_ACK: Uint8Array = frame(Type.SETTINGS, END_STREAM, 0);

/** Gives the connection so much window. */
export function windowUpdate(bytes: number): Uint8Array {
  return frame(Type.WINDOW_UPDATE, 0, 0, uint32(bytes));
}

/** A request, with a body where there is one; its fields are static or literal, so that it fits any connection. */
export function request(stream: number, authority: string, path: string, body?: Uint8Array): Uint8Array {
  const method = body === undefined ? 0x82 : 0x83;
  const fields = [method, 0x86, 0x04, path.length, ...encoder.encode(path)];
  fields.push(0x01, authority.length, ...encoder.encode(authority));
  if (body === undefined) return frame(Type.HEADERS, END_HEADERS | END_STREAM, stream, fields);
  return join(frame(Type.HEADERS, END_HEADERS, stream, fields), frame(Type.DATA, END_STREAM, stream, body));
}

/** Several pieces as one. */
export function join(...pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Told of a frame when the last byte of it has come. */
export type OnFrame = (type: number, flags: number, stream: number, length: number) => void;

/** Shown each piece of a payload where it was read, before the frame has ended; `isLast` says that the frame ends with it. */
export type OnPiece = (head: Uint8Array, piece: Uint8Array, isLast: boolean) => void;

/** Finds frames in what is read, wherever that is cut. */
export class FrameWalk {
  readonly #head = new Uint8Array(9);
  readonly #onFrame: OnFrame;
  readonly #onPiece: OnPiece | undefined;
  #kept = 0;
  #left = 0;

  constructor(onFrame: OnFrame, onPiece?: OnPiece) {
    this.#onFrame = onFrame;
    this.#onPiece = onPiece;
  }

  receive(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#kept < 9) {
        this.#head[this.#kept++] = bytes[at++]!;
        if (this.#kept < 9) continue;
        this.#left = this.#length;
      }
      const taken = Math.min(this.#left, bytes.length - at);
      this.#left -= taken;
      if (taken > 0 || this.#left === 0) {
        this.#onPiece?.(this.#head, bytes.subarray(at, at + taken), this.#left === 0);
      }
      at += taken;
      if (this.#left === 0) this.#end();
    }
  }

  get #length(): number {
    return this.#head[0]! << 16 | this.#head[1]! << 8 | this.#head[2]!;
  }

  #end(): void {
    const head = this.#head;
    this.#kept = 0;
    const stream = (head[5]! & 127) << 24 | head[6]! << 16 | head[7]! << 8 | head[8]!;
    this.#onFrame(head[3]!, head[4]!, stream, this.#length);
  }
}
