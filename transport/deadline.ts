import { TransportError } from "../semantics/errors.ts";

/** A limit in time and a signal of the caller, in one. */
export interface Deadline {
  /** Aborts with a `TransportError`: `timeout` or `aborted`. */
  readonly signal: AbortSignal;
  /** Stops watching; must be called once the work is done. */
  done(): void;
}

/**
 * Makes a signal that aborts after `timeoutMs`, or when `signal` does.
 *
 * @param what what is being tried, for the error: "connect to 127.0.0.1:443"
 */
export function deadline(
  what: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Deadline {
  const controller = new AbortController();
  const outer = options.signal;
  const timer = options.timeoutMs === Infinity ? undefined : setTimeout(() => {
    const message = `Cannot ${what}: no answer within ${options.timeoutMs} ms`;
    controller.abort(new TransportError("timeout", message, { initiator: "local", retry: "unsent" }));
  }, options.timeoutMs);

  function abort(): void {
    const message = `Cannot ${what}: it was aborted`;
    const details = { initiator: "user", retry: "unsent", cause: outer!.reason } as const;
    controller.abort(new TransportError("aborted", message, details));
  }

  outer?.addEventListener("abort", abort, { once: true });
  if (outer?.aborted === true) abort();
  return {
    signal: controller.signal,
    done(): void {
      clearTimeout(timer);
      outer?.removeEventListener("abort", abort);
    },
  };
}
