import * as h3 from "../../h3/mod.ts";
import { listenQuic } from "../../transport/deno.ts";
import type { Lab } from "./support.ts";

/** Our HTTP/3 server in this process, while `work` is under way. */
export async function withOurServer<T>(
  lab: Lab,
  handler: h3.Handler,
  work: (port: number) => Promise<T>,
  onConnection: (connection: h3.H3ServerConnection) => void = () => {},
): Promise<T> {
  const listener = listenQuic({
    hostname: "127.0.0.1",
    port: 0,
    cert: await Deno.readTextFile(lab.pem.chain),
    key: await Deno.readTextFile(lab.pem.key),
    alpn: ["h3"],
  });
  const accepting = (async () => {
    for await (const transport of listener) {
      onConnection(h3.serve(transport, handler, { onError: () => undefined }));
    }
  })();
  try {
    return await work(listener.addr.port);
  } finally {
    listener.closeAll(0x100, "");
    listener.close();
    await accepting;
  }
}
