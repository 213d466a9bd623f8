import { ConnectionError, type Initiator, type RetryVerdict } from "../semantics/errors.ts";
import type { AbortCause } from "../semantics/events.ts";
import type { RuleId } from "../semantics/rules/mod.ts";
import { QpackError } from "../qpack/mod.ts";
import type { Core } from "./core.ts";
import { countLimit } from "./counters.ts";
import { CAUSES, H3ErrorCode, h3ErrorName, H3Failure } from "./errors.ts";
import { endLoan } from "./loan.ts";

/**
 * Why a connection ended.
 *
 * - `shutdown`: this end finished a graceful end; `peer-shutdown`: the peer asked for one.
 * - `local-close`: `close()` was called.
 * - `peer-close`: the peer closed, in order or with an error code.
 * - `lost`: the transport was lost.
 * - `peer-error`: the peer broke a rule.
 * - `limit`: one of our bounds was passed, deadlines included.
 * - `early-rejected`: the server took no early data; everything is to be sent anew.
 * - `internal-error`: this library failed.
 */
export type H3EndReason =
  | "shutdown"
  | "peer-shutdown"
  | "local-close"
  | "peer-close"
  | "lost"
  | "peer-error"
  | "limit"
  | "early-rejected"
  | "internal-error";

/** How a connection ends. */
export interface Ending {
  /** Why. */
  readonly reason: H3EndReason;
  /** The name of the code, or a word. */
  readonly code: string;
  /** The code on the wire, if there is one. */
  readonly wireCode?: number | undefined;
  /** The message of the errors that come of it. */
  readonly message: string;
  /** What goes into CONNECTION_CLOSE; `undefined` when the connection is gone already. */
  readonly sent?: string | undefined;
  /** The rule that was broken. */
  readonly rule?: RuleId | undefined;
  /** Who caused it. */
  readonly initiator: Initiator;
  /** Whether `closed` carries an error. */
  readonly isError: boolean;
  /** The fate of all requests, where one is known. */
  readonly retry?: RetryVerdict;
}

/** What ends a connection for something that was thrown within `receive`. */
export function endingOf(error: unknown): Ending {
  if (error instanceof H3Failure) {
    const { code, rule, message } = error;
    const isLimit = rule.startsWith("limit:");
    return {
      reason: isLimit ? "limit" : "peer-error",
      code,
      wireCode: H3ErrorCode[code],
      message: `Cannot go on with the connection: ${message}`,
      sent: isLimit ? rule.slice(6) : `${message} [${rule}]`,
      rule,
      initiator: isLimit ? "local" : "remote",
      isError: true,
    };
  }
  if (error instanceof QpackError) {
    const { code, wireCode, rule } = error;
    const isLimit = rule.startsWith("limit:");
    return {
      reason: isLimit ? "limit" : "peer-error",
      code,
      wireCode,
      message: error.message.replace(` [${rule}]`, ""),
      sent: isLimit ? rule.slice(6) : rule,
      rule,
      initiator: "remote",
      isError: true,
    };
  }
  return {
    reason: "internal-error",
    code: "H3_INTERNAL_ERROR",
    wireCode: H3ErrorCode.H3_INTERNAL_ERROR,
    message: `Cannot go on with the connection: the engine failed (${
      error instanceof Error ? error.name : "?"
    })`,
    sent: "internal error",
    rule: "9114-8",
    initiator: "local",
    isError: true,
  };
}

/** Ends the connection: every open exchange is told, then the shell, then the peer. */
export function endConnection(core: Core, ending: Ending): void {
  if (core.isClosed) return;
  core.isClosed = true;
  core.body = undefined;
  if (ending.rule !== undefined) countLimit(core.counters, ending.rule);
  if (ending.reason === "internal-error") core.counters.internalErrors++;
  if (core.trace !== undefined) {
    core.traceState("connection", "closed", undefined, {
      reason: ending.reason,
      code: ending.code,
      rule: ending.rule,
    });
  }
  const errors: Partial<Record<RetryVerdict, ConnectionError>> = {};
  for (const exchange of core.exchanges.values()) {
    const retry = ending.retry ?? core.verdict(exchange);
    const error = errors[retry] ??= makeError(ending, retry);
    const side = !exchange.isReceiving ? "write" : exchange.isSending ? "both" : "read";
    endLoan(core, exchange);
    core.emitAborted(exchange, side, error);
    exchange.isOver = true;
    exchange.receiving = "aborted";
    exchange.sending = "aborted";
  }
  for (const exchange of core.leaving.values()) endLoan(core, exchange);
  core.exchanges.clear();
  core.leaving.clear();
  core.waiting.clear();
  core.earlyPriorities.clear();
  core.heads.clearAll();
  core.receiveRates.clearAll();
  core.sendRates.clearAll();
  core.aborts.clearAll();
  if (ending.isError) {
    core.events.push({ type: "closed", error: makeError(ending, ending.retry ?? "unknown") });
  } else core.events.push({ type: "closed" });
  if (ending.sent !== undefined && ending.wireCode !== undefined) {
    core.out.push({ type: "close", code: ending.wireCode, reason: ending.sent });
  }
}

function makeError(ending: Ending, retry: RetryVerdict): ConnectionError {
  const { code, message, initiator, wireCode, rule } = ending;
  return new ConnectionError(code, message, {
    initiator,
    retry,
    ...(wireCode === undefined ? {} : { wireCode }),
    ...(rule === undefined ? {} : { rule }),
  });
}

/** The end that the transport reports. */
export function endingByTransport(
  code: number | undefined,
  by: "remote" | "local" | "lost",
  hasExchanges: boolean,
): Ending {
  if (by === "lost") {
    const message = "Cannot go on with the connection: the transport was lost";
    return { reason: "lost", code: "lost", message, initiator: "remote", isError: true };
  }
  const name = h3ErrorName(code);
  // 9114 section 8.1: a code that is not known is as good as H3_NO_ERROR.
  const isInOrder = code === H3ErrorCode.H3_NO_ERROR || (!(name in H3ErrorCode) && !hasExchanges);
  return {
    reason: by === "remote" ? "peer-close" : "local-close",
    code: name,
    wireCode: code,
    message: `Cannot go on with the connection: the ${
      by === "remote" ? "peer" : "transport"
    } closed it with ${name}`,
    initiator: by,
    isError: !isInOrder,
  };
}

/** The end that the caller asks for. */
export function endingByCaller(cause: AbortCause | undefined, reason: string): Ending {
  const code = cause === undefined ? "H3_NO_ERROR" : CAUSES[cause];
  return {
    reason: "local-close",
    code,
    wireCode: H3ErrorCode[code],
    message: `Cannot go on with the connection: it was closed with ${code}`,
    sent: reason,
    initiator: "user",
    isError: code !== "H3_NO_ERROR",
  };
}

/** The end of a shutdown. */
export function endingInOrder(reason: "shutdown" | "peer-shutdown"): Ending {
  return {
    reason,
    code: "H3_NO_ERROR",
    wireCode: H3ErrorCode.H3_NO_ERROR,
    message: "Cannot go on with the connection: it was shut down",
    sent: "",
    initiator: reason === "shutdown" ? "user" : "remote",
    isError: false,
  };
}

/** The end of an engine whose early data the server did not take. */
export const EARLY_REJECTED: Ending = {
  reason: "early-rejected",
  code: "early-rejected",
  message: "Cannot go on with the connection: the server took no early data",
  initiator: "remote",
  isError: true,
  retry: "refused",
};
