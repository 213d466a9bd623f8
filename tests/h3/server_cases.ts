import { frame, GET, headers, join } from "../support/h3_frames.ts";

/** Whoever plays the client: streams 2, 6 and 10 are its control, encoder and decoder streams. */
export interface CasePeer {
  send(stream: number, bytes: ArrayLike<number>, fin?: boolean): unknown;
  /** Sends frames on the control stream, after SETTINGS. */
  control(...frames: readonly ArrayLike<number>[]): unknown;
}

/** A row of the table of cases. */
export type Row = [
  id: string,
  section: string,
  role: string,
  stimulus: string,
  scope: string,
  code: string,
  bytes: string,
];

/** What is done to the server; the bytes of a row are used where it has any. */
export const STIMULI: Readonly<Record<string, (peer: CasePeer, bytes: Uint8Array) => unknown>> = {
  "h3spec/1": (peer) => peer.send(0, join(frame(0), headers(GET)), true),
  "h3spec/2": (peer, bytes) => peer.send(0, frame(1, bytes), true),
  "h3spec/3": (peer, bytes) => peer.send(0, frame(1, bytes), true),
  "h3spec/4": (peer, bytes) => peer.send(0, frame(1, bytes), true),
  "h3spec/5": (peer, bytes) => peer.send(0, frame(1, bytes), true),
  "h3spec/6": (peer) => peer.send(2, [0x00, 0x0d, 0x01, 0x01]),
  "h3spec/7": (peer) => peer.control(frame(0)),
  "h3spec/8": (peer) => peer.control(frame(1)),
  "h3spec/9": (peer) => peer.control(frame(4)),
  "h3spec/10": (peer, bytes) => peer.send(2, join(0, frame(4, bytes))),
  "h3spec/11": (peer) => peer.send(0, join(frame(3), headers(GET)), true),
  "h3spec/12": (peer, bytes) => peer.send(0, frame(1, bytes), true),
  "h3spec/13": (peer, bytes) => peer.send(6, bytes),
  "h3spec/14": (peer) => peer.send(2, [], true),
  "h3spec/15": (peer) => peer.send(10, [0x00]),
};

/** Rows that begin before the control stream has said anything. */
export const WITHOUT_SETTINGS: ReadonlySet<string> = new Set(["h3spec/6", "h3spec/10"]);

/** The bytes of a row. */
export function hexOf(row: Row): Uint8Array {
  const hex = /(?:HEADERS payload|SETTINGSpayload|encoder stream) ?([0-9a-f]+)$/.exec(row[6])?.[1] ?? "";
  return Uint8Array.fromHex(hex);
}
