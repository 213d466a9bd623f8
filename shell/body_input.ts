/**
 * What a body can be made from. Bytes and the chunks of a stream belong to the
 * exchange until they are sent.
 */
export type BodyInput =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | null
  | undefined;
