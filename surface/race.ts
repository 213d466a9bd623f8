import type { Clock } from "../shell/clock.ts";

/** What became of one attempt in a race. */
export interface RaceAttempt {
  /** Over which protocol. */
  readonly protocol: "h2" | "h3";
  /** `won`; `failed`; `late` for one that was still under way when the other won; `skipped` for one that never began. */
  readonly outcome: "won" | "failed" | "late" | "skipped";
  /** From its start to its end or to that of the race, in milliseconds. */
  readonly durationMs: number;
  /** Why it failed. */
  readonly error?: unknown;
}

/** How a race ended. */
export interface RaceReport {
  /** The protocol that won. */
  readonly winner: "h2" | "h3";
  /** Both attempts. */
  readonly attempts: readonly RaceAttempt[];
}

/** How a race is run. */
export interface RaceOptions<T> {
  /** Connects over HTTP/3. */
  readonly h3: (signal: AbortSignal) => Promise<T>;
  /** Connects over HTTP/2. */
  readonly h2: (signal: AbortSignal) => Promise<T>;
  /** How much later HTTP/2 starts, unless HTTP/3 has failed before. */
  readonly delayMs: number;
  /** Time. */
  readonly clock: Clock;
  /** Ends the race; it then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Throws away a connection that came second. */
  readonly dispose: (value: T) => void;
  /**
   * Given an HTTP/3 that lost but still came, or failed, after the race: with this it is let
   * go on; without it is ended.
   */
  readonly onLate?: (result: { readonly value: T } | { readonly error: unknown }) => void;
}

interface Runner {
  readonly protocol: "h2" | "h3";
  readonly controller: AbortController;
  startedAt: number;
  outcome: "skipped" | "running" | "won" | "failed";
  endedAt: number;
  error: unknown;
}

function runner(protocol: "h2" | "h3"): Runner {
  const controller = new AbortController();
  return { protocol, controller, startedAt: 0, outcome: "skipped", endedAt: 0, error: undefined };
}

/**
 * Connects over HTTP/3 and, a little later or as soon as that has failed, over HTTP/2; the
 * first one that is connected wins. Rejects with the failure of HTTP/2 when both fail.
 */
export function raceProtocols<T>(options: RaceOptions<T>): Promise<RaceReport & { readonly value: T }> {
  const { clock, signal } = options;
  const { promise, resolve, reject } = Promise.withResolvers<RaceReport & { readonly value: T }>();
  const runners: readonly [Runner, Runner] = [runner("h3"), runner("h2")];
  const [h3, h2] = runners;
  let timer: unknown;
  let isOver = false;

  function finish(): void {
    isOver = true;
    if (timer !== undefined) clock.cancel(timer);
    signal.removeEventListener("abort", abort);
  }

  function abort(): void {
    finish();
    for (const one of runners) one.controller.abort(signal.reason);
    reject(signal.reason);
  }

  function start(one: Runner): void {
    if (isOver || one.outcome !== "skipped") return;
    one.outcome = "running";
    one.startedAt = clock.now();
    options[one.protocol](one.controller.signal).then(
      (value) => win(one, value),
      (error) => fail(one, error),
    );
  }

  function win(one: Runner, value: T): void {
    if (isOver) {
      if (one === h3 && options.onLate !== undefined && !signal.aborted) options.onLate({ value });
      else options.dispose(value);
      return;
    }
    one.outcome = "won";
    finish();
    const other = one === h3 ? h2 : h3;
    if (other === h2 || options.onLate === undefined) other.controller.abort();
    resolve({ winner: one.protocol, attempts: runners.map(report), value });
  }

  function fail(one: Runner, error: unknown): void {
    if (isOver) {
      if (one === h3) options.onLate?.({ error });
      return;
    }
    one.outcome = "failed";
    one.error = error;
    one.endedAt = clock.now();
    if (one === h3) start(h2);
    if (h2.outcome !== "failed" || h3.outcome !== "failed") return;
    finish();
    reject(h2.error);
  }

  function report(one: Runner): RaceAttempt {
    const outcome = one.outcome === "running" ? "late" : one.outcome;
    const endedAt = one.outcome === "failed" ? one.endedAt : clock.now();
    const durationMs = outcome === "skipped" ? 0 : endedAt - one.startedAt;
    return {
      protocol: one.protocol,
      outcome,
      durationMs,
      ...(one.error === undefined ? {} : { error: one.error }),
    };
  }

  if (signal.aborted) {
    reject(signal.reason);
    return promise;
  }
  signal.addEventListener("abort", abort, { once: true });
  start(h3);
  if (!isOver) {
    timer = clock.schedule(() => {
      timer = undefined;
      start(h2);
    }, options.delayMs);
  }
  return promise;
}
