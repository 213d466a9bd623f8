/** Whether memory stays where it is and belongs to one thread: platforms write what is shared or can shrink only as a copy. */
export function isFixedMemory(bytes: Uint8Array): boolean {
  return bytes.buffer instanceof ArrayBuffer && !bytes.buffer.resizable;
}
