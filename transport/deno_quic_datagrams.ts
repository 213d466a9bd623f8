import { toTransportError } from "./deno_errors.ts";
import type { QuicDatagrams } from "./mod.ts";

/** The datagrams of a `Deno.QuicConn`, with never more than one read under way. */
export class DenoQuicDatagrams implements QuicDatagrams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #conn: Deno.QuicConn;

  constructor(conn: Deno.QuicConn) {
    this.#conn = conn;
    this.readable = new ReadableStream<Uint8Array>({
      async pull(controller): Promise<void> {
        try {
          controller.enqueue(await conn.readDatagram());
        } catch {
          controller.close();
        }
      },
    }, { highWaterMark: 0 });
  }

  get maxBytes(): number {
    return this.#conn.maxDatagramSize;
  }

  async send(data: Uint8Array): Promise<void> {
    const { maxBytes } = this;
    if (data.length > maxBytes) {
      throw new RangeError(`Cannot send a datagram of ${data.length} bytes: the limit is ${maxBytes}`);
    }
    try {
      await this.#conn.sendDatagram(data);
    } catch (error) {
      throw toTransportError(error, "send a datagram");
    }
  }
}
