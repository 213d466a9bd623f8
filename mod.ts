/**
 * HTTP/2 and HTTP/3 for Deno.
 *
 * The parts are entry points of their own: `@tandem/http/h2`, `@tandem/http/h3`,
 * `@tandem/http/hpack`, `@tandem/http/qpack`, `@tandem/http/semantics` and
 * `@tandem/http/transport`.
 *
 * @module
 */
export * as h2 from "./h2/mod.ts";
export * as h3 from "./h3/mod.ts";
