import { type ErrorDetails, TransportError } from "../semantics/errors.ts";

/**
 * What is wrong with a certificate.
 *
 * - `unknown-issuer`: nobody who is trusted has signed it.
 * - `wrong-name`: it does not cover the name that was asked for.
 * - `expired`, `not-yet-valid`: today is not in its time.
 * - `authority`: it is marked as an authority and so cannot be a server's.
 * - `refused`: the peer did not like the one that this end showed, or missed one.
 * - `other`: anything else.
 */
export type CertificateProblem =
  | "unknown-issuer"
  | "wrong-name"
  | "expired"
  | "not-yet-valid"
  | "authority"
  | "refused"
  | "other";

/** What is known about a certificate that was turned down. */
export interface CertificateDetails extends ErrorDetails {
  /** What is wrong with it. */
  readonly problem: CertificateProblem;
  /** The names and addresses that it covers, where the name was wrong. @default {[]} */
  readonly coveredNames?: readonly string[];
}

/**
 * A handshake failed because of a certificate.
 *
 * @example Usage
 * ```ts
 * import { CertificateError } from "@tandem/http/transport";
 * import assert from "node:assert/strict";
 *
 * const error = new CertificateError("Cannot connect", {
 *   problem: "wrong-name",
 *   coveredNames: ["example.org"],
 *   initiator: "local",
 * });
 * assert.equal(error.code, "certificate");
 * assert.deepEqual(error.coveredNames, ["example.org"]);
 * ```
 */
export class CertificateError extends TransportError {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "CertificateError";
  /** What is wrong with the certificate. */
  readonly problem: CertificateProblem;
  /** The names and addresses that it covers, where the name was wrong. */
  readonly coveredNames: readonly string[];

  /** Makes an error with a sentence and what is wrong. */
  constructor(message: string, details: CertificateDetails) {
    super("certificate", message, details);
    this.problem = details.problem;
    this.coveredNames = details.coveredNames ?? [];
  }

  /** Recognises an error of this class, also one of another copy of the module. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof TransportError && value.code === "certificate" && "problem" in value;
  }
}

/** What is known about a permission that is missing. */
export interface PermissionDetails extends ErrorDetails {
  /** The flag that grants it, whole, such as `--allow-net=127.0.0.1:443`. */
  readonly flag: string;
}

/**
 * The program may not do what was asked for.
 *
 * @example Usage
 * ```ts
 * import { PermissionError } from "@tandem/http/transport";
 * import assert from "node:assert/strict";
 *
 * const error = new PermissionError("Cannot connect", {
 *   flag: "--allow-net=example.org:443",
 *   initiator: "user",
 * });
 * assert.equal(error.code, "permission");
 * ```
 */
export class PermissionError extends TransportError {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "PermissionError";
  /** The flag that grants it, whole. */
  readonly flag: string;

  /** Makes an error with a sentence and the flag. */
  constructor(message: string, details: PermissionDetails) {
    super("permission", message, details);
    this.flag = details.flag;
  }

  /** Recognises an error of this class, also one of another copy of the module. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof TransportError && value.code === "permission" && "flag" in value;
  }
}
