/** Between two samples at first, in milliseconds. */
const FIRST_DELAY_MS = 100;
/** Between two samples at most, in milliseconds. */
const MAX_DELAY_MS = 10_000;

/**
 * Estimates the bandwidth-delay product of the receiving direction: bytes that arrive
 * between a PING and its acknowledgement. An adaptive window follows it.
 */
export class BandwidthEstimator {
  readonly #maxBytes: number;
  #windowBytes: number;
  #bytes = 0;
  #sentAt = -1;
  #nextAt = 0;
  #delayMs = FIRST_DELAY_MS;
  #stable = 0;
  #rttMs = 0;
  #maxBandwidth = 0;

  constructor(windowBytes: number, maxBytes: number) {
    this.#windowBytes = windowBytes;
    this.#maxBytes = maxBytes;
  }

  /** The window that fits what was seen, in bytes. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** Whether a sample is being taken. */
  get isSampling(): boolean {
    return this.#sentAt >= 0;
  }

  /** Counts arriving content; says whether a PING should be sent to take a sample. */
  receive(bytes: number, now: number): boolean {
    if (this.#sentAt >= 0) {
      this.#bytes += bytes;
      return false;
    }
    if (now < this.#nextAt) return false;
    this.#sentAt = now;
    this.#bytes = bytes;
    return true;
  }

  /** Ends a sample; says whether the window grew. */
  receivePong(now: number): boolean {
    if (this.#sentAt < 0) return false;
    const sample = Math.max(now - this.#sentAt, 0.01);
    this.#sentAt = -1;
    this.#rttMs = this.#rttMs === 0 ? sample : this.#rttMs + (sample - this.#rttMs) / 8;
    const bandwidth = this.#bytes / (this.#rttMs * 1.5);
    // Credit is given back by halves: a sender that the window holds back shows at least one.
    const grows = bandwidth > this.#maxBandwidth && this.#bytes > this.#windowBytes / 2 &&
      this.#windowBytes < this.#maxBytes;
    if (grows) {
      this.#maxBandwidth = bandwidth;
      this.#windowBytes = Math.min(this.#bytes * 2, this.#maxBytes);
      this.#stable = 0;
      this.#delayMs = FIRST_DELAY_MS;
    } else if (++this.#stable >= 2 && this.#delayMs < MAX_DELAY_MS) {
      this.#stable = 0;
      this.#delayMs = Math.min(this.#delayMs * 4, MAX_DELAY_MS);
    }
    this.#nextAt = now + this.#delayMs;
    return grows;
  }
}
