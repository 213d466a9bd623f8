import { ConnectionError, type Initiator, type RetryVerdict, StreamError } from "../semantics/errors.ts";
import type { RuleId } from "../semantics/rules/mod.ts";
import { errorCodeName } from "./errors.ts";

/** The error of an exchange that was reset without having broken a rule. */
export function resetError(code: number, initiator: Initiator, retry: RetryVerdict): StreamError {
  const name = errorCodeName(code);
  const who = initiator === "remote" ? "the peer reset it" : "it was reset";
  return new StreamError(name, `Cannot finish the exchange: ${who} with ${name}`, {
    wireCode: code,
    initiator,
    retry,
  });
}

/** The error of an exchange that broke a rule or passed a limit. */
export function ruleError(
  code: number,
  initiator: Initiator,
  retry: RetryVerdict,
  rule: RuleId,
  detail: string,
): StreamError {
  return new StreamError(errorCodeName(code), `Cannot go on with the exchange: ${detail}`, {
    wireCode: code,
    initiator,
    rule,
    retry,
  });
}

/** The error of an exchange that the peer's GOAWAY left out. */
export function unprocessedError(wireCode: number): StreamError {
  return new StreamError("GOAWAY", "Cannot finish the exchange: the peer is going away", {
    wireCode,
    initiator: "remote",
    rule: "9113-6.8:refused",
    retry: "refused",
  });
}

/** The error of an exchange that the end of its connection cut off. */
export function cutOffError(error: ConnectionError | undefined, retry: RetryVerdict): ConnectionError {
  return new ConnectionError(
    error?.code ?? "closed",
    "Cannot finish the exchange: the connection is over",
    {
      initiator: error?.initiator ?? "remote",
      retry,
      ...(error?.wireCode === undefined ? {} : { wireCode: error.wireCode }),
      ...(error?.rule === undefined ? {} : { rule: error.rule }),
      ...(error === undefined ? {} : { cause: error }),
    },
  );
}

/** The error of a connection that broke a rule or passed a limit. */
export function connectionError(
  code: number,
  initiator: Initiator,
  rule: RuleId | undefined,
  detail: string,
): ConnectionError {
  return new ConnectionError(errorCodeName(code), `Cannot go on with the connection: ${detail}`, {
    wireCode: code,
    initiator,
    ...(rule === undefined ? {} : { rule }),
  });
}
