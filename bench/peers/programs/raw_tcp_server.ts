/**
 * The ceiling for downloads over TCP: the same bodies without HTTP. A request is one byte, the logarithm of how
 * many bytes are wanted. With `copy` each piece is copied before it is written, as all must do that put frame
 * headers between pieces where there is no `writev`; with `frames` it is copied as frames of 16 KiB, each with a
 * header of nine octets, and nothing else of HTTP: `deno run -A raw_tcp_server.ts PORT [copy|frames]`.
 */
import { writeAll } from "../../../transport/deno_socket.ts";
import { BODIES } from "./bodies.ts";
import { copyFrames } from "./framed_copy.ts";

const [port, mode] = Deno.args;
const BODY = BODIES.get("/m64")!;
/** What one write is given: of 64 KiB to 64 MiB the cheapest. */
const PIECE = 1_048_576;
// A copy within a page's offset of the source is slow on some processors.
const output = new Uint8Array(PIECE + 192).subarray(192);

async function serve(connection: Deno.TcpConn): Promise<void> {
  const requests = new Uint8Array(1024);
  for (;;) {
    const count = await connection.read(requests);
    if (count === null) return connection.close();
    for (let i = 0; i < count; i++) await send(connection, 2 ** requests[i]!);
  }
}

async function send(connection: Deno.TcpConn, size: number): Promise<void> {
  for (let at = 0; at < size;) {
    const end = Math.min(at + PIECE, size);
    if (mode === undefined) {
      at += await connection.write(BODY.subarray(at, end));
      continue;
    }
    if (mode === "frames") {
      const copied = copyFrames(output, BODY.subarray(0, size), { body: at, output: 0 }, 1);
      await writeAll(connection, output.subarray(0, copied.output));
      at = copied.body;
      continue;
    }
    output.set(BODY.subarray(at, end));
    await writeAll(connection, output.subarray(0, end - at));
    at = end;
  }
}

const listener = Deno.listen({ hostname: "127.0.0.1", port: Number(port) });
console.log("ready");
for await (const connection of listener) serve(connection).catch(() => {});
