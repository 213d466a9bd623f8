import { H2Connection } from "../../h2/connection.ts";
import type { H2Options } from "../../h2/options.ts";
import type { EngineEvent } from "../../semantics/events.ts";
import { Fields, type FieldsInit } from "../../semantics/fields.ts";
import type { RequestHead } from "../../semantics/head.ts";
import { collect, deliver, type Delivery, randomFrom } from "./h2_peer.ts";

/** A request head. */
export function requestHead(method = "GET", path = "/", fields: FieldsInit = {}): RequestHead {
  return { method, scheme: "https", authority: "a.example", path, fields: Fields.from(fields) };
}

/** A client and a server engine whose bytes are carried in virtual time. */
export class EnginePair {
  readonly client: H2Connection;
  readonly server: H2Connection;
  now = 0;
  readonly #delivery: Delivery;
  readonly #latencyMs: number;
  readonly #random: () => number = randomFrom(7);
  #clientEvents: EngineEvent[] = [];
  #serverEvents: EngineEvent[] = [];

  constructor(
    options: { client?: H2Options; server?: H2Options; delivery?: Delivery; latencyMs?: number } = {},
  ) {
    this.client = new H2Connection({ role: "client", now: 0, ...options.client });
    this.server = new H2Connection({ role: "server", now: 0, ...options.server });
    this.#delivery = options.delivery ?? "whole";
    this.#latencyMs = options.latencyMs ?? 0;
  }

  /** Carries bytes until both ends are silent; each trip takes the latency. */
  run(): void {
    for (;;) {
      const toServer = this.#takeAll(this.client);
      const toClient = this.#takeAll(this.server);
      if (toServer.length === 0 && toClient.length === 0) break;
      this.now += this.#latencyMs;
      for (const bytes of toServer) this.#carry(this.server, bytes, this.#serverEvents);
      for (const bytes of toClient) this.#carry(this.client, bytes, this.#clientEvents);
    }
    collect(this.client, this.#clientEvents);
    collect(this.server, this.#serverEvents);
  }

  #takeAll(engine: H2Connection): Uint8Array[] {
    const parts: Uint8Array[] = [];
    while (engine.hasOutput) parts.push(engine.output());
    return parts;
  }

  #carry(engine: H2Connection, bytes: Uint8Array, events: EngineEvent[]): void {
    deliver(engine, bytes, this.now, this.#delivery, events, this.#random);
  }

  /** The events of the client since the last call. */
  clientEvents(): EngineEvent[] {
    collect(this.client, this.#clientEvents);
    return this.#clientEvents.splice(0);
  }

  /** The events of the server since the last call. */
  serverEvents(): EngineEvent[] {
    collect(this.server, this.#serverEvents);
    return this.#serverEvents.splice(0);
  }

  /** Runs, and lets both applications take all bodies at once, until nothing happens any more. */
  runReading(
    onServer: (event: EngineEvent) => void = () => {},
    onClient: (event: EngineEvent) => void = () => {},
  ): void {
    for (;;) {
      this.run();
      const fromServer = this.serverEvents();
      const fromClient = this.clientEvents();
      if (fromServer.length === 0 && fromClient.length === 0) return;
      for (const event of fromServer) {
        if (event.type === "body") this.server.consume(event.id, event.data.length);
        onServer(event);
      }
      for (const event of fromClient) {
        if (event.type === "body") this.client.consume(event.id, event.data.length);
        onClient(event);
      }
    }
  }
}
