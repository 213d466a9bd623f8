import { EXIT } from "./errors.ts";
import { Interrupted } from "./explain_error.ts";
import type { CliContext } from "./routes.ts";

/** Runs the body of a command and keeps its exit code, or what it threw. */
export async function runCommand(context: CliContext, body: () => Promise<number>): Promise<void> {
  try {
    context.finish(await body());
  } catch (error) {
    context.fail(error);
  }
}

/** What a command knows of ctrl-c. */
export interface Interruptible extends Disposable {
  /** Aborts at the first ctrl-c or termination, with an `Interrupted` as the reason. */
  readonly signal: AbortSignal;
}

/** Listens for ctrl-c and termination; the second one ends the process at once. */
export function listenForInterrupt(): Interruptible {
  const controller = new AbortController();
  const handlers: [Deno.Signal, () => void][] = [];
  const signals: [Deno.Signal, typeof EXIT.INTERRUPTED | typeof EXIT.TERMINATED][] = [[
    "SIGINT",
    EXIT.INTERRUPTED,
  ]];
  if (Deno.build.os !== "windows") signals.push(["SIGTERM", EXIT.TERMINATED]);
  for (const [name, exit] of signals) {
    const handler = () => {
      if (controller.signal.aborted) Deno.exit(exit);
      controller.abort(new Interrupted(exit));
    };
    Deno.addSignalListener(name, handler);
    handlers.push([name, handler]);
  }
  return {
    signal: controller.signal,
    [Symbol.dispose](): void {
      for (const [name, handler] of handlers) Deno.removeSignalListener(name, handler);
    },
  };
}
