/**
 * HTTP/2 (RFC 9113): client, server, and the engine under both, which does no I/O.
 *
 * `connect` and `serve` run on any byte transport: TCP, TLS, memory, or a pair of Web
 * Streams. `H2Connection` is for those who bring their own I/O.
 *
 * @module
 */
export { connect, type H2Client, type H2ClientOptions } from "./client.ts";
export { H2Connection } from "./connection.ts";
export type { H2Counters } from "./counters.ts";
export { H2ErrorCode } from "./errors.ts";
export type { H2ConnectionOptions, H2Options } from "./options.ts";
export { type H2ServerConnection, type H2ServerOptions, serve } from "./server.ts";
export type { H2Settings, H2SettingsChange } from "./settings.ts";
export type { H2Windows } from "./windows.ts";
export type { BodyInput, ChunkVisitor, WholeBodyOptions } from "../shell/body_input.ts";
export type { ClientExchange } from "../shell/client_exchange.ts";
export type { ClientRequest, TryRequestResult } from "../shell/client_request.ts";
export type { ClientResponse } from "../shell/client_response.ts";
export { type Clock, systemClock } from "../shell/clock.ts";
export type {
  ClientConnection,
  ClientConnectionOptions,
  ServerConnection,
  ServerConnectionOptions,
} from "../shell/connection.ts";
export type { ExchangeConnection } from "../shell/host.ts";
export type { KeepAliveOptions } from "../shell/keep_alive.ts";
export type { ExchangeHandler, Handler, ServerExchange } from "../shell/server_exchange.ts";
export type { Tunnel } from "../shell/tunnel.ts";
export { ConnectionError, HttpError, StreamError, TransportError } from "../semantics/errors.ts";
export { Fields } from "../semantics/fields.ts";
export type * from "../semantics/mod.ts";
export type { ByteTransport, ConnectTiming, TransportAddress, TransportInfo } from "../transport/mod.ts";
