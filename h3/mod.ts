/**
 * HTTP/3 (RFC 9114): client, server, and the engine under both, which does no I/O.
 *
 * `connect` and `serve` run on any QUIC transport: Deno's, one in memory, or an adapter of
 * yours. `H3Connection` is for those who bring their own I/O.
 *
 * @module
 */
export {
  type Capsule,
  CapsuleReader,
  type CapsuleReaderOptions,
  CapsuleType,
  writeCapsule,
} from "./capsule.ts";
export { connect, type H3Client, type H3ClientOptions } from "./client.ts";
export {
  type CloseCommand,
  type Command,
  CONTROL_STREAM,
  type DatagramCommand,
  DECODER_STREAM,
  ENCODER_STREAM,
  type FinishCommand,
  GREASE_STREAM,
  type OpenRequestCommand,
  type OpenUniCommand,
  type PriorityCommand,
  type ResetCommand,
  type ResumeCommand,
  type StopCommand,
  type StreamRef,
  type WriteCommand,
} from "./command.ts";
export { H3Connection } from "./connection.ts";
export type { H3Counters } from "./counters.ts";
export type { H3EndReason } from "./ending.ts";
export type { H3SharedOptions } from "./engine_options.ts";
export { H3ErrorCode } from "./errors.ts";
export type { HeartbeatOptions } from "./heartbeat.ts";
export type { H3Options } from "./options.ts";
export { type H3ServerConnection, type H3ServerOptions, serve } from "./server.ts";
export type { H3Settings } from "./settings.ts";
export type { BodyInput, ChunkVisitor } from "../shell/body_input.ts";
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
export type { ExchangeHandler, Handler, ServerExchange } from "../shell/server_exchange.ts";
export type { Tunnel } from "../shell/tunnel.ts";
export type { QpackPolicy } from "../qpack/encoder.ts";
export { ConnectionError, HttpError, StreamError, TransportError } from "../semantics/errors.ts";
export { Fields } from "../semantics/fields.ts";
export type * from "../semantics/mod.ts";
export type {
  ConnectTiming,
  QuicBidiStream,
  QuicCapabilities,
  QuicCloseInfo,
  QuicDatagrams,
  QuicReceiveStream,
  QuicSendStream,
  QuicTransport,
  TransportAddress,
  TransportInfo,
} from "../transport/mod.ts";
