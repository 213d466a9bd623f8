const FRAME_BYTES = 16_384;
const HEADER_BYTES = 9;
const END_STREAM = 1;

/** How far a copy came: in the body, and in the output. */
export interface Copied {
  readonly body: number;
  readonly output: number;
}

/**
 * Copies a body from `start.body` on into DATA frames of 16 KiB at `start.output`, as many as there is room for: the
 * least that HTTP/2 takes where there is no `writev`.
 */
export function copyFrames(output: Uint8Array, body: Uint8Array, start: Copied, stream: number): Copied {
  let { body: from, output: at } = start;
  while (from < body.length && at + HEADER_BYTES < output.length) {
    const size = Math.min(FRAME_BYTES, body.length - from, output.length - at - HEADER_BYTES);
    output[at] = size >>> 16;
    output[at + 1] = size >>> 8;
    output[at + 2] = size;
    output[at + 3] = 0;
    output[at + 4] = from + size === body.length ? END_STREAM : 0;
    output[at + 5] = stream >>> 24;
    output[at + 6] = stream >>> 16;
    output[at + 7] = stream >>> 8;
    output[at + 8] = stream;
    output.set(body.subarray(from, from + size), at + HEADER_BYTES);
    from += size;
    at += HEADER_BYTES + size;
  }
  return { body: from, output: at };
}
