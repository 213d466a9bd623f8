import type { Style } from "./ui/style.ts";

/** What the process answers its caller with. */
export const EXIT = {
  /** Done, nothing at or above `--fail-on`. */
  OK: 0,
  /** Findings, or a status of 400 and more under `--fail`. */
  FINDINGS: 1,
  /** The command line is wrong. */
  USAGE: 2,
  /** The peer cannot be reached: name, refused, timeout, lost. */
  UNREACHABLE: 3,
  /** Certificate or TLS. */
  TLS: 4,
  /** The peer does not offer the protocol. */
  PROTOCOL: 5,
  /** The peer broke the protocol, or cut its answer off. */
  PEER: 6,
  /** A permission or flag of Deno is missing. */
  PERMISSION: 7,
  /** A threshold of `--slo` was missed. */
  SLO: 8,
  /** A bug of this tool. */
  BUG: 70,
  /** Interrupted (ctrl-c). */
  INTERRUPTED: 130,
  /** Terminated. */
  TERMINATED: 143,
} as const;

/** One of the exit codes. */
export type ExitCode = typeof EXIT[keyof typeof EXIT];

/** What an error of the tool is made of, beside its sentence. */
export interface CliErrorDetails {
  /** A stable word for programs, as in `tandem.error/1`. */
  readonly code: string;
  /** The exit code. */
  readonly exit: ExitCode;
  /** Lines of evidence. */
  readonly evidence?: readonly string[];
  /** What to try next, one line each. */
  readonly hints?: readonly string[];
  /** The rule that the peer broke, if one is known. */
  readonly rule?: string | undefined;
  /** The error underneath. */
  readonly cause?: unknown;
}

/** A failure with all that the user is told: what failed, the evidence, the next step, the exit code. */
export class CliError extends Error {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "CliError";
  /** A stable word for programs. */
  readonly code: string;
  /** The exit code. */
  readonly exit: ExitCode;
  /** Lines of evidence. */
  readonly evidence: readonly string[];
  /** What to try next. */
  readonly hints: readonly string[];
  /** The rule that the peer broke, if one is known. */
  readonly rule: string | undefined;

  /** Makes an error; `message` completes "error: …". */
  constructor(message: string, details: CliErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.exit = details.exit;
    this.evidence = details.evidence ?? [];
    this.hints = details.hints ?? [];
    this.rule = details.rule;
  }
}

/** Makes the error for a wrong command line. */
export function usageError(message: string, ...hints: string[]): CliError {
  return new CliError(message, { code: "usage", exit: EXIT.USAGE, hints });
}

/** Nobody reads our output any more: the run ends quietly with 0. */
export class ClosedPipe extends Error {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "ClosedPipe";
}

/** The text of an error for people: sentence, evidence, hints. */
export function renderError(error: CliError, style: Style): string {
  const lines = [`${style.red("error:")} ${error.message}`];
  for (const line of error.evidence) lines.push(`  ${line}`);
  error.hints.forEach((hint, index) =>
    lines.push(index === 0 ? `${style.cyan("hint:")} ${hint}` : `      ${hint}`)
  );
  return lines.join("\n") + "\n";
}

/** The same facts for programs, as `tandem.error/1`. */
export function errorJson(error: CliError): Record<string, unknown> {
  return {
    schema: "tandem.error/1",
    code: error.code,
    exit: error.exit,
    message: error.message,
    evidence: error.evidence,
    hint: error.hints.length === 0 ? null : error.hints.join("\n"),
    rule: error.rule ?? null,
  };
}
