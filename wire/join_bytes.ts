/** How many bytes there are in all pieces. */
export function lengthOf(pieces: readonly Uint8Array[]): number {
  let length = 0;
  for (let i = 0; i < pieces.length; i++) length += pieces[i]!.length;
  return length;
}

/** All pieces in an array of its own. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  // Not `slice`, which gives a view where the piece is a `Buffer` of Node.
  if (pieces.length === 1) return new Uint8Array(pieces[0]!);
  const whole = new Uint8Array(lengthOf(pieces));
  let at = 0;
  for (let i = 0; i < pieces.length; i++) {
    whole.set(pieces[i]!, at);
    at += pieces[i]!.length;
  }
  return whole;
}
