/**
 * TCP, TLS and QUIC on Deno.
 *
 * @module
 */

export {
  type ByteListener,
  listenTcp,
  type ListenTcpOptions,
  listenTls,
  type ListenTlsOptions,
} from "./deno_listen.ts";
export { connectTcp, type ConnectTcpOptions } from "./deno_tcp.ts";
export { connectTls, type ConnectTlsOptions } from "./deno_tls.ts";
