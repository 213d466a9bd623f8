import type { ExchangeId } from "../semantics/events.ts";
import { Deferred } from "./deferred.ts";
import type { ExchangeHost } from "./host.ts";

/**
 * Bytes both ways over one exchange (RFC 9110 section 9.3.6, RFC 8441, RFC 9220).
 *
 * @example Usage
 * ```ts
 * import { connect, serve } from "@tandem/http/h2";
 * import { memoryPair } from "@tandem/http/transport/memory";
 * import assert from "node:assert/strict";
 *
 * const [near, far] = memoryPair();
 * const server = serve(far, {
 *   exchange(exchange) {
 *     if (exchange.connectProtocol !== "shout") return void exchange.reply(501);
 *     const { readable, writable } = exchange.acceptTunnel();
 *     const shout = new TransformStream<Uint8Array, Uint8Array>({
 *       transform: (chunk, to) => to.enqueue(chunk.map((byte) => byte & 0xdf)),
 *     });
 *     readable.pipeThrough(shout).pipeTo(writable);
 *   },
 * }, { enableConnectProtocol: true });
 *
 * await using client = connect(near);
 * const tunnel = await client.openTunnel({ url: "https://example.com/", protocol: "shout" });
 * const writer = tunnel.writable.getWriter();
 * await writer.write(new TextEncoder().encode("hello"));
 * await writer.close();
 * assert.equal(await new Response(tunnel.readable).text(), "HELLO");
 * await server.shutdown();
 * ```
 */
export interface Tunnel {
  /** Bytes from the peer; ends when the peer has ended its half. Cancelling it ends the tunnel. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Bytes to the peer; `close()` ends this half only, `abort()` the whole tunnel. */
  readonly writable: WritableStream<Uint8Array>;
}

const NO_BYTES = new Uint8Array(0);

/** The sending half of a tunnel; chunks are copied, so that a writer may use its buffer again. */
export class TunnelWriter {
  readonly #host: ExchangeHost;
  readonly #id: ExchangeId;
  #controller: WritableStreamDefaultController | undefined;
  #drained: Deferred<void> | undefined;
  #stopped: Error | undefined;
  #isEnded = false;
  /** Bytes to the peer. */
  readonly writable: WritableStream<Uint8Array>;

  /** Opens the sending half of an exchange; `onAbort` is called when the application gives it up. */
  constructor(host: ExchangeHost, id: ExchangeId, onAbort: (reason: unknown) => void) {
    this.#host = host;
    this.#id = id;
    this.writable = new WritableStream<Uint8Array>({
      start: (controller): void => {
        this.#controller = controller;
      },
      write: (chunk): Promise<void> | undefined => this.#write(chunk),
      close: (): void => this.#close(),
      abort: (reason): void => {
        this.#isEnded = true;
        onAbort(reason);
      },
    });
  }

  #write(chunk: Uint8Array): Promise<void> | undefined {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("Cannot write to the tunnel: no Uint8Array");
    if (this.#stopped !== undefined) throw this.#stopped;
    if (chunk.length === 0) return undefined;
    const isMoreWelcome = this.#host.engine.copyBody(this.#id, [chunk]);
    this.#host.wake();
    if (isMoreWelcome) return undefined;
    this.#drained = new Deferred();
    return this.#drained.promise;
  }

  #close(): void {
    if (this.#stopped !== undefined) return;
    this.#isEnded = true;
    this.#host.engine.sendBody(this.#id, NO_BYTES, true);
    this.#host.wake();
  }

  /** The engine takes more again. */
  receiveDrain(): void {
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.resolve();
  }

  /** The exchange is over. */
  stop(error: Error): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = error;
    if (!this.#isEnded) this.#controller?.error(error);
    this.#drained?.reject(error);
  }
}
