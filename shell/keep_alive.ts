import { TransportError } from "../semantics/errors.ts";
import type { Clock } from "./clock.ts";

/** PINGs that keep a connection alive and find out when it is dead. */
export interface KeepAliveOptions {
  /** A PING is sent after this long without a byte from the peer, in milliseconds. */
  readonly intervalMs: number;
  /** The connection is given up when nothing comes for this long after it, in milliseconds. @default {20000} */
  readonly timeoutMs?: number;
  /** Whether PINGs are sent while no exchange is open. @default {false} */
  readonly whileIdle?: boolean;
}

/** What a keep-alive does to its connection. */
export interface KeepAliveTarget {
  /** When the last byte of the peer came, by the clock. */
  lastReceived(): number;
  /** Whether an exchange is open. */
  isBusy(): boolean;
  /** Sends a PING. */
  ping(): void;
  /** The peer is dead. */
  lose(): void;
}

const DEFAULT_TIMEOUT_MS = 20_000;

/** Watches one connection; at most one timer at a time, none after `stop()`. */
export class KeepAlive {
  readonly #clock: Clock;
  readonly #target: KeepAliveTarget;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  readonly #whileIdle: boolean;
  #timer: unknown;
  #isStopped = false;
  /** When the PING was sent that nothing has come after; -1 for none. */
  #pingedAt = -1;

  constructor(clock: Clock, options: KeepAliveOptions, target: KeepAliveTarget) {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    if (!(options.intervalMs > 0 && timeoutMs > 0)) {
      throw new RangeError("Cannot keep the connection alive: intervalMs and timeoutMs have to be over 0");
    }
    this.#clock = clock;
    this.#target = target;
    this.#intervalMs = options.intervalMs;
    this.#timeoutMs = timeoutMs;
    this.#whileIdle = options.whileIdle ?? false;
    this.#schedule(this.#intervalMs);
  }

  /** Ends the watch. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
    this.#timer = undefined;
  }

  #schedule(ms: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#clock.schedule(() => {
      this.#timer = undefined;
      this.#check();
    }, ms);
  }

  #check(): void {
    const now = this.#clock.now();
    const last = this.#target.lastReceived();
    if (this.#pingedAt !== -1 && last < this.#pingedAt) {
      const left = this.#pingedAt + this.#timeoutMs - now;
      if (left > 0) return this.#schedule(Math.min(left, this.#intervalMs));
      this.stop();
      return this.#target.lose();
    }
    this.#pingedAt = -1;
    const left = last + this.#intervalMs - now;
    if (left > 0) return this.#schedule(left);
    if (!this.#whileIdle && !this.#target.isBusy()) return this.#schedule(this.#intervalMs);
    this.#pingedAt = now;
    this.#target.ping();
    this.#schedule(Math.min(this.#timeoutMs, this.#intervalMs));
  }
}

/** The error of a connection whose peer did not answer a PING. */
export function deadPeer(): TransportError {
  return new TransportError("timeout", "Cannot go on: nothing came back after a PING", {
    initiator: "local",
  });
}
