import type { HttpEngine } from "../semantics/events.ts";
import type { TransportInfo } from "../transport/mod.ts";
import type { Clock } from "./clock.ts";
import type { IncomingBody } from "./incoming_body.ts";

/** What an exchange can know of the connection that it is on. */
export interface ExchangeConnection {
  /** What the transport says of itself: addresses, negotiated protocol, server name. */
  readonly info: TransportInfo;
  /** Whatever the application wants to keep for the life of the connection. */
  readonly state: Map<unknown, unknown>;
}

/** What an exchange asks of the connection that it is on; one for all exchanges of a connection. */
export interface ExchangeHost {
  /** The engine that does the protocol. */
  readonly engine: HttpEngine;
  /** What applications see of the connection. */
  readonly connection: ExchangeConnection;
  /** Time. */
  readonly clock: Clock;
  /** Says that the engine was given something: its events and output are dealt with at the end of this turn. */
  wake(): void;
  /** Says that bytes of a body arrived; its `settle` is called once all that arrived in this turn is known. */
  arrived(body: IncomingBody): void;
}
