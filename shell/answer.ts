import type { Deferred } from "./deferred.ts";
import type { OutgoingBody } from "./outgoing_body.ts";
import type { TunnelWriter } from "./tunnel.ts";

/** How far the response is. */
export type Answer =
  /** Nothing but interim responses. */
  | { readonly at: "none" }
  /** The head was sent; `whole` is told when all of the bytes were. */
  | { readonly at: "head"; readonly whole: Deferred<void> | undefined }
  /** The head was sent and the body comes piece by piece. */
  | { readonly at: "body"; readonly body: OutgoingBody | TunnelWriter }
  /** All was given to the engine. */
  | { readonly at: "end" };

/** Nothing was sent. */
export const NONE: Answer = { at: "none" };
/** The head was sent, and nobody waits for the rest. */
export const HEAD: Answer = { at: "head", whole: undefined };
/** All was given. */
export const END: Answer = { at: "end" };
