/**
 * The HTTP/3 engine, without any I/O: what drivers, tests and tools build on.
 *
 * @module
 */
export * from "./capsule.ts";
export * from "./command.ts";
export { H3Connection } from "./connection.ts";
export type { H3Counters } from "./counters.ts";
export type { H3EndReason } from "./ending.ts";
export { H3ErrorCode, type H3ErrorName, h3ErrorName } from "./errors.ts";
export type { H3Options } from "./options.ts";
export type { H3Settings } from "./settings.ts";
