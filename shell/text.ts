const decoder = new TextDecoder();

/** Decodes UTF-8, with U+FFFD for what is not. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
