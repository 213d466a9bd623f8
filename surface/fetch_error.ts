import { HttpError, type Initiator, type RetryVerdict } from "../semantics/errors.ts";
import { DeadlineError } from "./deadlines.ts";

/** What is known about a fetch that failed. */
export interface FetchErrorDetails {
  /** A stable string: the code of the error underneath, `timeout`, `redirect` or `body`. */
  readonly code: string;
  /** Who caused it. */
  readonly initiator: Initiator;
  /** The fate of the request. */
  readonly retry: RetryVerdict;
  /** The request, whole, when the server has certainly not worked on it and its body was not read. */
  readonly unsent?: Request | undefined;
  /** The error underneath. */
  readonly cause?: unknown;
}

/**
 * A fetch failed. A `TypeError`, as that of the global `fetch` is, which also says whether
 * it is safe to try again.
 *
 * @example Usage
 * ```ts
 * import { Client, FetchError } from "@tandem/http";
 * import assert from "node:assert/strict";
 *
 * await using client = new Client();
 * const request = new Request("http://127.0.0.1:1/", { method: "POST", body: "text" });
 * const error = await client.fetch(request).catch((error) => error);
 * assert(error instanceof TypeError);
 * assert(error instanceof FetchError);
 * assert.equal(error.retry, "unsent");
 * assert.equal(error.unsent, request); // whole, to be sent elsewhere
 * ```
 */
export class FetchError extends TypeError {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "FetchError";
  /** A stable string: the code of the error underneath, `timeout`, `redirect` or `body`. */
  readonly code: string;
  /** Who caused it. */
  readonly initiator: Initiator;
  /** The fate of the request: `unsent`, `refused` (proof that the server did not work on it) or `unknown`. */
  readonly retry: RetryVerdict;
  /** The request, whole, when the server has certainly not worked on it and its body was not read. */
  readonly unsent: Request | undefined;

  /** Makes an error with a sentence and its details. */
  constructor(message: string, details: FetchErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.initiator = details.initiator;
    this.retry = details.retry;
    this.unsent = details.unsent;
  }
}

/** What a failure of a fetch says of the request; `wasOpened`: whether the head had been sent. */
export function fetchError(error: unknown, wasOpened: boolean, unsent?: Request): FetchError {
  if (error instanceof FetchError) return error;
  if (error instanceof DeadlineError) {
    const retry = wasOpened ? "unknown" : "unsent";
    const back = wasOpened ? undefined : unsent;
    return new FetchError(error.message, {
      code: "timeout",
      initiator: "local",
      retry,
      unsent: back,
      cause: error,
    });
  }
  if (error instanceof HttpError) {
    const { code, initiator, retry } = error;
    const back = retry === "unknown" ? undefined : unsent;
    return new FetchError(error.message, { code, initiator, retry, unsent: back, cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  const retry = wasOpened ? "unknown" : "unsent";
  return new FetchError(message, { code: "failed", initiator: "user", retry, cause: error });
}
