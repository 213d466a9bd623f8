const fromCharCode = String.fromCharCode;

/** Makes a string of octets, one character each. */
export function latin1ToString(b: Uint8Array, start: number, end: number): string {
  let i = start;
  let text = "";
  // Fixed argument counts are an intrinsic in V8: several times as quick as `apply` or a decoder.
  for (; i + 16 <= end; i += 16) {
    // deno-fmt-ignore
    text += fromCharCode(
      b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!,
      b[i + 8]!, b[i + 9]!, b[i + 10]!, b[i + 11]!, b[i + 12]!, b[i + 13]!, b[i + 14]!, b[i + 15]!,
    );
  }
  if (i + 8 <= end) {
    // deno-fmt-ignore
    text += fromCharCode(
      b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!,
    );
    i += 8;
  }
  if (i + 4 <= end) {
    text += fromCharCode(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!);
    i += 4;
  }
  if (i + 2 <= end) {
    text += fromCharCode(b[i]!, b[i + 1]!);
    i += 2;
  }
  if (i < end) text += fromCharCode(b[i]!);
  return text;
}
