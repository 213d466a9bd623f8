import {
  connect,
  type ExchangeHandler,
  type H3Client,
  type H3ClientOptions,
  type H3ServerConnection,
  type H3ServerOptions,
  type Handler,
  serve,
} from "../../h3/mod.ts";
import { memoryQuicPair, type MemoryQuicPairOptions } from "../../transport/memory.ts";
import type { QuicTransport } from "../../transport/mod.ts";
import { Ends } from "../support/ends.ts";

export { countedBody, until } from "../support/ends.ts";

/** What `makeEnds` takes. */
export interface EndsOptions {
  readonly client?: H3ClientOptions;
  readonly server?: H3ServerOptions;
  readonly pair?: MemoryQuicPairOptions;
}

/** A pair whose streams end as those of Deno do: a reset is a clean end, a stop has code 0. */
export const INEXACT: MemoryQuicPairOptions = {
  capabilities: { exactStreamErrors: false },
  discardUnreadAtClose: true,
};

/** A client and a server of HTTP/3 on one link, in virtual time. */
export function makeEnds(
  handler: Handler | ExchangeHandler,
  options: EndsOptions = {},
): Ends<H3Client, H3ServerConnection> {
  return new Ends(({ clock, link, errors }) => {
    const [near, far] = memoryQuicPair({ clock, link, ...options.pair });
    const onError = (error: unknown): void => void errors.push(error);
    const server = serve(far, handler, { clock, onError, ...options.server });
    return { server, client: connect(near, { clock, ...options.client }) };
  });
}

/** A transport with some of its parts replaced. */
export function replaced(transport: QuicTransport, parts: Partial<QuicTransport>): QuicTransport {
  return new Proxy(transport, {
    get(target, name) {
      if (Object.hasOwn(parts, name)) return Reflect.get(parts, name);
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
