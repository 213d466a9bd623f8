import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { TransportError } from "../semantics/errors.ts";
import { directTransport } from "./direct.ts";
import type { ByteTransport, TransportInfo } from "./mod.ts";
import { toNodeTransportError } from "./node_errors.ts";
import { NodeSocketCalls } from "./node_socket.ts";

/** How much may wait unread before a socket is paused, in bytes. */
const MAX_UNREAD_BYTES = 262_144;

/** Deno's `node:tls` can lose the end of the stream once it was paused, so there it hardly ever is. */
const MAX_UNREAD_BYTES_ON_DENO = 8 * 1_048_576;

/**
 * Makes a byte transport of a socket of `node:net` or `node:tls` that is connected, and whose
 * handshake is over. The socket should have been made with `allowHalfOpen`.
 *
 * @example Usage
 * ```ts
 * import { nodeTransport } from "@tandem/http/transport/node";
 * import { serve } from "@tandem/http/h2";
 * import net from "node:net";
 *
 * const server = net.createServer({ allowHalfOpen: true }, (socket) => {
 *   serve(nodeTransport(socket), () => new Response("hello"));
 * });
 * server.close();
 * ```
 */
export function nodeTransport(
  socket: Socket | TLSSocket,
  info: Partial<TransportInfo> = {},
  direct: boolean = true,
): ByteTransport {
  return transportOf(socket, info, direct, false);
}

/** The same; `isOwn` says that nobody else has seen the socket. */
export function transportOf(
  socket: Socket | TLSSocket,
  info: Partial<TransportInfo>,
  direct: boolean,
  isOwn: boolean,
): ByteTransport {
  const { versions } = (globalThis as { process?: { versions?: Record<string, string> } }).process ?? {};
  const { alpnProtocol, encrypted } = socket as Partial<TLSSocket>;
  const calls = new NodeSocketCalls(socket, {
    translate: (error, what): TransportError => toNodeTransportError(error, what),
    maxUnreadBytes: versions?.deno === undefined ? MAX_UNREAD_BYTES : MAX_UNREAD_BYTES_ON_DENO,
    canGather: encrypted !== true,
    isOwn,
  });
  const whole: TransportInfo = {
    kind: encrypted === true ? "tls" : "tcp",
    ...(typeof alpnProtocol === "string" ? { alpn: alpnProtocol } : {}),
    ...(socket.localPort === undefined
      ? {}
      : { local: { hostname: socket.localAddress ?? "", port: socket.localPort } }),
    ...(socket.remotePort === undefined
      ? {}
      : { remote: { hostname: socket.remoteAddress ?? "", port: socket.remotePort } }),
    ...info,
  };
  return directTransport(calls, whole, direct);
}
