import {
  connect,
  type ExchangeHandler,
  type H2Client,
  type H2ClientOptions,
  type H2ServerConnection,
  type H2ServerOptions,
  type Handler,
  serve,
} from "../../h2/mod.ts";
import type { ByteTransport } from "../../transport/mod.ts";
import { memoryPair, type MemoryPairOptions } from "../../transport/memory.ts";
import { Ends } from "../support/ends.ts";

export { countedBody, until } from "../support/ends.ts";

/** What `makeEnds` takes. */
export interface EndsOptions {
  readonly client?: H2ClientOptions;
  readonly server?: H2ServerOptions;
  readonly pair?: MemoryPairOptions;
}

/** A client and a server of HTTP/2 on one link, in virtual time. */
export function makeEnds(
  handler: Handler | ExchangeHandler,
  options: EndsOptions = {},
): Ends<H2Client, H2ServerConnection> {
  return new Ends(({ clock, link, errors, serverWrites }) => {
    const [near, far] = memoryPair({ clock, link, ...options.pair });
    const onError = (error: unknown): void => void errors.push(error);
    const server = serve(counted(far, serverWrites), handler, { clock, onError, ...options.server });
    return { server, client: connect(near, { clock, ...options.client }) };
  });
}

function counted(transport: ByteTransport, writes: { calls: number; bytes: number }): ByteTransport {
  const write = transport.write;
  if (write === undefined) return transport;
  return new Proxy(transport, {
    get(target, name) {
      if (name === "write") {
        return (bytes: Uint8Array): Promise<void> => {
          writes.calls++;
          writes.bytes += bytes.length;
          return write.call(target, bytes);
        };
      }
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
