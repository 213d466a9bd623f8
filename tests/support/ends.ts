import type { H2Counters } from "../../h2/mod.ts";
import type { ClientConnection, H3Counters, ServerConnection, ServerExchange } from "../../h3/mod.ts";
import { MemoryLink } from "../../transport/memory.ts";
import { settle, VirtualClock } from "./virtual_clock.ts";

interface Counted {
  readonly counters: Readonly<Pick<H2Counters, keyof H2Counters & keyof H3Counters>>;
}

/** What clients of both protocols can do. */
export type AnyClient = ClientConnection & Counted;

/** What server connections of both protocols can do. */
export type AnyServer = ServerConnection & Counted;

/** A client and a server on one link, in virtual time; `await using` ends both. */
export class Ends<C extends AnyClient = AnyClient, S extends AnyServer = AnyServer> {
  readonly clock: VirtualClock = new VirtualClock();
  readonly link: MemoryLink = new MemoryLink();
  /** What the server wrote, in calls and bytes, where that is counted. */
  readonly serverWrites: { calls: number; bytes: number } = { calls: 0, bytes: 0 };
  /** What handlers threw, as `onError` was told. */
  readonly errors: unknown[] = [];
  readonly client: C;
  readonly server: S;

  /** Makes both; the server first. */
  constructor(make: (ends: Ends<C, S>) => { readonly server: S; readonly client: C }) {
    const { server, client } = make(this);
    this.server = server;
    this.client = client;
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

/** A body of `size` bytes in pieces of 10,000, which then fails once `go` resolves. */
export function failingBody(
  size: number,
  go: Promise<void>,
  error: Error = new Error("the source failed"),
): ReadableStream<Uint8Array> {
  let given = 0;
  return new ReadableStream({
    async pull(controller): Promise<void> {
      const length = Math.min(10_000, size - given);
      if (length > 0) {
        given += length;
        return controller.enqueue(new Uint8Array(length));
      }
      await go;
      controller.error(error);
    },
  }, { highWaterMark: 0 });
}

/** Answers with what was asked for. */
export async function echo(exchange: ServerExchange): Promise<void> {
  await exchange.reply(200, { "x-method": exchange.method, "x-path": exchange.path }, await exchange.bytes());
}
