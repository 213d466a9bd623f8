/** Short texts are encoded into slabs of this size, in bytes. */
const SLAB_BYTES = 16_384;

/** Texts up to this length go into a slab, in characters. */
const MAX_SHORT = 1024;

/** Up to this length a loop is quicker than a call, in characters. */
const MAX_LOOP = 48;

const encoder = new TextEncoder();

let slab = new Uint8Array(0);
let used = 0;

/** The last short text, and what it became: answers are often the same again. */
let lastText = "";
let lastBytes: Uint8Array = slab;

/**
 * Encodes a text as UTF-8. A short one becomes a view into a buffer that is shared with
 * others and written only once: an array of its own would cost more than the rest of a
 * small response. So the result is for an engine, not for applications.
 */
export function encodeText(text: string): Uint8Array {
  if (text.length > MAX_SHORT) return encoder.encode(text);
  if (text === lastText) return lastBytes;
  lastText = text;
  return lastBytes = encodeShort(text);
}

function encodeShort(text: string): Uint8Array {
  const length = text.length;
  if (used + 3 * length > slab.length) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  const start = used;
  if (length <= MAX_LOOP && storeAscii(text, length)) used = start + length;
  else used = start + encoder.encodeInto(text, slab.subarray(start)).written;
  return slab.subarray(start, used);
}

function storeAscii(text: string, length: number): boolean {
  let at = used;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return false;
    slab[at++] = unit;
  }
  return true;
}
