import type { Fields } from "../semantics/fields.ts";
import type { IncomingBody } from "./incoming_body.ts";
import { NativeResponse } from "./native_classes.ts";
import { MAX_WHOLE_BYTES } from "./native_request.ts";
import { hasNoContent } from "./reply.ts";

/**
 * Makes a native response; `body` is absent where there is none. Throws `RangeError` for a
 * status over 599: the platform has none.
 */
export function nativeResponse(status: number, fields: Fields, body: IncomingBody | undefined): Response {
  const response = new NativeResponse(nativeBody(status, body), status === 200 ? undefined : { status });
  fields.toHeaders(response.headers);
  return response;
}

function nativeBody(
  status: number,
  body: IncomingBody | undefined,
): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null {
  if (body === undefined || hasNoContent(status)) return null;
  if (body.isEnded && !body.isUsed && body.queuedBytes <= MAX_WHOLE_BYTES) {
    return body.takeQueued();
  }
  return body.readable;
}
