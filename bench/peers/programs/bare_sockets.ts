/** Listens on loopback, with TLS where there is a certificate, and without Nagle's algorithm where that can be had. */
export async function* listenBare(port: number, cert?: string, key?: string): AsyncGenerator<Deno.Conn> {
  const where = { hostname: "127.0.0.1", port };
  const listener: Deno.Listener = cert === undefined ? Deno.listen(where) : Deno.listenTls({
    ...where,
    cert: Deno.readTextFileSync(cert),
    key: Deno.readTextFileSync(key!),
    alpnProtocols: ["h2"],
  });
  console.log("ready");
  for await (const conn of listener) {
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
    yield conn;
  }
}

/** Writes all of `bytes`. */
export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}
