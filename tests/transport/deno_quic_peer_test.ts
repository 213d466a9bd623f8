import assert from "node:assert/strict";
import { listenQuic } from "../../transport/deno.ts";
import { QuicStreamError, type QuicTransport } from "../../transport/mod.ts";
import { testCertificate } from "../support/certs.ts";

// Deno cannot send stream errors with a code of its own, so the reading of codes needs
// another program as the peer.

const client = ["/usr/bin/gtlsclient", "/usr/local/bin/gtlsclient"].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

const H3_MESSAGE_ERROR = 0x10e;

/** SETTINGS on a control stream: enough for a client to begin. */
const CONTROL = new Uint8Array([0x00, 0x04, 0x00]);

/** HEADERS with `:status 200`, then HEADERS whose only field has an upper-case name. */
const MALFORMED = new Uint8Array([0x01, 3, 0, 0, 0xd9, 0x01, 6, 0, 0, 0x21, 0x58, 0x01, 0x79]);

Deno.test({
  name: `the codes of a peer's reset and stop are read${client === undefined ? " (no gtlsclient here)" : ""}`,
  ignore: client === undefined,
  fn: async () => {
    const { cert, key } = await testCertificate();
    const listener = listenQuic({ hostname: "127.0.0.1", port: 0, cert, key, alpn: ["h3"] });
    const arriving = listener[Symbol.asyncIterator]().next();
    const body = await Deno.makeTempFile();
    await Deno.truncate(body, 8_000_000);
    const { port } = listener.addr;
    const child = new Deno.Command(client!, {
      args: ["-q", "-d", body, "127.0.0.1", String(port), `https://localhost:${port}/`],
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const transport: QuicTransport = (await arriving).value;
      const control = await transport.openUni();
      await control.write!(CONTROL);
      const { value: stream } = await transport.incomingBidi.getReader().read();
      const { send, receive } = stream!;
      await receive.read!(new Uint8Array(100));
      await send.write!(MALFORMED);
      let reset: unknown;
      const buffer = new Uint8Array(65_536);
      for (let i = 0; i < 200 && reset === undefined; i++) {
        await receive.read!(buffer).catch((error) => reset = error);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      assert(reset instanceof QuicStreamError, String(reset));
      assert.deepEqual([reset.kind, reset.wireCode], ["reset", H3_MESSAGE_ERROR]);
      const stopped = await send.write!(new Uint8Array([0x21, 0])).catch((error) => error);
      assert(stopped instanceof QuicStreamError, String(stopped));
      assert.deepEqual([stopped.kind, stopped.wireCode], ["stopped", H3_MESSAGE_ERROR]);
    } finally {
      listener.closeAll(0x100, "");
      child.kill();
      await child.status;
      await Deno.remove(body);
    }
  },
});
