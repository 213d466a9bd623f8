import type { AbortCause, ExchangeId } from "../semantics/events.ts";
import type { RequestHead, ResponseHead } from "../semantics/head.ts";
import type { Priority } from "../semantics/priority.ts";
import type { ClientResponse } from "./client_response.ts";
import type { ExchangeConnection } from "./host.ts";

/** One request with its response, at the client. */
export interface ClientExchange {
  /** The number of the exchange on its connection; -1 while it waits in the queue. */
  readonly id: ExchangeId;
  /** Whether it still waits in the queue. */
  readonly isQueued: boolean;
  /** `h2` or `h3`. */
  readonly protocol: "h2" | "h3";
  /** The head that was or will be sent. */
  readonly request: RequestHead;
  /** The final response. Rejects with `StreamError`, `ConnectionError`, `TransportError` or the signal's reason. */
  readonly response: Promise<ClientResponse>;
  /** The interim (1xx) responses; ends with the final one. */
  readonly interim: AsyncIterable<ResponseHead>;
  /** Resolves when both halves have ended well, rejects like `response` when not. */
  readonly closed: Promise<void>;
  /** How urgent the response is; setting it tells the peer (RFC 9218). */
  priority: Priority;
  /** The connection that it is on. */
  readonly connection: ExchangeConnection;
  /** Gives the exchange up. @default {"cancelled"} */
  abort(cause?: AbortCause): void;
}
