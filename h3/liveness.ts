import type { Core } from "./core.ts";
import { failConnection } from "./errors.ts";
import type { Shutdown } from "./shutdown.ts";

/** The deadlines of the connection itself: the peer's SETTINGS, and how long it may stay idle. */
export class Liveness {
  readonly #core: Core;
  readonly #shutdown: Shutdown;
  readonly #settingsDue: number;
  #idleDue = Infinity;

  /** Makes one for a connection that begins now. */
  constructor(core: Core, shutdown: Shutdown) {
    this.#core = core;
    this.#shutdown = shutdown;
    this.#settingsDue = core.now + core.limits.handshakeTimeoutMs;
    this.noteIdle();
  }

  /** When `tick` is to be called. */
  get nextDeadline(): number {
    return this.#core.hasPeerSettings ? this.#idleDue : Math.min(this.#settingsDue, this.#idleDue);
  }

  /** Takes note that an exchange was opened. */
  noteBusy(): void {
    this.#idleDue = Infinity;
  }

  /** Takes note that there may be no exchange left. A client leaves idle connections to its pool. */
  noteIdle(): void {
    const core = this.#core;
    if (core.isClosed || core.isBusy) return;
    if (core.isServer && !this.#shutdown.isGoingAway) this.#idleDue = core.now + core.limits.idleTimeoutMs;
    this.#shutdown.noteIdle();
  }

  /** Fails without SETTINGS in time; ends in order what was idle for too long. */
  tick(now: number): void {
    const core = this.#core;
    if (!core.hasPeerSettings && now >= this.#settingsDue) {
      const detail = "the peer did not send SETTINGS in time";
      failConnection("H3_MISSING_SETTINGS", "limit:handshake_timeout", detail);
    }
    if (now < this.#idleDue || core.isClosed) return;
    this.#idleDue = Infinity;
    core.counters.idleTimeout++;
    core.traceState("limit", "idle_timeout", undefined, { rule: "limit:idle_timeout" });
    this.#shutdown.begin();
  }
}
