/** How a stream came to its end: both halves in order, reset by this end, reset by the peer. */
export type Ending = "ended" | "reset-by-us" | "reset-by-peer";

/** Frames that a peer may send on a stream before it knows of our reset, content not counted. */
const EXCUSED_AFTER_RESET = 4;

/** The same before it knows that the stream ended: its own reset, which crossed our end. */
const EXCUSED_AFTER_END = 1;

/** Where an entry of a ring has its parts. */
const ID = 0;
const VALUE = 1;
const TIME = 2;
const EXCUSED = 3;
const PARTS = 4;

/** The last ids of one kind, oldest overwritten first. */
class Ring {
  readonly #max: number;
  /** Id, value, time and how many late frames were excused, one entry after the other. */
  readonly #entries: number[] = [];
  #next = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#entries.length / PARTS;
  }

  /** Adds an id; returns the one that was overwritten, or 0. */
  add(id: number, value: number, now: number): number {
    if (this.#max === 0) return id;
    const entries = this.#entries;
    if (entries.length < this.#max * PARTS) {
      entries.push(id, value, now, 0);
      return 0;
    }
    const at = this.#next;
    const old = entries[at + ID]!;
    entries[at + ID] = id;
    entries[at + VALUE] = value;
    entries[at + TIME] = now;
    entries[at + EXCUSED] = 0;
    this.#next = at + PARTS === entries.length ? 0 : at + PARTS;
    return old;
  }

  /** Where an id is, or -1. */
  find(id: number): number {
    const entries = this.#entries;
    for (let at = 0; at < entries.length; at += PARTS) {
      if (entries[at + ID] === id) return at;
    }
    return -1;
  }

  /** What was said of the id at a place. */
  valueAt(at: number): number {
    return this.#entries[at + VALUE]!;
  }

  /** When the id at a place was added. */
  timeAt(at: number): number {
    return this.#entries[at + TIME]!;
  }

  /** How many late frames were excused at a place, with this one. */
  excuseAt(at: number): number {
    return ++this.#entries[at + EXCUSED]!;
  }
}

const BY_PEER = 1;

/**
 * The short memory of closed streams: what late frames on them mean. Bounded in number and
 * time; the oldest goes first. Looked up only when a frame arrives for a stream that is not
 * in the table.
 */
export class ClosedStreams {
  readonly #max: number;
  readonly #keepMs: number;
  /** Streams that this end reset, once there are any. */
  #ours: Ring | undefined;
  /** Streams that ended otherwise, with `BY_PEER` for those that the peer reset. */
  readonly #others: Ring;
  /** The highest id that was reset by this end and is forgotten. */
  #forgottenReset = 0;

  constructor(max: number, keepMs: number) {
    this.#max = Math.floor(max);
    this.#keepMs = keepMs;
    this.#others = new Ring(this.#max);
  }

  /** How many are remembered. */
  get size(): number {
    return (this.#ours?.size ?? 0) + this.#others.size;
  }

  /** Remembers a stream. */
  add(id: number, ending: Ending, now: number): void {
    if (ending !== "reset-by-us") {
      this.#others.add(id, ending === "reset-by-peer" ? BY_PEER : 0, now);
      return;
    }
    this.#ours ??= new Ring(this.#max);
    const forgotten = this.#ours.add(id, 0, now);
    if (forgotten > this.#forgottenReset) this.#forgottenReset = forgotten;
  }

  /** How a stream ended; `undefined` when that is not remembered. */
  find(id: number, now: number): Ending | undefined {
    if (this.#ours !== undefined && this.#ours.find(id) >= 0) return "reset-by-us";
    const at = this.#others.find(id);
    if (at >= 0 && now - this.#others.timeAt(at) <= this.#keepMs) {
      return this.#others.valueAt(at) === BY_PEER ? "reset-by-peer" : "ended";
    }
    // Who forgot a reset of its own must be lenient for ever.
    return id <= this.#forgottenReset ? "reset-by-us" : undefined;
  }

  /** Whether a late frame was on its way before the peer knew of the end, as far as one can tell. */
  excuse(id: number, now: number): boolean {
    return (this.#ours !== undefined && this.#excuse(this.#ours, EXCUSED_AFTER_RESET, id, now)) ||
      this.#excuse(this.#others, EXCUSED_AFTER_END, id, now);
  }

  #excuse(ring: Ring, times: number, id: number, now: number): boolean {
    const at = ring.find(id);
    if (at < 0 || now - ring.timeAt(at) > this.#keepMs) return false;
    return ring.excuseAt(at) <= times;
  }
}
