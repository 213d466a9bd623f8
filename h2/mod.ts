/**
 * HTTP/2: client, server and engine.
 *
 * @module
 */
export { connect, type H2Client, type H2ClientOptions, type KeepAliveOptions } from "./client.ts";
export { type H2ServerConnection, type H2ServerOptions, serve } from "./server.ts";
export type { BodyInput } from "../shell/body_input.ts";
export type { ClientExchange } from "../shell/client_exchange.ts";
export type { ClientRequest, TryRequestResult } from "../shell/client_request.ts";
export type { ClientResponse } from "../shell/client_response.ts";
export { type Clock, systemClock } from "../shell/clock.ts";
export type { ExchangeConnection } from "../shell/host.ts";
export type { ExchangeHandler, Handler, ServerExchange } from "../shell/server_exchange.ts";
export type { Tunnel } from "../shell/tunnel.ts";
