import { CliError, EXIT } from "./errors.ts";
import { explainError } from "./explain_error.ts";
import { ConnectionError } from "../semantics/errors.ts";
import type { ConnectPlan, HttpLink } from "./protocols/mod.ts";
import { hostPort } from "./target.ts";

/**
 * Makes a `CliError` of a failure on a connection. Without TLS nothing was negotiated: where the peer never
 * sent SETTINGS, it speaks something else.
 */
export function explainLinkError(error: unknown, plan: ConnectPlan, link: HttpLink | undefined): CliError {
  const isSpeechless = link !== undefined && !link.hasSettings && plan.target.scheme === "http" &&
    error instanceof ConnectionError && !plan.signal.aborted;
  if (!isSpeechless) {
    return explainError(
      plan.signal.aborted && !(error instanceof CliError) ? plan.signal.reason : error,
      plan,
    );
  }
  const under = explainError(error, plan);
  const where = hostPort(plan.hostname, plan.port);
  return new CliError(`${where} does not speak HTTP/2 without TLS`, {
    code: "not-h2",
    exit: EXIT.PROTOCOL,
    evidence: [under.message],
    hints: [`https://${where}/ uses TLS; this tool speaks no HTTP/1.1`],
    cause: error,
  });
}
