import type { Stream } from "./stream.ts";
import { StreamList } from "./stream_list.ts";

const URGENCIES = 8;

/** Of a connection where no content has waited yet. */
const NO_LEVELS: never[] = [];

/** What waits at one urgency. */
interface Level {
  /** Streams served one after the other, in order of id. */
  readonly ordered: StreamList;
  /** Streams that take turns, the next one first. */
  readonly turns: StreamList;
  /** Whether the streams that take turns are next, where both kinds wait. */
  turnsNext: boolean;
}

/**
 * Decides whose content is written next (RFC 9218 section 10): the lowest urgency number
 * first; there, streams that are not incremental in order of id, incremental ones in turns
 * of a frame, and the two kinds alternate. Ends without content (END_STREAM, trailers) cost
 * no window and go first of all.
 *
 * Holds only streams that could send if the connection has room: nothing is assigned ahead.
 */
export class Scheduler {
  /** By urgency; made when content waits. */
  #levels: (Level | undefined)[] = NO_LEVELS;
  /** One bit for each urgency at which something waits. */
  #waiting = 0;
  /** Streams that only have to end. */
  #ending: StreamList = new StreamList();

  /** Whether a stream with content waits. */
  get hasContent(): boolean {
    return this.#waiting !== 0;
  }

  /** Whether a stream waits only to end. */
  get hasEnding(): boolean {
    return !this.#ending.isEmpty;
  }

  /** Puts a stream where its state says it belongs, if anywhere. */
  update(stream: Stream): void {
    let wanted = 0;
    if (stream.isWriteOpen) {
      if (stream.queuedBytes > 0) wanted = stream.sendWindow > 0 ? 1 : 0;
      else if (stream.isEndQueued || stream.trailers !== undefined) wanted = 2;
    }
    if (stream.scheduled === wanted) return;
    this.remove(stream);
    stream.scheduled = wanted;
    if (wanted === 2) this.#ending.push(stream);
    else if (wanted === 1) this.#insert(stream);
  }

  /** Takes a stream out. */
  remove(stream: Stream): void {
    if (stream.scheduled === 0) return;
    if (stream.scheduled === 2) {
      this.#ending.remove(stream);
    } else {
      const level = this.#levels[stream.urgency]!;
      (stream.isIncremental ? level.turns : level.ordered).remove(stream);
      if (level.turns.isEmpty && level.ordered.isEmpty) this.#waiting &= ~(1 << stream.urgency);
    }
    stream.scheduled = 0;
  }

  /** Changes the priority of a stream. */
  setPriority(stream: Stream, urgency: number, incremental: boolean): void {
    if (stream.urgency === urgency && stream.isIncremental === incremental) return;
    const held = stream.scheduled === 1;
    if (held) this.remove(stream);
    stream.urgency = urgency;
    stream.isIncremental = incremental;
    if (held) this.update(stream);
  }

  /** The stream that only has to end and is next; it stays until `remove` or `update`. */
  get nextEnding(): Stream | undefined {
    return this.#ending.first;
  }

  /** The stream that may write a frame now; it stays until `remove` or `update`. */
  next(): Stream | undefined {
    const waiting = this.#waiting;
    if (waiting === 0) return undefined;
    const level = this.#levels[31 - Math.clz32(waiting & -waiting)]!;
    const { ordered, turns } = level;
    if (turns.isEmpty) return ordered.first;
    if (!ordered.isEmpty && !level.turnsNext) {
      level.turnsNext = true;
      return ordered.first;
    }
    level.turnsNext = false;
    const stream = turns.first;
    turns.rotate();
    return stream;
  }

  /** Forgets everything. */
  clear(): void {
    this.#waiting = 0;
    this.#ending = new StreamList();
    this.#levels = NO_LEVELS;
  }

  #insert(stream: Stream): void {
    if (this.#levels === NO_LEVELS) this.#levels = new Array(URGENCIES).fill(undefined);
    const level = this.#levels[stream.urgency] ??= newLevel();
    this.#waiting |= 1 << stream.urgency;
    if (stream.isIncremental) level.turns.push(stream);
    else level.ordered.insert(stream);
  }
}

function newLevel(): Level {
  return { ordered: new StreamList(), turns: new StreamList(), turnsNext: false };
}
