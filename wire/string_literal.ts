import type { ByteWriter } from "./byte_writer.ts";
import { huffmanEncode } from "./huffman.ts";
import { prefixIntSize, writePrefixInt } from "./prefix_int.ts";

/**
 * Writes a string with its length before it (RFC 7541 section 5.2, RFC 9204 section 4.1.2),
 * as a Huffman code where that is shorter. The length has an N-bit prefix; the bit above
 * it says whether the string is coded, and `firstByteBits` are those above that.
 * Throws `TypeError` for a character above 255 and leaves the writer as it was.
 */
export function writeStringLiteral(
  writer: ByteWriter,
  firstByteBits: number,
  prefixBits: number,
  text: string,
): void {
  const size = text.length;
  const start = writer.position;
  const short = (1 << prefixBits) - 1;
  // The code goes where it belongs if its length takes one octet, and is moved up if not.
  writer.uint8(0);
  const coded = size === 0 ? 0 : huffmanOrUndo(writer, text, start);
  if (coded >= size) {
    writer.position = start;
    writePrefixInt(writer, firstByteBits, prefixBits, size);
    writer.latin1(text);
    return;
  }
  const flag = 1 << prefixBits;
  if (coded < short) {
    writer.buffer[start] = firstByteBits | flag | coded;
    return;
  }
  const sizeOctets = prefixIntSize(prefixBits, coded);
  writer.reserve(sizeOctets);
  writer.buffer.copyWithin(start + sizeOctets, start + 1, start + 1 + coded);
  writer.position = start;
  writePrefixInt(writer, firstByteBits | flag, prefixBits, coded);
  writer.position = start + sizeOctets + coded;
}

function huffmanOrUndo(writer: ByteWriter, text: string, start: number): number {
  try {
    return huffmanEncode(writer, text);
  } catch (error) {
    writer.position = start;
    throw error;
  }
}
