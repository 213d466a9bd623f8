import type { BodyEvent, ExchangeId } from "./events.ts";

/** Content that arrived, where it lies in what was received; the view of it is made for who looks at it. */
export class ReceivedBody implements BodyEvent {
  readonly type = "body" as const;
  readonly id: ExchangeId;
  readonly length: number;
  readonly end: boolean;
  readonly #bytes: Uint8Array;
  readonly #start: number;

  constructor(id: ExchangeId, bytes: Uint8Array, start: number, length: number, end: boolean) {
    this.id = id;
    this.length = length;
    this.end = end;
    this.#bytes = bytes;
    this.#start = start;
  }

  get data(): Uint8Array {
    const bytes = this.#bytes;
    return bytes.length === this.length ? bytes : bytes.subarray(this.#start, this.#start + this.length);
  }
}
