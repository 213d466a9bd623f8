/** What is worth it, in bytes. */
const MIN_FREED_BYTES = 4096;

/**
 * Gives the memory of `bytes` back at once, where they have a buffer to themselves and the runtime can
 * (`ArrayBuffer.prototype.transfer`); they are empty then. Only for bytes that nobody else has. A collector that
 * finds such arrays by itself marks the whole heap for each 40 MB of them.
 */
export function freeBytes(bytes: Uint8Array): void {
  const buffer = bytes.buffer as { readonly byteLength: number; transfer?(length: number): unknown };
  if (bytes.length >= MIN_FREED_BYTES && bytes.length === buffer.byteLength) buffer.transfer?.(0);
}
