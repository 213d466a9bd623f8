import { type CliError, errorJson, renderError } from "../errors.ts";
import { explainError } from "../explain_error.ts";
import { openIo } from "../io.ts";

/** What is known about the run that failed. */
export interface FailureContext {
  /** Whether the error goes to stdout as `tandem.error/1`. */
  readonly json: boolean;
  /** The command line. */
  readonly args: readonly string[];
}

/** Tells the user about an error, as text on stderr or as JSON on stdout, and answers with the exit code. */
export function reportError(error: unknown, context: FailureContext): number {
  const failure: CliError = explainError(error);
  const never = context.args.some((arg, at) =>
    arg === "--color=never" || (arg === "--color" && context.args[at + 1] === "never")
  );
  const io = openIo({ color: never ? "never" : "auto" });
  if (context.json) {
    try {
      io.out(JSON.stringify(errorJson(failure)) + "\n");
    } catch {
      // Nobody reads it: the exit code still tells.
    }
  } else {
    io.err(renderError(failure, io.errStyle));
  }
  return failure.exit;
}
