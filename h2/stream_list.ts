import type { Stream } from "./stream.ts";

/** Streams that wait, the next one first: a list that goes through the streams themselves, so each is in one at most. */
export class StreamList {
  /** The one that is next. */
  first: Stream | undefined = undefined;
  #last: Stream | undefined = undefined;

  /** Whether none waits. */
  get isEmpty(): boolean {
    return this.first === undefined;
  }

  /** Adds one at the end. */
  push(stream: Stream): void {
    const last = this.#last;
    this.#last = stream;
    if (last === undefined) {
      this.first = stream;
    } else {
      last.after = stream;
      stream.before = last;
    }
  }

  /** Adds one to a list that is in order of id, most often at its end. */
  insert(stream: Stream): void {
    let before = this.#last;
    while (before !== undefined && before.id > stream.id) before = before.before;
    if (before === this.#last) {
      this.push(stream);
      return;
    }
    const after = before === undefined ? this.first! : before.after!;
    stream.before = before;
    stream.after = after;
    after.before = stream;
    if (before === undefined) this.first = stream;
    else before.after = stream;
  }

  /** Takes out one that waits here. */
  remove(stream: Stream): void {
    const { before, after } = stream;
    if (before === undefined) this.first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    stream.before = stream.after = undefined;
  }

  /** Puts the one that is next behind all others. */
  rotate(): void {
    const stream = this.first;
    if (stream === undefined || stream === this.#last) return;
    this.remove(stream);
    this.push(stream);
  }
}
