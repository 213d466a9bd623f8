import { connectQuic, connectTcp, connectTls, hasQuic } from "../transport/deno.ts";
import { resolveHost } from "../transport/deno_resolve.ts";
import type { ByteTransport, QuicTransport } from "../transport/mod.ts";
import type { CommonClientOptions } from "./client_options.ts";
import type { Dialer, DialTarget } from "./dialer.ts";

/** Opens transports by Deno's TCP, TLS and QUIC. */
export function denoDialer(options: CommonClientOptions): Dialer {
  const { caCerts = [], insecure = false, cert, key } = options;
  return {
    hasQuic: hasQuic(),
    dialBytes(target: DialTarget): Promise<ByteTransport> {
      const { hostname, port, signal, timeoutMs, serverName } = target;
      if (!target.isSecure) return connectTcp({ hostname, port, signal, timeoutMs });
      return connectTls({
        hostname,
        port,
        signal,
        timeoutMs,
        serverName,
        alpn: ["h2"],
        caCerts,
        insecure,
        ...(cert === undefined || key === undefined ? {} : { cert, key }),
      });
    },
    dialQuic(target: DialTarget): Promise<QuicTransport> {
      const { hostname, port, signal, timeoutMs, serverName } = target;
      return connectQuic({
        hostname,
        port,
        signal,
        timeoutMs,
        serverName,
        alpn: ["h3"],
        caCerts,
        insecure,
        maxBidiStreams: 0,
      });
    },
    async resolve(hostname: string, signal: AbortSignal): Promise<readonly string[]> {
      return await resolveHost(hostname, signal) ?? [];
    },
  };
}
