import { connect as connectH2, type H2Client } from "../../h2/mod.ts";
import { connect as connectH3, type H3Client } from "../../h3/mod.ts";
import { serve } from "../../mod.ts";
import type { HttpServer, ServeOptions } from "../../mod.ts";
import type { ExchangeHandler, Handler } from "../../shell/server_exchange.ts";
import { connectQuic, connectTls } from "../../transport/deno.ts";
import { testAuthority, testCertificate } from "../support/certs.ts";

/** Serves on loopback with a test certificate. */
export async function serveLocal(
  handler: Handler | ExchangeHandler,
  options: Partial<ServeOptions> = {},
): Promise<HttpServer> {
  const { cert, key } = await testCertificate();
  return serve({ port: 0, hostname: "127.0.0.1", cert, key, ...options }, handler);
}

/** An HTTP/2 client of a server on loopback. */
export async function h2Client(server: HttpServer, hostname = "127.0.0.1"): Promise<H2Client> {
  const transport = await connectTls({
    hostname,
    port: server.addr.port,
    alpn: ["h2"],
    caCerts: [await testAuthority()],
  });
  return connectH2(transport);
}

/** An HTTP/3 client of a server on loopback. */
export async function h3Client(server: HttpServer, hostname = "127.0.0.1"): Promise<H3Client> {
  const transport = await connectQuic({
    hostname,
    port: server.addr.port,
    alpn: ["h3"],
    caCerts: [await testAuthority()],
  });
  return connectH3(transport);
}

/** The origin of a server on loopback. */
export function originOf(server: HttpServer, scheme: "http" | "https" = "https"): string {
  return `${scheme}://127.0.0.1:${server.addr.port}`;
}

/** Resolves after so many milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
