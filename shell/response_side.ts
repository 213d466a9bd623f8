import type { Fields } from "../semantics/fields.ts";
import type { ResponseHead } from "../semantics/head.ts";
import type { ChunkVisitor, WholeBodyOptions } from "./body_input.ts";
import type { ClientResponse } from "./client_response.ts";
import { FULFILLED } from "./deferred.ts";
import type { IncomingBody } from "./incoming_body.ts";
import { nativeResponse } from "./native_response.ts";
import { decodeText } from "./text.ts";

/** A final response: its head, and the body that belongs to it. */
export class ResponseSide implements ClientResponse {
  readonly #head: ResponseHead;
  readonly #body: IncomingBody | undefined;

  /** `body` is absent where the response ended with its head. */
  constructor(head: ResponseHead, body: IncomingBody | undefined) {
    this.#head = head;
    this.#body = body;
  }

  get status(): number {
    return this.#head.status;
  }

  get fields(): Fields {
    return this.#head.fields;
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.#body === undefined ? null : this.#body.readable;
  }

  get bodyUsed(): boolean {
    return this.#body !== undefined && this.#body.isUsed;
  }

  bytes(options?: WholeBodyOptions): Promise<Uint8Array<ArrayBuffer>> {
    return this.#body === undefined
      ? Promise.resolve(new Uint8Array(0))
      : this.#body.bytes(options?.maxBytes);
  }

  async text(options?: WholeBodyOptions): Promise<string> {
    return decodeText(await this.bytes(options));
  }

  async json(options?: WholeBodyOptions): Promise<unknown> {
    return JSON.parse(await this.text(options));
  }

  forEachChunk(visit: ChunkVisitor): Promise<void> {
    return this.#body === undefined ? FULFILLED : this.#body.forEachChunk(visit);
  }

  discard(): Promise<void> {
    return this.#body === undefined ? FULFILLED : this.#body.discard();
  }

  get trailers(): Promise<Fields | undefined> {
    return this.#body === undefined ? FULFILLED : this.#body.trailers;
  }

  toResponse(): Response {
    return nativeResponse(this.status, this.fields, this.#body);
  }
}
