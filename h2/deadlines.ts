import type { Limits } from "../semantics/limits.ts";

/** How long a server waits for a client that announced its end to close the connection, in milliseconds. */
export const LINGER_MS: number = 1000;

/** How long the end of a request that is answered is waited for, in milliseconds. */
export const LEFT_OVER_MS: number = 1000;

/** Not running. */
const OFF = Infinity;
/** Runs from the next moment at which the time is known. */
const ARM = -1;

/**
 * The deadlines of one connection. Verbs of the local end do not know the time, so they
 * only arm a deadline; it runs from the next `receive` or `tick`, which `nextDeadline`
 * asks for at once.
 */
export class Deadlines {
  handshake = OFF;
  settingsAck = OFF;
  head = OFF;
  rate = OFF;
  idle = OFF;
  drain = OFF;
  leftOver = OFF;
  /** Whether `idle` was set at a time that was known. */
  isIdleSure = false;
  /** Whether some deadline is armed and not running. */
  isArmed = false;

  /** Arms a deadline that does not run yet. */
  arm(name: "settingsAck" | "drain"): void {
    if (this[name] !== OFF) return;
    this[name] = ARM;
    this.isArmed = true;
  }

  /** Starts what is armed. */
  start(core: { readonly now: number; readonly limits: Limits }): void {
    this.isArmed = false;
    if (this.settingsAck === ARM) this.settingsAck = core.now + core.limits.settingsAckTimeoutMs;
    if (this.drain === ARM) this.drain = core.now + core.limits.drainTimeoutMs;
  }

  /** Stops a deadline. */
  stop(name: "handshake" | "settingsAck"): void {
    this[name] = OFF;
  }

  /** Stops all. */
  clear(): void {
    this.handshake =
      this.settingsAck =
      this.head =
      this.rate =
      this.idle =
      this.drain =
      this.leftOver =
        OFF;
    this.isArmed = false;
  }

  /** The first of all; -1 when one waits to be started. */
  get next(): number {
    if (this.isArmed) return ARM;
    return Math.min(
      this.handshake,
      this.settingsAck,
      this.head,
      this.rate,
      this.idle,
      this.drain,
      this.leftOver,
    );
  }

  /** An exchange is over whose request is not. */
  leave(at: number): void {
    if (this.leftOver === OFF) this.leftOver = at;
  }

  /** A stream is in the table. */
  streamOpened(now: number, rateMs: number): void {
    this.idle = OFF;
    if (this.rate === OFF) this.rate = now + rateMs;
  }

  /** The table is empty; `now` may lie back, so the first time that it is due does not count. */
  streamsGone(now: number, idleMs: number): void {
    this.idle = now + idleMs;
    this.isIdleSure = false;
  }
}
