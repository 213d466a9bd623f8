/**
 * How far into its ArrayBuffer a buffer starts, in bytes.
 *
 * A 9-byte frame header in a page-aligned buffer would put each payload a few bytes
 * past the alignment of its source, where block copies are ten times slower on some
 * processors; this distance keeps clear of that.
 */
export const BUFFER_OFFSET = 192;

/** Sizes of pooled ArrayBuffers, in bytes; each is four times the one before. */
const CLASS_BYTES = [1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304];

/** How much each class may keep, in buffers: at most about 11 MiB together. */
const CLASS_KEPT = [256, 128, 64, 32, 8, 4, 0];

const kept: Uint8Array<ArrayBuffer>[][] = CLASS_BYTES.map(() => []);

/** The buffer of who holds none. */
export const NO_BYTES: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** Hands out a buffer with room for `bytes`, from the pool if it can; its content is arbitrary. */
export function takeBuffer(bytes: number): Uint8Array<ArrayBuffer> {
  const wanted = bytes + BUFFER_OFFSET;
  for (let i = 0; i < CLASS_BYTES.length; i++) {
    const size = CLASS_BYTES[i]!;
    if (size < wanted) continue;
    return kept[i]!.pop() ?? new Uint8Array(new ArrayBuffer(size), BUFFER_OFFSET);
  }
  return new Uint8Array(new ArrayBuffer(wanted + (wanted >> 1)), BUFFER_OFFSET);
}

/** Takes back a buffer of `takeBuffer` that nobody else holds; drops it if the pool has enough. */
export function giveBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  const at = CLASS_BYTES.indexOf(buffer.length + BUFFER_OFFSET);
  if (at < 0 || buffer.byteOffset !== BUFFER_OFFSET) return;
  const list = kept[at]!;
  if (list.length < CLASS_KEPT[at]!) list.push(buffer);
}

/** How much the pool keeps at the moment, in bytes. */
export function pooledBytes(): number {
  let bytes = 0;
  for (let i = 0; i < kept.length; i++) bytes += kept[i]!.length * CLASS_BYTES[i]!;
  return bytes;
}
