import type { RuleId } from "./rules/mod.ts";

/** Who caused an error: this library, the other end, or the caller. */
export type Initiator = "local" | "remote" | "user";

/**
 * What is known about the fate of a request that failed.
 *
 * - `unsent`: it never left this process.
 * - `refused`: the peer proved that it did no work on it (GOAWAY id,
 *   REFUSED_STREAM, H3_REQUEST_REJECTED).
 * - `unknown`: it may have been processed, wholly or in part.
 */
export type RetryVerdict = "unsent" | "refused" | "unknown";

/** What an error carries beside its message. */
export interface ErrorDetails {
  /** The code as sent or received on the wire, if there is one. */
  readonly wireCode?: number;
  /** Who caused it. */
  readonly initiator: Initiator;
  /** The rule that was broken, if one was. */
  readonly rule?: RuleId;
  /** The fate of the request. @default {"unknown"} */
  readonly retry?: RetryVerdict;
  /** The error underneath, if there is one. */
  readonly cause?: unknown;
}

const BRAND: unique symbol = Symbol.for("tandem.error") as never;

function hasBrand(value: unknown, brand: string): boolean {
  return typeof value === "object" && value !== null &&
    (value as Record<symbol, unknown>)[BRAND] === brand;
}

/**
 * What the three classes of errors share: `ConnectionError`, `StreamError`, `TransportError`.
 *
 * `instanceof` goes by a brand and not by the class, so that it also recognises errors of
 * another copy of this module.
 *
 * @example Usage
 * ```ts
 * import { HttpError, StreamError } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * const error: unknown = new StreamError("CANCEL", "Nobody wants it", { initiator: "user", wireCode: 8 });
 * assert(error instanceof HttpError);
 * assert.equal(error.code, "CANCEL");
 * ```
 */
export abstract class HttpError extends Error {
  /** What the error ended. */
  abstract readonly scope: "connection" | "stream" | "transport";
  /** A stable string: the name of the wire code, or a word such as `timeout`. */
  readonly code: string;
  /** The code as sent or received on the wire, if there is one. */
  readonly wireCode: number | undefined;
  /** Who caused it. */
  readonly initiator: Initiator;
  /** The rule that was broken, if one was. */
  readonly rule: RuleId | undefined;
  /** The fate of the request that this error ended. */
  readonly retry: RetryVerdict;

  /** Makes an error with a stable `code`, a sentence and its details; the rule is put behind the sentence. */
  constructor(code: string, message: string, details: ErrorDetails) {
    const text = details.rule === undefined ? message : `${message} [${details.rule}]`;
    super(text, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.wireCode = details.wireCode;
    this.initiator = details.initiator;
    this.rule = details.rule;
    this.retry = details.retry ?? "unknown";
  }

  /** Recognises all three classes, also those of another copy of the module. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, "connection") || hasBrand(value, "stream") || hasBrand(value, "transport");
  }
}

/**
 * A whole connection failed or ended.
 *
 * @example Usage
 * ```ts
 * import { ConnectionError } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * const error = new ConnectionError("PROTOCOL_ERROR", "Cannot go on", { initiator: "remote" });
 * assert(error instanceof ConnectionError);
 * assert.equal(error.retry, "unknown");
 * ```
 */
export class ConnectionError extends HttpError {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "ConnectionError";
  /** What the error ended. */
  override readonly scope = "connection" as const;

  /** Makes an error with a stable `code`, a sentence and its details. */
  constructor(code: string, message: string, details: ErrorDetails) {
    super(code, message, details);
    Object.defineProperty(this, BRAND, { value: "connection" });
  }

  /** Recognises an error of this class, also one of another copy of the module. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, "connection");
  }
}

/**
 * One stream failed or was reset; the connection goes on.
 *
 * @example Usage
 * ```ts
 * import { StreamError } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * const error = new StreamError("REFUSED_STREAM", "The peer refused the stream", {
 *   initiator: "remote",
 *   wireCode: 7,
 *   retry: "refused",
 * });
 * assert.equal(error.scope, "stream");
 * ```
 */
export class StreamError extends HttpError {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "StreamError";
  /** What the error ended. */
  override readonly scope = "stream" as const;

  /** Makes an error with a stable `code`, a sentence and its details. */
  constructor(code: string, message: string, details: ErrorDetails) {
    super(code, message, details);
    Object.defineProperty(this, BRAND, { value: "stream" });
  }

  /** Recognises an error of this class, also one of another copy of the module. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, "stream");
  }
}

/**
 * The transport below failed: name look-up, connect, handshake, loss.
 *
 * `code` is one of `dns`, `refused`, `unreachable`, `timeout`, `certificate`, `alpn`,
 * `tls`, `permission`, `unsupported`, `reset`, `closed`, `lost`, `aborted`.
 *
 * @example Usage
 * ```ts
 * import { TransportError } from "@tandem/http/semantics";
 * import assert from "node:assert/strict";
 *
 * const error = new TransportError("refused", "Cannot connect to 127.0.0.1:1", {
 *   initiator: "remote",
 *   retry: "unsent",
 * });
 * assert.equal(error.scope, "transport");
 * ```
 */
export class TransportError extends HttpError {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "TransportError";
  /** What the error ended. */
  override readonly scope = "transport" as const;

  /** Makes an error with a stable `code`, a sentence and its details. */
  constructor(code: string, message: string, details: ErrorDetails) {
    super(code, message, details);
    Object.defineProperty(this, BRAND, { value: "transport" });
  }

  /** Recognises an error of this class, also one of another copy of the module. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, "transport");
  }
}
