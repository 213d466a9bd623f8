import { listenTls } from "../../../transport/node.ts";

/** What a bare program needs of a connection. */
export type BareConn = Pick<Deno.Conn, "read" | "write" | "close">;

/** Listens on loopback, with TLS where there is a certificate, and without Nagle's algorithm where that can be had. */
export async function* listenBare(port: number, cert?: string, key?: string): AsyncGenerator<BareConn> {
  const where = { hostname: "127.0.0.1", port };
  const listener: Deno.Listener = cert === undefined
    ? Deno.listen(where)
    : Deno.listenTls({ ...where, ...read(cert, key!), alpnProtocols: ["h2"] });
  console.log("ready");
  for await (const conn of listener) {
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
    yield conn;
  }
}

/** Listens on loopback with the TLS of `node:tls`. */
export async function* listenBareNode(port: number, cert: string, key: string): AsyncGenerator<BareConn> {
  const listener = await listenTls({ hostname: "127.0.0.1", port, ...read(cert, key), alpn: ["h2"] });
  console.log("ready");
  for await (const transport of listener) {
    yield {
      read: (buffer) => transport.read!(buffer),
      write: (bytes) => transport.write!(bytes).then(() => bytes.length),
      close: () => transport.close(),
    };
  }
}

function read(cert: string, key: string): { readonly cert: string; readonly key: string } {
  return { cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key) };
}
