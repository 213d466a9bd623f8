import type { EngineEvent } from "../semantics/events.ts";
import { isFixedMemory } from "../wire/fixed_memory.ts";
import type { Core } from "./core.ts";
import type { Exchange } from "./exchange.ts";

/** Content from this size on is referred to where it lies; below, a copy costs less than a write of its own, in bytes. */
const MIN_LENT_BYTES = 131_072;

/** Whether content may be referred to. */
export function isLendable(data: Uint8Array, bytes: number): boolean {
  return bytes >= MIN_LENT_BYTES && isFixedMemory(data);
}

/**
 * Tells what gives the memory of a body back to the application: later, while the driver
 * has writes that refer to it. What leaves the sending half open gives nothing back.
 */
export function giveBack(core: Core, exchange: Exchange, event: EngineEvent): void {
  if (exchange.lentWrites === 0 || exchange.isSending) core.events.push(event);
  else (exchange.heldEvents ??= []).push(event);
}

/** Takes note that the driver is done with a write that referred to memory of the application. */
export function endLentWrite(core: Core, exchange: Exchange): void {
  exchange.lentWrites--;
  if (exchange.lentWrites === 0) tellHeld(core, exchange);
}

/** Ends all that is lent: the connection is over, and nothing is written any more. */
export function endLoan(core: Core, exchange: Exchange): void {
  exchange.lentWrites = 0;
  tellHeld(core, exchange);
}

function tellHeld(core: Core, exchange: Exchange): void {
  const held = exchange.heldEvents;
  if (held === undefined) return;
  exchange.heldEvents = undefined;
  for (let i = 0; i < held.length; i++) core.events.push(held[i]!);
}
