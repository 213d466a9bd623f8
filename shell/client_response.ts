import type { Fields } from "../semantics/fields.ts";
import type { ChunkVisitor, WholeBodyOptions } from "./body_input.ts";

/** The final response to a request: its head at once, its body when it is asked for. */
export interface ClientResponse {
  /** 200 to 999. */
  readonly status: number;
  /** The fields of the head, in order, names in lower case. */
  readonly fields: Fields;
  /** The body as a stream, made when first touched; `null` when there is none. Cancelling it cancels the exchange. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** Whether the body was asked for already, in whatever form. */
  readonly bodyUsed: boolean;
  /** Takes the whole body. */
  bytes(options?: WholeBodyOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** Takes the whole body as UTF-8. */
  text(options?: WholeBodyOptions): Promise<string>;
  /** Takes the whole body as JSON. */
  json(options?: WholeBodyOptions): Promise<unknown>;
  /**
   * Shows every piece of the body to `visit` as it arrives, without a copy: the cheap way to count,
   * to hash or to parse a large one. Resolves at its end; rejects with what `visit` throws, which
   * cancels the rest, and with `TypeError` where it returns a promise: a piece is only valid until
   * `visit` returns. To wait between pieces, read `body`.
   */
  forEachChunk(visit: ChunkVisitor): Promise<void>;
  /** Takes the body and drops it, so that the trailers arrive and the exchange ends. */
  discard(): Promise<void>;
  /** The trailer section, or `undefined` where there is none; settles once the body was taken. */
  readonly trailers: Promise<Fields | undefined>;
  /** A native `Response` with this head and body; takes the body. */
  toResponse(): Response;
}
