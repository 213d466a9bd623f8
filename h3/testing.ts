/**
 * Mischief for tests: frames that an engine writes, changed on their way.
 *
 * @module
 */
import type { H3Connection } from "./connection.ts";
import type { RewriteFrame } from "./core.ts";
import { coreOf } from "./core_of.ts";

export type { RewriteFrame } from "./core.ts";

/**
 * Sets a hook that may change, replace by raw bytes, or drop each frame that an engine
 * is about to write. To see SETTINGS too, set it before the first call of `outbox`.
 *
 * @example Usage
 * ```ts
 * import { H3Connection } from "@tandem/http/h3";
 * import { rewriteFrames } from "@tandem/http/h3/testing";
 * import assert from "node:assert/strict";
 *
 * const server = new H3Connection({ role: "server", now: 0 });
 * const types: number[] = [];
 * rewriteFrames(server, (frame) => {
 *   types.push(frame.type);
 *   return frame;
 * });
 * server.outbox();
 * assert.deepEqual(types, [4]);
 * ```
 */
export function rewriteFrames(connection: H3Connection, hook: RewriteFrame | undefined): void {
  coreOf(connection).rewrite = hook;
}
