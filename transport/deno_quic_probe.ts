import { connectQuic } from "./deno_quic.ts";
import { listenQuic } from "./deno_quic_listen.ts";
import { QuicStreamError, type QuicTransport } from "./mod.ts";
import { makeThrowawayCertificate } from "./throwaway_cert.ts";

/** Any code that is neither 0 nor likely to be there by chance. */
const RESET_CODE = 0x1234;
const STOP_CODE = 0x4321;

/** How long each half of the test may take, in milliseconds. */
const PATIENCE_MS = 2000;

/**
 * Finds out whether the running Deno sends the codes of `reset` and `stop`, by a connection
 * to itself over loopback. Deno 2.9 does not: it sends FIN, and code 0. Pass the result on as
 * `exactStreamErrors` to `connectQuic` and `listenQuic`.
 *
 * It takes some 20 ms, once: ask once a process.
 *
 * @example Usage
 * ```ts ignore
 * import { connectQuic, probeExactStreamErrors } from "@tandem/http/transport/deno";
 *
 * const exactStreamErrors = await probeExactStreamErrors();
 * const transport = await connectQuic({ hostname: "example.org", port: 443, alpn: ["h3"], exactStreamErrors });
 * ```
 */
export async function probeExactStreamErrors(): Promise<boolean> {
  const { cert, key } = await makeThrowawayCertificate();
  const alpn = ["tandem-probe"];
  const listener = listenQuic({ hostname: "127.0.0.1", port: 0, cert, key, alpn });
  try {
    const arriving = listener[Symbol.asyncIterator]().next();
    const client = await connectQuic({
      hostname: "127.0.0.1",
      serverName: "localhost",
      port: listener.addr.port,
      alpn,
      caCerts: [cert],
      timeoutMs: PATIENCE_MS,
    });
    const { value: server } = await arriving;
    const isExact = await within(seesBoth(client, server as QuicTransport));
    client.close(0, "");
    await client.closed;
    return isExact;
  } finally {
    listener.closeAll(0, "");
  }
}

async function seesBoth(client: QuicTransport, server: QuicTransport): Promise<boolean> {
  const { send, receive } = await client.openBidi();
  await send.write!(new Uint8Array(1));
  const { value: stream } = await server.incomingBidi.getReader().read();
  const far = stream!;
  await far.receive.read!(new Uint8Array(1));
  send.reset(RESET_CODE);
  receive.stop(STOP_CODE);
  const reset = await far.receive.read!(new Uint8Array(1)).catch((error) => error);
  if (!(reset instanceof QuicStreamError) || reset.wireCode !== RESET_CODE) return false;
  for (;;) {
    try {
      await far.send.write!(new Uint8Array(1));
      await new Promise((resolve) => setTimeout(resolve, 1));
    } catch (error) {
      return error instanceof QuicStreamError && error.wireCode === STOP_CODE;
    }
  }
}

async function within(promise: Promise<boolean>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), PATIENCE_MS));
  try {
    return await Promise.race([promise.catch(() => false), late]);
  } finally {
    clearTimeout(timer);
  }
}
