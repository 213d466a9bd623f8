import type { BodyInput } from "../shell/body_input.ts";
import { joinBytes } from "../wire/join_bytes.ts";

/** What of a stream is kept in case that the request has to be sent again. */
const MAX_KEPT_BYTES = 65_536;

/** The body of a fetch: what can be sent again, and what was given for once only. */
export class RequestBody {
  /** Bytes that are all there, or a Blob. */
  readonly #whole: Uint8Array | Blob | undefined;
  readonly #stream: ReadableStream<Uint8Array> | undefined;
  /** What was read of the stream so far, while it may be kept. */
  #kept: Uint8Array[] | undefined;
  #keptBytes = 0;
  #isStarted = false;
  #isEnded = false;

  private constructor(
    whole: Uint8Array | Blob | undefined,
    stream: ReadableStream<Uint8Array> | undefined,
    isKept: boolean,
  ) {
    this.#whole = whole;
    this.#stream = stream;
    this.#kept = isKept ? [] : undefined;
  }

  /**
   * The body of a request; `init` as it was made with, where that is known. What is there as a
   * whole is taken from there, so that it can be sent again. What the body of a `Request` was
   * made of nobody can see: it is kept while it is sent, up to 64 KiB.
   */
  static async of(request: Request, init: BodyInit | null | undefined): Promise<RequestBody | null> {
    const isGiven = init !== undefined && init !== null;
    if (typeof init === "string") return new RequestBody(new TextEncoder().encode(init), undefined, false);
    if (init instanceof URLSearchParams) {
      return new RequestBody(new TextEncoder().encode(init.toString()), undefined, false);
    }
    if (init instanceof Blob) return new RequestBody(init, undefined, false);
    if (init instanceof ArrayBuffer) return new RequestBody(new Uint8Array(init.slice(0)), undefined, false);
    if (isGiven && ArrayBuffer.isView(init)) {
      const view = init as ArrayBufferView<ArrayBuffer>;
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
      return new RequestBody(bytes, undefined, false);
    }
    // The boundary is the one that the request chose.
    if (init instanceof FormData) return new RequestBody(await request.clone().blob(), undefined, false);
    return request.body === null ? null : new RequestBody(undefined, request.body, !isGiven);
  }

  /** Its length, or -1. */
  get length(): number {
    if (this.#whole === undefined) return -1;
    return this.#whole instanceof Blob ? this.#whole.size : this.#whole.length;
  }

  /** Whether nothing of it was read yet. */
  get isUnread(): boolean {
    return !this.#isStarted;
  }

  /** Whether it can be sent, again or for the first time. */
  get isSendable(): boolean {
    return this.#whole !== undefined || !this.#isStarted || (this.#isEnded && this.#kept !== undefined);
  }

  /** The body as an exchange takes it. */
  open(): BodyInput {
    if (this.#whole !== undefined) return this.#whole;
    if (this.#isStarted) return joinBytes(this.#kept ?? []);
    return { [Symbol.asyncIterator]: () => this.#iterate() };
  }

  /** Says that it is not going to be sent. */
  drop(reason: unknown): void {
    if (this.#stream !== undefined && !this.#stream.locked) this.#stream.cancel(reason).catch(() => {});
  }

  #iterate(): AsyncIterator<Uint8Array> {
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    return {
      next: async () => {
        this.#isStarted = true;
        reader ??= this.#stream!.getReader();
        const { done, value } = await reader.read();
        if (done) {
          this.#isEnded = true;
          return { done: true, value: undefined };
        }
        if (!(value instanceof Uint8Array)) {
          throw new TypeError("Cannot send the body: its stream gave something that is no bytes");
        }
        this.#keep(value);
        return { done: false, value };
      },
      return: async () => {
        await reader?.cancel();
        return { done: true, value: undefined };
      },
    };
  }

  #keep(chunk: Uint8Array): void {
    this.#keptBytes += chunk.length;
    if (this.#keptBytes > MAX_KEPT_BYTES) this.#kept = undefined;
    this.#kept?.push(chunk.slice());
  }
}
