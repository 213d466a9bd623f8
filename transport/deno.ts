/**
 * TCP, TLS and QUIC on Deno.
 *
 * @module
 */

export type { ByteListener } from "./mod.ts";
export {
  canSharePorts,
  listenTcp,
  type ListenTcpOptions,
  listenTls,
  type ListenTlsOptions,
} from "./deno_listen.ts";
export { connectQuic, type ConnectQuicOptions, hasQuic, type QuicSettings } from "./deno_quic.ts";
export { listenQuic, type ListenQuicOptions, type QuicListener } from "./deno_quic_listen.ts";
export { probeExactStreamErrors } from "./deno_quic_probe.ts";
export { type QuicSession, QuicSessions } from "./deno_quic_sessions.ts";
export { connectTcp, type ConnectTcpOptions } from "./deno_tcp.ts";
export { connectTls, type ConnectTlsOptions } from "./deno_tls.ts";
