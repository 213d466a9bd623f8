/**
 * HTTP/2 and HTTP/3 for Deno: serve, connect and fetch over both.
 *
 * The parts are entry points of their own: `@tandem/http/h2`, `@tandem/http/h3`,
 * `@tandem/http/hpack`, `@tandem/http/qpack`, `@tandem/http/semantics` and
 * `@tandem/http/transport`.
 *
 * @module
 */
export * as h2 from "./h2/mod.ts";
export * as h3 from "./h3/mod.ts";
export type * from "./h2/mod.ts";
export type * from "./h3/mod.ts";

export { type DenoHandler, type DenoHandlerInfo, fromDenoHandler } from "./surface/deno_handler.ts";
export { ListenError } from "./surface/listen_error.ts";
export { serve } from "./surface/serve.ts";
export type {
  HttpServer,
  ServedCertificate,
  ServedProtocol,
  ServeOptions,
  TracedConnection,
} from "./surface/serve_options.ts";

export { Client, type FetchInit, type TryFetchResult } from "./surface/client.ts";
export type {
  ClientOptions,
  CommonClientOptions,
  ConnectOptions,
  FetchTimeouts,
} from "./surface/client_options.ts";
export type { AnyClient } from "./surface/dial.ts";
export type { Dialer, DialTarget } from "./surface/dialer.ts";
export { FetchError, type FetchErrorDetails } from "./surface/fetch_error.ts";
export { detailsOf, type FetchDetails } from "./surface/fetch_response.ts";
export { connect, type Origin } from "./surface/origin.ts";
export type { ClientStats } from "./surface/pool.ts";
export type { RaceAttempt, RaceReport } from "./surface/race.ts";

export { ConnectionError, HttpError, StreamError, TransportError } from "./semantics/errors.ts";
export { Fields } from "./semantics/fields.ts";
