import type { ExchangeId } from "../semantics/events.ts";
import type { Core } from "./core.ts";

/** The windows of an exchange, or of the connection, for inspection. */
export interface H2Windows {
  /** Bytes that this end may send. */
  readonly send: number;
  /** Bytes that the peer may send. */
  readonly receive: number;
  /** Bytes that wait to be sent. */
  readonly queued: number;
  /** Bytes that were delivered and not consumed. */
  readonly unconsumed: number;
}

/** Reads the windows of an exchange, or without an id of the connection. */
export function readWindows(core: Core, id: ExchangeId | undefined): H2Windows | undefined {
  if (id === undefined) {
    let queued = 0;
    let unconsumed = 0;
    for (const stream of core.streams.values()) {
      queued += stream.queuedBytes;
      unconsumed += stream.unconsumed;
    }
    return { send: core.sendWindow, receive: core.receiveWindow, queued, unconsumed };
  }
  const stream = core.find(id);
  if (stream === undefined) return undefined;
  const { sendWindow, receiveWindow, queuedBytes, unconsumed } = stream;
  return { send: sendWindow, receive: receiveWindow, queued: queuedBytes, unconsumed };
}
