import { TransportError } from "../semantics/errors.ts";

/**
 * A server cannot listen: the port is taken (`in-use`), the address is not one of this machine
 * (`unavailable`), certificate and key do not fit (`tls`).
 *
 * @example Usage
 * ```ts
 * import { ListenError, serve } from "@tandem/http";
 * import assert from "node:assert/strict";
 *
 * await using first = serve({ port: 0, hostname: "127.0.0.1", plain: true }, () => new Response());
 * assert.throws(
 *   () => serve({ ...first.addr, plain: true }, () => new Response()),
 *   (error) => error instanceof ListenError && error.code === "in-use" && error.on === "tcp",
 * );
 * ```
 */
export class ListenError extends TransportError {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "ListenError";
  /** What it cannot listen on; the port number is the same on both. */
  readonly on: "tcp" | "udp";

  /** Makes an error of what `cause` says, and `hint` behind its sentence. */
  constructor(on: "tcp" | "udp", cause: TransportError, hint?: string) {
    const { code, message, initiator, retry } = cause;
    super(code, hint === undefined ? message : `${message}; ${hint}`, { initiator, retry, cause });
    this.on = on;
  }

  /** Recognises an error of this class, also one of another copy of the module. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof TransportError && "on" in value;
  }
}
