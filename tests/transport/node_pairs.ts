import type { ByteTransport } from "../../transport/mod.ts";
import { type ByteListener, connectTcp, connectTls, listenTcp, listenTls } from "../../transport/node.ts";
import { testAuthority, testCertificate } from "../support/certs.ts";

type Pair = readonly [ByteTransport, ByteTransport];

async function paired(listener: ByteListener, client: Promise<ByteTransport>): Promise<Pair> {
  const near = await client;
  const { value } = await listener[Symbol.asyncIterator]().next();
  listener.close();
  return [near, value as ByteTransport];
}

/** Two ends of one TCP connection through `node:net`. */
export async function nodeTcpPair(): Promise<Pair> {
  const listener = await listenTcp({ hostname: "127.0.0.1", port: 0 });
  return await paired(listener, connectTcp({ hostname: "127.0.0.1", port: listener.addr.port }));
}

/** Two ends of one TLS connection through `node:tls`. */
export async function nodeTlsPair(): Promise<Pair> {
  const caCerts = [await testAuthority()];
  const { cert, key } = await testCertificate();
  const listener = await listenTls({ hostname: "127.0.0.1", port: 0, cert, key, alpn: ["h2"] });
  const { port } = listener.addr;
  return await paired(listener, connectTls({ hostname: "127.0.0.1", port, caCerts, alpn: ["h2"] }));
}
