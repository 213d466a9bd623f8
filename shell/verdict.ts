import { ConnectionError, type RetryVerdict, TransportError } from "../semantics/errors.ts";

/** The same error with another verdict. */
export function withVerdict(
  error: ConnectionError | TransportError | undefined,
  retry: RetryVerdict,
): ConnectionError | TransportError {
  if (error === undefined) {
    return new ConnectionError("closed", "Cannot go on: the connection is over", {
      initiator: "local",
      retry,
    });
  }
  if (error.retry === retry) return error;
  const details = {
    initiator: error.initiator,
    retry,
    cause: error,
    ...(error.wireCode === undefined ? {} : { wireCode: error.wireCode }),
  };
  return error instanceof TransportError
    ? new TransportError(error.code, error.message, details)
    : new ConnectionError(error.code, error.message, details);
}
