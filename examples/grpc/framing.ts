import { GrpcError, GrpcStatus } from "./status.ts";

/** Messages above this size are refused, in bytes. */
const MAX_MESSAGE_BYTES = 16_777_216;

/** One message in its frame: a flag octet, the length, the bytes. */
export function frameMessage(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(5 + message.length);
  new DataView(framed.buffer).setUint32(1, message.length);
  framed.set(message, 5);
  return framed;
}

/** Cuts a body into its messages. Throws a `GrpcError` for one that is compressed, too large or cut off. */
export async function* readMessages(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let kept: Uint8Array = new Uint8Array(0);
  for await (const chunk of body) {
    const joined: Uint8Array = new Uint8Array(kept.length + chunk.length);
    joined.set(kept);
    joined.set(chunk, kept.length);
    let at = 0;
    while (joined.length - at >= 5) {
      const length = new DataView(joined.buffer, at).getUint32(1);
      if (joined[at] !== 0) {
        throw new GrpcError(GrpcStatus.UNIMPLEMENTED, "compressed messages are not taken");
      }
      if (length > MAX_MESSAGE_BYTES) {
        throw new GrpcError(GrpcStatus.RESOURCE_EXHAUSTED, "the message is too large");
      }
      if (joined.length - at - 5 < length) break;
      yield joined.slice(at + 5, at + 5 + length);
      at += 5 + length;
    }
    kept = joined.subarray(at);
  }
  if (kept.length > 0) throw new GrpcError(GrpcStatus.INTERNAL, "the body ends within a message");
}
