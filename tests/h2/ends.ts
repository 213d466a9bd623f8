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
import { MemoryLink, memoryPair, type MemoryPairOptions } from "../../transport/memory.ts";
import { settle, VirtualClock } from "../support/virtual_clock.ts";

/** What `makeEnds` takes. */
export interface EndsOptions {
  readonly client?: H2ClientOptions;
  readonly server?: H2ServerOptions;
  readonly pair?: MemoryPairOptions;
}

/** A client and a server on one link, in virtual time; `await using` ends both. */
export class Ends {
  readonly clock: VirtualClock = new VirtualClock();
  readonly link: MemoryLink = new MemoryLink();
  readonly client: H2Client;
  readonly server: H2ServerConnection;
  /** What the server wrote, in calls and bytes. */
  readonly serverWrites: { calls: number; bytes: number } = { calls: 0, bytes: 0 };
  /** What handlers threw, as `onError` was told. */
  readonly errors: unknown[] = [];

  constructor(handler: Handler | ExchangeHandler, options: EndsOptions = {}) {
    const { clock, link } = this;
    const [near, far] = memoryPair({ clock, link, ...options.pair });
    const server = { clock, onError: (error: unknown) => void this.errors.push(error), ...options.server };
    this.server = serve(counted(far, this.serverWrites), handler, server);
    this.client = connect(near, { clock, ...options.client });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.link.heal();
    this.client.close();
    this.server.close();
    // A lost peer is waited for in virtual time.
    await this.clock.pass(5000);
    await this.client.closed;
    await this.server.closed;
    if (this.clock.pending !== 0) throw new Error(`${this.clock.pending} timers are left`);
  }
}

/** A client and a server on one link, in virtual time. */
export function makeEnds(handler: Handler | ExchangeHandler, options?: EndsOptions): Ends {
  return new Ends(handler, options);
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

/** Waits until `isSo`, without letting time pass; throws when it does not come to be. */
export async function until(isSo: () => boolean, what: string = "it"): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if (isSo()) return;
    await settle(1);
  }
  throw new Error(`Waited in vain until ${what} happens`);
}

/** A body of `size` bytes in pieces of `piece`; counts how often it was asked. */
export function countedBody(
  size: number,
  piece: number = 16_384,
): { readable: ReadableStream<Uint8Array>; state: { given: number; cancelled: unknown } } {
  const state = { given: 0, cancelled: undefined as unknown };
  const readable = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (state.given >= size) return controller.close();
      const length = Math.min(piece, size - state.given);
      state.given += length;
      controller.enqueue(new Uint8Array(length).fill(state.given % 251));
    },
    cancel(reason) {
      state.cancelled = reason;
    },
  }, { highWaterMark: 0 });
  return { readable, state };
}
