import type { ByteWriter } from "./byte_writer.ts";
import { huffmanEncode } from "./huffman.ts";
import { prefixIntSize, writePrefixInt } from "./prefix_int.ts";

/** How strings are written: whichever form is shorter, always as octets, or always as a Huffman code. */
export type StringForm = "shorter" | "plain" | "coded";

/**
 * Writes a string with its length before it (RFC 7541 section 5.2, RFC 9204 section 4.1.2),
 * by default as a Huffman code where that is shorter. The length has an N-bit prefix; the bit above
 * it says whether the string is coded, and `firstByteBits` are those above that.
 * Throws `TypeError` for a character above 255 and leaves the writer as it was.
 */
export function writeStringLiteral(
  writer: ByteWriter,
  firstByteBits: number,
  prefixBits: number,
  text: string,
  form: StringForm = "shorter",
): void {
  const start = writer.position;
  try {
    if (text.length > 0 && form !== "plain" && writeCoded(writer, firstByteBits, prefixBits, text, form)) {
      return;
    }
    writePrefixInt(writer, firstByteBits, prefixBits, text.length);
    writer.latin1(text);
  } catch (error) {
    writer.position = start;
    throw error;
  }
}

/** Writes the coded form and says so, or nothing when that is not wanted. */
function writeCoded(
  writer: ByteWriter,
  firstByteBits: number,
  prefixBits: number,
  text: string,
  form: StringForm,
): boolean {
  const start = writer.position;
  // The code goes where it belongs if its length takes one octet, and is moved up if not.
  writer.uint8(0);
  const coded = huffmanEncode(writer, text);
  if (coded >= text.length && form === "shorter") {
    writer.position = start;
    return false;
  }
  const flag = 1 << prefixBits;
  if (coded < flag - 1) {
    writer.buffer[start] = firstByteBits | flag | coded;
    return true;
  }
  const sizeOctets = prefixIntSize(prefixBits, coded);
  writer.reserve(sizeOctets);
  writer.buffer.copyWithin(start + sizeOctets, start + 1, start + 1 + coded);
  writer.position = start;
  writePrefixInt(writer, firstByteBits | flag, prefixBits, coded);
  writer.position = start + sizeOctets + coded;
  return true;
}
